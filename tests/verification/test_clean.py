"""What the product's own services leave behind never differs from what is recomputed."""

import pytest

from billing.kernel.db import ALL_DISTRICTS, NotScoped, scope
from billing.verification.service import CHECKS, differences_of_books, verify
from tests.support.lived import live_a_season
from tests.support.statements import counted_statements


def test_a_season_of_work_leaves_no_difference(session):
    """Orders, invoices, credits, payments, refunds, reversals, a closed month: everything agrees."""
    live_a_season(session)
    assert list(verify(session)) == []


def test_books_that_agree_are_proved_and_not_searched(session):
    """Three proofs stand for nine checks, a season's exceptions and all; the other checks look themselves."""
    live_a_season(session)
    spared = {check.code for check in CHECKS if check.proof}
    with counted_statements(session) as statements:
        assert list(differences_of_books(session)) == []
    assert spared == {
        "billed_differs",
        "credited",
        "open_amount",
        "open_vat",
        "posting_differs",
        "posting_without_source",
        "receivable_of_another",
        "revenue_line_not_posted",
        "revenue_posted_without_line",
    }
    assert len(statements) == 3 + len(CHECKS) - len(spared)


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
