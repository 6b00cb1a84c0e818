"""Tariffs: a service's price per payer category from a day on. Never edited; an unused one is withdrawn."""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Uuid, and_, column, func, select, table, tuple_
from sqlalchemy.orm import Session

from billing.catalog.models import PayerCategory, Service, Tariff
from billing.catalog.refusals import NoTariff, PriceNotPositive, ServiceInactive, TariffUsed
from billing.kernel.checks import line
from billing.kernel.db import district_of
from billing.kernel.errors import AlreadyExists
from billing.kernel.money import ZERO, Money
from billing.kernel.paging import FIRST_PAGE, Page, PageRequest, Sorts, page_of
from billing.kernel.rows import get_row

SORTS: Sorts = {"-valid_from": [Tariff.valid_from, Tariff.id], "id": [Tariff.id]}

# By name: acts and invoices stand above the catalogue, which may not import them.
_USERS = [
    table(name, column("district_id"), column("tariff_id", Uuid))
    for name in ("completion_act", "invoice_line")
]


def set_tariff(
    session: Session,
    service_id: UUID,
    *,
    payer_category: PayerCategory,
    valid_from: date,
    price: Money,
    decision_number: str,
    decision_date: date,
) -> Tariff:
    """Set a service's price for a payer category from a day on, until the next tariff.

    Args:
        price: per unit of the service, VAT included; above zero.
        decision_number: of the decision that approved the price.

    Raises:
        NotFound: no such service.
        ServiceInactive: it was taken out of the catalogue.
        PriceNotPositive, InvalidText: a value of the wrong form.
        AlreadyExists: the same service and category have a tariff from the same day.
    """
    service = get_row(session, Service, service_id, kind="service", lock=True)
    if not service.is_active:
        raise ServiceInactive(service=service.code)
    if price <= ZERO:
        raise PriceNotPositive(field="price")
    same_day = select(Tariff.id).where(
        Tariff.service_id == service_id,
        Tariff.payer_category == payer_category,
        Tariff.valid_from == valid_from,
    )
    if session.scalar(same_day) is not None:
        raise AlreadyExists(kind="tariff", field="valid_from", value=valid_from)
    tariff = Tariff(
        district_id=district_of(session),
        service_id=service_id,
        payer_category=payer_category,
        valid_from=valid_from,
        price=price,
        decision_number=line(decision_number, field="decision_number", length_max=50),
        decision_date=decision_date,
    )
    session.add(tariff)
    session.flush()
    return tariff


def withdraw_tariff(session: Session, tariff_id: UUID) -> None:
    """Take back a tariff nothing was priced with, as if it had never been set.

    Raises:
        NotFound: no such tariff.
        TariffUsed: an act or an invoice names it. The foreign keys refuse what slips in meanwhile.
    """
    tariff = get_tariff(session, tariff_id, lock=True)
    for user in _USERS:
        used = select(user.c.tariff_id).where(
            user.c.district_id == district_of(session), user.c.tariff_id == tariff_id
        )
        if session.execute(used.limit(1)).first() is not None:
            raise TariffUsed(valid_from=tariff.valid_from)
    session.delete(tariff)
    session.flush()


def get_tariff(session: Session, tariff_id: UUID, lock: bool = False) -> Tariff:
    """The tariff with this id.

    Raises:
        NotFound: no such tariff in the district.
    """
    return get_row(session, Tariff, tariff_id, kind="tariff", lock=lock)


def list_tariffs(
    session: Session,
    page: PageRequest = FIRST_PAGE,
    *,
    service_id: UUID | None = None,
    payer_category: PayerCategory | None = None,
) -> Page[Tariff]:
    """Tariffs, the newest first, in pages."""
    statement = select(Tariff)
    if service_id is not None:
        statement = statement.where(Tariff.service_id == service_id)
    if payer_category is not None:
        statement = statement.where(Tariff.payer_category == payer_category)
    return page_of(session, statement, SORTS, page)


def price_on(session: Session, service_id: UUID, category: PayerCategory, day: date) -> Tariff:
    """The tariff that holds on a day.

    Raises:
        NotFound: no such service.
        NoTariff: none holds for the category yet.
    """
    tariff = prices_on(session, [(service_id, category)], day).get((service_id, category))
    if tariff is None:
        service = get_row(session, Service, service_id, kind="service")
        raise NoTariff(service=service.code, category=category, day=day)
    return tariff


def prices_on(
    session: Session, pairs: Collection[tuple[UUID, PayerCategory]], day: date
) -> dict[tuple[UUID, PayerCategory], Tariff]:
    """The tariffs that hold on a day, by service and payer category; a pair without one is missing."""
    if not pairs:
        return {}
    newest = (
        select(Tariff.service_id, Tariff.payer_category, func.max(Tariff.valid_from).label("valid_from"))
        .where(
            Tariff.district_id == district_of(session),
            Tariff.service_id.in_({service_id for service_id, _ in pairs}),
            Tariff.valid_from <= day,
        )
        .group_by(Tariff.service_id, Tariff.payer_category)
        .subquery()
    )
    tariffs = session.scalars(
        select(Tariff).join(
            newest,
            and_(
                tuple_(Tariff.service_id, Tariff.payer_category)
                == tuple_(newest.c.service_id, newest.c.payer_category),
                Tariff.valid_from == newest.c.valid_from,
            ),
        )
    )
    wanted = set(pairs)
    found = {(tariff.service_id, tariff.payer_category): tariff for tariff in tariffs}
    return {pair: tariff for pair, tariff in found.items() if pair in wanted}


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """Every tariff of some services: prices any number of supplies after one look at the database.

    Attributes:
        tariffs: by service and payer category, the oldest first.
    """

    tariffs: Mapping[tuple[UUID, PayerCategory], Sequence[Tariff]]

    def on(self, service: Service, category: PayerCategory, day: date) -> Tariff:
        """The tariff that holds on a day.

        Raises:
            NoTariff: none holds for the category yet.
        """
        known = self.tariffs.get((service.id, category), ())
        begun = bisect_right(known, day, key=lambda tariff: tariff.valid_from)
        if not begun:
            raise NoTariff(service=service.code, category=category, day=day)
        return known[begun - 1]


def price_history(session: Session, service_ids: Collection[UUID]) -> PriceHistory:
    """All tariffs of services, in one query."""
    found: dict[tuple[UUID, PayerCategory], list[Tariff]] = {}
    statement = select(Tariff).where(Tariff.service_id.in_(service_ids)).order_by(Tariff.valid_from)
    for tariff in session.scalars(statement):
        found.setdefault((tariff.service_id, tariff.payer_category), []).append(tariff)
    return PriceHistory(found)
