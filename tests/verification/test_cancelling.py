"""Errors that cancel each other out: every sum is right, and every wrong row is named all the same."""

from sqlalchemy import text

from tests.support.damage import found, harm
from tests.support.lived import live_a_season

ADVANCES_SETTLED = "source_kind = 'allocation' AND position = 0 AND posted_on >= '2026-02-01'"


def after_an_exchange(session, table, column, where, *, key="id"):
    """What is found once a tiyn went from the last row that fits to the first; it goes back afterwards."""
    keys = list(session.scalars(text(f"SELECT {key} FROM {table} WHERE {where} ORDER BY {key}")))
    assert len(keys) > 1
    with session.begin_nested() as savepoint:
        for row, more in ((keys[0], 1), (keys[-1], -1)):
            statement = f"UPDATE {table} SET {column} = {column} + {more} WHERE {key} = :row"
            harm(session, statement, table, row=row)
        codes = found(session)
        savepoint.rollback()
    session.expire_all()
    return codes


def test_a_tiyn_from_one_row_to_another_makes_two_differences(session):
    """Postings, debts and the budget name both rows, though no balance and no total has changed."""
    live_a_season(session)

    assert after_an_exchange(session, "transfer", "amount", ADVANCES_SETTLED) == {
        "posting_differs": 2,
        "receivables_account": 2,
    }
    assert after_an_exchange(
        session, "revenue_line", "amount", "amount > 0 AND code = '206109' AND month = '2026-01'"
    ) == {"fee_not_revenue": 2, "revenue_line_not_posted": 2}
    assert after_an_exchange(
        session, "receivable", "open_amount", "open_amount > 100", key="invoice_line_id"
    ) == {"open_amount": 2, "receivables_account": 2}
    assert after_an_exchange(session, "receivable", "open_vat", "open_vat > 100", key="invoice_line_id") == {
        "open_vat": 2
    }


def test_debts_posted_on_each_others_invoices(session):
    """Two allocations' postings that name each other's invoice: 1210 as a whole is right, both are named."""
    live_a_season(session)
    invoices = session.execute(
        text(f"SELECT id, invoice_id FROM transfer WHERE {ADVANCES_SETTLED} ORDER BY invoice_id")
    ).all()
    (one, its), (other, others) = invoices[0], invoices[-1]
    assert its != others

    for row, invoice in ((one, others), (other, its)):
        harm(session, "UPDATE transfer SET invoice_id = :invoice WHERE id = :row", row=row, invoice=invoice)

    assert found(session) == {"receivables_account": 2}
