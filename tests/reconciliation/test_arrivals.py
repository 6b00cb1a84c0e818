"""What reached the budget's account: whose fees, the oldest first, never more than was on its way."""

from dataclasses import dataclass
from datetime import date

import pytest
from sqlalchemy import select

from billing.budget import service as budget
from billing.budget.models import PolicyKind
from billing.districts.models import BankAccount, EnterpriseForm
from billing.kernel.dates import Month
from billing.kernel.money import Money
from billing.ledger import service as ledger
from billing.payments.models import PaymentMethod
from billing.reconciliation.arrivals import MoreThanInTransit, decide_arrival, match_arrivals
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.in_transit import Grouping, TransitAge, money_in_transit, transit_table
from billing.reconciliation.matches import RowMatched, open_exceptions, unexplained
from billing.reconciliation.models import ExceptionKind, MatchedRow, MatchKind, RevenueArrival
from billing.reconciliation.proof import ProofLine, bank_proof, treasury_proof
from billing.reconciliation.service import rematch, take_in
from billing.reconciliation.transit import under_way
from billing.reconciliation.undo import undo_match
from billing.verification.service import verify
from tests.support.bank_desk import Bank, add_treasury_account
from tests.support.bank_files import document, one_c, section
from tests.support.bank_rows import account_of, explained, row, take_in_rows
from tests.support.billing import Desk, make_invoice, open_desk, reverse
from tests.support.books import balance
from tests.support.statements import counted_statements

T = Money.tenge
DAY = date(2026, 4, 20)
YEAR_END = date(2026, 12, 31)


@dataclass(frozen=True)
class Treasury:
    """A desk whose fees are budget revenue without VAT, 1,160 tenge a month, and the budget's account."""

    desk: Desk
    account: BankAccount

    @property
    def session(self):
        """The unit of work."""
        return self.desk.session

    def collect(self, month, tenge, day, **options):
        """An invoice of a month, and a payment for it on a day of April."""
        make_invoice(self.session, self.desk.contract, Month(2026, month))
        return self.desk.pay(tenge, received_on=date(2026, 4, day), **options)

    def arrive(self, tenge, *, on=DAY, **named):
        """A row of the enterprise's money, looked at by the matcher as an import does."""
        named = {"counterparty_iin_bin": self.desk.enterprise.bin, **named}
        [found] = take_in_rows(self.session, self.account, row(tenge, Direction.IN, on=on, **named))
        kinds = match_arrivals(self.session, self.account, [found], decided_on=YEAR_END).left
        if explained(self.session, found) is None:
            left = {found.id: kinds.get(found.id, unexplained(Direction.IN))}
            open_exceptions(self.session, left, opened_on=YEAR_END)
        return found, kinds.get(found.id)

    def left(self, until=YEAR_END):
        """What is on its way, the oldest first."""
        return [(f"{each.since:%d.%m}", str(each.amount)) for each in under_way(self.session, until=until)]

    @property
    def balances(self):
        """Money in transit and on the budget's account."""
        book_id = ledger.budget_book_id(self.session)
        return str(balance(self.session, book_id, "transit")), str(balance(self.session, book_id, "ksn"))


def open_treasury(session, **options):
    """The budget's account, to which nothing has come yet."""
    desk = open_desk(session, vat_from=None, **options)
    return Treasury(desk, add_treasury_account(Bank(desk, account_of(session, desk.enterprise))))


@pytest.fixture
def treasury(session):
    """The budget's account of an enterprise whose fees are all revenue."""
    return open_treasury(session)


def test_the_oldest_fees_arrive_first(treasury, session):
    """One transfer of the enterprise covers the first payment and a part of the second."""
    treasury.collect(1, 1000, 5)
    treasury.collect(2, 600, 7)

    found, kind = treasury.arrive(1300)

    assert kind is None
    match = explained(session, found)
    assert (match.kind, match.score, match.moved) == (MatchKind.ARRIVAL, 80, [("ksn", "transit", T(1300))])
    assert match.reasons == ["from_our_enterprise", "covered_by_transit"]
    assert treasury.left() == [("07.04", "300.00")]
    assert treasury.balances == ("300.00", "1300.00")
    assert list(verify(session)) == []


def test_all_that_is_on_its_way_is_a_reason_more(treasury, session):
    """The sum of everything collected, to the tiyn, leaves little doubt."""
    treasury.collect(1, "999.99", 5)
    found, _ = treasury.arrive("999.99")
    assert explained(session, found).score == 100


def test_more_than_was_collected_waits(treasury, session):
    """Nobody knows what the rest is: the row waits, and nothing is posted."""
    treasury.collect(1, 1000, 5)

    found, kind = treasury.arrive("1000.01")

    assert kind is ExceptionKind.AMOUNT_DIFFERS
    assert explained(session, found) is None
    assert treasury.balances == ("1000.00", "0.00")
    assert list(verify(session)) == []


def test_a_fee_cannot_arrive_before_it_was_collected(treasury):
    """Money of the 5th is not what the treasury showed on the 4th."""
    treasury.collect(1, 1000, 5)
    assert treasury.arrive(1000, on=date(2026, 4, 4))[1] is ExceptionKind.AMOUNT_DIFFERS
    assert treasury.arrive(1000, on=date(2026, 4, 5))[1] is None


def test_another_ones_money_is_not_ours(treasury, session):
    """Taxes and the like come to the same account: without an enterprise of the district nothing is said."""
    treasury.collect(1, 1000, 5)
    found, kind = treasury.arrive(1000, counterparty_iin_bin="750115400007")
    assert (kind, explained(session, found)) == (None, None)


def test_whoever_really_paid_counts(treasury, session):
    """The bank stands as payer, the enterprise as the one who really paid."""
    treasury.collect(1, 1000, 5)
    iban = account_of(session, treasury.desk.enterprise).iban
    found, _ = treasury.arrive(1000, counterparty_iin_bin="971240001315", ultimate_iban=iban)
    assert explained(session, found).kind is MatchKind.ARRIVAL


def test_a_row_that_names_a_code_takes_fees_of_that_code(treasury, session):
    """Fees of another code stay on their way, and are too little to cover more."""
    treasury.collect(1, 1000, 5)
    code = under_way(session, until=YEAR_END)[0].code
    other = next(each for each in ("206109", "201510") if each != code)

    assert treasury.arrive(400, budget_code=other)[1] is ExceptionKind.AMOUNT_DIFFERS
    found, _ = treasury.arrive(400, budget_code=code)

    assert explained(session, found).reasons[-1] == "budget_code_named"
    assert treasury.left() == [("05.04", "600.00")]


def test_a_closed_month_is_left_alone(treasury, session):
    """What the treasury showed in a closed month waits for an accountant."""
    treasury.collect(1, 1000, 5)
    book_id = ledger.budget_book_id(session)
    ledger.close_month(session, book_id, Month(2026, 4), today=date(2026, 5, 1))

    assert treasury.arrive(1000)[1] is ExceptionKind.NOT_BOOKABLE
    assert treasury.balances == ("1000.00", "0.00")


def test_a_fee_given_back_lowers_the_next_arrival(treasury, session):
    """A payment reversed after its fee arrived: the enterprise sends less by it, and the parts say so."""
    first = treasury.collect(1, 1000, 5)
    treasury.arrive(1000)
    reverse(session, first, reversed_on=date(2026, 4, 22))
    treasury.desk.pay(1500, received_on=date(2026, 4, 23))
    assert treasury.balances == ("160.00", "1000.00")  # 1,160 are owed and were paid again; the rest is ahead

    found, kind = treasury.arrive(160, on=date(2026, 4, 24))

    assert kind is None
    parts = session.scalars(
        select(RevenueArrival.amount)
        .join(
            MatchedRow,
            (MatchedRow.district_id == RevenueArrival.district_id)
            & (MatchedRow.match_id == RevenueArrival.match_id),
        )
        .where(MatchedRow.row_id == found.id)
    ).all()
    assert sorted(str(each) for each in parts) == ["-1000.00", "1160.00"]
    assert treasury.left() == []
    assert list(verify(session)) == []


def test_an_arrival_undone_is_on_its_way_again(treasury, session):
    """The budget's book is mirrored, the fees wait for their money, the row for a person."""
    treasury.collect(1, 1000, 5)
    treasury.arrive(1000)
    [match_id] = session.scalars(select(MatchedRow.match_id))

    undo_match(session, match_id, undone_on=date(2026, 4, 25), reason="чужое")

    assert treasury.balances == ("1000.00", "0.00")
    assert treasury.left() == [("05.04", "1000.00")]
    assert list(verify(session)) == []
    assert treasury.arrive(1000, on=date(2026, 4, 26))[1] is None
    assert list(verify(session)) == []


def test_a_share_of_net_income_arrives(session):
    """Under the law's usual policy the share is what the enterprise owes the budget, and sends."""
    treasury = open_treasury(session, policy=PolicyKind.NET_INCOME_SHARE)
    budget.post_net_income_share(
        session, treasury.desk.enterprise.id, net_income=T(100_000), posted_on=date(2026, 4, 1)
    )

    assert treasury.arrive(5000)[1] is None
    [part] = session.scalars(select(RevenueArrival))
    assert part.revenue_line_id is not None
    assert part.allocation_id is None
    assert treasury.left() == []
    assert list(verify(session)) == []


def test_money_in_transit_by_age_channel_and_day(treasury, session):
    """Each tenge is in one group, whichever way it is added up; what arrived is in none."""
    treasury.collect(1, 1160, 1)
    treasury.collect(2, 1160, 12)
    treasury.collect(3, 160, 18, method=PaymentMethod.CARD)
    treasury.arrive(500, on=date(2026, 4, 2))

    def groups(grouping, day=date(2026, 4, 20)):
        transit = money_in_transit(session, day=day, grouping=grouping)
        assert transit_table(transit).totals["amount"] == sum_of(transit)
        return [(key, count, str(amount)) for key, count, amount in transit.groups]

    assert groups(Grouping.AGE) == [
        (TransitAge.DAYS_0_3, 1, "160.00"),
        (TransitAge.DAYS_8_30, 2, "1820.00"),
    ]
    assert groups(Grouping.CHANNEL) == [("bank", 2, "1820.00"), ("card", 1, "160.00")]
    assert groups(Grouping.DAY) == [
        (date(2026, 4, 1), 1, "660.00"),
        (date(2026, 4, 12), 1, "1160.00"),
        (date(2026, 4, 18), 1, "160.00"),
    ]
    assert groups(Grouping.DAY, date(2026, 4, 1)) == [(date(2026, 4, 1), 1, "1160.00")]


def sum_of(transit):
    """The sum of a report's groups."""
    return Money(sum(amount.tiyn for _, _, amount in transit.groups))


def test_many_rows_cost_no_more_statements(treasury, session):
    """Ten rows of a day are matched with as many statements as one."""
    for month in range(1, 5):
        treasury.collect(month, 1160, month)

    def statements(count):
        rows = take_in_rows(
            session,
            treasury.account,
            *(
                row(10, Direction.IN, on=DAY, counterparty_iin_bin=treasury.desk.enterprise.bin)
                for _ in range(count)
            ),
        )
        with counted_statements(session) as sent:
            match_arrivals(session, treasury.account, rows, decided_on=YEAR_END)
        return len(sent)

    assert statements(1) == statements(10)


@pytest.fixture
def office(session):
    """The office of an akim: its residents may pay straight to the budget's account."""
    treasury = open_treasury(session)
    treasury.desk.enterprise.form = EnterpriseForm.AKIM_OFFICE
    session.flush()
    return treasury


def pay_straight(office, tenge=1160, **named):
    """A file of the treasury with a resident's payment, taken in."""
    iban, customer = office.account.iban, office.desk.customer
    days = {"first": "20.04.2026", "last": "20.04.2026"}
    named = {"iin_bin": customer.iin_bin, "purpose": f"л/с {customer.account_number}", **named}
    content = one_c(
        section([f"{tenge}.00"], own=iban, opening="0.00", **days),
        document(f"{tenge}.00", day="20.04.2026", own=iban, **named),
        own=iban,
        **days,
    )
    return take_in(office.session, content.encode(), file_name="ksn.txt", taken_in_on=YEAR_END).outcome


def test_a_resident_pays_straight_to_the_budget(office, session):
    """One row is the payment and its arrival: nothing was ever on its way, and both accounts are proved."""
    make_invoice(session, office.desk.contract, Month(2026, 1))

    assert pay_straight(office).matched == {MatchKind.PAYMENT: 1}

    assert office.desk.debt == T(0)
    assert office.left() == []
    assert office.balances == ("0.00", "1160.00")
    assert list(verify(session)) == []
    proof = bank_proof(session, office.desk.enterprise.id)
    assert [(item.line, item.amount) for item in proof.items] == [(ProofLine.AT_TREASURY, T(-1160))]
    assert (proof.difference, treasury_proof(session).difference) == (T(0), T(0))


def test_what_was_paid_ahead_has_arrived_ahead(office, session):
    """More than is owed: the rest is below zero on its way, until the next invoice takes it."""
    make_invoice(session, office.desk.contract, Month(2026, 1))
    pay_straight(office, 2000)
    assert office.left() == [("20.04", "-840.00")]
    make_invoice(session, office.desk.contract, Month(2026, 2))
    assert office.left() == []
    assert list(verify(session)) == []


def test_a_straight_payment_undone_leaves_nothing(office, session):
    """Payment and arrival are mirrored, the debt is open again, the row waits."""
    make_invoice(session, office.desk.contract, Month(2026, 1))
    pay_straight(office)
    [match_id] = session.scalars(select(MatchedRow.match_id))

    undo_match(session, match_id, undone_on=date(2026, 4, 21), reason="чужое")

    assert (office.desk.debt, office.left(), office.balances) == (T(1160), [], ("0.00", "0.00"))
    assert list(verify(session)) == []
    assert rematch(session, office.account.id, rematched_on=YEAR_END, undone_too=True).matched == {
        MatchKind.PAYMENT: 1
    }
    assert list(verify(session)) == []


def test_nobody_pays_an_enterprise_at_the_budget(treasury, session):
    """Where the fees go through the enterprise's own account, such a row waits for a person."""
    make_invoice(session, treasury.desk.contract, Month(2026, 1))
    assert pay_straight(treasury).matched == {}
    assert treasury.balances == ("0.00", "0.00")


def test_a_person_says_what_arrived(treasury, session):
    """Money under a name nobody knows is an enterprise's fees: with a reason, never more than there are."""
    treasury.collect(1, 1000, 5)
    found, _ = treasury.arrive(600, counterparty_iin_bin="750115400007")
    much, _ = treasury.arrive(401, counterparty_iin_bin="750115400007")
    enterprise_id = treasury.desk.enterprise.id

    match = decide_arrival(
        session, found.id, enterprise_id=enterprise_id, decided_on=YEAR_END, why="письмо казначейства"
    )
    with pytest.raises(MoreThanInTransit) as refusal:
        decide_arrival(session, much.id, enterprise_id=enterprise_id, decided_on=YEAR_END, why="тоже")
    with pytest.raises(RowMatched):
        decide_arrival(session, found.id, enterprise_id=enterprise_id, decided_on=YEAR_END, why="ещё раз")

    assert (match.kind, match.score, match.why) == (MatchKind.ARRIVAL, None, "письмо казначейства")
    assert refusal.value.facts == {"amount": T(401), "in_transit": T(400)}
    assert treasury.balances == ("400.00", "600.00")
    assert list(verify(session)) == []
