"""A hand in the database: whatever it changes past the triggers is found, and nothing else is."""

from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from billing.archive.models import ArchivedDocument
from billing.archive.service import DocumentStore, storing_in
from billing.kernel.dates import Month
from billing.kernel.db import scope
from billing.kernel.i18n import Language, messages
from billing.verification.service import CHECKS, DOCUMENT_DAMAGED, verify
from tests.support.damage import found, harm, unbind
from tests.support.districts import DISTRICT_ID, make_district
from tests.support.lived import live_a_season


@pytest.fixture(scope="module")
def lived(request, database_kind, tmp_path_factory):
    """A session in which a season was lived, for all tests of this file: each undoes its harm."""
    databases = request.getfixturevalue(f"_{database_kind}")
    store = DocumentStore(tmp_path_factory.mktemp("documents"))
    with (
        databases.migrated() as database,
        database.engine() as engine,
        Session(engine, info=storing_in(store), expire_on_commit=False) as session,
    ):
        make_district(session)
        scope(session, DISTRICT_ID)
        season = live_a_season(session)
        session.flush()
        yield session, season, store


@pytest.fixture
def session(lived):
    """The season's session; whatever the test does to it is undone."""
    with lived[0].begin_nested() as savepoint:
        yield lived[0]
        savepoint.rollback()
    lived[0].expire_all()


@pytest.fixture
def season(session, lived):
    """A season without differences."""
    return lived[1]


def test_every_difference_has_a_sentence():
    """Each check is told apart in three languages."""
    codes = {check.code for check in CHECKS} | {DOCUMENT_DAMAGED}
    assert len(codes) == len(CHECKS) + 1
    for language in Language:
        known = {code for code in messages(language) if code.startswith("difference.")}
        assert {code.removeprefix("difference.") for code in known} == codes


def test_a_changed_payment(session, season):
    """A tiyn more on a payment: it is not covered, and its posting says another sum."""
    harm(session, "UPDATE payment SET amount = amount + 1 WHERE id = :id", "payment", id=season.paid.id)
    assert found(session) == {"payment_not_covered": 1, "posting_differs": 1}


def test_a_raised_advance(session, season):
    """An advance made out of nothing parts from its payment and from account 3510."""
    harm(
        session, "UPDATE advance SET open_amount = open_amount + 1 WHERE payment_id = :id", id=season.paid.id
    )
    assert found(session) == {"payment_not_covered": 1, "advances_account": 1}


def test_an_advance_under_another_name(session, season):
    """An advance moved to another customer past its key is found, though every sum still agrees."""
    unbind(session, "advance")
    harm(
        session,
        "UPDATE advance SET customer_id = :other WHERE payment_id = :id",
        id=season.paid.id,
        other=season.school.id,
    )
    assert found(session) == {"advance_of_another": 1}


def test_a_lowered_debt(session, season):
    """What is open of a line lowered by hand: the line and account 1210 say so."""
    harm(
        session,
        "UPDATE receivable SET open_amount = open_amount - 1 WHERE invoice_line_id ="
        " (SELECT invoice_line_id FROM receivable WHERE open_amount > 100 ORDER BY invoice_line_id LIMIT 1)",
    )
    assert found(session) == {"open_amount": 1, "receivables_account": 1}


def test_a_changed_open_vat(session, season):
    """The VAT within a debt is recomputed too."""
    harm(
        session,
        "UPDATE receivable SET open_vat = open_vat - 1 WHERE invoice_line_id ="
        " (SELECT invoice_line_id FROM receivable WHERE open_vat > 100 ORDER BY invoice_line_id LIMIT 1)",
    )
    assert found(session) == {"open_vat": 1}


def test_a_changed_credit(session, season):
    """A line that remembers less credit than its credit notes."""
    harm(
        session,
        "UPDATE receivable SET credited = credited - 1 WHERE invoice_line_id ="
        " (SELECT invoice_line_id FROM receivable WHERE credited > 0 AND credited < total"
        " ORDER BY invoice_line_id LIMIT 1)",
    )
    assert found(session) == {"credited": 1}


def test_a_debt_under_another_name(session, season):
    """A line whose debt was moved to another customer past its key."""
    unbind(session, "receivable")
    harm(
        session,
        "UPDATE receivable SET customer_id = :other WHERE invoice_line_id ="
        " (SELECT invoice_line_id FROM receivable WHERE invoice_id = :invoice"
        " ORDER BY invoice_line_id LIMIT 1)",
        other=season.school.id,
        invoice=season.invoice.id,
    )
    assert found(session) == {"receivable_of_another": 1}


def test_a_release_of_another_sum(session, season):
    """A release that gives back a tiyn more than was allocated."""
    harm(
        session,
        "UPDATE allocation SET amount = amount - 1 WHERE id ="
        " (SELECT id FROM allocation WHERE reverses_id IS NOT NULL AND payment_id = :id ORDER BY id LIMIT 1)",
        "allocation",
        id=season.reversed.id,
    )
    assert found(session) == {
        "payment_not_covered": 1,
        "open_amount": 1,
        "release_differs": 1,
        "posting_differs": 1,
    }


def test_a_changed_invoice(session, season):
    """An invoice's total is its lines' and what was posted."""
    harm(session, "UPDATE invoice SET total = total + 1 WHERE id = :id", "invoice", id=season.invoice.id)
    assert found(session) == {"invoice_total": 1, "posting_differs": 1}


def test_a_changed_credit_note(session, season):
    """A credit note's total is its lines' and what was posted."""
    harm(session, "UPDATE credit_note SET total = total + 1 WHERE number = 1", "credit_note")
    assert found(session) == {"credit_note_total": 1, "posting_differs": 1}


def test_a_contractor_who_used_less(session, season):
    """What a contract's acts used is the sum of the work."""
    harm(session, "UPDATE contractor_contract SET used = used - 1 WHERE id = :id", id=season.contractor.id)
    assert found(session) == {"contractor_used": 1}


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("invoice", {"posting_differs": 1, "receivables_account": 1}),
        ("payment", {"posting_differs": 1, "advances_account": 1}),
        ("refund", {"posting_differs": 1, "advances_account": 1}),
        ("work", {"posting_differs": 1}),
    ],
)
def test_a_changed_transfer(session, season, kind, codes):
    """A tiyn more on a transfer parts it from its document, and the account from its sub-ledger."""
    harm(
        session,
        "UPDATE transfer SET amount = amount + 1 WHERE id = (SELECT id FROM transfer"
        " WHERE source_kind = :kind AND reverses_id IS NULL AND position = 0"
        " AND id NOT IN (SELECT reverses_id FROM transfer WHERE reverses_id IS NOT NULL)"
        " ORDER BY id DESC LIMIT 1)",
        kind=kind,
    )
    closed = {"frozen_turnover": 2} if kind == "work" else {}  # the work was done in January, which is closed
    assert found(session) == codes | closed


def test_errors_that_cancel_each_other_out(session, season):
    """A tiyn from an invoice's VAT to its income: its sum is right, and both postings are named."""
    for position, more in ((0, 1), (1, -1)):
        harm(
            session,
            "UPDATE transfer SET amount = amount + :more WHERE position = :position AND source_id ="
            " (SELECT source_id FROM transfer WHERE source_kind = 'invoice' AND position = 1"
            " ORDER BY id DESC LIMIT 1)",
            position=position,
            more=more,
        )
    assert found(session) == {"posting_differs": 2}


def test_a_transfer_of_no_document(session, season):
    """A posting whose payment does not exist; its payment has none any more."""
    harm(
        session,
        "UPDATE transfer SET source_id = :nobody WHERE source_id = :id",
        id=season.overpaid.id,
        nobody=UUID(int=7),
    )
    assert found(session) == {"posting_differs": 1, "posting_without_source": 1}


def test_a_reversal_that_mirrors_nothing(session, season):
    """A reversal whose sides were put back again."""
    harm(
        session,
        "UPDATE transfer SET debit_account_id = credit_account_id, credit_account_id = debit_account_id"
        " WHERE source_id = :id AND reverses_id IS NOT NULL",
        id=season.reversed.id,
    )
    assert found(session) == {"posting_differs": 1, "reversal_differs": 1, "advances_account": 1}


def test_a_fee_that_is_no_revenue(session, season):
    """A revenue line that is gone: the fee lacks it, and its transfer stands alone."""
    harm(
        session,
        "DELETE FROM revenue_line WHERE id ="
        " (SELECT id FROM revenue_line WHERE payment_id = :id ORDER BY id LIMIT 1)",
        "revenue_line",
        id=season.paid.id,
    )
    assert found(session) == {
        "fee_not_revenue": 1,
        "revenue_posted_without_line": 1,
        "transit_not_explained": 1,
    }


def test_a_fee_that_should_be_no_revenue(session, season):
    """Under ``own_account`` nothing of these fees would be revenue: every fee of the season is named."""
    harm(session, "UPDATE posting_policy SET kind = 'own_account'")
    fees = session.execute(
        text("SELECT COUNT(*) FROM allocation WHERE reverses_id IS NULL AND amount > vat")
    ).scalar()
    assert found(session) == {"fee_not_revenue": fees}


def test_a_revenue_line_on_another_code(session, season):
    """A line moved to another code is neither its service's nor its transfer's."""
    harm(
        session,
        "UPDATE revenue_line SET code = '201510' WHERE id ="
        " (SELECT id FROM revenue_line WHERE payment_id = :id AND code = '206109' ORDER BY id LIMIT 1)",
        "revenue_line",
        id=season.paid.id,
    )
    assert found(session) == {"revenue_line_misplaced": 1, "revenue_line_not_posted": 1}


@pytest.mark.parametrize("change", ["month = '2026-12'", "fiscal_year = 2027"])
def test_a_revenue_line_of_another_time(session, season, change):
    """Month and fiscal year are those of the transfer."""
    harm(
        session,
        f"UPDATE revenue_line SET {change} WHERE id ="
        " (SELECT id FROM revenue_line WHERE payment_id = :id ORDER BY id LIMIT 1)",
        "revenue_line",
        id=season.paid.id,
    )
    assert found(session) == {"revenue_line_not_posted": 1}


def test_a_frozen_turnover(session, season):
    """A frozen month made to look better: turnover, the balance after it, and the book's two sides."""
    harm(
        session,
        "UPDATE month_balance SET credit = credit + 1 WHERE account_id ="
        " (SELECT id FROM account WHERE code = '6010')",
    )
    assert found(session) == {"frozen_turnover": 1, "frozen_balance": 1, "book_not_balanced": 1}


def test_a_transfer_slipped_into_a_closed_month(session, season):
    """A transfer moved from February into January: both its accounts differ from what is frozen."""
    harm(
        session,
        "UPDATE transfer SET posted_on = '2026-01-31' WHERE source_kind = 'refund'",
    )
    assert found(session) == {"posting_differs": 1, "frozen_turnover": 2}


def test_a_gap_in_numbers(session, season):
    """The last invoice renumbered: a gap before it, and a counter that stands too low."""
    harm(
        session,
        "UPDATE invoice SET number = number + 2 WHERE number = (SELECT MAX(number) FROM invoice)",
        "invoice",
    )
    gap = next(each for each in verify(session) if each.code == "number_gap")
    assert (gap.facts["series"], gap.facts["number"], gap.facts["last"]) == ("invoice", 4, 5)
    assert found(session) == {"number_gap": 1, "number_series": 1, "receivable_of_another": 2}


def test_a_counter_put_back(session, season):
    """A counter one too low would give a number twice."""
    harm(session, "UPDATE number_series SET last_number = last_number - 1 WHERE series = 'cash_order'")
    [difference] = verify(session)
    assert (difference.code, difference.facts) == (
        "number_series",
        {"series": "cash_order", "year": 2026, "number": 2, "last": 1},
    )


def test_a_document_that_is_not_archived(session, season):
    """An invoice whose PDF nobody can find any more."""
    harm(
        session,
        "DELETE FROM archived_document WHERE subject_id = :id",
        "archived_document",
        id=season.invoice.id,
    )
    [difference] = verify(session)
    assert (difference.code, difference.facts) == (
        "document_missing",
        {"series": "invoice", "year": 2026, "number": season.invoice.number},
    )


def test_a_document_whose_bytes_changed(session, season, lived):
    """One letter in one file of the archive."""
    archived = session.scalars(
        select(ArchivedDocument).where(ArchivedDocument.subject_id == season.invoice.id)
    ).one()
    path = lived[2].path_of(archived.sha256)
    content = path.read_bytes()
    path.write_bytes(content[:-1])

    [difference] = verify(session)
    path.write_bytes(content)

    assert difference.code == DOCUMENT_DAMAGED
    assert difference.facts == {"document": archived.file_name, "sha256": archived.sha256}


def test_work_that_could_be_billed_twice(session, season):
    """An act forgotten as billed: its line holds nothing, and its order is in the wrong state."""
    harm(session, "DELETE FROM billed_act WHERE act_id = :id", id=season.acts[0].id)
    assert found(session) == {"billed_differs": 1, "order_state": 1}


def test_a_month_that_could_be_billed_twice(session, season):
    """A contract's month forgotten as billed."""
    harm(
        session,
        "UPDATE billed_period SET period = :other WHERE invoice_line_id ="
        " (SELECT invoice_line_id FROM billed_period WHERE period = '2026-01'"
        " ORDER BY invoice_line_id LIMIT 1)",
        other=str(Month(2026, 9)),
    )
    assert found(session) == {"billed_differs": 1}


def test_an_order_in_the_wrong_state(session, season):
    """A billed order made completed again by hand."""
    harm(
        session,
        "UPDATE service_order SET state = 'completed' WHERE id = :id",
        id=season.acts[0].order_id,
    )
    assert found(session) == {"order_state": 1}
