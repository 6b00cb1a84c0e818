"""Three-way reconciliation for people: registries in, days compared, missing payments booked, days signed."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billing.kernel.clock import today
from billing.kernel.errors import InvalidInput
from billing.kernel.reporting import XLSX_TYPE, ReportTable, to_cells, to_xlsx
from billing.kernel.spreadsheets import Problem, sentence
from billing.pages.desk import ACCOUNTANTS, ALL, OVERSEERS, Choice, name_of
from billing.pages.fields import TypedDate
from billing.pages.forms import Form, blank, filters, read, submit
from billing.payments.providers.service import get_provider, list_providers
from billing.reconciliation.three_way.comparison import compare_day, compare_days
from billing.reconciliation.three_way.differences import counted, differences_of
from billing.reconciliation.three_way.late import book_missing
from billing.reconciliation.three_way.registry import import_registry
from billing.reconciliation.three_way.report import days_table, differences_table
from billing.reconciliation.three_way.sign_off import (
    REASON_LENGTH_MAX,
    list_sign_offs,
    sign_day_off,
    take_sign_off_back,
    undos_of,
)
from billing.web.access import requires
from billing.web.fields import IdField, Schema, TextField
from billing.web.files import file_answer
from billing.web.imports import PROBLEMS_TOLD_MAX
from billing.web.language import reader_language
from billing.web.transaction import current_session

blp = Blueprint("accountant_three_way", __name__, url_prefix="/three-way")


class DaysFilters(Schema):
    """Which days, and of which provider."""

    provider_id = IdField()
    first_day = TypedDate()
    last_day = TypedDate()


class RegistryForm(Schema):
    """Whose registry it is; the file comes beside it."""

    provider_id = IdField(required=True)


class SignForm(Schema):
    """A word, where the day does not agree."""

    why = TextField(REASON_LENGTH_MAX)


class UnsignForm(Schema):
    """Why a sign-off is taken back."""

    reason = TextField(REASON_LENGTH_MAX, required=True)


class RegistryRefused(InvalidInput):
    """A registry with problems; the first is shown. Facts: ``field``, ``row``, ``problem``, ``count``."""

    code = "registry_refused"


@blp.get("/")
@requires(*OVERSEERS)
def index() -> ResponseReturnValue:
    """Every day and channel in a period: recorded, told, paid over."""
    if request.args.get("as") == "xlsx":
        _, period = _asked()
        counts = counted(differences_of(current_session(), **period))
        days = compare_days(current_session(), **period)
        return _spreadsheet(days_table(days, counts, period["first_day"], period["last_day"]))
    return _index(blank())


@blp.post("/registry")
@requires(*ACCOUNTANTS)
def take_in() -> ResponseReturnValue:
    """Take in a provider's registry, all of it or nothing."""
    form = read(RegistryForm)
    problems: list[Problem] = []

    def work(session: Session) -> str:
        file = request.files.get("file")
        if file is None or not file.filename:
            raise InvalidInput(field="file")
        report = import_registry(
            session, form.values["provider_id"], file.read(), file_name=file.filename[-200:]
        )
        if report.rows.problems:
            problems.extend(report.rows.problems)
            first = problems[0]
            raise RegistryRefused(
                field="file",
                row=first.row,
                problem=sentence(first, reader_language()),
                count=len(problems),
            )
        return url_for(
            "accountant_three_way.index",
            provider_id=form.values["provider_id"],
            first_day=report.first_day,
            last_day=report.last_day,
        )

    return submit(form, work, lambda refused: _index(refused, problems), done="page.registry_taken_in")


@blp.get("/<uuid:provider_id>/<day>")
@requires(*OVERSEERS)
def day(provider_id: UUID, day: str) -> ResponseReturnValue:
    """One day of a provider, payment by payment, and who signed it."""
    on = _read_day(day)
    if request.args.get("as") == "xlsx":
        differences = differences_of(current_session(), on, on, provider_id=provider_id)
        return _spreadsheet(differences_table(differences, on, on))
    return _day(provider_id, on, blank())


@blp.post("/<uuid:provider_id>/<day>/missing")
@requires(*ACCOUNTANTS)
def book(provider_id: UUID, day: str) -> ResponseReturnValue:
    """Record what the registry tells and the books do not know."""
    on = _read_day(day)

    def work(session: Session) -> str:
        book_missing(session, provider_id, on, on)
        return _address(provider_id, on)

    return submit(read(Schema), work, lambda form: _day(provider_id, on, form), done="page.missing_booked")


@blp.post("/<uuid:provider_id>/<day>/sign")
@requires(*ACCOUNTANTS)
def sign(provider_id: UUID, day: str) -> ResponseReturnValue:
    """Vouch for the day, and freeze it."""
    on, form = _read_day(day), read(SignForm)

    def work(session: Session) -> str:
        sign_day_off(session, provider_id, on, today=today(), why=form.values.get("why"))
        return _address(provider_id, on)

    fields = {"day_not_reconciled": "why"}
    again = lambda refused: _day(provider_id, on, refused)  # noqa: E731
    return submit(form, work, again, done="page.day_signed", fields=fields)


@blp.post("/<uuid:provider_id>/<day>/unsign")
@requires(*ACCOUNTANTS)
def unsign(provider_id: UUID, day: str) -> ResponseReturnValue:
    """Take the sign-off back, with a reason that is kept."""
    on, form = _read_day(day), read(UnsignForm)

    def work(session: Session) -> str:
        provider = get_provider(session, provider_id)
        held = compare_day(session, provider, on).sign_off_id
        if held is not None:
            take_sign_off_back(session, held, undone_on=today(), reason=form.values["reason"])
        return _address(provider_id, on)

    again = lambda refused: _day(provider_id, on, refused)  # noqa: E731
    return submit(form, work, again, done="page.day_unsigned")


def _asked() -> tuple[Form, dict[str, Any]]:
    """The days and the provider asked for; this month until today where nobody said which."""
    form = filters(DaysFilters)
    last_day = form.values.get("last_day", today())
    first_day = min(form.values.get("first_day", last_day.replace(day=1)), last_day)
    form.suggest(blank(first_day=first_day, last_day=last_day))
    provider_id = form.values.get("provider_id")
    return form, {"first_day": first_day, "last_day": last_day, "provider_id": provider_id}


def _index(form: Form, problems: Sequence[Problem] = ()) -> str:
    asked, period = _asked()
    session = current_session()
    providers = list_providers(session, ALL).items
    return render_template(
        "accountant/three_way.html",
        form=form,
        asked=asked,
        days=compare_days(session, **period),
        counts=counted(differences_of(session, **period)),
        providers=[Choice(str(each.id), name_of(each)) for each in providers],
        problems=[(each, sentence(each, reader_language())) for each in problems[:PROBLEMS_TOLD_MAX]],
    )


def _day(provider_id: UUID, on: date, form: Form) -> str:
    session = current_session()
    provider = get_provider(session, provider_id)
    differences = differences_of(session, on, on, provider_id=provider_id)
    sign_offs = list_sign_offs(session, provider_id=provider_id, day=on).items
    return render_template(
        "accountant/three_way_day.html",
        form=form,
        provider=provider,
        day=compare_day(session, provider, on),
        differences=differences,
        cells=to_cells(differences_table(differences, on, on), reader_language()),
        sign_offs=sign_offs,
        undos=undos_of(session, [each.id for each in sign_offs]),
        is_over=on < today(),
    )


def _spreadsheet(table: ReportTable) -> ResponseReturnValue:
    return file_answer(to_xlsx(table, reader_language()), XLSX_TYPE, f"{table.code}.xlsx")


def _address(provider_id: UUID, on: date) -> str:
    return url_for("accountant_three_way.day", provider_id=provider_id, day=on.isoformat())


def _read_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(field="day") from None
