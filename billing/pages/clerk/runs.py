"""Billing runs: a month billed to everybody, tried first if wanted, watched, and what was parked."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billing.invoicing.runs import documents, mailing
from billing.invoicing.runs import service as runs
from billing.invoicing.runs.delivery import deliveries, delivery_list
from billing.invoicing.runs.models import UNDELIVERED, BillingRun, RunOutcome
from billing.invoicing.runs.results import Reason, reasons_of, told
from billing.kernel.clock import today
from billing.kernel.dates import Month
from billing.kernel.errors import Refusal
from billing.kernel.i18n import text
from billing.kernel.kept_facts import recall
from billing.kernel.paging import PageRequest
from billing.pages import desk
from billing.pages.desk import CLERKS, READERS, Choice
from billing.pages.fields import TypedDate
from billing.pages.forms import Form, blank, filters, read, show_refusal, submit
from billing.web.access import requires
from billing.web.fields import BooleanField, EnumField, IdField, MonthField, Schema, TextField
from billing.web.files import PDF, file_answer
from billing.web.language import reader_language
from billing.web.reports import xlsx_answer
from billing.web.transaction import current_session

blp = Blueprint("clerk_runs", __name__, url_prefix="/runs")

MONTHS_TO_BILL = 12


class RunForm(Schema):
    """Which month of which enterprise is billed."""

    enterprise_id = IdField(required=True)
    period = MonthField(required=True)
    issued_on = TypedDate(required=True)
    include_orders = BooleanField(load_default=False)


class RunFilters(Schema):
    """Which page of the list of runs."""

    cursor = TextField(500)


class ResultFilters(Schema):
    """What a run's results are narrowed by."""

    outcome = EnumField(RunOutcome)
    cursor = TextField(500)


@blp.get("/")
@requires(*READERS)
def index() -> ResponseReturnValue:
    """Runs, the latest first."""
    page = runs.list_runs(current_session(), PageRequest(filters(RunFilters).values.get("cursor")))
    return render_template("clerk/runs.html", page=page, names=_names())


@blp.get("/new")
@requires(*CLERKS)
def new() -> ResponseReturnValue:
    """Which month could be billed now."""
    return _form(blank(period=_month_to_bill(today()), issued_on=today()))


@blp.post("/new")
@requires(*CLERKS)
def start() -> ResponseReturnValue:
    """Start a run, or say what it would do."""
    form = read(RunForm)
    if request.form.get("trial"):
        return _try(form)

    def work(session: Session) -> str:
        run = runs.start_run(session, **form.values)
        runs.hand_over(session, run)
        return url_for("clerk_runs.page", run_id=run.id)

    return submit(form, work, _form, done="page.run_started")


@blp.get("/<uuid:run_id>")
@requires(*READERS)
def page(run_id: UUID) -> ResponseReturnValue:
    """A run: how far it has come, and what it did for whom."""
    session = current_session()
    run = runs.get_run(session, run_id)
    form = filters(ResultFilters)
    found = runs.list_results(
        session, run_id, PageRequest(form.values.get("cursor")), outcome=form.values.get("outcome")
    )
    pace = run.pace
    done, whole = run.progress
    results = told(session, found.items)
    return render_template(
        "clerk/run.html",
        run=run,
        form=form,
        page=found,
        results=results,
        people=desk.customers_of(each.result.customer_id for each in results),
        sentences={each.result.id: _sentence(each.reason) for each in results if each.reason is not None},
        outcomes=desk.choices(RunOutcome),
        done=done,
        whole=whole,
        pace=pace,
        minutes_left=-(-pace.left // timedelta(minutes=1)) if pace is not None else None,
        halt=_halt(run),
        name=_names().get(run.enterprise_id, ""),
        ways=mailing.count_ways(session, run_id),
        undelivered=UNDELIVERED,
    )


@blp.get("/<uuid:run_id>/undelivered")
@requires(*READERS)
def undelivered(run_id: UUID) -> ResponseReturnValue:
    """The invoices of a run that were to be sent by e-mail and could not be."""
    session = current_session()
    run = runs.get_run(session, run_id)
    found = mailing.list_undelivered(session, run_id, PageRequest(filters(RunFilters).values.get("cursor")))
    return render_template("clerk/undelivered.html", run=run, page=found)


@blp.get("/<uuid:run_id>/invoices.pdf")
@requires(*READERS)
def print_invoices(run_id: UUID) -> ResponseReturnValue:
    """The invoices of a run that are carried round in one file for the printer.

    ``?two_up=1`` lays two on a sheet, ``?mailed=1`` adds those that go by e-mail.
    """
    session = current_session()
    wanted = {name: bool(request.args.get(name)) for name in ("two_up", "mailed")}
    content = documents.print_run(session, run_id, **wanted)
    return file_answer(content, PDF, documents.file_name(runs.get_run(session, run_id)))


@blp.get("/<uuid:run_id>/delivery.xlsx")
@requires(*READERS)
def download_delivery_list(run_id: UUID) -> ResponseReturnValue:
    """Who gets which invoice, to be ticked off."""
    session = current_session()
    run = runs.get_run(session, run_id)
    return xlsx_answer(delivery_list(run, deliveries(session, run_id)))


@blp.post("/<uuid:run_id>/resume")
@requires(*CLERKS)
def resume(run_id: UUID) -> ResponseReturnValue:
    """Let a run go on that was halted."""

    def work(session: Session) -> str:
        runs.hand_over(session, runs.resume_run(session, run_id))
        return url_for("clerk_runs.page", run_id=run_id)

    return submit(blank(), work, lambda _: str(page(run_id)), done="page.run_started")


def _try(form: Form) -> ResponseReturnValue:
    if not form.is_right:
        return _form(form), 422
    session = current_session()
    try:
        terms = runs.agree(session, **form.values)
    except Refusal as refusal:
        show_refusal(form, refusal, {})
        return _form(form), 422
    preview = runs.preview_run(session, terms)
    parked = [(each, _sentence(each)) for each in reasons_of(session, preview.refusals)]
    return _form(form, preview=preview, parked=parked)


def _form(form: Form, **found: Any) -> str:
    return render_template(
        "clerk/run_form.html",
        form=form,
        enterprises=desk.enterprise_choices(),
        months=[Choice(str(month), desk.show(month)) for month in _months(today())],
        **found,
    )


def _month_to_bill(day: date) -> Month:
    """In the first half of a month the month before is billed."""
    month = Month.of(day)
    return month.previous() if day.day <= 15 else month


def _months(day: date) -> list[Month]:
    months = [Month.of(day)]
    while len(months) < MONTHS_TO_BILL:
        months.append(months[-1].previous())
    return months


def _names() -> dict[UUID, str]:
    return {each.id: desk.name_of(each) for each in desk.enterprises()}


def _sentence(reason: Reason) -> str:
    return text(f"refusal.{reason.code}", reader_language(), **reason.facts)


def _halt(run: BillingRun) -> str | None:
    if run.halted_by is None:
        return None
    return text(f"refusal.{run.halted_by}", reader_language(), **recall(run.halted_facts or {}))
