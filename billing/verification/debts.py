"""Tallies of invoices, their lines and payments: what is open, what was billed, what was posted."""

from billing.verification.checks import Tally

# Several processes of PostgreSQL join tables, but only one joins what was added up (of tables with row-level
# security, before version 17). So what can be told without a sum is told first, in few columns.
_JOINED_LINES = """
    line AS (
        SELECT l.district_id, l.id, l.total, l.vat, r.invoice_line_id, r.credited, r.open_amount, r.open_vat,
               i.id AS invoice_id, i.total AS invoice_total, i.vat AS invoice_vat,
               CASE
                   WHEN (r.invoice_line_id IS NULL AND l.total = 0
                         OR r.total = l.total
                            AND r.invoice_id = i.id AND r.customer_id = i.customer_id
                            AND r.enterprise_id = i.enterprise_id AND r.invoice_year = i.year
                            AND r.invoice_number = i.number AND r.position = l.position
                            AND r.issued_on = i.issued_on AND r.due_on = i.due_on
                            AND r.service_id = l.service_id AND r.revenue_code = l.revenue_code)
                    AND (b.act_id = l.act_id AND p.contract_id IS NULL
                         OR b.act_id IS NULL AND p.period = l.period AND p.service_id = l.service_id
                            AND p.contract_id = i.contract_id
                         OR b.act_id IS NULL AND p.contract_id IS NULL
                            AND COALESCE(r.credited, 0) >= l.total)
                   THEN 1 END AS alike
        FROM invoice_line l
        JOIN invoice i ON i.district_id = l.district_id AND i.id = l.invoice_id
        LEFT JOIN receivable r ON r.district_id = l.district_id AND r.invoice_line_id = l.id
        LEFT JOIN billed_act b ON b.district_id = l.district_id AND b.invoice_line_id = l.id
        LEFT JOIN billed_period p ON p.district_id = l.district_id AND p.invoice_line_id = l.id
        WHERE (:district = 0 OR l.district_id = :district)
    )
"""

# A line that has no debt is of nothing; one that is not credited whole holds its act or its month. PostgreSQL
# sums whole numbers to decimals, which are several times as slow to compare: hence the casts.
_LINES = """
    SELECT 'line' AS name, COUNT(*) AS counted FROM line
    UNION ALL SELECT 'debt_of_line', COUNT(invoice_line_id) FROM line
    UNION ALL
    SELECT 'debt', COUNT(*) FROM receivable WHERE (:district = 0 OR district_id = :district)
    UNION ALL
    SELECT 'line_agreeing',
           COUNT(CASE
               WHEN l.alike = 1 AND COALESCE(l.credited, 0) = COALESCE(n.amount, 0)
                AND COALESCE(l.open_amount, 0) = l.total - COALESCE(n.amount, 0) - COALESCE(a.amount, 0)
                AND COALESCE(l.open_vat, 0) = l.vat - COALESCE(n.vat, 0) - COALESCE(a.vat, 0)
               THEN 1 END)
    FROM line l
    LEFT JOIN (SELECT district_id, invoice_line_id, CAST(SUM(amount) AS bigint) AS amount,
                      CAST(SUM(vat) AS bigint) AS vat
               FROM credit_note_line GROUP BY district_id, invoice_line_id) n
           ON n.district_id = l.district_id AND n.invoice_line_id = l.id
    LEFT JOIN (SELECT district_id, invoice_line_id, CAST(SUM(amount) AS bigint) AS amount,
                      CAST(SUM(vat) AS bigint) AS vat
               FROM allocation GROUP BY district_id, invoice_line_id) a
           ON a.district_id = l.district_id AND a.invoice_line_id = l.id
"""

# What spares every check that holds lines against their invoice, debt and bill, and against its sum.
LINES_AGREE = (("line", "line_agreeing"), ("debt", "debt_of_line"))
LINES_ADD_UP = (("invoice", "invoice_with_lines", "invoice_adding_up"),)

_SUMMED_INVOICES = """
    summed_invoice AS (
        SELECT COUNT(*) AS invoices, COUNT(CASE WHEN vat > 0 THEN 1 END) AS with_vat,
               COUNT(CASE WHEN total = line_total AND vat = line_vat THEN 1 END) AS adding_up
        FROM (
            SELECT district_id, invoice_id, invoice_total AS total, invoice_vat AS vat,
                   CAST(SUM(total) AS bigint) AS line_total, CAST(SUM(vat) AS bigint) AS line_vat
            FROM line GROUP BY district_id, invoice_id, invoice_total, invoice_vat
        ) invoices
    )
"""
_INVOICES = """
    SELECT 'invoice' AS name, COUNT(*) AS counted
    FROM invoice WHERE (:district = 0 OR district_id = :district)
    UNION ALL SELECT 'invoice_with_lines', invoices FROM summed_invoice
    UNION ALL SELECT 'invoice_with_vat', with_vat FROM summed_invoice
    UNION ALL SELECT 'invoice_adding_up', adding_up FROM summed_invoice
"""

# Keys alone are joined: what else must agree is compared, so that no plan takes it for a choice of few rows.
_POSTED_INVOICES = """
    posted_invoice AS (
        SELECT COUNT(CASE
                   WHEN t.position = 0 AND t.amount = i.total - i.vat AND t.posted_on = i.issued_on
                    AND t.invoice_id = i.id AND t.book_id = b.id
                   THEN 1 END) AS income,
               COUNT(CASE
                   WHEN t.position = 1 AND t.amount = i.vat AND i.vat > 0 AND t.posted_on = i.issued_on
                    AND t.invoice_id = i.id AND t.book_id = b.id
                   THEN 1 END) AS vat
        FROM transfer t
        JOIN invoice i ON i.district_id = t.district_id AND i.id = t.source_id
        JOIN book b ON b.district_id = i.district_id AND b.enterprise_id = i.enterprise_id
        WHERE (:district = 0 OR t.district_id = :district) AND t.source_kind = 'invoice'
    )
"""
_INVOICES_POSTED = """
    SELECT 'income_posted' AS name, income AS counted FROM posted_invoice
    UNION ALL SELECT 'vat_posted', vat FROM posted_invoice
"""

_JOINED_PAYMENTS = """
    paid AS (
        SELECT p.district_id, p.id, CASE WHEN r.payment_id IS NULL THEN p.amount ELSE 0 END AS amount,
               v.open_amount,
               CASE
                   WHEN v.payment_id IS NULL OR v.customer_id = p.customer_id
                        AND v.enterprise_id = p.enterprise_id AND v.received_on = p.received_on
                   THEN 1 END AS owned,
               CASE
                   WHEN t.amount = p.amount AND t.posted_on = p.received_on
                        AND b.enterprise_id = p.enterprise_id
                        AND d.code = CASE p.method WHEN 'cash' THEN '1010' WHEN 'bank' THEN '1030'
                                                   ELSE '1020' END
                   THEN 1 END AS posted
        FROM payment p
        LEFT JOIN payment_reversal r ON r.district_id = p.district_id AND r.payment_id = p.id
        LEFT JOIN advance v ON v.district_id = p.district_id AND v.payment_id = p.id
        LEFT JOIN transfer t ON t.district_id = p.district_id AND t.source_id = p.id
             AND t.source_kind = 'payment' AND t.position = 0
        LEFT JOIN book b ON b.district_id = t.district_id AND b.id = t.book_id
        LEFT JOIN account d ON d.district_id = t.district_id AND d.id = t.debit_account_id
        WHERE (:district = 0 OR p.district_id = :district)
    )
"""

# A payment is what it settles, what is left ahead, and what was given back; a reversed one is nothing.
_PAYMENTS = """
    SELECT 'payment' AS name, COUNT(*) AS counted FROM paid
    UNION ALL SELECT 'payment_owned', COUNT(owned) FROM paid
    UNION ALL SELECT 'payment_posted', COUNT(posted) FROM paid
    UNION ALL
    SELECT 'payment_covered',
           COUNT(CASE
               WHEN p.amount = COALESCE(a.amount, 0) + COALESCE(p.open_amount, 0) + COALESCE(f.amount, 0)
               THEN 1 END)
    FROM paid p
    LEFT JOIN (SELECT district_id, payment_id, CAST(SUM(amount) AS bigint) AS amount
               FROM allocation GROUP BY district_id, payment_id) a
           ON a.district_id = p.district_id AND a.payment_id = p.id
    LEFT JOIN (SELECT district_id, payment_id, CAST(SUM(amount) AS bigint) AS amount
               FROM refund GROUP BY district_id, payment_id) f
           ON f.district_id = p.district_id AND f.payment_id = p.id
"""

_CREDIT_NOTES = """
    SELECT 'credit_note' AS name, COUNT(*) AS counted
    FROM credit_note WHERE (:district = 0 OR district_id = :district)
    UNION ALL
    SELECT 'credit_note_adding_up', COUNT(*)
    FROM credit_note n
    JOIN (SELECT district_id, credit_note_id, SUM(amount) AS amount, SUM(vat) AS vat
          FROM credit_note_line GROUP BY district_id, credit_note_id) l
      ON l.district_id = n.district_id AND l.credit_note_id = n.id
    WHERE (:district = 0 OR n.district_id = :district) AND n.total = l.amount AND n.vat = l.vat
    UNION ALL
    SELECT 'credit_note_line', COUNT(*)
    FROM credit_note_line WHERE (:district = 0 OR district_id = :district)
    UNION ALL
    SELECT 'credit_note_line_of_invoice', COUNT(*)
    FROM credit_note_line c
    JOIN credit_note n ON n.district_id = c.district_id AND n.id = c.credit_note_id
    JOIN invoice_line l ON l.district_id = c.district_id AND l.id = c.invoice_line_id
         AND l.invoice_id = n.invoice_id
    WHERE (:district = 0 OR c.district_id = :district)
"""

DEBTS = (
    Tally(_LINES, _JOINED_LINES),
    Tally(_INVOICES, _SUMMED_INVOICES),
    Tally(_INVOICES_POSTED, _POSTED_INVOICES),
    Tally(_PAYMENTS, _JOINED_PAYMENTS),
    Tally(_CREDIT_NOTES),
)
