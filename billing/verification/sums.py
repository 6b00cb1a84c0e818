"""Checks of sums: payments, open lines, documents and their lines, contractors' ceilings."""

from billing.verification.checks import Check
from billing.verification.debts import LINES_AGREE

CHECKS = (
    # A payment is what it settles, what is left ahead, and what was given back; a reversed one is nothing.
    Check(
        "payment_not_covered",
        ("payment_id", "expected", "found"),
        """
        SELECT p.district_id, p.id AS payment_id,
               CASE WHEN r.payment_id IS NULL THEN p.amount ELSE 0 END AS expected,
               COALESCE(a.amount, 0) + COALESCE(v.open_amount, 0) + COALESCE(f.amount, 0) AS found
        FROM payment p
        LEFT JOIN payment_reversal r ON r.district_id = p.district_id AND r.payment_id = p.id
        LEFT JOIN advance v ON v.district_id = p.district_id AND v.payment_id = p.id
        LEFT JOIN (SELECT district_id, payment_id, SUM(amount) AS amount FROM allocation
                   GROUP BY district_id, payment_id) a
               ON a.district_id = p.district_id AND a.payment_id = p.id
        LEFT JOIN (SELECT district_id, payment_id, SUM(amount) AS amount FROM refund
                   GROUP BY district_id, payment_id) f
               ON f.district_id = p.district_id AND f.payment_id = p.id
        WHERE (:district = 0 OR p.district_id = :district)
          AND CASE WHEN r.payment_id IS NULL THEN p.amount ELSE 0 END
              <> COALESCE(a.amount, 0) + COALESCE(v.open_amount, 0) + COALESCE(f.amount, 0)
        """,
        equal=(("payment", "payment_covered"),),
    ),
    Check(
        "advance_of_another",
        ("payment_id",),
        """
        SELECT p.district_id, p.id AS payment_id
        FROM payment p JOIN advance v ON v.district_id = p.district_id AND v.payment_id = p.id
        WHERE (:district = 0 OR p.district_id = :district)
          AND (v.customer_id <> p.customer_id OR v.enterprise_id <> p.enterprise_id
               OR v.received_on <> p.received_on)
        """,
        equal=(("payment", "payment_owned"),),
    ),
    Check(
        "open_amount",
        ("year", "number", "position", "expected", "found"),
        """
        SELECT l.district_id, i.year AS year, i.number AS number, l.position AS position,
               l.total - COALESCE(c.amount, 0) - COALESCE(a.amount, 0) AS expected, r.open_amount AS found
        FROM invoice_line l
        JOIN invoice i ON i.district_id = l.district_id AND i.id = l.invoice_id
        LEFT JOIN receivable r ON r.district_id = l.district_id AND r.invoice_line_id = l.id
        LEFT JOIN (SELECT district_id, invoice_line_id, SUM(amount) AS amount FROM credit_note_line
                   GROUP BY district_id, invoice_line_id) c
               ON c.district_id = l.district_id AND c.invoice_line_id = l.id
        LEFT JOIN (SELECT district_id, invoice_line_id, SUM(amount) AS amount FROM allocation
                   GROUP BY district_id, invoice_line_id) a
               ON a.district_id = l.district_id AND a.invoice_line_id = l.id
        WHERE (:district = 0 OR l.district_id = :district) AND l.total > 0
          AND (r.invoice_line_id IS NULL OR r.total <> l.total
               OR r.open_amount <> l.total - COALESCE(c.amount, 0) - COALESCE(a.amount, 0))
        """,
        equal=LINES_AGREE,
    ),
    Check(
        "open_vat",
        ("year", "number", "position", "expected", "found"),
        """
        SELECT l.district_id, i.year AS year, i.number AS number, l.position AS position,
               l.vat - COALESCE(c.vat, 0) - COALESCE(a.vat, 0) AS expected, r.open_vat AS found
        FROM invoice_line l
        JOIN invoice i ON i.district_id = l.district_id AND i.id = l.invoice_id
        JOIN receivable r ON r.district_id = l.district_id AND r.invoice_line_id = l.id
        LEFT JOIN (SELECT district_id, invoice_line_id, SUM(vat) AS vat FROM credit_note_line
                   GROUP BY district_id, invoice_line_id) c
               ON c.district_id = l.district_id AND c.invoice_line_id = l.id
        LEFT JOIN (SELECT district_id, invoice_line_id, SUM(vat) AS vat FROM allocation
                   GROUP BY district_id, invoice_line_id) a
               ON a.district_id = l.district_id AND a.invoice_line_id = l.id
        WHERE (:district = 0 OR l.district_id = :district)
          AND r.open_vat <> l.vat - COALESCE(c.vat, 0) - COALESCE(a.vat, 0)
        """,
        equal=LINES_AGREE,
    ),
    Check(
        "credited",
        ("year", "number", "position", "expected", "found"),
        """
        SELECT r.district_id, r.invoice_year AS year, r.invoice_number AS number, r.position AS position,
               COALESCE(c.amount, 0) AS expected, r.credited AS found
        FROM receivable r
        LEFT JOIN (SELECT district_id, invoice_line_id, SUM(amount) AS amount FROM credit_note_line
                   GROUP BY district_id, invoice_line_id) c
               ON c.district_id = r.district_id AND c.invoice_line_id = r.invoice_line_id
        WHERE (:district = 0 OR r.district_id = :district) AND r.credited <> COALESCE(c.amount, 0)
        """,
        equal=LINES_AGREE,
    ),
    Check(
        "receivable_of_another",
        ("year", "number", "position"),
        """
        SELECT l.district_id, i.year AS year, i.number AS number, l.position AS position
        FROM receivable r
        JOIN invoice_line l ON l.district_id = r.district_id AND l.id = r.invoice_line_id
        JOIN invoice i ON i.district_id = l.district_id AND i.id = l.invoice_id
        WHERE (:district = 0 OR r.district_id = :district)
          AND (r.invoice_id <> i.id OR r.customer_id <> i.customer_id OR r.enterprise_id <> i.enterprise_id
               OR r.invoice_year <> i.year OR r.invoice_number <> i.number OR r.position <> l.position
               OR r.issued_on <> i.issued_on OR r.due_on <> i.due_on
               OR r.service_id <> l.service_id OR r.revenue_code <> l.revenue_code)
        """,
        equal=LINES_AGREE,
    ),
    Check(
        "release_differs",
        ("payment_id", "expected", "found"),
        """
        SELECT a.district_id, a.payment_id AS payment_id, -o.amount AS expected, a.amount AS found
        FROM allocation a
        JOIN allocation o ON o.district_id = a.district_id AND o.id = a.reverses_id
        WHERE (:district = 0 OR a.district_id = :district) AND a.reverses_id IS NOT NULL
          AND (a.amount <> -o.amount OR a.vat <> -o.vat OR a.payment_id <> o.payment_id
               OR a.invoice_line_id <> o.invoice_line_id)
        """,
    ),
    Check(
        "invoice_total",
        ("year", "number", "expected", "found"),
        """
        SELECT i.district_id, i.year AS year, i.number AS number, l.total AS expected, i.total AS found
        FROM invoice i
        LEFT JOIN (SELECT district_id, invoice_id, SUM(total) AS total, SUM(vat) AS vat FROM invoice_line
                   GROUP BY district_id, invoice_id) l
               ON l.district_id = i.district_id AND l.invoice_id = i.id
        WHERE (:district = 0 OR i.district_id = :district)
          AND (l.total IS NULL OR i.total <> l.total OR i.vat <> l.vat)
        """,
        equal=(("invoice", "invoice_adding_up"),),
    ),
    Check(
        "credit_note_total",
        ("year", "number", "expected", "found"),
        """
        SELECT n.district_id, n.year AS year, n.number AS number, l.amount AS expected, n.total AS found
        FROM credit_note n
        LEFT JOIN (SELECT district_id, credit_note_id, SUM(amount) AS amount, SUM(vat) AS vat
                   FROM credit_note_line GROUP BY district_id, credit_note_id) l
               ON l.district_id = n.district_id AND l.credit_note_id = n.id
        WHERE (:district = 0 OR n.district_id = :district)
          AND (l.amount IS NULL OR n.total <> l.amount OR n.vat <> l.vat)
        """,
        equal=(("credit_note", "credit_note_adding_up"),),
    ),
    Check(
        "contractor_used",
        ("contract", "expected", "found"),
        """
        SELECT c.district_id, c.number AS contract, COALESCE(w.cost, 0) AS expected, c.used AS found
        FROM contractor_contract c
        LEFT JOIN (SELECT district_id, contractor_contract_id, SUM(cost) AS cost FROM work_done
                   WHERE contractor_contract_id IS NOT NULL
                   GROUP BY district_id, contractor_contract_id) w
               ON w.district_id = c.district_id AND w.contractor_contract_id = c.id
        WHERE (:district = 0 OR c.district_id = :district) AND c.used <> COALESCE(w.cost, 0)
        """,
    ),
)
