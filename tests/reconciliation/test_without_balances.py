"""Tables that tell no balances: held against those that other statements of the account tell."""

import pytest
from sqlalchemy import select

from billing.districts import service as districts
from billing.kernel.money import Money
from billing.reconciliation.column_profiles import save_profile
from billing.reconciliation.importing import StatementRefused, accept_statement
from billing.reconciliation.models import StatementRow
from billing.reconciliation.new_rows import keep
from billing.verification.service import verify
from tests.support.bank_files import csv_of, document, one_c, section
from tests.support.districts import make_enterprise

T = Money.tenge


@pytest.fixture
def account(session):
    """The account that the made-up files are of."""
    [account] = districts.list_bank_accounts(session, make_enterprise(session).id)
    save_profile(
        session,
        name="Village bank",
        headings={"date": ["When"], "amount": ["How much"], "name": ["Who"]},
        bank_account_id=account.id,
    )
    return account


def take(session, text, **options):
    """Take a file in; options as of the service."""
    accepted = accept_statement(session, text.encode(), file_name="выписка", **options)
    keep(session, accepted.statement, accepted.new_rows)
    return accepted.statement


def november(*amounts):
    """The bank's own file of the whole month, everything paid on the 12th."""
    return one_c(
        section(list(amounts), opening="100.00"), *(document(each, day="12.11.2026") for each in amounts)
    )


def bare(*paid):
    """A table of days and sums, and nothing of balances."""
    return csv_of([("When", "How much", "Who"), *((day, amount, "Shop") for day, amount in paid)])


def rows(session):
    """Days and sums of all rows, in their order."""
    kept = session.scalars(select(StatementRow).order_by(StatementRow.booked_on, StatementRow.id))
    return [(f"{row.booked_on:%d.%m}", str(row.amount), row.direction.value) for row in kept]


def test_rows_within_another_statements_balances_are_refused(session, account):
    """They would tell payments a second time; with a reason they come in, and ``verify`` knows."""
    take(session, november("5.00"))

    with pytest.raises(StatementRefused) as refusal:
        take(session, bare(("12.11.2026", "-5.00")))

    warning, problem = refusal.value.facts["problems"]
    assert warning.code == "balances_missing"
    assert (problem.code, problem.facts) == ("days_disagree", {"stated": T(105), "counted": T(100)})
    assert refusal.value.facts["overridable"] is True
    assert rows(session) == [("12.11", "5.00", "in")]

    kept = take(session, bare(("12.11.2026", "-5.00")), override_reason="Письмо банка")
    assert (kept.override_reason, kept.accepted_difference, kept.new_row_count) == ("Письмо банка", T(5), 1)
    # The rows that nobody has looked at yet are named, and no balance is.
    assert {each.code for each in verify(session)} == {"row_unaccounted"}


def test_a_file_without_balances_goes_on_where_another_ends(session, account):
    """The rest of a day that a statement ended with, the next days, and days before are nobody's proof."""
    take(session, november("5.00"))

    taken = take(session, bare(("30.10.2026", "-1.00"), ("30.11.2026", "-2.00"), ("01.12.2026", "-3.00")))

    assert [each["code"] for each in taken.problems] == ["balances_missing"]
    assert taken.new_row_count == 3
