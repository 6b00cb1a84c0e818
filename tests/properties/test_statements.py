"""Files in any order, overlapping, again, matches undone, rows looked at again: the ledger of one import.

What a whole file taken in once leaves is what any such story leaves in the end: no row lost, none doubled.
"""

from datetime import date

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.archive.service import storing_in
from billing.kernel.db import scope
from billing.kernel.money import Money
from billing.ledger.models import Account, Transfer
from billing.payments.models import Payment, PaymentReversal
from billing.receivables.service import debt_of
from billing.reconciliation.models import MatchedRow, MatchKind, StatementMatch, StatementRow
from billing.reconciliation.service import rematch, take_in
from billing.reconciliation.undo import undo_match
from billing.verification.service import verify
from tests.support.bank_desk import open_bank
from tests.support.bank_files import document, one_c, section
from tests.support.billing import make_contract, make_invoice
from tests.support.customers import make_customer
from tests.support.districts import DISTRICT_ID, make_district

EXAMPLES = {"sqlite": 12, "postgresql": 5}
DAYS = 8
NOVEMBER_26 = date(2026, 11, 26)
MONTHLY = "1160.00"  # what each resident owes
DAY = st.integers(1, DAYS)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), DAY, DAY),
        st.tuples(st.just("undo"), st.integers(0, 20), st.just(0)),
        st.tuples(st.just("rematch"), st.booleans(), st.just(0)),
    ),
    max_size=7,
)


class Office:
    """A bank account, four residents who each owe a month, and what the bank will tell of eight days."""

    def __init__(self, session):
        self.session = session
        bank = open_bank(session)
        self.enterprise, self.account = bank.desk.enterprise, bank.account
        others = [make_customer(session, number) for number in (11, 12, 13)]
        self.customers = [bank.desk.customer, *others]
        contracts = [bank.desk.contract] + [
            make_contract(session, self.enterprise, each, (bank.desk.service, "2")) for each in others
        ]
        for contract in contracts:
            make_invoice(session, contract)
        self.by_day = {day: self._rows(day) for day in range(1, DAYS + 1)}

    def _rows(self, day):
        """A resident pays on even days; on odd ones two strangers who look alike, and the bank's charge."""
        on = f"{day:02}.11.2026"
        if day % 2 == 0:
            customer = self.customers[day // 2 - 1]
            purpose = f"за услуги, л/с {customer.account_number}"
            return [
                (1160, document(MONTHLY, day=on, number="", iin_bin=customer.iin_bin, purpose=purpose)),
            ]
        charge = document(
            "7.00",
            day=on,
            number="",
            out=True,
            name="АО «Народный Банк Казахстана»",
            iin_bin="",
            purpose="Комиссия банка",
            ПолучательБанкБИК="HSBKKZKX",
        )
        stranger = document("500.00", day=on, number="", iin_bin="901124300005")
        return [(500, stranger), (-7, charge), (500, stranger)]

    def file(self, first, last):
        """The bank's file of some days, with the balance it begins with."""
        before = sum(amount for day in range(1, first) for amount, _ in self.by_day[day])
        rows = [row for day in range(first, last + 1) for row in self.by_day[day]]
        days = {"first": f"{first:02}.11.2026", "last": f"{last:02}.11.2026"}
        came = [f"{amount}.00" for amount, _ in rows if amount > 0]
        went = [f"{-amount}.00" for amount, _ in rows if amount < 0]
        head = section(came, went, opening=f"{1000 + before}.00", **days)
        return one_c(head, *(text for _, text in rows), **days).encode()

    def take(self, first, last):
        """Take the file of some days in."""
        take_in(self.session, self.file(first, last), file_name="file.txt", taken_in_on=NOVEMBER_26)

    def undo(self, which):
        """Undo a live match, if there is one."""
        live = self.session.scalars(
            select(StatementMatch.id).where(StatementMatch.id.in_(select(MatchedRow.match_id)))
        ).all()
        if live:
            match_id = sorted(live)[which % len(live)]
            undo_match(self.session, match_id, undone_on=NOVEMBER_26, reason="проверка")

    def live_through(self, steps):
        """Do what was thought up; after each step everything agrees, but for files that are missing yet."""
        for deed, one, other in steps:
            if deed == "take":
                self.take(min(one, other), max(one, other))
            elif deed == "undo":
                self.undo(one)
            else:
                rematch(self.session, self.account.id, rematched_on=NOVEMBER_26, undone_too=one)
            assert {each.code for each in verify(self.session)} <= {"statement_chain"}
        self.take(1, DAYS)
        rematch(self.session, self.account.id, rematched_on=NOVEMBER_26, undone_too=True)
        assert list(verify(self.session)) == []

    def ledger(self):
        """What there is: rows, what each was, balances of all accounts, debts, payments that stand."""
        session = self.session
        kinds = select(StatementRow.booked_on, StatementRow.amount, StatementMatch.kind).join(
            MatchedRow,
            (MatchedRow.district_id == StatementRow.district_id) & (MatchedRow.row_id == StatementRow.id),
        )
        kinds = kinds.join(
            StatementMatch,
            (StatementMatch.district_id == MatchedRow.district_id)
            & (StatementMatch.id == MatchedRow.match_id),
        )
        rows = select(StatementRow.booked_on, StatementRow.amount, StatementRow.occurrence)
        stands = select(Payment.customer_id, Payment.amount, Payment.received_on).where(
            Payment.id.not_in(select(PaymentReversal.payment_id))
        )
        return (
            sorted(map(tuple, session.execute(rows))),
            sorted(map(tuple, session.execute(kinds))),
            self._balances(),
            [debt_of(session, self.enterprise.id, each.id) for each in self.customers],
            sorted((str(row[0]), row[1], row[2]) for row in session.execute(stands)),
        )

    def _balances(self):
        codes = {each.id: (each.code, each.fiscal_year) for each in self.session.scalars(select(Account))}
        found = {}
        for each in self.session.scalars(select(Transfer)):
            for account_id, amount in (
                (each.debit_account_id, each.amount),
                (each.credit_account_id, -each.amount),
            ):
                code = codes[account_id]
                found[code] = found.get(code, Money(0)) + amount
        return {code: amount for code, amount in found.items() if amount}


@pytest.fixture
def office(databases, documents):
    """An office whose doings are all rolled back."""
    with Session(databases.shared_engine, expire_on_commit=False) as session:
        session.info.update(storing_in(documents))
        make_district(session)
        scope(session, DISTRICT_ID)
        yield Office(session)
        session.rollback()


def test_any_story_of_files_leaves_the_ledger_of_one(office, database_kind):
    """Four payments and four charges are booked, eight look-alikes wait: whatever happened before."""
    session = office.session

    def tried(steps):
        with session.begin_nested() as savepoint:
            office.live_through(steps)
            found = office.ledger()
            savepoint.rollback()
        session.expire_all()
        return found

    expected = tried([])
    rows, matched, _, debts, payments = expected
    assert len(rows) == 16
    assert [kind for _, _, kind in matched].count(MatchKind.PAYMENT) == 4
    assert [kind for _, _, kind in matched].count(MatchKind.COMMISSION) == 4
    assert len(matched) == 8
    assert debts == [Money(0)] * 4
    assert len(payments) == 4

    @settings(
        max_examples=EXAMPLES[database_kind],
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # a story is long, and making it shorter takes minutes
    )
    @given(STEPS)
    def every_story(steps):
        assert tried(steps) == expected

    every_story()
