"""Tallies of what payments settled: each allocation in the books, in the budget, and on its revenue line."""

from billing.verification.checks import Tally

_POLICY = """
    policy AS (
        SELECT district_id, enterprise_id, kind, valid_from,
               LEAD(valid_from) OVER (
                   PARTITION BY district_id, enterprise_id ORDER BY valid_from
               ) AS next_from
        FROM posting_policy
    )
"""

# A fee is an allocation that the policy of its day makes revenue; what a release took back stands apart.
# By enterprise and day first, of which there are few: a policy joined to each allocation would be a sub-query
# of a table with row-level security, and PostgreSQL joins those in one process only.
_SETTLED = """
    settled AS (
        SELECT a.district_id, r.enterprise_id, a.allocated_on, COUNT(*) AS allocations,
               COUNT(CASE
                   WHEN e.amount = a.amount AND e.posted_on = a.allocated_on
                    AND b.enterprise_id = r.enterprise_id AND e.invoice_id = r.invoice_id
                   THEN 1 END) AS posted,
               COUNT(CASE WHEN a.amount <> a.vat THEN 1 END) AS net,
               COUNT(CASE
                   WHEN k.kind = 'budget' AND l.amount = a.amount - a.vat AND l.amount = t.amount
                    AND l.allocation_id = a.id AND l.payment_id = a.payment_id
                    AND l.invoice_line_id = a.invoice_line_id AND l.service_id = r.service_id
                    AND l.enterprise_id = r.enterprise_id AND l.code = r.revenue_code
                    AND c.code = l.code AND c.fiscal_year = l.fiscal_year AND c.kind = 'income'
                    AND l.month = substr(CAST(t.posted_on AS varchar(10)), 1, 7)
                   THEN 1 END) AS on_line
        FROM allocation a
        JOIN receivable r ON r.district_id = a.district_id AND r.invoice_line_id = a.invoice_line_id
        LEFT JOIN transfer e ON e.district_id = a.district_id AND e.source_id = a.id
             AND e.source_kind = 'allocation' AND e.position = 0
        LEFT JOIN book b ON b.district_id = e.district_id AND b.id = e.book_id
        LEFT JOIN transfer t ON t.district_id = a.district_id AND t.source_id = a.id
             AND t.source_kind = 'allocation' AND t.position = 1
        LEFT JOIN book k ON k.district_id = t.district_id AND k.id = t.book_id
        LEFT JOIN account c ON c.district_id = t.district_id AND c.id = t.credit_account_id
        LEFT JOIN revenue_line l ON l.district_id = t.district_id AND l.transfer_id = t.id
        WHERE (:district = 0 OR a.district_id = :district) AND a.reverses_id IS NULL
        GROUP BY a.district_id, r.enterprise_id, a.allocated_on
    ), fee AS (
        SELECT s.district_id, s.net, s.on_line
        FROM settled s
        JOIN policy p ON p.district_id = s.district_id AND p.enterprise_id = s.enterprise_id
             AND p.valid_from <= s.allocated_on AND (p.next_from IS NULL OR p.next_from > s.allocated_on)
        WHERE p.kind = 'gross'
    ), revenue_lines AS (
        SELECT COUNT(CASE WHEN allocation_id IS NOT NULL AND amount >= 0 THEN 1 END) AS of_fees,
               COUNT(CASE WHEN allocation_id IS NULL OR amount < 0 THEN 1 END) AS others
        FROM revenue_line
        WHERE (:district = 0 OR district_id = :district)
    )
"""
_ALLOCATIONS = """
    SELECT 'allocation' AS name, COALESCE(SUM(allocations), 0) AS counted FROM settled
    UNION ALL SELECT 'allocation_posted', COALESCE(SUM(posted), 0) FROM settled
    UNION ALL SELECT 'fee', COALESCE(SUM(net), 0) FROM fee
    UNION ALL SELECT 'fee_on_line', COALESCE(SUM(on_line), 0) FROM fee
    UNION ALL SELECT 'line_of_fee', of_fees FROM revenue_lines
    UNION ALL SELECT 'other_line', others FROM revenue_lines
"""

# Few: what releases took back, and the budget's share of net income, which no allocation made.
_OTHER_LINES = """
    released AS (
        SELECT COUNT(CASE WHEN p.kind = 'gross' AND a.amount <> a.vat THEN 1 END) AS due,
               COUNT(CASE
                   WHEN p.kind = 'gross' AND k.kind = 'budget'
                    AND l.amount = a.vat - a.amount AND l.amount = -t.amount
                    AND l.allocation_id = a.id AND l.payment_id = a.payment_id
                    AND l.invoice_line_id = a.invoice_line_id AND l.service_id = r.service_id
                    AND l.enterprise_id = r.enterprise_id AND l.code = r.revenue_code
                    AND d.code = l.code AND d.fiscal_year = l.fiscal_year AND d.kind = 'income'
                    AND l.month = substr(CAST(t.posted_on AS varchar(10)), 1, 7)
                   THEN 1 END) AS agreeing
        FROM allocation x
        JOIN allocation a ON a.district_id = x.district_id AND a.id = x.reverses_id
        JOIN receivable r ON r.district_id = a.district_id AND r.invoice_line_id = a.invoice_line_id
        LEFT JOIN policy p ON p.district_id = a.district_id AND p.enterprise_id = r.enterprise_id
             AND p.valid_from <= a.allocated_on AND (p.next_from IS NULL OR p.next_from > a.allocated_on)
        LEFT JOIN transfer t ON t.district_id = a.district_id AND t.source_id = a.id
             AND t.source_kind = 'allocation' AND t.position = -2
        LEFT JOIN book k ON k.district_id = t.district_id AND k.id = t.book_id
        LEFT JOIN account d ON d.district_id = t.district_id AND d.id = t.debit_account_id
        LEFT JOIN revenue_line l ON l.district_id = t.district_id AND l.transfer_id = t.id
        WHERE (:district = 0 OR x.district_id = :district) AND x.reverses_id IS NOT NULL
    ), shared AS (
        SELECT COUNT(*) AS due,
               COUNT(CASE
                   WHEN b.kind = 'budget' AND c.kind = 'income' AND c.code = l.code
                    AND c.fiscal_year = l.fiscal_year
                    AND l.amount = CASE WHEN l.amount < 0 THEN -t.amount ELSE t.amount END
                    AND l.month = substr(CAST(t.posted_on AS varchar(10)), 1, 7)
                   THEN 1 END) AS agreeing
        FROM revenue_line l
        JOIN transfer t ON t.district_id = l.district_id AND t.id = l.transfer_id
        JOIN book b ON b.district_id = t.district_id AND b.id = t.book_id
        JOIN account c ON c.district_id = t.district_id
             AND c.id = CASE WHEN l.amount > 0 THEN t.credit_account_id ELSE t.debit_account_id END
        WHERE (:district = 0 OR l.district_id = :district) AND l.allocation_id IS NULL
    )
"""
_OTHER_REVENUE = """
    SELECT 'other_revenue' AS name, due AS counted FROM released
    UNION ALL SELECT 'other_revenue', due FROM shared
    UNION ALL SELECT 'other_revenue_on_line', agreeing FROM released
    UNION ALL SELECT 'other_revenue_on_line', agreeing FROM shared
"""

FEES = (
    Tally(_ALLOCATIONS, f"{_POLICY}, {_SETTLED}"),
    Tally(_OTHER_REVENUE, _OTHER_LINES),
)
