"""Residents' payments through a provider, and the rows in which it pays them over."""

from collections.abc import Sequence
from datetime import date
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from billing.kernel.money import Money
from billing.payments import service as payments
from billing.payments.models import Payment, PaymentMethod
from billing.payments.providers.models import Provider
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matches import OpenRow
from billing.reconciliation.models import ExceptionKind
from billing.reconciliation.provider_batches import match_provider_batches
from billing.reconciliation.three_way.registry import RegistryReport, import_registry
from tests.support.bank_desk import NOVEMBER_26, Bank, open_bank
from tests.support.bank_rows import row
from tests.support.billing import Desk
from tests.support.identifiers import synthetic_bin
from tests.support.providers import make_provider

KASPI_BIN = synthetic_bin(500)
MONDAY = date(2026, 11, 16)
TUESDAY = date(2026, 11, 17)
WEDNESDAY = date(2026, 11, 18)

_transactions = count(1)


def open_bank_with_provider(session: Session, **agreement: Any) -> tuple[Bank, Provider]:
    """A bank account and a provider that withholds 0.95 % unless said otherwise."""
    bank = open_bank(session)
    provider = make_provider(session, bank.desk.enterprise.id, **({"commission_bp": 95} | agreement))
    return bank, provider


def pay_through(
    desk: Desk,
    tenge: str | int,
    on: date = MONDAY,
    *,
    channel: str = "kaspi",
    outside_id: str | None = None,
    method: PaymentMethod = PaymentMethod.PROVIDER,
) -> Payment:
    """A resident's payment through a provider, under a transaction of the provider's."""
    payment_id = payments.record_payment(
        desk.session,
        desk.enterprise.id,
        desk.customer.id,
        amount=Money.tenge(tenge),
        method=method,
        received_on=on,
        channel=channel,
        outside_id=outside_id or f"{next(_transactions):010d}",
    )
    return payments.get_payment(desk.session, payment_id)


def paid_over(tenge: str | int, on: date = TUESDAY, purpose: str = "Платежи населения", **named: str) -> Any:
    """A row in which the provider pays in aggregate."""
    payer = {"counterparty_name": 'АО "KASPI BANK"', "counterparty_iin_bin": KASPI_BIN}
    return row(tenge, Direction.IN, on=on, purpose=purpose, **(payer | named))


def match_batches(bank: Bank, rows: Sequence[OpenRow]) -> dict[UUID, ExceptionKind]:
    """Let the matcher of providers' money look at rows."""
    return dict(match_provider_batches(bank.session, bank.account, rows, decided_on=NOVEMBER_26).left)


def take_in_registry(session: Session, provider: Provider, *rows: tuple[Any, ...]) -> RegistryReport:
    """A registry of these payments: transaction, tenge, day, and the account where a test has one."""
    lines = ["Номер транзакции;Сумма;Дата;Лицевой счет"]
    lines += [";".join([str(each[0]), str(each[1]), str(each[2]), *map(str, each[3:4])]) for each in rows]
    report = import_registry(session, provider.id, "\n".join(lines).encode(), file_name="registry.csv")
    assert report.rows.written, report.rows.problems
    return report
