"""What the books expect to go out of a bank account: refunds, pay of workers and contractors, own accounts.

Each kind of evidence is one query for a whole chunk of rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import case, select, true
from sqlalchemy.orm import Session, aliased

from billing.budget.models import BudgetCode
from billing.customers.models import Customer
from billing.districts.models import BankAccount, BankAccountKind
from billing.kernel.columns import money_sum
from billing.kernel.money import ZERO, Money
from billing.ledger import service as ledger
from billing.ledger.chart import BANK, CONTRACTORS, WORKERS
from billing.ledger.models import Account, SourceKind, Transfer
from billing.payments.models import Payment, PaymentMethod, Refund
from billing.payments.providers.models import Provider
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matches import OpenRow
from billing.reconciliation.models import MatchedRow, MatchedTransfer, MatchingSettings, StatementRow
from billing.reconciliation.pay_lists import OpenPay, is_pay_list, open_of
from billing.workforce.models import Contractor, Worker

DAYS_AROUND = 5  # where the settings say nothing else
PAY_OPEN_MAX = timedelta(days=400)  # older pay that is open still is no list any more


@dataclass(frozen=True, slots=True)
class ExpectedRefund:
    """Money given back by bank that no row shows yet.

    Attributes:
        iin_bin: of the customer it was given back to.
        ibans: the accounts his money came from, as far as rows told.
    """

    transfer_id: UUID
    amount: Money
    refunded_on: date
    iin_bin: str | None
    ibans: frozenset[str]


@dataclass(frozen=True, slots=True)
class Payee:
    """A worker or contractor whom the enterprise owes money.

    Attributes:
        account: code of the account that holds what he is owed.
    """

    party_id: UUID
    account: str
    iin_bin: str
    iban: str | None
    owed: Money


@dataclass(frozen=True, slots=True)
class Expectations:
    """All that the rows of a chunk may be.

    Attributes:
        budget_ibans: the district's accounts in the treasury.
        budget_codes: codes of collected fees, known to the classification.
        provider_bins: providers charge commission too.
        open_pay: what workers earned and were not paid, the oldest first, where a row may be a list of it.
        by_hand: sum and day of entries on 1030 that an accountant made and no row shows.
    """

    bank_account: BankAccount
    budget_ibans: frozenset[str]
    budget_codes: frozenset[str]
    provider_bins: frozenset[str]
    refunds: Sequence[ExpectedRefund]
    payees: Sequence[Payee]
    open_pay: Sequence[OpenPay]
    by_hand: Mapping[Money, Sequence[date]]
    days_around: int


def load_expectations(session: Session, account: BankAccount, rows: Sequence[OpenRow]) -> Expectations:
    """What outgoing rows of an enterprise's bank account may be; whom it pays is locked until the end."""
    book_id = ledger.enterprise_book_id(session, account.enterprise_id)
    days_around = days_around_of(session, account.enterprise_id)
    # Of the whole district: the budget's account may be entered with the akim's office.
    budget_ibans = session.scalars(select(BankAccount.iban).where(BankAccount.kind != BankAccountKind.BANK))
    codes = {row.budget_code for row in rows if row.budget_code}
    # Taxes (category 1) are the enterprise's own debt and stand on accounts of their own.
    fees = select(BudgetCode.code).where(BudgetCode.code.in_(codes), BudgetCode.code >= "2")
    providers = select(Provider.bin).where(Provider.enterprise_id == account.enterprise_id)
    lists = [row for row in rows if is_pay_list(row)]
    return Expectations(
        bank_account=account,
        budget_ibans=frozenset(budget_ibans),
        budget_codes=frozenset(session.scalars(fees)) if codes else frozenset(),
        provider_bins=frozenset(session.scalars(providers)),
        refunds=_refunds(session, account, rows),
        payees=_payees(session, book_id, rows, hold_all=bool(lists)),
        open_pay=_open_pay(session, book_id, max(row.booked_on for row in lists)) if lists else (),
        by_hand=entries_by_hand(session, book_id, rows, days_around, Direction.OUT),
        days_around=days_around,
    )


def days_around_of(session: Session, enterprise_id: UUID) -> int:
    """How many days may lie between what the books know and the row that shows it."""
    days = session.scalar(
        select(MatchingSettings.days_around).where(MatchingSettings.enterprise_id == enterprise_id)
    )
    return DAYS_AROUND if days is None else days


def _refunds(session: Session, account: BankAccount, rows: Sequence[OpenRow]) -> list[ExpectedRefund]:
    """Refunds by bank of the rows' sums that no row shows, with the accounts the money had come from."""
    found = session.execute(
        select(Transfer.id, Refund.payment_id, Refund.amount, Refund.refunded_on, Customer.iin_bin)
        .join(Transfer, (Transfer.district_id == Refund.district_id) & (Transfer.source_id == Refund.id))
        .join(Customer, (Customer.district_id == Refund.district_id) & (Customer.id == Refund.customer_id))
        .outerjoin(
            MatchedTransfer,
            (MatchedTransfer.district_id == Transfer.district_id)
            & (MatchedTransfer.transfer_id == Transfer.id),
        )
        .where(
            Refund.enterprise_id == account.enterprise_id,
            Refund.method == PaymentMethod.BANK,
            Refund.amount.in_({row.amount for row in rows}),
            Transfer.source_kind == SourceKind.REFUND,
            MatchedTransfer.transfer_id.is_(None),
        )
    ).all()
    if not found:
        return []
    ibans = _ibans_of_payments(session, account, rows)
    return [
        ExpectedRefund(
            row.id, row.amount, row.refunded_on, row.iin_bin, ibans.get(row.payment_id, frozenset())
        )
        for row in found
    ]


def _ibans_of_payments(
    session: Session, account: BankAccount, rows: Sequence[OpenRow]
) -> dict[UUID, frozenset[str]]:
    """The accounts among the rows' that payments with refunds had come from."""
    came_from: dict[UUID, set[str]] = {}
    wanted = {iban for row in rows for iban in (row.counterparty_iban, row.ultimate_iban) if iban}
    taken_in = aliased(Transfer)
    told = session.execute(
        select(Payment.id, StatementRow.counterparty_iban)
        .join(taken_in, (taken_in.district_id == Payment.district_id) & (taken_in.source_id == Payment.id))
        .join(
            MatchedTransfer,
            (MatchedTransfer.district_id == taken_in.district_id)
            & (MatchedTransfer.transfer_id == taken_in.id),
        )
        .join(
            MatchedRow,
            (MatchedRow.district_id == MatchedTransfer.district_id)
            & (MatchedRow.match_id == MatchedTransfer.match_id),
        )
        .join(
            StatementRow,
            (StatementRow.district_id == MatchedRow.district_id) & (StatementRow.id == MatchedRow.row_id),
        )
        .where(
            Payment.enterprise_id == account.enterprise_id,
            Payment.id.in_(select(Refund.payment_id)),
            StatementRow.counterparty_iban.in_(wanted),
        )
    )
    for payment_id, iban in told:
        came_from.setdefault(payment_id, set()).add(iban)
    return {payment_id: frozenset(each) for payment_id, each in came_from.items()}


def _payees(session: Session, book_id: UUID, rows: Sequence[OpenRow], *, hold_all: bool) -> list[Payee]:
    numbers = {
        number for row in rows for number in (row.counterparty_iin_bin, row.ultimate_iin_bin) if number
    }
    ibans = {iban for row in rows for iban in (row.counterparty_iban, row.ultimate_iban) if iban}
    # Locked: two statements at once must not both see the same money owed.
    workers = session.execute(
        select(Worker.id, Worker.iin)
        .where(true() if hold_all else Worker.iin.in_(numbers))
        .order_by(Worker.id)
        .with_for_update(key_share=True)
    ).all()
    contractors = session.execute(
        select(Contractor.id, Contractor.bin, Contractor.iban)
        .where(Contractor.bin.in_(numbers) | Contractor.iban.in_(ibans))
        .order_by(Contractor.id)
        .with_for_update(key_share=True)
    ).all()
    workers = [each for each in workers if each.iin in numbers]
    owed = _owed(session, book_id, [each.id for each in (*workers, *contractors)])
    return [
        *(Payee(each.id, WORKERS, each.iin, None, owed.get(each.id, ZERO)) for each in workers),
        *(Payee(each.id, CONTRACTORS, each.bin, each.iban, owed.get(each.id, ZERO)) for each in contractors),
    ]


def _open_pay(session: Session, book_id: UUID, until: date) -> list[OpenPay]:
    """What is open of the pay that workers have earned; they are held."""
    accrued = session.execute(
        select(Transfer.party_id, Transfer.posted_on, money_sum(Transfer.amount))
        .join(
            Account,
            (Account.district_id == Transfer.district_id) & (Account.id == Transfer.credit_account_id),
        )
        .where(
            Transfer.book_id == book_id,
            Account.code == WORKERS,
            Transfer.source_kind == SourceKind.WORK,
            Transfer.posted_on > until - PAY_OPEN_MAX,
        )
        .group_by(Transfer.party_id, Transfer.posted_on)
        .order_by(Transfer.posted_on, Transfer.party_id)
    )
    earned = [OpenPay(row[0], row[1], row[2]) for row in accrued if row[0] is not None]
    return open_of(earned, _owed(session, book_id, sorted({pay.party_id for pay in earned})))


def _owed(session: Session, book_id: UUID, party_ids: Sequence[UUID]) -> dict[UUID, Money]:
    """What workers and contractors are owed, by their ids."""
    if not party_ids:
        return {}
    debit, credit = aliased(Account), aliased(Account)
    payable = (WORKERS, CONTRACTORS)
    change = case((credit.code.in_(payable), Transfer.amount), else_=-Transfer.amount)
    rows = session.execute(
        select(Transfer.party_id, money_sum(change))
        .join(debit, (debit.district_id == Transfer.district_id) & (debit.id == Transfer.debit_account_id))
        .join(
            credit, (credit.district_id == Transfer.district_id) & (credit.id == Transfer.credit_account_id)
        )
        .where(
            Transfer.party_id.in_(party_ids),
            Transfer.book_id == book_id,
            debit.code.in_(payable) | credit.code.in_(payable),
        )
        .group_by(Transfer.party_id)
    )
    return {row[0]: row[1] for row in rows if row[0] is not None}


def entries_by_hand(
    session: Session, book_id: UUID, rows: Sequence[OpenRow], days_around: int, direction: Direction
) -> dict[Money, list[date]]:
    """Days of entries by hand that move 1030 by a row's sum, by the sum; none that a row shows already."""
    side = Transfer.debit_account_id if direction is Direction.IN else Transfer.credit_account_id
    around, days = timedelta(days=days_around), [row.booked_on for row in rows]
    mirror = aliased(Transfer)
    found = session.execute(
        select(Transfer.amount, Transfer.posted_on)
        .join(
            Account,
            (Account.district_id == Transfer.district_id) & (Account.id == side),
        )
        .outerjoin(
            MatchedTransfer,
            (MatchedTransfer.district_id == Transfer.district_id)
            & (MatchedTransfer.transfer_id == Transfer.id),
        )
        .outerjoin(mirror, (mirror.district_id == Transfer.district_id) & (mirror.reverses_id == Transfer.id))
        .where(
            Transfer.book_id == book_id,
            Account.code == BANK,
            Transfer.source_kind == SourceKind.MANUAL,
            Transfer.reverses_id.is_(None),
            mirror.id.is_(None),
            MatchedTransfer.transfer_id.is_(None),
            Transfer.posted_on.between(min(days) - around, max(days) + around),
            Transfer.amount.in_({row.amount for row in rows}),
        )
    )
    entries: dict[Money, list[date]] = {}
    for amount, day in found:
        entries.setdefault(amount, []).append(day)
    return entries
