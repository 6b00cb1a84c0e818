"""Checks of closed months: what was frozen is what the transfers say, and every book balances."""

from billing.verification.checks import NONE, Check

# Summed by day and pair of accounts first: of the days there are few, so the months are told cheaply.
_MOVED = """
    WITH daily AS (
        SELECT district_id, book_id, debit_account_id, credit_account_id, posted_on, SUM(amount) AS amount
        FROM transfer
        WHERE (:district = 0 OR district_id = :district)
        GROUP BY district_id, book_id, debit_account_id, credit_account_id, posted_on
    ), moved AS (
        SELECT district_id, book_id, account_id, month, SUM(debit) AS debit, SUM(credit) AS credit
        FROM (
            SELECT district_id, book_id, debit_account_id AS account_id,
                   substr(CAST(posted_on AS varchar(10)), 1, 7) AS month, amount AS debit, 0 AS credit
            FROM daily
            UNION ALL
            SELECT district_id, book_id, credit_account_id,
                   substr(CAST(posted_on AS varchar(10)), 1, 7), 0, amount
            FROM daily
        ) sides
        GROUP BY district_id, book_id, account_id, month
    )
"""

CHECKS = (
    Check(
        "frozen_turnover",
        ("account", "month", "expected", "found"),
        """
        , compared AS (
            SELECT m.district_id, m.book_id, m.account_id, m.month, m.debit, m.credit,
                   f.debit AS frozen_debit, f.credit AS frozen_credit
            FROM moved m
            JOIN book b ON b.district_id = m.district_id AND b.id = m.book_id
                 AND m.month <= substr(CAST(b.closed_through AS varchar(10)), 1, 7)
            LEFT JOIN month_balance f ON f.district_id = m.district_id AND f.book_id = m.book_id
                 AND f.account_id = m.account_id AND f.month = m.month
            UNION ALL
            SELECT f.district_id, f.book_id, f.account_id, f.month, 0, 0, f.debit, f.credit
            FROM month_balance f
            LEFT JOIN moved m ON m.district_id = f.district_id AND m.book_id = f.book_id
                 AND m.account_id = f.account_id AND m.month = f.month
            WHERE m.account_id IS NULL
        )
        SELECT c.district_id, a.code AS account, c.month AS month,
               c.debit - c.credit AS expected, c.frozen_debit - c.frozen_credit AS found
        FROM compared c JOIN account a ON a.district_id = c.district_id AND a.id = c.account_id
        WHERE (:district = 0 OR c.district_id = :district)
          AND (c.frozen_debit IS NULL OR c.debit <> c.frozen_debit OR c.credit <> c.frozen_credit)
        """,
        _MOVED,
        equal=(("turnover_differing", NONE),),
    ),
    # Each frozen balance is the one before it and the month's own turnovers.
    Check(
        "frozen_balance",
        ("account", "month", "expected", "found"),
        """
        SELECT f.district_id, a.code AS account, f.month AS month, f.expected AS expected,
               f.balance AS found
        FROM (
            SELECT district_id, account_id, month, balance,
                   SUM(debit - credit) OVER (
                       PARTITION BY district_id, book_id, account_id ORDER BY month
                   ) AS expected
            FROM month_balance
        ) f
        JOIN account a ON a.district_id = f.district_id AND a.id = f.account_id
        WHERE (:district = 0 OR f.district_id = :district) AND f.balance <> f.expected
        """,
    ),
    Check(
        "book_not_balanced",
        ("book_id", "month", "expected", "found"),
        """
        SELECT district_id, book_id, month, SUM(debit) AS expected, SUM(credit) AS found
        FROM month_balance
        WHERE (:district = 0 OR district_id = :district)
        GROUP BY district_id, book_id, month
        HAVING SUM(debit) <> SUM(credit) OR SUM(balance) <> 0
        """,
    ),
)
