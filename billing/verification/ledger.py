"""The tally of the books: every transfer once, by day and way, and what must hold of their sums."""

from billing.verification.checks import Tally

# As few rows as there are days and ways; whatever is told of accounts is told by these.
_WAYS = """
    daily AS (
        SELECT district_id, book_id, debit_account_id, credit_account_id, posted_on, source_kind, position,
               SUM(amount) AS amount, COUNT(*) AS postings
        FROM transfer
        WHERE (:district = 0 OR district_id = :district)
        GROUP BY district_id, book_id, debit_account_id, credit_account_id, posted_on, source_kind, position
    ), way AS (
        SELECT t.district_id, t.book_id, b.kind AS book, b.enterprise_id,
               t.debit_account_id, d.code AS debit, d.kind AS debit_kind,
               t.credit_account_id, c.code AS credit, c.kind AS credit_kind,
               substr(CAST(t.posted_on AS varchar(10)), 1, 7) AS month,
               t.source_kind, t.position, t.amount, t.postings
        FROM daily t
        JOIN book b ON b.district_id = t.district_id AND b.id = t.book_id
        JOIN account d ON d.district_id = t.district_id AND d.id = t.debit_account_id
        JOIN account c ON c.district_id = t.district_id AND c.id = t.credit_account_id
    ), moved AS (
        SELECT district_id, book_id, account_id, month, SUM(debit) AS debit, SUM(credit) AS credit
        FROM (
            SELECT district_id, book_id, debit_account_id AS account_id, month, amount AS debit, 0 AS credit
            FROM way
            UNION ALL
            SELECT district_id, book_id, credit_account_id, month, 0, amount FROM way
        ) sides
        GROUP BY district_id, book_id, account_id, month
    )
"""

# Named are those alone whose accounts are what such postings have; a wrong one is among the others.
_POSTINGS = """
    SELECT name, SUM(postings) AS counted
    FROM (
        SELECT postings,
               CASE
                   WHEN book = 'enterprise' AND source_kind NOT IN ('manual', 'statement') THEN
                       CASE
                           WHEN source_kind = 'invoice' AND position = 0
                                AND debit = '1210' AND credit = '6010' THEN 'income_posting'
                           WHEN source_kind = 'invoice' AND position = 1
                                AND debit = '1210' AND credit = '3130' THEN 'vat_posting'
                           WHEN source_kind = 'payment' AND position = 0
                                AND credit = '3510' THEN 'payment_posting'
                           WHEN source_kind = 'allocation' AND position = 0
                                AND debit = '3510' AND credit = '1210' THEN 'allocation_posting'
                           ELSE 'other_posting'
                       END
                   WHEN debit = '1210' OR credit = '1210' THEN 'stray_debt_posting'
                   WHEN book = 'budget' AND (debit_kind = 'income' OR credit_kind = 'income') THEN
                       CASE
                           WHEN source_kind = 'allocation' AND position = 1
                                AND debit_kind <> 'income' THEN 'fee_posting'
                           ELSE 'other_revenue_posting'
                       END
                   ELSE 'free_posting'
               END AS name
        FROM way
    ) named
    GROUP BY name
"""

_TURNOVERS = """
    SELECT 'turnover_differing', COUNT(*)
    FROM (
        SELECT m.district_id
        FROM moved m
        JOIN book b ON b.district_id = m.district_id AND b.id = m.book_id
             AND m.month <= substr(CAST(b.closed_through AS varchar(10)), 1, 7)
        LEFT JOIN month_balance f ON f.district_id = m.district_id AND f.book_id = m.book_id
             AND f.account_id = m.account_id AND f.month = m.month
        WHERE f.debit IS NULL OR f.debit <> m.debit OR f.credit <> m.credit
        UNION ALL
        SELECT f.district_id
        FROM month_balance f
        LEFT JOIN moved m ON m.district_id = f.district_id AND m.book_id = f.book_id
             AND m.account_id = f.account_id AND m.month = f.month
        WHERE (:district = 0 OR f.district_id = :district) AND m.account_id IS NULL
          AND (f.debit <> 0 OR f.credit <> 0)
    ) turnovers
"""

_ADVANCES = """
    SELECT 'advances_differing', COUNT(*)
    FROM (
        SELECT district_id
        FROM (
            SELECT district_id, enterprise_id, SUM(open_amount) AS amount
            FROM advance
            WHERE (:district = 0 OR district_id = :district)
            GROUP BY district_id, enterprise_id
            UNION ALL SELECT district_id, enterprise_id, -amount FROM way WHERE credit = '3510'
            UNION ALL SELECT district_id, enterprise_id, amount FROM way WHERE debit = '3510'
        ) both_sides
        GROUP BY district_id, enterprise_id
        HAVING SUM(amount) <> 0
    ) advances
"""

_TRANSIT = """
    SELECT 'transit_differing', COUNT(*)
    FROM (
        SELECT district_id
        FROM (
            SELECT district_id, SUM(amount) AS amount
            FROM revenue_line
            WHERE (:district = 0 OR district_id = :district)
            GROUP BY district_id
            UNION ALL
            SELECT district_id, -SUM(amount)
            FROM revenue_arrival
            WHERE (:district = 0 OR district_id = :district)
            GROUP BY district_id
            UNION ALL SELECT district_id, -amount FROM way WHERE book = 'budget' AND debit = 'transit'
            UNION ALL SELECT district_id, amount FROM way WHERE book = 'budget' AND credit = 'transit'
        ) both_sides
        GROUP BY district_id
        HAVING SUM(amount) <> 0
    ) transit
"""

_HELD_BY_PROVIDERS = """
    SELECT 'held_differing', COUNT(*)
    FROM (
        SELECT district_id
        FROM (
            SELECT p.district_id, p.enterprise_id, SUM(p.amount) AS amount
            FROM payment p
            LEFT JOIN settled_payment s ON s.district_id = p.district_id AND s.payment_id = p.id
            WHERE (:district = 0 OR p.district_id = :district)
              AND p.method IN ('card', 'provider') AND s.payment_id IS NULL
            GROUP BY p.district_id, p.enterprise_id
            UNION ALL
            SELECT r.district_id, r.enterprise_id, -r.amount
            FROM refund r
            JOIN transfer t ON t.district_id = r.district_id AND t.source_id = r.id
                 AND t.source_kind = 'refund'
            LEFT JOIN settled_return x ON x.district_id = t.district_id AND x.transfer_id = t.id
            WHERE (:district = 0 OR r.district_id = :district)
              AND r.method IN ('card', 'provider') AND x.transfer_id IS NULL
            UNION ALL
            SELECT p.district_id, p.enterprise_id, -p.amount
            FROM payment_reversal v
            JOIN payment p ON p.district_id = v.district_id AND p.id = v.payment_id
            JOIN transfer t ON t.district_id = p.district_id AND t.source_id = p.id
                 AND t.source_kind = 'payment' AND t.reverses_id IS NOT NULL
            LEFT JOIN settled_return x ON x.district_id = t.district_id AND x.transfer_id = t.id
            WHERE (:district = 0 OR v.district_id = :district)
              AND p.method IN ('card', 'provider') AND x.transfer_id IS NULL
            UNION ALL
            SELECT district_id, enterprise_id, CASE WHEN debit = '1020' THEN -amount ELSE amount END
            FROM way
            WHERE book = 'enterprise' AND (debit = '1020' OR credit = '1020')
              AND source_kind IN ('payment', 'refund')
            UNION ALL
            SELECT m.district_id, b.enterprise_id, CASE WHEN d.code = '1020' THEN -t.amount ELSE t.amount END
            FROM statement_match m
            JOIN transfer t ON t.district_id = m.district_id AND t.source_id = m.id
                 AND t.source_kind = 'statement'
            JOIN book b ON b.district_id = t.district_id AND b.id = t.book_id AND b.kind = 'enterprise'
            JOIN account d ON d.district_id = t.district_id AND d.id = t.debit_account_id
            JOIN account c ON c.district_id = t.district_id AND c.id = t.credit_account_id
            WHERE (:district = 0 OR m.district_id = :district)
              AND m.kind = 'provider_batch' AND (d.code = '1020' OR c.code = '1020')
        ) both_sides
        GROUP BY district_id, enterprise_id
        HAVING SUM(amount) <> 0
    ) held
"""

LEDGER = (
    Tally(_POSTINGS, _WAYS),
    Tally(_TURNOVERS),
    Tally(_ADVANCES),
    Tally(_TRANSIT),
    Tally(_HELD_BY_PROVIDERS),
)
