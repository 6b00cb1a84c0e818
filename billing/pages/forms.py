"""Forms of pages: what was typed, what is wrong with it and where, and sending each form only once.

A page's form is a marshmallow schema, as in the API, but read leniently where people write as they are used
to: ``1 250,50`` and ``23.11.2026``. What a service refuses is shown at the field it names, in the reader's
language, with everything that was typed still there; the savepoint of the attempt is rolled back, so a
refused form has written nothing.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import marshmallow as ma
from flask import flash, g, redirect, request
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from billing.kernel.db import actor_of, district_of, insert_into
from billing.kernel.errors import Conflict, InvalidInput, NotFound, Refusal
from billing.kernel.i18n import messages, refusal_text, text
from billing.web.language import reader_language
from billing.web.models import IdempotentAnswer
from billing.web.problems import FieldProblem
from billing.web.transaction import current_session

ONCE = "once"  # the hidden field that tells a form sent twice from two forms
ONCE_LENGTH_MAX = 60
_FORM_KEY = "form:"
_UNHASHED = ("csrf_token",)
_ANSWERS = IdempotentAnswer.__table__


@dataclass
class Form:
    """A form as it was sent, or as it is first shown.

    Attributes:
        typed: the texts in its fields, to be shown again.
        values: what the texts mean, for the fields whose form is right.
        errors: sentences by field; ``""`` holds what concerns no single field.
    """

    typed: MultiDict[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong with it so far."""
        return not self.errors

    def refuse(self, name: str, sentence: str) -> None:
        """Show a sentence at a field; the first one about a field stays."""
        self.errors.setdefault(name, sentence)

    def suggest(self, other: "Form") -> None:
        """Fill fields that were not sent, because they are another form's of the same page.

        Lines with an id in their name are left alone: an empty box is not sent and still means no.
        """
        for name, value in other.typed.items():
            if "-" not in name:
                self.typed.setdefault(name, value)

    def take(self, name: str) -> str:
        """What is typed in a field."""
        return self.typed.get(name, "")


def blank(**shown: object) -> Form:
    """A form that nobody has sent yet, with what it suggests."""
    typed: MultiDict[str, str] = MultiDict()
    for name, value in shown.items():
        if isinstance(value, list | tuple | set | frozenset):
            typed.setlist(name, [str(each) for each in value])
        elif value is not None:
            typed[name] = str(value)
    return Form(typed)


def read(schema: type[ma.Schema], sent: MultiDict[str, str] | None = None) -> Form:
    """Read a form's fields. Empty ones count as missing; fields the schema does not know are left alone.

    Args:
        sent: the request's form if not given; ``request.args`` for filters.
    """
    sent = request.form if sent is None else sent
    form = Form(MultiDict(sent))
    known = schema()
    given: dict[str, Any] = {}
    for name, reader in known.fields.items():
        texts = [each for each in sent.getlist(name) if each.strip()]
        if texts:
            given[name] = texts if isinstance(reader, ma.fields.List) else texts[0]
    try:
        form.values = known.load(given)
    except ma.ValidationError as error:
        form.values = error.valid_data if isinstance(error.valid_data, dict) else {}
        for name, problem in _problems(error.messages):
            form.refuse(name, field_sentence(problem))
    return form


def filters(schema: type[ma.Schema]) -> Form:
    """The filters of a list, from the address; a wrong one is said at its field and does not filter."""
    return read(schema, request.args)


def submit(
    form: Form,
    work: Callable[[Session], str],
    again: Callable[[Form], str],
    *,
    done: str,
    fields: Mapping[str, str] | None = None,
) -> Response:
    """Do what a right form asks for, once, and lead on; or show it again with what is wrong.

    Args:
        work: calls the services and returns the address to go on to.
        again: the page with the form, to be shown when something is refused.
        done: code of the sentence that the next page shows.
        fields: names of refused fields in services to those of the form, where they differ.
    """
    if not form.is_right:
        return _refused(form, again)
    session = current_session()
    try:
        with session.begin_nested():
            address = _sent_before(session)
            if address is not None:
                return redirect(address, 303)
            address = work(session)
            session.flush()
            _remember(session, address)
    except Refusal as refusal:
        show_refusal(form, refusal, fields or {})
        return _refused(form, again)
    except (IntegrityError, StaleDataError):
        show_refusal(form, Conflict(), {})
        return _refused(form, again)
    flash(done)
    return redirect(address, 303)


def show_refusal(form: Form, refusal: Refusal, fields: Mapping[str, str]) -> None:
    """Put a service's refusal where its reader can mend it: at the field it names, else above the form."""
    named = str(refusal.facts.get("field", ""))
    language = reader_language()
    if isinstance(refusal, InvalidInput) and type(refusal) is InvalidInput and named:
        sentence = text("invalid.invalid", language)
    else:
        sentence = refusal_text(refusal, language)
    shown = fields.get(type(refusal).code) or fields.get(named, named)
    form.refuse("" if isinstance(refusal, NotFound) else shown, sentence)


def field_sentence(problem: FieldProblem) -> str:
    """What is wrong with a field, in the reader's language."""
    language = reader_language()
    own = f"invalid.{problem.code}"
    code = own if own in messages(language) else f"refusal.{problem.code}"
    return text(code, language, **problem.facts)


def once_token() -> str:
    """What a form carries so that sending it twice does its work once."""
    return secrets.token_urlsafe(18)


def with_arguments(path: str, arguments: Iterable[tuple[str, str]]) -> str:
    """An address of our own with a query."""
    query = urlencode([(name, value) for name, value in arguments if value])
    return f"{path}?{query}" if query else path


def _refused(form: Form, again: Callable[[Form], str]) -> Response:
    return Response(again(form), 422, content_type="text/html; charset=utf-8")


def _problems(found: Any) -> list[tuple[str, FieldProblem]]:
    problems = []
    for name, inner in found.items():
        first = inner
        while isinstance(first, Mapping):  # an item of a list: its place does not matter to people
            first = next(iter(first.values()))
        first = first[0] if isinstance(first, list) else first
        known = first if isinstance(first, FieldProblem) else FieldProblem("invalid")
        problems.append((str(name), known))
    return problems


def _sent_before(session: Session) -> str | None:
    """Where the same form led before; None if it comes for the first time, and then it is taken."""
    token = request.form.get(ONCE, "")[:ONCE_LENGTH_MAX]
    if not token:
        return None
    key = _FORM_KEY + token
    row = {
        "district_id": district_of(session),
        "user_id": actor_of(session),
        "key": key,
        "request_sha256": _hash(),
        "status": 303,
        "content_type": "",
        "body": b"",
    }
    taken = insert_into(session, _ANSWERS).values(row).on_conflict_do_nothing().returning(_ANSWERS.c.key)
    if session.execute(taken).first() is not None:
        g.form_key = key
        return None
    known = session.execute(
        select(_ANSWERS.c.location, _ANSWERS.c.request_sha256).where(*_same(session, key))
    ).one()
    # Sent once more, or changed after it was sent: either way only the first counts, and this says so.
    flash("page.sent_before" if known.request_sha256 == _hash() else "page.sent_before_differently")
    return str(known.location)


def _remember(session: Session, address: str) -> None:
    key = g.pop("form_key", None)
    if key is not None:
        session.execute(update(_ANSWERS).where(*_same(session, key)).values(location=address))  # type: ignore[arg-type]


def _same(session: Session, key: str) -> tuple[Any, ...]:
    return (
        _ANSWERS.c.district_id == district_of(session),
        _ANSWERS.c.user_id == actor_of(session),
        _ANSWERS.c.key == key,
    )


def _hash() -> str:
    digest = hashlib.sha256(request.path.encode())
    for name, values in sorted(request.form.lists()):
        if name not in _UNHASHED:
            digest.update(repr((name, values)).encode())
    return digest.hexdigest()
