"""An enterprise with a bank account, and what it may have to pay from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.districts import service as districts
from billing.districts.models import BankAccount, BankAccountKind
from billing.orders import service as orders
from billing.orders.completion import complete_order
from billing.orders.doers import Doer, WorkItem
from billing.payments.models import Refund
from billing.reconciliation.matches import OpenRow
from billing.reconciliation.models import ExceptionKind, MatchedRow
from billing.reconciliation.outgoing import match_outgoing
from billing.workforce.models import ContractorContract, Engagement
from tests.support.bank_rows import NOVEMBER_20, Explained, account_of, balances, explained, take_in_rows
from tests.support.billing import Desk, open_desk, refund
from tests.support.identifiers import synthetic_iban
from tests.support.workforce import make_engagement

NOVEMBER_1 = date(2026, 11, 1)
NOVEMBER_26 = date(2026, 11, 26)


@dataclass(frozen=True)
class Bank:
    """A desk with its bank account."""

    desk: Desk
    account: BankAccount

    @property
    def session(self) -> Session:
        """The unit of work."""
        return self.desk.session

    def rows(self, *rows: dict[str, Any]) -> list[OpenRow]:
        """Rows of one statement."""
        return take_in_rows(self.session, self.account, *rows)

    def match(self, rows: Sequence[OpenRow]) -> Mapping[UUID, ExceptionKind]:
        """Let the matcher of outgoing rows look at rows."""
        return match_outgoing(self.session, self.account, rows, decided_on=NOVEMBER_26).left

    def balances(self, *codes: str) -> dict[str, str]:
        """Balances of the enterprise's accounts."""
        return balances(self.session, self.desk.enterprise, codes)

    def match_of(self, row: OpenRow) -> UUID:
        """The live match of a row."""
        return self.session.scalars(select(MatchedRow.match_id).where(MatchedRow.row_id == row.id)).one()

    def explained(self, row: OpenRow) -> Explained | None:
        """What a row was found to be."""
        return explained(self.session, row)


def open_bank(session: Session) -> Bank:
    """An enterprise with a bank account and nothing on it."""
    desk = open_desk(session)
    return Bank(desk, account_of(session, desk.enterprise))


def work_done(
    bank: Bank,
    hours: str = "2",
    *,
    doer: Engagement | ContractorContract | None = None,
    on: date = NOVEMBER_1,
) -> None:
    """An order completed by a worker at 1,500 an hour, or by whoever is given."""
    session, desk = bank.session, bank.desk
    doer = doer or make_engagement(session, desk.enterprise.id)
    field = "contractor_contract_id" if isinstance(doer, ContractorContract) else "engagement_id"
    quantity, ids = Decimal(hours), {field: doer.id}
    order = orders.take_order(
        session,
        customer_id=desk.customer.id,
        service_id=desk.service.id,
        requested_on=on,
        quantity=quantity,
    )
    orders.confirm_order(session, order.id)
    orders.assign_order(session, order.id, [Doer(**ids)])
    complete_order(session, order.id, completed_on=on, quantity=quantity, work=[WorkItem(quantity, **ids)])


def refunded(bank: Bank, tenge: int = 300, *, refunded_on: date = NOVEMBER_20) -> Refund:
    """Money a customer paid in advance, given back by bank."""
    payment = bank.desk.pay(1000, received_on=NOVEMBER_1)
    return refund(bank.session, payment, tenge, refunded_on=refunded_on)


def add_treasury_account(bank: Bank) -> BankAccount:
    """The budget's account in the treasury."""
    return districts.add_bank_account(
        bank.session,
        bank.desk.enterprise.id,
        iban=synthetic_iban(70, "070"),
        bic="KKMFKZ2A",
        bank_name_kk="Қазынашылық",
        bank_name_ru="Казначейство",
        kbe="11",
        kind=BankAccountKind.BUDGET_KSN,
    )
