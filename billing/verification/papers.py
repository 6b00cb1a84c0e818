"""Checks of numbers and papers: no gap, every document archived, nothing billed twice or forgotten."""

from billing.verification.checks import NONE, Check, Tally
from billing.verification.debts import LINES_AGREE

_NUMBERED = """
    WITH numbered AS (
        SELECT district_id, enterprise_id, 'invoice' AS series, year, number FROM invoice
        UNION ALL SELECT district_id, enterprise_id, 'credit_note', year, number FROM credit_note
        UNION ALL SELECT district_id, enterprise_id, 'act', year, number FROM completion_act
        UNION ALL SELECT district_id, enterprise_id, 'order', year, number FROM service_order
        UNION ALL SELECT district_id, enterprise_id, 'cash_order', cash_order_year, cash_order_number
                  FROM payment WHERE cash_order_number IS NOT NULL
    )
"""

# Numbers are unique: as many as the last one says, none below one, leave no gap.
_NUMBERS = """
    SELECT 'series_broken' AS name, COUNT(*) AS counted
    FROM (
        SELECT district_id
        FROM (
            SELECT district_id, enterprise_id, 'invoice' AS series, year, COUNT(*) AS numbers,
                   MIN(number) AS first, MAX(number) AS last, 0 AS given
            FROM invoice GROUP BY district_id, enterprise_id, year
            UNION ALL
            SELECT district_id, enterprise_id, 'credit_note', year, COUNT(*), MIN(number), MAX(number), 0
            FROM credit_note GROUP BY district_id, enterprise_id, year
            UNION ALL
            SELECT district_id, enterprise_id, 'act', year, COUNT(*), MIN(number), MAX(number), 0
            FROM completion_act GROUP BY district_id, enterprise_id, year
            UNION ALL
            SELECT district_id, enterprise_id, 'order', year, COUNT(*), MIN(number), MAX(number), 0
            FROM service_order GROUP BY district_id, enterprise_id, year
            UNION ALL
            SELECT district_id, enterprise_id, 'cash_order', cash_order_year, COUNT(*),
                   MIN(cash_order_number), MAX(cash_order_number), 0
            FROM payment WHERE cash_order_number IS NOT NULL
            GROUP BY district_id, enterprise_id, cash_order_year
            UNION ALL
            SELECT district_id, enterprise_id, series, year, 0, 1, 0, last_number
            FROM number_series
            WHERE series IN ('invoice', 'credit_note', 'act', 'order', 'cash_order')
        ) both_sides
        WHERE (:district = 0 OR district_id = :district)
        GROUP BY district_id, enterprise_id, series, year
        HAVING SUM(numbers) <> SUM(last) OR SUM(given) <> SUM(last) OR MIN(first) < 1
    ) broken
"""

# A document has one paper at most.
_ARCHIVED = """
    SELECT 'paper' AS name, COUNT(*) AS counted
    FROM invoice WHERE (:district = 0 OR district_id = :district)
    UNION ALL
    SELECT 'paper', COUNT(*) FROM credit_note WHERE (:district = 0 OR district_id = :district)
    UNION ALL
    SELECT 'paper', COUNT(*) FROM completion_act WHERE (:district = 0 OR district_id = :district)
    UNION ALL
    SELECT 'paper', COUNT(*)
    FROM payment
    WHERE (:district = 0 OR district_id = :district) AND cash_order_number IS NOT NULL
    UNION ALL
    SELECT 'paper_archived', COUNT(*)
    FROM invoice s
    JOIN archived_document d ON d.district_id = s.district_id AND d.kind = 'invoice' AND d.subject_id = s.id
    WHERE (:district = 0 OR s.district_id = :district)
    UNION ALL
    SELECT 'paper_archived', COUNT(*)
    FROM credit_note s
    JOIN archived_document d
      ON d.district_id = s.district_id AND d.kind = 'credit_note' AND d.subject_id = s.id
    WHERE (:district = 0 OR s.district_id = :district)
    UNION ALL
    SELECT 'paper_archived', COUNT(*)
    FROM completion_act s
    JOIN archived_document d
      ON d.district_id = s.district_id AND d.kind = 'completion_act' AND d.subject_id = s.id
    WHERE (:district = 0 OR s.district_id = :district)
    UNION ALL
    SELECT 'paper_archived', COUNT(*)
    FROM payment s
    JOIN archived_document d
      ON d.district_id = s.district_id AND d.kind = 'cash_order' AND d.subject_id = s.id
    WHERE (:district = 0 OR s.district_id = :district) AND s.cash_order_number IS NOT NULL
"""

PAPERS = (Tally(_NUMBERS), Tally(_ARCHIVED))

CHECKS = (
    Check(
        "number_gap",
        ("series", "year", "number", "last"),
        """
        SELECT district_id, series, year, previous + 1 AS number, number - 1 AS last
        FROM (
            SELECT district_id, series, year, number,
                   LAG(number, 1, 0) OVER (
                       PARTITION BY district_id, enterprise_id, series, year ORDER BY number
                   ) AS previous
            FROM numbered
            WHERE (:district = 0 OR district_id = :district)
        ) pairs
        WHERE number <> previous + 1
        """,
        _NUMBERED,
        equal=(("series_broken", NONE),),
    ),
    Check(
        "number_series",
        ("series", "year", "number", "last"),
        """
        SELECT district_id, series, year, SUM(given) AS number, SUM(counted) AS last
        FROM (
            SELECT district_id, enterprise_id, series, year, MAX(number) AS given, 0 AS counted
            FROM numbered GROUP BY district_id, enterprise_id, series, year
            UNION ALL
            SELECT district_id, enterprise_id, series, year, 0, last_number FROM number_series
            WHERE series IN ('invoice', 'credit_note', 'act', 'order', 'cash_order')
        ) both_sides
        WHERE (:district = 0 OR district_id = :district)
        GROUP BY district_id, enterprise_id, series, year
        HAVING SUM(given) <> SUM(counted)
        """,
        _NUMBERED,
        equal=(("series_broken", NONE),),
    ),
    # A run that is not finished has papers before it.
    Check(
        "document_missing",
        ("series", "year", "number"),
        """
        SELECT s.district_id, s.kind AS series, s.year AS year, s.number AS number
        FROM (
            SELECT district_id, 'invoice' AS kind, id, year, number FROM invoice
            UNION ALL SELECT district_id, 'credit_note', id, year, number FROM credit_note
            UNION ALL SELECT district_id, 'completion_act', id, year, number FROM completion_act
            UNION ALL SELECT district_id, 'cash_order', id, cash_order_year, cash_order_number FROM payment
                      WHERE cash_order_number IS NOT NULL
        ) s
        LEFT JOIN archived_document d
               ON d.district_id = s.district_id AND d.kind = s.kind AND d.subject_id = s.id
        WHERE (:district = 0 OR s.district_id = :district) AND d.id IS NULL
          AND NOT EXISTS (
              SELECT 1 FROM billing_run_invoice b
              JOIN billing_run r ON r.district_id = b.district_id AND r.id = b.run_id
              WHERE b.district_id = s.district_id AND b.invoice_id = s.id AND r.stage <> 'finished'
          )
        """,
        equal=(("paper", "paper_archived"),),
    ),
    # As long as a line is not credited as a whole it holds its act or its contract's month.
    Check(
        "billed_differs",
        ("year", "number", "position"),
        """
        SELECT l.district_id, i.year AS year, i.number AS number, l.position AS position
        FROM invoice_line l
        JOIN invoice i ON i.district_id = l.district_id AND i.id = l.invoice_id
        LEFT JOIN receivable r ON r.district_id = l.district_id AND r.invoice_line_id = l.id
        LEFT JOIN billed_act a ON a.district_id = l.district_id AND a.invoice_line_id = l.id
        LEFT JOIN billed_period p ON p.district_id = l.district_id AND p.invoice_line_id = l.id
        WHERE (:district = 0 OR l.district_id = :district)
          AND ((a.act_id IS NULL AND p.contract_id IS NULL AND COALESCE(r.credited, 0) < l.total)
               OR a.act_id <> l.act_id OR (a.act_id IS NOT NULL AND l.act_id IS NULL)
               OR (p.contract_id IS NOT NULL
                   AND (l.period IS NULL OR p.period <> l.period OR p.service_id <> l.service_id
                        OR i.contract_id IS NULL OR p.contract_id <> i.contract_id)))
        """,
        equal=LINES_AGREE,
    ),
    Check(
        "order_state",
        ("year", "number", "state"),
        """
        SELECT o.district_id, o.year AS year, o.number AS number, o.state AS state
        FROM service_order o
        LEFT JOIN completion_act c ON c.district_id = o.district_id AND c.order_id = o.id
        LEFT JOIN billed_act b ON b.district_id = c.district_id AND b.act_id = c.id
        WHERE (:district = 0 OR o.district_id = :district)
          AND ((o.state IN ('completed', 'invoiced')) <> (c.id IS NOT NULL)
               OR (o.state = 'invoiced') <> (b.act_id IS NOT NULL))
        """,
    ),
)
