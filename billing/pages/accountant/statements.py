"""Statements at the accountant's desk: a file taken in, its rows, and what waits for a decision."""

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.districts.models import BankAccount
from billing.kernel.clock import today
from billing.kernel.paging import PageRequest
from billing.pages import desk
from billing.pages.desk import ACCOUNTANTS, BOOKKEEPERS, Choice
from billing.pages.fields import TypedDate
from billing.pages.forms import Form, blank, filters, read, submit
from billing.reconciliation import listing, uploads
from billing.reconciliation.api import UPLOAD_BYTES_MAX, take_up_later
from billing.reconciliation.column_profiles import list_profiles
from billing.reconciliation.formats.statement import Direction, Problem
from billing.reconciliation.importing import StatementRefused
from billing.reconciliation.listing import RowFilter, RowState
from billing.reconciliation.models import ExceptionKind, MatchKind
from billing.reconciliation.service import rematch
from billing.web.access import requires
from billing.web.fields import EnumField, IdField, Schema, TextField
from billing.web.files import takes_files
from billing.web.language import reader_language
from billing.web.transaction import current_session

blp = Blueprint("accountant_statements", __name__, url_prefix="/statements")


class SendForm(Schema):
    """Whose statement it is, where the file does not say so, and why its sums may differ."""

    bank_account_id = IdField()
    profile_id = IdField()
    override_reason = TextField(300)


class StatementFilters(Schema):
    """Of which account."""

    bank_account_id = IdField()
    cursor = TextField(500)


class RowFilters(Schema):
    """Which rows of statements."""

    bank_account_id = IdField()
    statement_id = IdField()
    direction = EnumField(Direction)
    state = EnumField(RowState)
    kind = EnumField(ExceptionKind)
    booked_from = TypedDate()
    booked_to = TypedDate()
    cursor = TextField(500)


class RematchForm(Schema):
    """Which account's rows are looked at again."""

    bank_account_id = IdField(required=True)


@blp.get("/")
@requires(*BOOKKEEPERS)
def index() -> ResponseReturnValue:
    """Statements that were taken in, and how many rows wait for a decision, by reason."""
    return _index(filters(StatementFilters))


@blp.post("/rematch")
@requires(*ACCOUNTANTS)
def look_again() -> ResponseReturnValue:
    """Look again at the rows of an account that wait."""
    form = read(RematchForm)

    def work(session: Session) -> str:
        rematch(session, form.values["bank_account_id"], rematched_on=today())
        return url_for("accountant_statements.index")

    return submit(form, work, _index, done="page.looked_again")


def _index(form: Form) -> str:
    session = current_session()
    wanted = {name: form.values[name] for name in ("bank_account_id",) if name in form.values}
    page = listing.list_statements(session, PageRequest(form.values.get("cursor")), **wanted)
    return render_template(
        "accountant/statements.html",
        form=form,
        page=page,
        accounts=_accounts(),
        ibans=_ibans(),
        waiting=listing.waiting_by_kind(session),
    )


@blp.get("/new")
@requires(*ACCOUNTANTS)
def new() -> ResponseReturnValue:
    """A statement to be taken in."""
    return _send_page(blank(), [])


@blp.post("/new")
@takes_files(UPLOAD_BYTES_MAX)
@requires(*ACCOUNTANTS)
def send() -> ResponseReturnValue:
    """Take a statement in; a refused one is shown with every problem and its line."""
    form = read(SendForm)
    problems: list[Problem] = []

    def work(session: Session) -> str:
        file = request.files.get("file")
        try:
            upload = uploads.receive(
                session,
                file.read() if file else b"",
                file_name=(file.filename if file else "") or "",
                received_on=today(),
                **form.values,
            )
        except StatementRefused as refusal:
            problems.extend(refusal.facts["problems"])
            raise
        take_up_later(upload)
        return url_for("accountant_statements.sent", upload_id=upload.id)

    fields = {
        "file_name": "file",
        "statement_refused": "file",
        "account_not_held": "file",
        "another_account": "bank_account_id",
    }
    return submit(
        form, work, lambda refused: _send_page(refused, problems), done="page.file_sent", fields=fields
    )


def _send_page(form: Form, problems: list[Problem]) -> str:
    return render_template(
        "accountant/statement_form.html",
        form=form,
        accounts=_accounts(),
        profiles=[Choice(str(each.id), each.name) for each in list_profiles(current_session())],
        problems=_told(problems),
    )


@blp.get("/uploads/<uuid:upload_id>")
@requires(*BOOKKEEPERS)
def sent(upload_id: UUID) -> ResponseReturnValue:
    """What became of a file that was sent, or how far it is."""
    upload = uploads.get_upload(current_session(), upload_id)
    take_up_later(upload)
    result = upload.result
    return render_template(
        "accountant/upload.html",
        upload=upload,
        matched=[(MatchKind(kind), count) for kind, count in result.get("matched", {}).items()],
        waiting=[(ExceptionKind(kind), count) for kind, count in result.get("waiting", {}).items()],
        problems=_told(uploads.problems_of(upload)),
    )


@blp.get("/<uuid:statement_id>")
@requires(*BOOKKEEPERS)
def page(statement_id: UUID) -> ResponseReturnValue:
    """A statement: what the bank stated, and what was wrong with its file."""
    statement = listing.get_statement(current_session(), statement_id)
    return render_template(
        "accountant/bank_statement.html",
        statement=statement,
        iban=_ibans()[statement.bank_account_id],
        problems=_told([Problem.restored(each) for each in statement.problems]),
    )


@blp.get("/rows")
@requires(*BOOKKEEPERS)
def rows() -> ResponseReturnValue:
    """Rows of statements and what each was; the open exceptions are those that wait."""
    form = filters(RowFilters)
    wanted = dict(form.values)
    request_ = PageRequest(wanted.pop("cursor", None))
    return render_template(
        "accountant/statement_rows.html",
        form=form,
        page=listing.list_rows(current_session(), request_, RowFilter(**wanted)),
        accounts=_accounts(),
        directions=desk.choices(Direction),
        states=desk.choices(RowState),
        kinds=desk.choices(ExceptionKind),
        signed=listing.signed,
    )


def _told(problems: list[Problem]) -> list[dict[str, Any]]:
    return [problem.told(reader_language()) for problem in problems]


def _ibans() -> dict[UUID, str]:
    rows = current_session().execute(select(BankAccount.id, BankAccount.iban).order_by(BankAccount.id))
    return {row[0]: row[1] for row in rows}


def _accounts() -> list[Choice]:
    return [Choice(str(account_id), iban) for account_id, iban in _ibans().items()]
