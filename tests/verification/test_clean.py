"""What the product's own services leave behind never differs from what is recomputed."""

import pytest

from billing.kernel.db import ALL_DISTRICTS, NotScoped, scope
from billing.verification.checks import NONE
from billing.verification.service import CHECKS, counted, differences_of_books, verify
from tests.support.lived import live_a_season
from tests.support.statements import counted_statements


def test_a_season_of_work_leaves_no_difference(session):
    """Orders, invoices, credits, payments, refunds, reversals, a closed month: everything agrees."""
    live_a_season(session)
    assert list(verify(session)) == []


def test_books_that_agree_are_counted_and_not_searched(session):
    """Tallies spare the checks of the heavy tables, a season's exceptions and all; the others look."""
    live_a_season(session)
    spared = {check.code for check in CHECKS if check.equal}
    with counted_statements(session) as statements:
        assert list(differences_of_books(session)) == []
    assert spared == {
        "advance_of_another",
        "advances_account",
        "billed_differs",
        "credit_note_total",
        "credited",
        "document_missing",
        "fee_not_revenue",
        "frozen_turnover",
        "in_transit_account",
        "invoice_total",
        "number_gap",
        "number_series",
        "open_amount",
        "open_vat",
        "payment_not_covered",
        "posting_differs",
        "posting_without_source",
        "receivable_of_another",
        "receivables_account",
        "revenue_line_misplaced",
        "revenue_line_not_posted",
        "revenue_posted_without_line",
        "transit_not_explained",
    }
    # PostgreSQL is told first how much memory it may take.
    given = session.get_bind().dialect.name == "postgresql"
    assert len(statements) == given + 1 + len(CHECKS) - len(spared)


def test_whatever_a_check_is_spared_by_is_counted(session):
    """A name that no tally counts would be 0 on both sides, and spare the check whatever is wrong."""
    live_a_season(session)
    counts = counted(session)
    relied_on = {name for check in CHECKS for names in check.equal for name in names}
    assert relied_on - set(counts) == {NONE, "stray_debt_posting"}  # the season has none of the latter
    assert counts["fee"] == counts["line_of_fee"] > 10


def test_an_empty_district_has_no_difference(session):
    """Nothing was done, nothing differs."""
    assert list(verify(session)) == []


def test_all_districts_are_verified_at_once(session):
    """Region-wide work sees every district; its checks are the same."""
    live_a_season(session)
    scope(session, ALL_DISTRICTS)
    assert list(verify(session)) == []


def test_nobody_verifies_without_saying_where(session):
    """A session that knows no district fails rather than looking everywhere."""
    del session.info["district_id"]
    with pytest.raises(NotScoped):
        next(verify(session))
