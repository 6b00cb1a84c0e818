"""What every desk needs: who may sit at it, what values look like, and names in place of ids."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import current_app, g, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.access.models import Role, User
from billing.access.tokens import Caller
from billing.catalog.models import Service
from billing.catalog.service import list_services
from billing.customers.models import Customer
from billing.districts.models import District, Enterprise
from billing.districts.service import list_enterprises
from billing.invoicing.documents import number_text
from billing.kernel.dates import Month
from billing.kernel.errors import NotFound
from billing.kernel.formats import (
    format_date,
    format_instant,
    format_money,
    format_month,
    format_number,
    format_quantity,
)
from billing.kernel.i18n import label
from billing.kernel.identifiers import mask_iin, mask_iins_in, mask_phone
from billing.kernel.money import Money
from billing.kernel.paging import PAGE_SIZE_MAX, PageRequest
from billing.kernel.shown import Shown
from billing.ledger import service as ledger
from billing.ledger.chart import BANK
from billing.ledger.entries import SUB_LEDGER_ACCOUNTS
from billing.ledger.reports import list_accounts
from billing.web.access import access_of
from billing.web.language import reader_language
from billing.web.transaction import current_session

# Who reads people and papers, writes customers and work down, handles money, keeps or oversees the books.
READERS = (Role.CLERK, Role.CASHIER, Role.ACCOUNTANT, Role.AUDITOR, Role.ADMIN)
CLERKS = (Role.CLERK, Role.ACCOUNTANT)
TELLERS = (Role.CASHIER, Role.ACCOUNTANT)
ACCOUNTANTS = (Role.ACCOUNTANT,)
BOOKKEEPERS = (Role.ACCOUNTANT, Role.AUDITOR)
OVERSEERS = (Role.AKIM, Role.ACCOUNTANT, Role.AUDITOR)

ALL = PageRequest(limit=PAGE_SIZE_MAX)


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a select: what is sent, and what people read."""

    value: str
    name: str


def show(value: Any) -> str:
    """A value as the reader's language writes it; a dash for none."""
    language = reader_language()
    forms: tuple[tuple[type, Any], ...] = (
        (Money, format_money),
        (Month, format_month),
        (datetime, format_instant),
        (date, format_date),
        (Decimal, format_quantity),
        (Shown, label),
        (int, format_number),
    )
    if value is None or value == "":
        return "—"
    return next((str(form(value, language)) for kind, form in forms if isinstance(value, kind)), str(value))


def name_of(thing: Service | Enterprise | District | Any) -> str:
    """The name a thing has in the reader's language; enterprises and places have no English one."""
    language = reader_language().value
    own = getattr(thing, f"name_{language}", "") or ""
    return own or thing.name_ru or thing.name_kk


def may(endpoint: str) -> bool:
    """Whether the caller may open a page: links he could not follow are not shown."""
    known: Caller | None = getattr(g, "caller", None)
    access = access_of(current_app.view_functions[endpoint])
    if known is None or access is None:
        return False
    return access.public or bool((access.roles or frozenset(Role)) & known.roles)


def here(**changes: object) -> str:
    """The address of this page with other arguments; an argument of None is left out."""
    arguments = request.args.to_dict() | changes
    kept = {name: value for name, value in arguments.items() if value not in (None, "")}
    return url_for(request.endpoint or "", **{**(request.view_args or {}), **kept})


def customers_of(ids: Iterable[UUID | None]) -> dict[UUID, Customer]:
    """Customers by id, for a page of things that name them."""
    wanted = {each for each in ids if each is not None}
    rows = current_session().scalars(select(Customer).where(Customer.id.in_(wanted)))
    return {row.id: row for row in rows}


def users_of(ids: Iterable[UUID | None]) -> dict[UUID, User]:
    """Users by id, for a page of things that they recorded; what the program did itself has none."""
    wanted = {each for each in ids if each is not None}
    rows = current_session().scalars(select(User).where(User.id.in_(wanted)))
    return {row.id: row for row in rows}


def services_of(ids: Iterable[UUID]) -> dict[UUID, Service]:
    """Services by id, for a page of things that name them."""
    rows = current_session().scalars(select(Service).where(Service.id.in_(set(ids))))
    return {row.id: row for row in rows}


def enterprises() -> list[Enterprise]:
    """The district's enterprises; there is seldom more than one."""
    return list_enterprises(current_session(), ALL).items


def enterprise_named(wanted: UUID | None) -> Enterprise:
    """The enterprise a page is about: the one asked for, else the district's first.

    Raises:
        NotFound: there is none.
    """
    known = enterprises()
    found = next((each for each in known if wanted in (None, each.id)), None)
    if found is None:
        raise NotFound(kind="enterprise", id=wanted)
    return found


def enterprise_choices() -> list[Choice]:
    """The enterprises to choose from."""
    return [Choice(str(each.id), name_of(each)) for each in enterprises()]


def service_choices(session: Session, enterprise_id: UUID | None = None) -> list[Choice]:
    """Services that can be ordered or charged, with their units."""
    page = list_services(session, ALL, enterprise_id=enterprise_id, active=True)
    return [Choice(str(each.id), f"{each.code} · {name_of(each)}, {show(each.unit)}") for each in page.items]


def entry_accounts(session: Session, enterprise_id: UUID) -> list[Choice]:
    """The accounts of an enterprise's book to which a bank's row may be posted by hand."""
    book_id = ledger.enterprise_book_id(session, enterprise_id)
    return [
        Choice(each.code, f"{each.code} · {name_of(each)}")
        for each in list_accounts(session, book_id, ALL).items
        if each.code not in {BANK, *SUB_LEDGER_ACCOUNTS}
    ]


def choices(enumeration: Iterable[Shown], but: Collection[Shown] = ()) -> list[Choice]:
    """Every value of an enumeration, to choose from."""
    return [Choice(each.value, show(each)) for each in enumeration if each not in but]


WORDS: dict[str, Any] = {
    "show": show,
    "name_of": name_of,
    "may": may,
    "here": here,
    "number_text": number_text,
    "mask_iin": mask_iin,
    "mask_iins_in": mask_iins_in,
    "mask_phone": mask_phone,
}
