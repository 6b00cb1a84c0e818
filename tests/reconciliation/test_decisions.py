"""What people decide about rows is booked as they said, with their reason, or refused with no trace."""

import pytest
from sqlalchemy import func, select

from billing.kernel.checks import InvalidText
from billing.kernel.dates import Month
from billing.kernel.errors import AlreadyExists, InvalidInput, NotFound
from billing.kernel.ids import new_id
from billing.kernel.money import Money
from billing.kernel.paging import FIRST_PAGE
from billing.ledger import entries
from billing.ledger import service as ledger
from billing.ledger.entries import ControlAccount, SameAccount
from billing.ledger.models import Transfer
from billing.ledger.service import MonthClosed
from billing.receivables.service import NotOpenForCustomer
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matches import RowMatched, TransferMatched
from billing.reconciliation.matching.decisions import (
    Lesson,
    NotOfBankAccount,
    NotOwnAccount,
    Part,
    RowsNotTogether,
    SumsDiffer,
    confirm_postings,
    decide_entry,
    decide_payments,
    mark_wrong_account,
    undo_decision,
)
from billing.reconciliation.matching.rules import RuleTooWide, list_rules
from billing.reconciliation.matching.weighing import weigh
from billing.reconciliation.models import ExceptionKind, MatchKind, RowException, StatementMatch
from billing.reconciliation.undo import MatchUndone
from billing.verification.service import verify
from tests.support.bank_desk import add_treasury_account
from tests.support.bank_rows import row, take_in_rows
from tests.support.billing import refund
from tests.support.identifiers import synthetic_iban, synthetic_iin
from tests.support.providers import make_provider
from tests.support.resident_rows import A_MONTH, APRIL_12, APRIL_15, came, open_counter

T = Money.tenge
OWN_IBAN = synthetic_iban(800)


@pytest.fixture
def counter(session):
    """A resident who owes March, and a bank account."""
    counter = open_counter(session)
    counter.desk.issue()
    return counter


def is_untouched(counter):
    """Whether nothing was matched and nothing posted to the bank's account."""
    matches = counter.session.scalar(select(func.count()).select_from(StatementMatch))
    return matches == 0 and counter.desk.advance == T(0) and counter.debt(counter.customer) == A_MONTH


def paid(counter, rows, *parts, **options):
    """Decide that rows are customers' money."""
    return decide_payments(
        counter.session,
        [each.id for each in rows],
        parts,
        decided_on=APRIL_15,
        why="по телефону",
        **options,
    )


def test_a_row_is_split_over_customers_and_invoices(counter):
    """One transfer of a family: each gets the part that was meant, and the named invoice is settled."""
    neighbour, invoice = counter.another(2)
    april = counter.desk.issue(Month(2026, 4))
    [taken] = counter.rows(came("3000", counterparty_name="Отбасы"))

    match = paid(
        counter,
        [taken],
        Part(counter.customer.id, T(1160), (april.id,)),
        Part(neighbour.id, T(1840)),
    )

    assert (match.kind, match.why, match.score, match.matched_on) == (
        MatchKind.PAYMENT,
        "по телефону",
        None,
        APRIL_12,
    )
    first, second = counter.payments()
    assert (str(first.amount), first.payer_name, first.outside_id) == ("1160.00", "Отбасы", f"{match.id}:1")
    assert [step["invoice_id"] for step in first.explanation] == [str(april.id)]
    assert [step["invoice_id"] for step in second.explanation] == [str(invoice.id)]
    assert counter.debt(neighbour) == "0.00"
    assert counter.debt(counter.customer) == A_MONTH
    assert len(counter.explained(taken).moved) == 2
    assert list(verify(counter.session)) == []


def test_several_rows_are_one_customer_s_money(counter):
    """Two transfers for one debt become one payment, on the day when all had come."""
    rows = counter.rows(came("600"), came("560", on=APRIL_15))
    paid(counter, rows, Part(counter.customer.id, T(1160)))
    assert [(str(each.amount), each.received_on) for each in counter.payments()] == [(A_MONTH, APRIL_15)]
    assert counter.debt(counter.customer) == "0.00"


def test_the_program_s_own_reasons_are_kept_with_a_person_s_decision(counter):
    """What it knew, though not enough, stands beside the person's word."""
    [taken] = counter.rows(came("500", counterparty_iin_bin=synthetic_iin(1)))
    match = paid(counter, [taken], Part(counter.customer.id, T(500)))
    assert (match.score, [reason["code"] for reason in match.reasons]) == (60, ["payer"])


@pytest.mark.parametrize(
    ("parts", "refusal"),
    [
        ([1159], SumsDiffer),
        ([1161], SumsDiffer),
        ([1000, 161], SumsDiffer),
        ([1160, 0], InvalidInput),
        ([1260, -100], InvalidInput),
        ([], InvalidInput),
    ],
)
def test_parts_that_do_not_come_to_the_row_are_refused(counter, parts, refusal):
    """A tiyn too little or too much: nothing is recorded."""
    [taken] = counter.rows(came())
    with pytest.raises(refusal):
        paid(counter, [taken], *(Part(counter.customer.id, Money(tenge * 100)) for tenge in parts))
    assert is_untouched(counter)


def test_what_cannot_be_decided_so_is_refused(counter):
    """Unknown rows, money that went out, an invoice of somebody else, no reason, another's account."""
    [inside] = counter.rows(came())
    [out] = counter.rows(row(A_MONTH, Direction.OUT, on=APRIL_12))
    part = Part(counter.customer.id, T(1160))
    _, invoice = counter.another(2)
    with pytest.raises(NotFound):
        decide_payments(counter.session, [new_id()], [part], decided_on=APRIL_15, why="x")
    with pytest.raises(InvalidInput):
        paid(counter, [out], part)
    with pytest.raises(InvalidInput):
        paid(counter, [inside, inside], part)
    with pytest.raises(RowsNotTogether):
        paid(counter, [inside, out], part)
    with pytest.raises(InvalidText):
        decide_payments(counter.session, [inside.id], [part], decided_on=APRIL_15, why=" ")
    with pytest.raises(NotOpenForCustomer):
        paid(counter, [inside], Part(counter.customer.id, T(1160), (invoice.id,)))
    with pytest.raises(NotFound):
        paid(counter, [inside], Part(new_id(), T(1160)))
    assert is_untouched(counter)


def test_the_budget_s_account_is_not_decided_here(counter):
    """What arrives on the treasury's account is matched to what was collected."""
    account = add_treasury_account(counter)
    [taken] = take_in_rows(counter.session, account, came())
    with pytest.raises(NotOwnAccount):
        paid(counter, [taken], Part(counter.customer.id, T(1160)))
    assert is_untouched(counter)


def test_a_closed_month_is_refused(counter):
    """The row's day is its payment's day."""
    [taken] = counter.rows(came(on=APRIL_12))
    book_id = ledger.enterprise_book_id(counter.session, counter.desk.enterprise.id)
    for month in (Month(2026, 3), Month(2026, 4)):
        ledger.close_month(counter.session, book_id, month, today=APRIL_12.replace(month=6))
    with pytest.raises(MonthClosed):
        paid(counter, [taken], Part(counter.customer.id, T(1160)))
    assert is_untouched(counter)


def test_an_explained_row_is_not_decided_again(counter):
    """First undo, then decide anew; a second undo is refused as well."""
    [taken] = counter.rows(came())
    part = Part(counter.customer.id, T(1160))
    match = paid(counter, [taken], part)
    with pytest.raises(RowMatched):
        paid(counter, [taken], part)
    with pytest.raises(RowMatched):
        decide_entry(counter.session, [taken.id], "6010", decided_on=APRIL_15, why="x")
    with pytest.raises(RowMatched):
        mark_wrong_account(counter.session, taken.id, note="x", marked_on=APRIL_15)
    undo_decision(counter.session, match.id, undone_on=APRIL_15, reason="қате")
    assert counter.debt(counter.customer) == A_MONTH
    with pytest.raises(MatchUndone):
        undo_decision(counter.session, match.id, undone_on=APRIL_15, reason="тағы")
    paid(counter, [taken], part)
    assert counter.debt(counter.customer) == "0.00"
    assert list(verify(counter.session)) == []


def transfers_of(counter, *source_ids):
    """The postings of payments and refunds on the money account."""
    found = {
        each.source_id: each.id
        for each in counter.session.scalars(
            select(Transfer).where(Transfer.source_id.in_(source_ids), Transfer.position == 0)
        )
    }
    return [found[each] for each in source_ids]


def confirmed(counter, rows, transfer_ids):
    """Decide that rows show postings."""
    return confirm_postings(
        counter.session, [each.id for each in rows], transfer_ids, decided_on=APRIL_15, why="реестр"
    )


def test_several_rows_show_several_postings(counter):
    """A clerk recorded two payments, the bank shows three rows: together they are the same money."""
    payments = [counter.desk.pay(1000), counter.desk.pay(500)]
    rows = counter.rows(came("700"), came("300"), came("500"))
    match = confirmed(counter, rows, transfers_of(counter, *(each.id for each in payments)))
    assert (match.kind, match.why) == (MatchKind.CONFIRMATION, "реестр")
    assert len(counter.payments()) == 2
    assert [counter.explained(each).kind for each in rows] == [MatchKind.CONFIRMATION] * 3


def test_a_refund_and_an_entry_by_hand_are_shown_by_rows(counter):
    """Money that went out, and an accountant's own entry."""
    given_back = refund(counter.session, counter.desk.pay(2000), 300)
    [out] = counter.rows(row("300", Direction.OUT, on=APRIL_12))
    confirmed(counter, [out], transfers_of(counter, given_back.id))
    book_id = ledger.enterprise_book_id(counter.session, counter.desk.enterprise.id)
    entry = entries.record_entry(
        counter.session, book_id, posted_on=APRIL_12, debit="1030", credit="6010", amount=T(77)
    )
    [into] = counter.rows(came("77"))
    assert [each.id for each in weigh_row(counter, into).postings] == [entry.id]
    confirmed(counter, [into], [entry.id])
    assert counter.explained(out).kind is MatchKind.CONFIRMATION
    assert weigh_row(counter, into).postings == []


def weigh_row(counter, taken):
    """What a row may be."""
    return weigh(counter.session, counter.desk.enterprise.id, taken)


def test_postings_that_are_not_the_rows_are_refused(counter):
    """Another sum, the other way, another account, unknown, or shown by a row already."""
    payment = counter.desk.pay(1000)
    [transfer_id] = transfers_of(counter, payment.id)
    first, second, less = counter.rows(came("1000"), came("1000"), came("999"))
    [out] = counter.rows(row("1000", Direction.OUT, on=APRIL_12))
    settled = counter.session.scalars(
        select(Transfer.id).where(Transfer.source_kind == "allocation", Transfer.position == 0)
    ).first()
    for rows, transfer_ids, refusal in (
        ([less], [transfer_id], SumsDiffer),
        ([first, second], [transfer_id], SumsDiffer),
        ([out], [transfer_id], SumsDiffer),
        ([first], [settled], NotOfBankAccount),
        ([first], [new_id()], NotFound),
        ([first], [], InvalidInput),
        ([first], [transfer_id, transfer_id], InvalidInput),
    ):
        with pytest.raises(refusal):
            confirmed(counter, rows, transfer_ids)
    assert counter.explained(first) is None
    confirmed(counter, [first], [transfer_id])
    with pytest.raises(TransferMatched):
        confirmed(counter, [second], [transfer_id])
    assert counter.explained(second) is None


def test_anything_else_is_posted_to_the_account_that_was_named(counter):
    """A fine that came back, a charge: two rows of two days, each posted on its own."""
    rows = counter.rows(came("10"), came("5", on=APRIL_15))
    match = decide_entry(
        counter.session, [each.id for each in rows], "7210", decided_on=APRIL_15, why="вернули"
    )
    assert (match.kind, match.matched_on) == (MatchKind.ENTRY, APRIL_15)
    assert counter.explained(rows[0]).moved == [("1030", "7210", T(10)), ("1030", "7210", T(5))]
    [out] = counter.rows(row("8", Direction.OUT, on=APRIL_12))
    decide_entry(counter.session, [out.id], "7210", decided_on=APRIL_15, why="подписка")
    assert counter.explained(out).moved == [("7210", "1030", T(8))]
    undo_decision(counter.session, match.id, undone_on=APRIL_15, reason="қате")
    assert counter.explained(rows[0]) is None
    assert list(verify(counter.session)) == []


@pytest.mark.parametrize(
    ("code", "refusal"),
    [("1210", ControlAccount), ("3510", ControlAccount), ("1030", SameAccount), ("9999", NotFound)],
)
def test_accounts_that_only_documents_move_are_refused(counter, code, refusal):
    """Debts and advances are the sums of their documents."""
    [taken] = counter.rows(came())
    with pytest.raises(refusal):
        decide_entry(counter.session, [taken.id], code, decided_on=APRIL_15, why="x")
    assert is_untouched(counter)


def test_money_meant_for_another_waits_as_such(counter):
    """The row stays open, its reason and note are told."""
    [taken] = counter.rows(came())
    waiting = mark_wrong_account(counter.session, taken.id, note="для школы", marked_on=APRIL_15)
    assert (waiting.kind, waiting.note, waiting.closed_on) == (
        ExceptionKind.WRONG_ACCOUNT,
        "для школы",
        None,
    )
    paid(counter, [taken], Part(counter.customer.id, T(1160)))
    counter.session.expire_all()
    assert counter.session.scalars(select(RowException.closed_on)).all() == [APRIL_15]


def test_a_decision_becomes_a_rule_that_proposes_next_time(counter):
    """«This IBAN pays this account»: it speaks next time, and with a fitting sum it is enough."""
    first, second, third = counter.rows(
        came("900", counterparty_iban=OWN_IBAN),
        came("901", counterparty_iban=OWN_IBAN),
        came("260", counterparty_iban=OWN_IBAN),
    )
    paid(counter, [first], Part(counter.customer.id, T(900)), lesson=Lesson(iban=True))
    [rule] = list_rules(counter.session, FIRST_PAGE).items
    assert (rule.iban, rule.customer_id, rule.kind, rule.why) == (
        OWN_IBAN,
        counter.customer.id,
        MatchKind.PAYMENT,
        "по телефону",
    )
    assert counter.match([second]) == {second.id: ExceptionKind.UNKNOWN_PAYER}
    assert counter.match([third]) == {}
    assert counter.explained(third).reasons == ["iban", "rule", "invoice_amount", "day"]
    rules = counter.session.scalars(select(StatementMatch.rule_id).order_by(StatementMatch.id)).all()
    assert rules == [None, rule.id]


def test_a_rule_may_say_who_pays_for_whom(counter):
    """The son's IIN was taught to mean his mother's account: his own is no contradiction any more."""
    son, _ = counter.another(2)
    first, second = counter.rows(
        came("100", counterparty_iin_bin=son.iin_bin), came("1060", counterparty_iin_bin=son.iin_bin)
    )
    paid(counter, [first], Part(counter.customer.id, T(100)), lesson=Lesson(iin_bin=True))
    assert counter.match([second]) == {}
    assert counter.explained(second).reasons == ["his_payer", "rule", "invoice_amount", "day"]
    assert counter.debt(counter.customer) == "0.00"
    assert counter.debt(son) == A_MONTH


def test_a_rule_for_entries_only_proposes(counter):
    """«Words like these go to 7210» is shown to the person who decides; nothing is booked."""
    first, second = counter.rows(
        came("10", purpose="Возврат излишне уплаченного"), came("11", purpose="ВОЗВРАТ ИЗЛИШНЕ")
    )
    decide_entry(
        counter.session,
        [first.id],
        "7210",
        decided_on=APRIL_15,
        why="возврат",
        lesson=Lesson(purpose_part="возврат излишне"),
    )
    assert counter.match([second]) == {second.id: ExceptionKind.UNKNOWN_PAYER}
    assert [rule.account for rule in weigh_row(counter, second).entry_rules] == ["7210"]


def test_a_rule_that_would_take_everybody_s_money_is_refused(counter):
    """A provider's account, nothing at all, three letters: the decision is refused with its rule."""
    provider = make_provider(counter.session, counter.desk.enterprise.id, iban=synthetic_iban(900, "722"))
    [taken] = counter.rows(came(counterparty_iban=provider.iban, counterparty_iin_bin=provider.bin))
    part = Part(counter.customer.id, T(1160))
    halves = [Part(counter.customer.id, T(580))] * 2
    for lesson in (Lesson(iban=True), Lesson(iin_bin=True), Lesson(), Lesson(purpose_part="қар")):
        with pytest.raises(RuleTooWide), counter.session.begin_nested():
            paid(counter, [taken], part, lesson=lesson)
    with pytest.raises(InvalidInput), counter.session.begin_nested():
        paid(counter, [taken], *halves, lesson=Lesson(iban=True))
    assert is_untouched(counter)
    assert list_rules(counter.session, FIRST_PAGE).items == []


def test_the_same_rule_is_made_once(counter):
    """A second decision with the same lesson is told that it is known already."""
    first, second = counter.rows(came("1", counterparty_iban=OWN_IBAN), came("2", counterparty_iban=OWN_IBAN))
    paid(counter, [first], Part(counter.customer.id, T(1)), lesson=Lesson(iban=True))
    with pytest.raises(AlreadyExists):
        paid(counter, [second], Part(counter.customer.id, T(2)), lesson=Lesson(iban=True))


def test_everybody_whose_sum_fits_is_shown_to_the_person(counter):
    """Nothing points to anybody: those who owe this sum are shown, with that reason alone."""
    neighbour, _ = counter.another(2)
    [taken] = counter.rows(came())
    shown = weigh_row(counter, taken).candidates
    assert {each.customer.id for each in shown} == {counter.customer.id, neighbour.id}
    assert {each.score for each in shown} == {30}
