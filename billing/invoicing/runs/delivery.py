"""In which order the invoices of a run are carried round: village, street, house, flat."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.customers.models import Customer
from billing.districts.models import KatoPlace
from billing.invoicing.documents import number_text
from billing.invoicing.models import Invoice, InvoiceLine
from billing.invoicing.runs.mailing import REASON, WAY, with_ways
from billing.invoicing.runs.models import BillingRun
from billing.kernel.alphabet import sort_key_kk
from billing.kernel.money import Money, total
from billing.kernel.reporting import Column, Kind, Name, ReportTable, Row

CHUNK = 500  # invoices read at once: the memory does not grow with the village
DELIVERY_LIST = (
    Column("place", width=20),
    Column("street", width=24),
    Column("house", width=8),
    Column("flat", width=8),
    Column("customer_name", width=36),
    Column("account_number", width=16),
    Column("invoice_number", width=12),
    Column("total", Kind.MONEY),
    Column("delivered", width=12),  # empty: to be ticked off
    Column("remark", width=40),  # why it is carried, though it was to be sent
)
_FIGURES = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Delivery:
    """An invoice of a run and where it is carried.

    Attributes:
        remark: why it could not be sent by e-mail, where it was to be.
    """

    invoice_id: UUID
    number: int
    total: Money
    place: Name
    street: str
    house: str
    flat: str
    name: str
    account_number: str
    remark: str | None = None


def house_key(house: str) -> tuple[tuple[int, int, str], ...]:
    """The order of house numbers as people walk: 2, 10, 10а, 10б, 11; what has no figure comes last."""
    parts = [part for part in _FIGURES.split(house.strip()) if part]
    key = tuple((0, int(part), "") if part.isdigit() else (1, 0, sort_key_kk(part)) for part in parts)
    return key if parts and parts[0].isdigit() else ((2, 0, ""), *key)


def deliveries(session: Session, run_id: UUID, *, mailed: bool = False) -> list[Delivery]:
    """The invoices of a run that are carried round, in the order of delivery, in one query.

    Args:
        mailed: those too that go by e-mail.
    """
    rows = session.execute(
        with_ways(
            select(
                WAY,
                Invoice.id,
                Invoice.number,
                Invoice.total,
                KatoPlace.name_kk,
                KatoPlace.name_ru,
                Customer.street,
                Customer.house,
                Customer.flat,
                Customer.name,
                Customer.account_number,
                REASON,
            ),
            run_id,
        ).outerjoin(KatoPlace, KatoPlace.code == Customer.place_code)
    )
    found = [
        Delivery(id_, number, sum_, Name(kk or "", ru or ""), street, house, flat, name, account, remark)
        for way, id_, number, sum_, kk, ru, street, house, flat, name, account, remark in rows
        if mailed or way.is_carried
    ]
    return sorted(found, key=_walk)


def _walk(delivery: Delivery) -> tuple[object, ...]:
    return (
        sort_key_kk(delivery.place.kk or delivery.place.ru),
        sort_key_kk(delivery.street),
        house_key(delivery.house),
        house_key(delivery.flat),
        delivery.account_number,
        delivery.number,
    )


def in_order(
    session: Session, carried: Sequence[Delivery]
) -> Iterator[tuple[Invoice, Sequence[InvoiceLine]]]:
    """The invoices with their lines, in the order given, read in chunks."""
    ids = iter([delivery.invoice_id for delivery in carried])
    while chunk := list(islice(ids, CHUNK)):
        invoices = {each.id: each for each in session.scalars(select(Invoice).where(Invoice.id.in_(chunk)))}
        lines: dict[UUID, list[InvoiceLine]] = {}
        statement = select(InvoiceLine).where(InvoiceLine.invoice_id.in_(chunk))
        for line in session.scalars(statement.order_by(InvoiceLine.position)):
            lines.setdefault(line.invoice_id, []).append(line)
        for invoice_id in chunk:
            yield invoices[invoice_id], lines[invoice_id]


def delivery_list(run: BillingRun, carried: Sequence[Delivery]) -> ReportTable:
    """The list that whoever carries the invoices round ticks off."""
    rows = [
        Row(
            {
                "place": each.place,
                "street": each.street,
                "house": each.house,
                "flat": each.flat,
                "customer_name": each.name,
                "account_number": each.account_number,
                "invoice_number": number_text(each.number),
                "total": each.total,
                "remark": each.remark,
            }
        )
        for each in carried
    ]
    facts = {"period": run.period, "issued_on": run.issued_on}
    sums = {"total": total(each.total for each in carried)}
    return ReportTable("delivery_list", facts, DELIVERY_LIST, rows, sums)
