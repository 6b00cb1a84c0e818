"""The bank against the books: what an import leaves agrees, and a hand in the database is found."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from billing.kernel.ids import new_id
from billing.kernel.money import Money
from billing.ledger.models import SourceKind, Transfer
from billing.reconciliation.matches import MatchDraft, record_matches
from billing.reconciliation.models import MatchedRow, MatchKind, StatementMatch, StatementRow
from billing.reconciliation.proof import ProofLine, bank_proof, treasury_proof
from billing.reconciliation.proof_report import proof_table
from billing.reconciliation.service import rematch, take_in
from billing.reconciliation.undo import undo_match
from tests.support.bank_desk import add_treasury_account, open_bank, refunded
from tests.support.bank_files import OWN, document, one_c, section
from tests.support.billing import make_invoice
from tests.support.damage import found, harm

T = Money.tenge
NOVEMBER_26 = date(2026, 11, 26)
NOVEMBER_30 = date(2026, 11, 30)


@pytest.fixture
def bank(session):
    """A bank account, a payment and a refund that the books know, and a file that shows them and more."""
    bank = open_bank(session)
    refunded(bank)  # 1,000 received on the 1st of November, 300 given back on the 20th
    return bank


def import_november(bank):
    """Received 1,000 and 777 of nobody known, charged 50, the refund of 300; opening 200."""
    text = one_c(
        section(["1000.00", "777.00"], ["50.00", "300.00"], opening="200.00"),
        document("1000.00", day="01.11.2026", number="1"),
        document("777.00", day="05.11.2026", number="2", iin_bin="901124300005"),
        document(
            "50.00",
            day="06.11.2026",
            number="3",
            name="АО «Народный Банк Казахстана»",
            purpose="Комиссия банка",
            out=True,
            ПолучательБанкБИК="HSBKKZKX",
        ),
        document(
            "300.00",
            day="20.11.2026",
            number="4",
            iin_bin=bank.desk.customer.iin_bin,
            name=bank.desk.customer.name,
            purpose="Возврат",
            out=True,
        ),
    )
    return take_in(bank.session, text.encode(), file_name="november.txt", taken_in_on=NOVEMBER_26)


def confirm(bank, tenge):
    """Say by hand that the row of a sum is the posting of that sum."""
    session = bank.session
    row = session.scalars(select(StatementRow).where(StatementRow.amount == T(tenge))).one()
    transfer_id = session.scalars(
        select(Transfer.id).where(Transfer.source_kind == SourceKind.PAYMENT, Transfer.amount == T(tenge))
    ).one()
    draft = MatchDraft(
        id=new_id(),
        kind=MatchKind.CONFIRMATION,
        row_ids=[row.id],
        transfer_ids=[transfer_id],
        matched_on=row.booked_on,
        why="это он",
    )
    record_matches(session, bank.account.id, [draft], decided_on=NOVEMBER_26)
    return draft.id


def lines(proof):
    """The open items of a proof."""
    return [(item.line, str(item.amount)) for item in proof.items]


def test_every_tenge_between_bank_and_books_is_listed(bank, session):
    """Rows nobody explained, the posting no row shows, and what lay there before the first statement."""
    taken = import_november(bank)
    assert (sum(taken.outcome.matched.values()), sum(taken.outcome.waiting.values())) == (2, 2)

    proof = bank_proof(session, bank.desk.enterprise.id)

    assert (proof.book_balance, proof.stated, proof.difference) == (T(650), T(1627), T(0))
    assert lines(proof) == [
        (ProofLine.OPENING, "200.00"),
        (ProofLine.ROW, "1000.00"),
        (ProofLine.ROW, "777.00"),
        (ProofLine.POSTING, "-1000.00"),
    ]
    assert found(session) == {}


def test_a_match_takes_both_sides_off_the_list(bank, session):
    """Confirmed, a row and its posting are one; undone, they are two open items again."""
    import_november(bank)
    match_id = confirm(bank, 1000)
    assert lines(bank_proof(session, bank.desk.enterprise.id)) == [
        (ProofLine.OPENING, "200.00"),
        (ProofLine.ROW, "777.00"),
    ]

    undo_match(session, match_id, undone_on=NOVEMBER_26, reason="нет, не он")

    proof = bank_proof(session, bank.desk.enterprise.id)
    assert (len(proof.items), proof.difference) == (4, T(0))
    assert found(session) == {}


def test_a_posting_undone_is_nobody_s_open_item(bank, session):
    """What a match had posted and its mirror are nothing together: only the row waits again."""
    import_november(bank)
    charge = session.scalars(select(StatementMatch).where(StatementMatch.kind == MatchKind.COMMISSION)).one()

    undo_match(session, charge.id, undone_on=NOVEMBER_26, reason="не комиссия")

    proof = bank_proof(session, bank.desk.enterprise.id)
    assert (ProofLine.ROW, "-50.00") in lines(proof)
    assert (len(proof.items), proof.difference) == (5, T(0))
    assert found(session) == {}


def test_the_proof_says_where_a_file_is_missing(bank, session):
    """The day before which it lies, not that of the last balance; to begin within a day is no gap."""
    import_november(bank)
    morning, afternoon = (
        of_december(2, "5.00", opening="2000.00"),
        of_december(2, "7.00", opening="2005.00"),
    )
    for text in (of_december(9, opening="2012.00"), morning, afternoon):
        take_in(session, text.encode(), file_name="december.txt", taken_in_on=date(2026, 12, 10))

    [gap] = [item for item in bank_proof(session, bank.desk.enterprise.id).items if item.line == "missing"]
    assert (gap.day, gap.amount) == (date(2026, 12, 2), T(373))


def of_december(day, *amounts, opening):
    """A file of a day, or of a part of it."""
    text = f"{day:02}.12.2026"
    part = section(list(amounts), opening=opening, first=text, last=text)
    return one_c(part, *(document(each, day=text) for each in amounts), first=text, last=text)


def test_an_undone_row_is_not_booked_again_unless_told(bank, session):
    """A person said that it is not what the program took it for; told to, the program books it again."""
    import_november(bank)
    charge = session.scalars(select(StatementMatch).where(StatementMatch.kind == MatchKind.COMMISSION)).one()
    undo_match(session, charge.id, undone_on=NOVEMBER_26, reason="не комиссия")

    assert rematch(session, bank.account.id, rematched_on=NOVEMBER_26).matched == {}
    again = rematch(session, bank.account.id, rematched_on=NOVEMBER_26, undone_too=True)

    assert again.matched == {MatchKind.COMMISSION: 1}
    assert found(session) == {}


def test_files_missing_in_between_are_named(bank, session):
    """A balance that does not follow from the one before: so much moved that nobody has shown."""
    import_november(bank)
    december = one_c(
        section(["5.00"], opening="2000.00", first="02.12.2026", last="02.12.2026"),
        document("5.00", day="02.12.2026"),
        first="02.12.2026",
        last="02.12.2026",
    )
    take_in(session, december.encode(), file_name="december.txt", taken_in_on=date(2026, 12, 3))

    proof = bank_proof(session, bank.desk.enterprise.id)
    assert (ProofLine.MISSING, "373.00") in lines(proof)
    assert proof.difference == T(0)
    assert found(session) == {"statement_chain": 1}

    between = one_c(
        section(["373.00"], opening="1627.00", first="01.12.2026", last="01.12.2026"),
        document("373.00", day="01.12.2026"),
        first="01.12.2026",
        last="01.12.2026",
    )
    take_in(session, between.encode(), file_name="between.txt", taken_in_on=date(2026, 12, 3))
    assert found(session) == {}


def test_the_budget_s_account_is_proved_too(bank, session):
    """What came to the КСН and is nobody's fee is an open item of the budget's book."""
    treasury = add_treasury_account(bank)
    make_invoice(session, bank.desk.contract)
    text = one_c(
        section(["800.00", "40.00"], own=treasury.iban, opening="0.00"),
        document("800.00", day="20.11.2026", iin_bin=bank.desk.enterprise.bin, number="1", own=treasury.iban),
        document("40.00", day="21.11.2026", number="2", own=treasury.iban),
        own=treasury.iban,
    )
    bank.desk.pay(1160, received_on=date(2026, 11, 10))

    taken = take_in(session, text.encode(), file_name="ksn.txt", taken_in_on=NOVEMBER_26)

    assert taken.outcome.matched == {MatchKind.ARRIVAL: 1}
    proof = treasury_proof(session)
    assert (proof.book_balance, proof.stated, proof.difference) == (T(800), T(840), T(0))
    assert lines(proof) == [(ProofLine.ROW, "40.00")]
    assert found(session) == {}


def test_a_past_day_is_proved_by_what_came_until_then(bank, session):
    """In the middle of a file its opening balance counts, and its rows until then are beyond all balances."""
    import_november(bank)
    confirm(bank, 1000)

    proof = bank_proof(session, bank.desk.enterprise.id, date(2026, 11, 10))

    assert (proof.book_balance, proof.stated, proof.difference) == (T(950), T(200), T(0))
    assert lines(proof) == [
        (ProofLine.OPENING, "200.00"),
        (ProofLine.BEYOND_BALANCES, "-1727.00"),
        (ProofLine.ROW, "777.00"),
    ]
    before = bank_proof(session, bank.desk.enterprise.id, date(2026, 10, 31))
    assert (before.book_balance, before.stated, lines(before)) == (T(0), T(0), [])


def test_what_the_bank_shows_later_is_open_until_then(bank, session):
    """Posted on the 25th and shown on the 2nd of December, or the other way about: open in between."""
    import_november(bank)
    confirm(bank, 1000)
    bank.desk.pay(40, received_on=date(2026, 11, 25))
    december = one_c(
        section(["40.00"], opening="1627.00", first="01.12.2026", last="02.12.2026"),
        document("40.00", day="02.12.2026"),
        first="01.12.2026",
        last="02.12.2026",
    )
    take_in(session, december.encode(), file_name="december.txt", taken_in_on=date(2026, 12, 3))
    if (ProofLine.POSTING, "-40.00") in lines(bank_proof(session, bank.desk.enterprise.id)):
        confirm(bank, 40)
    known = [(ProofLine.OPENING, "200.00"), (ProofLine.ROW, "777.00")]

    on = {day: bank_proof(session, bank.desk.enterprise.id, day) for day in (NOVEMBER_30, date(2026, 12, 2))}
    assert lines(on[NOVEMBER_30]) == [*known, (ProofLine.POSTING, "-40.00")]
    assert (on[NOVEMBER_30].stated, on[NOVEMBER_30].difference) == (T(1627), T(0))
    assert lines(on[date(2026, 12, 2)]) == known


def test_every_past_day_is_proved(bank, session):
    """Whatever was matched, undone and posted since: on no day is anything left unexplained."""
    import_november(bank)
    match_id = confirm(bank, 1000)
    charge = session.scalars(select(StatementMatch).where(StatementMatch.kind == MatchKind.COMMISSION)).one()
    undo_match(session, charge.id, undone_on=date(2026, 11, 15), reason="не комиссия")
    undo_match(session, match_id, undone_on=NOVEMBER_26, reason="не он")
    days = [date(2026, 10, 31) + timedelta(days=number) for number in range(32)]
    proofs = [bank_proof(session, bank.desk.enterprise.id, day) for day in days]
    assert {proof.difference for proof in proofs} == {T(0)}
    # The charge was in the books from the 6th until it was undone on the 15th.
    charged = (ProofLine.POSTING, "50.00")
    posted = [each.day.day for each in proofs if charged in lines(each)]
    assert posted == list(range(6, 15))
    assert lines(proofs[-1]) == lines(bank_proof(session, bank.desk.enterprise.id))


def test_the_proof_is_a_report(bank, session):
    """From the books' balance, item by item, to the bank's, and a difference of nothing."""
    import_november(bank)
    table = proof_table(bank_proof(session, bank.desk.enterprise.id))
    assert [(row.values["proof_line"], str(row.values["amount"])) for row in table.rows if row.is_sum] == [
        (ProofLine.BOOK_BALANCE, "650.00"),
        (ProofLine.STATED_BALANCE, "1627.00"),
        (ProofLine.DIFFERENCE, "0.00"),
    ]
    assert table.rows[-2].values["iban"] == OWN


def test_a_changed_row(bank, session):
    """A tiyn more on an explained row: its match, the account and the chain of balances say so."""
    import_november(bank)
    harm(
        session,
        "UPDATE statement_row SET amount = amount + 1 WHERE amount = 5000",
        "statement_row",
    )
    assert found(session) == {"match_not_balanced": 1, "statement_not_proved": 1, "statement_chain": 1}


def test_a_row_that_is_gone(bank, session):
    """A row deleted with its wait: the file had more rows, and its balance does not follow."""
    import_november(bank)
    harm(
        session,
        "DELETE FROM row_exception WHERE row_id = (SELECT id FROM statement_row WHERE amount = 77700)",
    )
    assert found(session) == {"row_unaccounted": 1}
    harm(session, "DELETE FROM statement_row WHERE amount = 77700", "statement_row")
    assert found(session) == {"statement_rows_lost": 1, "statement_chain": 1}


def test_a_claim_taken_away(bank, session):
    """A match that holds no posting any more explains nothing."""
    import_november(bank)
    match_id = confirm(bank, 1000)
    harm(session, "DELETE FROM matched_transfer WHERE match_id = :id", id=match_id)
    assert found(session) == {"match_not_balanced": 1, "statement_not_proved": 1}


def test_a_claim_of_a_match_undone(bank, session):
    """A row put back under a match that was undone."""
    import_november(bank)
    match_id = confirm(bank, 1000)
    undo_match(session, match_id, undone_on=NOVEMBER_26, reason="нет")
    row = session.scalars(select(StatementRow).where(StatementRow.amount == T(1000))).one()
    session.add(MatchedRow(district_id=1, row_id=row.id, match_id=match_id))
    session.flush()
    assert found(session) == {"claim_of_undone_match": 1, "row_unaccounted": 1, "statement_not_proved": 1}


def test_an_arrival_of_another_sum(bank, session):
    """A tiyn less of a fee than the budget's account received: the match and the transit differ."""
    treasury = add_treasury_account(bank)
    make_invoice(session, bank.desk.contract)
    bank.desk.pay(1160, received_on=date(2026, 11, 10))
    text = one_c(
        section(["800.00"], own=treasury.iban, opening="0.00"),
        document("800.00", day="20.11.2026", iin_bin=bank.desk.enterprise.bin, own=treasury.iban),
        own=treasury.iban,
    )
    take_in(session, text.encode(), file_name="ksn.txt", taken_in_on=NOVEMBER_26)
    assert found(session) == {}
    harm(
        session,
        "UPDATE revenue_arrival SET amount = amount - 1 WHERE id ="
        " (SELECT id FROM revenue_arrival ORDER BY id DESC LIMIT 1)",
        "revenue_arrival",
    )
    assert found(session) == {"arrival_differs": 1, "transit_not_explained": 1}


def test_a_posting_undone_without_its_match(bank, session):
    """A charge mirrored, and no record that its match was undone: neither holds anything."""
    import_november(bank)
    charge = session.scalars(select(StatementMatch).where(StatementMatch.kind == MatchKind.COMMISSION)).one()
    undo_match(session, charge.id, undone_on=NOVEMBER_26, reason="не комиссия")
    harm(session, "DELETE FROM match_undo WHERE match_id = :id", "match_undo", id=charge.id)
    assert found(session) == {"match_not_balanced": 1, "posted_without_match": 1}
