"""Cash desks and their hours: what residents read beside what they owe."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billing.access.models import Role
from billing.districts import cash_desks
from billing.districts.cash_desks import ADDRESS_LENGTH_MAX, NAME_LENGTH_MAX, CashDeskDetails
from billing.districts.models import CashDesk, Opening, Weekday
from billing.districts.refusals import InvalidHours
from billing.kernel.paging import PageRequest
from billing.pages import desk
from billing.pages.desk import READERS
from billing.pages.fields import TypedHours
from billing.pages.forms import Form, blank, filters, read, submit
from billing.web.access import requires
from billing.web.fields import IdField, Schema, StrictInteger, TextField
from billing.web.transaction import current_session

blp = Blueprint("clerk_cash_desks", __name__, url_prefix="/cash-desks")

WRITERS = (Role.CLERK, Role.ACCOUNTANT, Role.ADMIN)
HOURS_LENGTH_MAX = 100


class CashDeskPages(Schema):
    """Which page of the list is shown."""

    cursor = TextField(500)


class CashDeskForm(Schema):
    """A cash desk, and its hours in a line for each day of the week; an empty one is a day off."""

    enterprise_id = IdField(required=True)
    name_kk = TextField(NAME_LENGTH_MAX, required=True)
    name_ru = TextField(NAME_LENGTH_MAX, required=True)
    address_kk = TextField(ADDRESS_LENGTH_MAX, required=True)
    address_ru = TextField(ADDRESS_LENGTH_MAX, required=True)
    hours_monday = TypedHours(HOURS_LENGTH_MAX)
    hours_tuesday = TypedHours(HOURS_LENGTH_MAX)
    hours_wednesday = TypedHours(HOURS_LENGTH_MAX)
    hours_thursday = TypedHours(HOURS_LENGTH_MAX)
    hours_friday = TypedHours(HOURS_LENGTH_MAX)
    hours_saturday = TypedHours(HOURS_LENGTH_MAX)
    hours_sunday = TypedHours(HOURS_LENGTH_MAX)


class EditForm(CashDeskForm):
    """The same, of a cash desk as it was read; it stays the enterprise's."""

    enterprise_id = IdField()
    version = StrictInteger(required=True, minimum=1)


@blp.get("/")
@requires(*READERS)
def index() -> ResponseReturnValue:
    """Every cash desk of the district with its hours."""
    cursor = filters(CashDeskPages).values.get("cursor")
    page = cash_desks.list_cash_desks(current_session(), PageRequest(cursor))
    return render_template("clerk/cash_desks.html", page=page, week_of=cash_desks.week_of)


@blp.get("/new")
@requires(*WRITERS)
def new() -> ResponseReturnValue:
    """An empty form, with the hours that most keep."""
    usual = {f"hours_{day}": "09:00–13:00, 14:00–18:00" for day in list(Weekday)[:5]}
    return _form(None)(blank(**usual))


@blp.post("/new")
@requires(*WRITERS)
def enter() -> ResponseReturnValue:
    """Let residents know of a cash desk."""
    form = read(CashDeskForm)

    def work(session: Session) -> str:
        details = _details(form.values)
        _named(lambda: cash_desks.open_cash_desk(session, form.values["enterprise_id"], details))
        return url_for("clerk_cash_desks.index")

    return submit(form, work, _form(None), done="page.saved")


@blp.get("/<uuid:desk_id>")
@requires(*WRITERS)
def edit(desk_id: UUID) -> ResponseReturnValue:
    """A cash desk to be written anew."""
    known = cash_desks.get_cash_desk(current_session(), desk_id)
    shown: dict[str, Any] = {name: getattr(known, name) for name in _NAMES}
    for day in Weekday:
        spans = [each for each in known.openings if each.weekday is day]
        shown[f"hours_{day}"] = ", ".join(f"{each.opens_at:%H:%M}–{each.closes_at:%H:%M}" for each in spans)
    return _form(known)(blank(**shown, version=known.version))


@blp.post("/<uuid:desk_id>")
@requires(*WRITERS)
def rewrite(desk_id: UUID) -> ResponseReturnValue:
    """Write a cash desk's details and hours anew."""
    known = cash_desks.get_cash_desk(current_session(), desk_id)
    form = read(EditForm)

    def work(session: Session) -> str:
        details, version = _details(form.values), form.values["version"]
        _named(lambda: cash_desks.edit_cash_desk(session, desk_id, details, version=version))
        return url_for("clerk_cash_desks.index")

    return submit(form, work, _form(known), done="page.saved")


@blp.post("/<uuid:desk_id>/close")
@requires(*WRITERS)
def close(desk_id: UUID) -> ResponseReturnValue:
    """Give a cash desk up: residents see it no more."""
    return _set_open(desk_id, is_open=False)


@blp.post("/<uuid:desk_id>/reopen")
@requires(*WRITERS)
def reopen(desk_id: UUID) -> ResponseReturnValue:
    """Take a cash desk into use again."""
    return _set_open(desk_id, is_open=True)


_NAMES = ("name_kk", "name_ru", "address_kk", "address_ru")


def _set_open(desk_id: UUID, *, is_open: bool) -> ResponseReturnValue:
    known = cash_desks.get_cash_desk(current_session(), desk_id)

    def work(session: Session) -> str:
        cash_desks.set_cash_desk_open(session, desk_id, is_open=is_open)
        return url_for("clerk_cash_desks.index")

    return submit(read(Schema), work, _form(known), done="page.saved")


def _details(values: dict[str, Any]) -> CashDeskDetails:
    return CashDeskDetails(
        **{name: values[name] for name in _NAMES},
        hours=[Opening(day, *span) for day in Weekday for span in values.get(f"hours_{day}", ())],
    )


def _named(write: Callable[[], object]) -> None:
    """Do it; wrong hours are told at the line of their day."""
    try:
        write()
    except InvalidHours as refusal:
        refusal.facts["field"] = f"hours_{refusal.facts['weekday']}"
        raise


def _form(known: CashDesk | None) -> Callable[[Form], str]:
    def again(form: Form) -> str:
        return render_template(
            "clerk/cash_desk_form.html",
            form=form,
            cash_desk=known,
            weekdays=list(Weekday),
            enterprises=desk.enterprise_choices(),
        )

    return again
