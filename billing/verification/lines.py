"""The proof of invoice lines, for all checks that hold them against their invoice, debt and bill."""

# Every line once: as many agree in everything as there are lines, and as many debts are theirs as there are.
LINES_AGREE = """
    SELECT district_id
    FROM (
        SELECT l.district_id, COUNT(*) AS lines, COUNT(r.invoice_line_id) AS debts, 0 AS receivables,
               COUNT(CASE
                   WHEN (r.invoice_line_id IS NULL AND l.total = 0
                         OR r.total = l.total AND r.credited = COALESCE(n.amount, 0)
                            AND r.open_amount = l.total - COALESCE(n.amount, 0) - COALESCE(a.amount, 0)
                            AND r.open_vat = l.vat - COALESCE(n.vat, 0) - COALESCE(a.vat, 0)
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
                   THEN 1 END) AS agreeing
        FROM invoice_line l
        JOIN invoice i ON i.district_id = l.district_id AND i.id = l.invoice_id
        LEFT JOIN receivable r ON r.district_id = l.district_id AND r.invoice_line_id = l.id
        LEFT JOIN billed_act b ON b.district_id = l.district_id AND b.invoice_line_id = l.id
        LEFT JOIN billed_period p ON p.district_id = l.district_id AND p.invoice_line_id = l.id
        LEFT JOIN (SELECT district_id, invoice_line_id, SUM(amount) AS amount, SUM(vat) AS vat
                   FROM credit_note_line GROUP BY district_id, invoice_line_id) n
               ON n.district_id = l.district_id AND n.invoice_line_id = l.id
        LEFT JOIN (SELECT district_id, invoice_line_id, SUM(amount) AS amount, SUM(vat) AS vat
                   FROM allocation GROUP BY district_id, invoice_line_id) a
               ON a.district_id = l.district_id AND a.invoice_line_id = l.id
        WHERE (:district = 0 OR l.district_id = :district)
        GROUP BY l.district_id
        UNION ALL
        SELECT district_id, 0, 0, COUNT(*), 0
        FROM receivable
        WHERE (:district = 0 OR district_id = :district)
        GROUP BY district_id
    ) both_sides
    GROUP BY district_id
    HAVING SUM(agreeing) <> SUM(lines) OR SUM(debts) <> SUM(receivables)
"""
