"""Cash desks and their hours on the wire."""

from datetime import time
from typing import Any
from uuid import UUID

from billing.access.models import Role
from billing.districts import cash_desks
from billing.districts.cash_desks import ADDRESS_LENGTH_MAX, NAME_LENGTH_MAX, CashDeskDetails
from billing.districts.models import CashDesk, Opening, Weekday
from billing.kernel.paging import Page
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.etag import versioned
from billing.web.fields import (
    BooleanField,
    EnumField,
    IdField,
    ListField,
    NestedField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.transaction import current_session

blp = Blueprint(
    "cash_desks", __name__, url_prefix="/api/v1", description="Where residents pay in cash, and when."
)
WRITERS = (Role.CLERK, Role.ACCOUNTANT, Role.ADMIN)
OPENINGS_MAX = 28  # four times on each day of a week


class ClockField(TextField):
    """Hours and minutes of a day, ``09:00``."""

    def __init__(self, **options: Any) -> None:
        super().__init__(5, pattern="([01][0-9]|2[0-3]):[0-5][0-9]", **options)

    def _read(self, value: Any) -> Any:
        return time.fromisoformat(super()._read(value))

    def _show(self, value: Any) -> str:
        return f"{value:%H:%M}"


class OpeningSchema(Schema):
    """A time of a weekday; before and after a break there are two."""

    weekday = EnumField(Weekday, required=True)
    opens_at = ClockField(required=True)
    closes_at = ClockField(required=True)


class CashDeskIn(Schema):
    """A cash desk and its hours."""

    name_kk = TextField(NAME_LENGTH_MAX, required=True)
    name_ru = TextField(NAME_LENGTH_MAX, required=True)
    address_kk = TextField(ADDRESS_LENGTH_MAX, required=True)
    address_ru = TextField(ADDRESS_LENGTH_MAX, required=True)
    hours = ListField(NestedField(OpeningSchema), items_max=OPENINGS_MAX, required=True)


class CashDeskOut(Schema):
    """A cash desk and its hours."""

    id = IdField(required=True)
    enterprise_id = IdField(required=True)
    name_kk = TextField(NAME_LENGTH_MAX, required=True)
    name_ru = TextField(NAME_LENGTH_MAX, required=True)
    address_kk = TextField(ADDRESS_LENGTH_MAX, required=True)
    address_ru = TextField(ADDRESS_LENGTH_MAX, required=True)
    hours = ListField(NestedField(OpeningSchema), items_max=OPENINGS_MAX, required=True, attribute="openings")
    is_open = BooleanField(required=True)
    version = StrictInteger(minimum=1, required=True)


class CashDeskArgs(ListArgs):
    """Which cash desks."""

    sort = SortField("id")
    enterprise_id = IdField()
    is_open = BooleanField()


@blp.get("/cash-desks")
@requires()
@blp.arguments(CashDeskArgs, location="query")
@blp.response(200, page_schema(CashDeskOut))
def list_cash_desks(args: dict[str, Any]) -> Page[CashDesk]:
    """The district's cash desks."""
    return cash_desks.list_cash_desks(current_session(), args.pop("page"), **args)


@blp.post("/enterprises/<uuid:enterprise_id>/cash-desks")
@requires(*WRITERS)
@blp.arguments(CashDeskIn)
@blp.response(201, CashDeskOut)
@versioned
def open_cash_desk(body: dict[str, Any], enterprise_id: UUID) -> CashDesk:
    """Let residents know of a cash desk."""
    return cash_desks.open_cash_desk(current_session(), enterprise_id, _details(body))


@blp.get("/cash-desks/<uuid:desk_id>")
@requires()
@blp.response(200, CashDeskOut)
@versioned
def show_cash_desk(desk_id: UUID) -> CashDesk:
    """A cash desk."""
    return cash_desks.get_cash_desk(current_session(), desk_id)


@blp.put("/cash-desks/<uuid:desk_id>")
@requires(*WRITERS)
@blp.arguments(CashDeskIn)
@blp.response(200, CashDeskOut)
@versioned
def edit_cash_desk(body: dict[str, Any], desk_id: UUID, version: int) -> CashDesk:
    """Write a cash desk's details and hours anew."""
    return cash_desks.edit_cash_desk(current_session(), desk_id, _details(body), version=version)


@blp.post("/cash-desks/<uuid:desk_id>/close")
@requires(*WRITERS)
@blp.response(200, CashDeskOut)
@versioned
def close_cash_desk(desk_id: UUID) -> CashDesk:
    """Give a cash desk up: residents see it no more."""
    return cash_desks.set_cash_desk_open(current_session(), desk_id, is_open=False)


@blp.post("/cash-desks/<uuid:desk_id>/reopen")
@requires(*WRITERS)
@blp.response(200, CashDeskOut)
@versioned
def reopen_cash_desk(desk_id: UUID) -> CashDesk:
    """Take a cash desk into use again."""
    return cash_desks.set_cash_desk_open(current_session(), desk_id, is_open=True)


def _details(body: dict[str, Any]) -> CashDeskDetails:
    hours = [Opening(**each) for each in body.pop("hours")]
    return CashDeskDetails(**body, hours=hours)
