"""Checks of the budget: fees net of VAT are revenue lines where the policy says so, and nowhere else."""

from billing.verification.checks import Check

# Each fee meets its posting and its line, and there are no other lines and no other postings of income.
_ALL_ON_LINES = (
    ("fee", "fee_on_line", "line_of_fee", "fee_posting"),
    ("other_revenue", "other_revenue_on_line", "other_line", "other_revenue_posting"),
)

CHECKS = (
    # The policy on the day of the allocation decides; a release takes back what its allocation had posted.
    Check(
        "fee_not_revenue",
        ("payment_id", "invoice_line_id", "expected", "found"),
        """
        WITH policy AS (
            SELECT district_id, enterprise_id, kind, valid_from,
                   LEAD(valid_from) OVER (
                       PARTITION BY district_id, enterprise_id ORDER BY valid_from
                   ) AS next_from
            FROM posting_policy
        ), fee AS (
            SELECT a.district_id, a.id, a.payment_id, a.invoice_line_id,
                   CASE WHEN p.kind = 'gross' THEN a.amount - a.vat ELSE 0 END AS net
            FROM allocation a
            JOIN receivable r ON r.district_id = a.district_id AND r.invoice_line_id = a.invoice_line_id
            LEFT JOIN policy p ON p.district_id = a.district_id AND p.enterprise_id = r.enterprise_id
                 AND p.valid_from <= a.allocated_on
                 AND (p.next_from IS NULL OR p.next_from > a.allocated_on)
            WHERE a.reverses_id IS NULL
        ), line AS (
            SELECT district_id, allocation_id,
                   SUM(CASE WHEN amount > 0 THEN amount ELSE 0 END) AS posted,
                   SUM(CASE WHEN amount < 0 THEN -amount ELSE 0 END) AS taken_back
            FROM revenue_line WHERE allocation_id IS NOT NULL GROUP BY district_id, allocation_id
        )
        SELECT f.district_id, f.payment_id AS payment_id, f.invoice_line_id AS invoice_line_id,
               CASE WHEN x.id IS NULL THEN f.net ELSE 0 END AS expected,
               COALESCE(l.posted, 0) - COALESCE(l.taken_back, 0) AS found
        FROM fee f
        LEFT JOIN line l ON l.district_id = f.district_id AND l.allocation_id = f.id
        LEFT JOIN allocation x ON x.district_id = f.district_id AND x.reverses_id = f.id
        WHERE (:district = 0 OR f.district_id = :district)
          AND (COALESCE(l.posted, 0) <> f.net
               OR COALESCE(l.taken_back, 0) <> CASE WHEN x.id IS NULL THEN 0 ELSE f.net END)
        """,
        equal=_ALL_ON_LINES,
    ),
    Check(
        "revenue_line_misplaced",
        ("payment_id", "code", "found"),
        """
        SELECT l.district_id, l.payment_id AS payment_id, l.code AS code, l.amount AS found
        FROM revenue_line l
        JOIN allocation a ON a.district_id = l.district_id AND a.id = l.allocation_id
        JOIN receivable r ON r.district_id = a.district_id AND r.invoice_line_id = a.invoice_line_id
        WHERE (:district = 0 OR l.district_id = :district)
          AND (l.payment_id <> a.payment_id OR l.invoice_line_id <> a.invoice_line_id
               OR l.service_id <> r.service_id OR l.code <> r.revenue_code
               OR l.enterprise_id <> r.enterprise_id)
        """,
        equal=_ALL_ON_LINES,
    ),
    # A line's amount, sign, code, year and month are those of its transfer in the budget's book.
    Check(
        "revenue_line_not_posted",
        ("code", "expected", "found"),
        """
        SELECT l.district_id, l.code AS code, l.amount AS expected,
               CASE WHEN l.amount < 0 THEN -t.amount ELSE t.amount END AS found
        FROM revenue_line l
        JOIN transfer t ON t.district_id = l.district_id AND t.id = l.transfer_id
        JOIN book b ON b.district_id = t.district_id AND b.id = t.book_id
        JOIN account c ON c.district_id = t.district_id
             AND c.id = CASE WHEN l.amount > 0 THEN t.credit_account_id ELSE t.debit_account_id END
        WHERE (:district = 0 OR l.district_id = :district)
          AND (b.kind <> 'budget' OR c.kind <> 'income' OR c.code <> l.code
               OR c.fiscal_year <> l.fiscal_year
               OR l.amount <> CASE WHEN l.amount < 0 THEN -t.amount ELSE t.amount END
               OR l.month <> substr(CAST(t.posted_on AS varchar(10)), 1, 7)
               OR (l.allocation_id IS NOT NULL AND t.source_id <> l.allocation_id))
        """,
        equal=_ALL_ON_LINES,
    ),
    Check(
        "revenue_posted_without_line",
        ("source_kind", "source_id", "found"),
        """
        SELECT t.district_id, t.source_kind AS source_kind, t.source_id AS source_id, t.amount AS found
        FROM transfer t
        JOIN book b ON b.district_id = t.district_id AND b.id = t.book_id AND b.kind = 'budget'
        JOIN account d ON d.district_id = t.district_id AND d.id = t.debit_account_id
        JOIN account c ON c.district_id = t.district_id AND c.id = t.credit_account_id
        LEFT JOIN revenue_line l ON l.district_id = t.district_id AND l.transfer_id = t.id
        WHERE (:district = 0 OR t.district_id = :district)
          AND (d.kind = 'income' OR c.kind = 'income') AND l.id IS NULL
        """,
        equal=_ALL_ON_LINES,
    ),
)
