"""Checks of the books against the documents: every event is posted once, rightly, and nothing else is."""

from billing.verification.checks import NONE, Check, Tally
from billing.verification.debts import LINES_AGREE

# What every document must have posted: debit and credit by account code, on its date.
_MOST = """
        SELECT district_id, enterprise_id, 'invoice' AS source_kind, id AS source_id, 0 AS position,
               '1210' AS debit, '6010' AS credit, total - vat AS amount, issued_on AS posted_on,
               id AS invoice_id
        FROM invoice
        UNION ALL
        SELECT district_id, enterprise_id, 'invoice', id, 1, '1210', '3130', vat, issued_on, id
        FROM invoice WHERE vat > 0
        UNION ALL
        SELECT district_id, enterprise_id, 'payment', id, 0,
               CASE method WHEN 'cash' THEN '1010' WHEN 'bank' THEN '1030' ELSE '1020' END,
               '3510', amount, received_on, NULL
        FROM payment
        UNION ALL
        SELECT a.district_id, r.enterprise_id, 'allocation', a.id, 0, '3510', '1210',
               a.amount, a.allocated_on, r.invoice_id
        FROM allocation a
        JOIN receivable r ON r.district_id = a.district_id AND r.invoice_line_id = a.invoice_line_id
        WHERE a.reverses_id IS NULL
"""
_REST = """
        SELECT district_id, enterprise_id, 'credit_note' AS source_kind, id AS source_id, 0 AS position,
               '6010' AS debit, '1210' AS credit, total - vat AS amount, issued_on AS posted_on, invoice_id
        FROM credit_note WHERE total > vat
        UNION ALL
        SELECT district_id, enterprise_id, 'credit_note', id, 1, '3130', '1210', vat, issued_on, invoice_id
        FROM credit_note WHERE vat > 0
        UNION ALL
        SELECT p.district_id, p.enterprise_id, 'payment', p.id, -1, '3510',
               CASE p.method WHEN 'cash' THEN '1010' WHEN 'bank' THEN '1030' ELSE '1020' END,
               p.amount, r.reversed_on, NULL
        FROM payment p JOIN payment_reversal r ON r.district_id = p.district_id AND r.payment_id = p.id
        UNION ALL
        SELECT a.district_id, r.enterprise_id, 'allocation', a.reverses_id, -1, '1210', '3510',
               -a.amount, a.allocated_on, r.invoice_id
        FROM allocation a
        JOIN receivable r ON r.district_id = a.district_id AND r.invoice_line_id = a.invoice_line_id
        WHERE a.reverses_id IS NOT NULL
        UNION ALL
        SELECT district_id, enterprise_id, 'refund', id, 0, '3510',
               CASE method WHEN 'cash' THEN '1010' WHEN 'bank' THEN '1030' ELSE '1020' END,
               amount, refunded_on, NULL
        FROM refund
        UNION ALL
        SELECT w.district_id, o.enterprise_id, 'work', w.id, 0, '7010',
               CASE WHEN w.engagement_id IS NULL THEN '3310' ELSE '3350' END, w.cost, w.done_on, NULL
        FROM work_done w JOIN service_order o ON o.district_id = w.district_id AND o.id = w.order_id
        WHERE w.cost > 0
"""
_EXPECTED = "WITH expected AS (" + _MOST + "UNION ALL" + _REST + ")"

# The tally of what is posted seldom; what every household has is in ``debts.py`` and ``fees.py``.
_COMPARED_EVENTS = """
    compared_event AS (
        SELECT COUNT(*) AS events,
               COUNT(CASE
                   WHEN t.amount = e.amount AND t.posted_on = e.posted_on AND d.code = e.debit
                    AND c.code = e.credit AND b.enterprise_id = e.enterprise_id
                    AND (e.invoice_id IS NULL OR t.invoice_id = e.invoice_id)
                   THEN 1 END) AS agreeing
        FROM other_event e
        LEFT JOIN transfer t ON t.district_id = e.district_id AND t.source_id = e.source_id
             AND t.source_kind = e.source_kind AND t.position = e.position
        LEFT JOIN book b ON b.district_id = t.district_id AND b.id = t.book_id
        LEFT JOIN account d ON d.district_id = t.district_id AND d.id = t.debit_account_id
        LEFT JOIN account c ON c.district_id = t.district_id AND c.id = t.credit_account_id
        WHERE (:district = 0 OR e.district_id = :district)
    )
"""
_OTHER_EVENTS = """
    SELECT 'other_event' AS name, events AS counted FROM compared_event
    UNION ALL SELECT 'other_posted', agreeing FROM compared_event
"""

SELDOM_POSTED = (Tally(_OTHER_EVENTS, f"other_event AS ({_REST}), {_COMPARED_EVENTS}"),)

# Together they leave no event unposted and no posting without its event: keys are unique, so that as many
# right postings as events, and no other postings than these, are all of both.
_ALL_POSTED = (
    ("invoice", "income_posted", "income_posting"),
    ("invoice_with_vat", "vat_posted", "vat_posting"),
    ("payment", "payment_posted", "payment_posting"),
    ("allocation", "allocation_posted", "allocation_posting"),
    ("other_event", "other_posted", "other_posting"),
)

# A debt is its line less credits and allocations; those of an invoice are what was posted on 1210 of it, if
# its lines add up to it, its credit notes are of its lines, and nothing else was posted there.
_DEBTS_POSTED = (
    *_ALL_POSTED,
    *LINES_AGREE,
    ("invoice", "invoice_adding_up"),
    ("credit_note", "credit_note_adding_up"),
    ("credit_note_line", "credit_note_line_of_invoice"),
    ("stray_debt_posting", NONE),
)

CHECKS = (
    Check(
        "posting_differs",
        ("source_kind", "source_id", "position", "expected", "found"),
        """
        SELECT e.district_id, e.source_kind AS source_kind, e.source_id AS source_id,
               e.position AS position, e.amount AS expected, t.amount AS found
        FROM expected e
        LEFT JOIN transfer t ON t.district_id = e.district_id AND t.source_id = e.source_id
             AND t.source_kind = e.source_kind AND t.position = e.position
        LEFT JOIN book b ON b.district_id = t.district_id AND b.id = t.book_id
        LEFT JOIN account d ON d.district_id = t.district_id AND d.id = t.debit_account_id
        LEFT JOIN account c ON c.district_id = t.district_id AND c.id = t.credit_account_id
        WHERE (:district = 0 OR e.district_id = :district)
          AND (t.id IS NULL OR t.amount <> e.amount OR t.posted_on <> e.posted_on
               OR d.code <> e.debit OR c.code <> e.credit
               OR b.enterprise_id IS NULL OR b.enterprise_id <> e.enterprise_id)
        """,
        _EXPECTED,
        equal=_ALL_POSTED,
    ),
    Check(
        "posting_without_source",
        ("source_kind", "source_id", "position", "found"),
        """
        SELECT t.district_id, t.source_kind AS source_kind, t.source_id AS source_id,
               t.position AS position, t.amount AS found
        FROM transfer t
        JOIN book b ON b.district_id = t.district_id AND b.id = t.book_id AND b.kind = 'enterprise'
        LEFT JOIN expected e ON e.district_id = t.district_id AND e.source_id = t.source_id
             AND e.source_kind = t.source_kind AND e.position = t.position
        WHERE (:district = 0 OR t.district_id = :district)
          AND e.source_id IS NULL AND t.source_kind NOT IN ('manual', 'statement')
        """,
        _EXPECTED,
        equal=_ALL_POSTED,
    ),
    Check(
        "reversal_differs",
        ("source_kind", "source_id", "expected", "found"),
        """
        SELECT t.district_id, t.source_kind AS source_kind, t.source_id AS source_id,
               o.amount AS expected, t.amount AS found
        FROM transfer t
        JOIN transfer o ON o.district_id = t.district_id AND o.id = t.reverses_id
        JOIN account td ON td.district_id = t.district_id AND td.id = t.debit_account_id
        JOIN account tc ON tc.district_id = t.district_id AND tc.id = t.credit_account_id
        JOIN account od ON od.district_id = o.district_id AND od.id = o.debit_account_id
        JOIN account oc ON oc.district_id = o.district_id AND oc.id = o.credit_account_id
        WHERE (:district = 0 OR t.district_id = :district) AND t.reverses_id IS NOT NULL
          AND (t.book_id <> o.book_id OR t.amount <> o.amount OR t.source_id <> o.source_id
               OR td.code <> oc.code OR tc.code <> od.code)
        """,
    ),
    # Account 1210 invoice by invoice: the debts of customers, whatever moved the account.
    Check(
        "receivables_account",
        ("invoice_id", "expected", "found"),
        """
        SELECT district_id, invoice_id, SUM(open_amount) AS expected, SUM(posted) AS found
        FROM (
            SELECT district_id, invoice_id, open_amount, 0 AS posted FROM receivable
            UNION ALL
            SELECT t.district_id, t.invoice_id, 0, t.amount
            FROM transfer t JOIN account a ON a.district_id = t.district_id AND a.id = t.debit_account_id
            WHERE a.code = '1210'
            UNION ALL
            SELECT t.district_id, t.invoice_id, 0, -t.amount
            FROM transfer t JOIN account a ON a.district_id = t.district_id AND a.id = t.credit_account_id
            WHERE a.code = '1210'
        ) both_sides
        WHERE (:district = 0 OR district_id = :district)
        GROUP BY district_id, invoice_id
        HAVING SUM(open_amount) <> SUM(posted)
        """,
        equal=_DEBTS_POSTED,
    ),
    Check(
        "advances_account",
        ("enterprise_id", "expected", "found"),
        """
        SELECT district_id, enterprise_id, SUM(open_amount) AS expected, SUM(posted) AS found
        FROM (
            SELECT district_id, enterprise_id, open_amount, 0 AS posted FROM advance
            UNION ALL
            SELECT t.district_id, b.enterprise_id, 0, t.amount
            FROM transfer t
            JOIN account a ON a.district_id = t.district_id AND a.id = t.credit_account_id
            JOIN book b ON b.district_id = t.district_id AND b.id = t.book_id
            WHERE a.code = '3510'
            UNION ALL
            SELECT t.district_id, b.enterprise_id, 0, -t.amount
            FROM transfer t
            JOIN account a ON a.district_id = t.district_id AND a.id = t.debit_account_id
            JOIN book b ON b.district_id = t.district_id AND b.id = t.book_id
            WHERE a.code = '3510'
        ) both_sides
        WHERE (:district = 0 OR district_id = :district)
        GROUP BY district_id, enterprise_id
        HAVING SUM(open_amount) <> SUM(posted)
        """,
        equal=(("advances_differing", NONE),),
    ),
)
