"""What is told of money received, and whether it was told before: one outside id is one payment."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from billing.kernel.errors import InvalidInput, RuleViolation
from billing.kernel.money import ZERO, Money
from billing.kernel.ready import Ready, among_given
from billing.payments.models import Payment, PaymentMethod

CASH_DESK = "cash_desk"
RECEIPT_BOOK = "receipt_book"  # cash that a cashier took away from the desk, and entered later

_TOLD = Ready(
    select(
        Payment.channel,
        Payment.outside_id,
        Payment.id,
        Payment.enterprise_id,
        Payment.customer_id,
        Payment.amount,
        Payment.received_on,
    ).where(Payment.channel == bindparam("channel"), among_given(Payment.outside_id, "outside_ids"))
)


class OutsideIdReused(RuleViolation):
    """Another payment came under this id of the channel. Facts: ``channel``, ``outside_id``."""

    code = "outside_id_reused"


@dataclass(frozen=True, slots=True)
class CashReceipt:
    """What the cash register (ККМ) printed: fiscal number, register number and the instant."""

    fiscal_number: str
    register_number: str
    fiscal_at: datetime


class Receipt(NamedTuple):
    """Money received from or for a customer, as somebody tells it.

    Attributes:
        amount: strictly positive.
        received_on: the value date in the district's calendar.
        channel: where it came in, a provider's code; by default the cash desk, or the method's name.
        outside_id: the provider's transaction or the bank's document.
        cash: required for cash, refused otherwise: cash needs a fiscal receipt.
        payer_name: where another person paid.
        invoice_ids: the invoices the payer named; none: the oldest debt first.
    """

    customer_id: UUID
    amount: Money
    method: PaymentMethod
    received_on: date
    channel: str | None = None
    outside_id: str | None = None
    cash: CashReceipt | None = None
    payer_name: str | None = None
    invoice_ids: tuple[UUID, ...] = ()

    @property
    def told_by(self) -> str:
        """The channel that tells of it."""
        return self.channel or (CASH_DESK if self.method is PaymentMethod.CASH else self.method.value)

    def check(self) -> None:
        """Hold its facts against each other.

        Raises:
            InvalidInput: an amount of zero or less, or a cash register's receipt missing or out of place.
        """
        if self.amount <= ZERO:
            raise InvalidInput(field="amount")
        if (self.method is PaymentMethod.CASH) != (self.cash is not None):
            raise InvalidInput(field="receipt")


def first_told(receipts: Sequence[Receipt]) -> list[int]:
    """For every receipt the place of the first one that tells of the same money; mostly its own.

    Raises:
        OutsideIdReused: one id is told of two customers, sums or dates.
    """
    told: dict[tuple[str, str], int] = {}
    first: list[int] = []
    for place, receipt in enumerate(receipts):
        if receipt.outside_id is None:
            first.append(place)
            continue
        first.append(told.setdefault((receipt.told_by, receipt.outside_id), place))
        if _facts(receipts[first[-1]]) != _facts(receipt):
            raise OutsideIdReused(channel=receipt.told_by, outside_id=receipt.outside_id)
    return first


def _facts(receipt: Receipt) -> tuple[UUID, Money, date]:
    """What must be the same for two receipts of one outside id to be one payment."""
    return receipt.customer_id, receipt.amount, receipt.received_on


def find_known(session: Session, enterprise_id: UUID, receipts: Sequence[Receipt]) -> dict[int, UUID]:
    """The receipts, by their place, that were told before, with their payments.

    Raises:
        OutsideIdReused: an id belongs to a payment of another enterprise, customer, sum or date.
    """
    ids = {(each.told_by, each.outside_id) for each in receipts if each.outside_id is not None}
    if not ids:
        return {}
    found = {(row.channel, row.outside_id): row for row in find_told(session, ids)}
    known: dict[int, UUID] = {}
    for place, receipt in enumerate(receipts):
        row = found.get((receipt.told_by, receipt.outside_id))
        if row is None:
            continue
        if (row.enterprise_id, row.customer_id, row.amount, row.received_on) != (
            enterprise_id,
            *_facts(receipt),
        ):
            raise OutsideIdReused(channel=receipt.told_by, outside_id=receipt.outside_id)
        known[place] = row.id
    return known


def find_told(session: Session, ids: Collection[tuple[str, str]]) -> list[Row[*tuple[Any, ...]]]:
    """The payments under these outside ids of their channels: mostly of one."""
    of_channels: dict[str, list[str]] = {}
    for channel, outside_id in ids:
        of_channels.setdefault(channel, []).append(outside_id)
    return [
        row
        for channel, outside_ids in of_channels.items()
        for row in _TOLD.rows(session, channel=channel, outside_ids=outside_ids)
    ]
