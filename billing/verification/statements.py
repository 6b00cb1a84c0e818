"""Checks of the bank against the books: each row explained or waiting, each balance proved, nothing twice."""

from billing.verification.checks import NONE, Check

# What a match's rows moved, and what the postings it claims did on the account they were seen on: 1030 of the
# enterprise whose account it is, or the budget's control cash account.
_MATCHES = """
    WITH shown AS (
        SELECT m.district_id, m.match_id,
               SUM(CASE WHEN r.direction = 'in' THEN r.amount ELSE -r.amount END) AS amount
        FROM matched_row m JOIN statement_row r ON r.district_id = m.district_id AND r.id = m.row_id
        GROUP BY m.district_id, m.match_id
    ), posted AS (
        SELECT m.district_id, m.match_id,
               SUM(CASE WHEN d.code = CASE b.kind WHEN 'bank' THEN '1030' ELSE 'ksn' END THEN t.amount
                        WHEN c.code = CASE b.kind WHEN 'bank' THEN '1030' ELSE 'ksn' END THEN -t.amount
                        ELSE 0 END) AS amount
        FROM matched_transfer m
        JOIN transfer t ON t.district_id = m.district_id AND t.id = m.transfer_id
        JOIN account d ON d.district_id = t.district_id AND d.id = t.debit_account_id
        JOIN account c ON c.district_id = t.district_id AND c.id = t.credit_account_id
        JOIN statement_match s ON s.district_id = m.district_id AND s.id = m.match_id
        JOIN bank_account b ON b.district_id = s.district_id AND b.id = s.bank_account_id
        JOIN book k ON k.district_id = t.district_id AND k.id = t.book_id
             AND (b.kind <> 'bank' OR k.enterprise_id = b.enterprise_id)
        GROUP BY m.district_id, m.match_id
    )
"""

# Every account's first and last balance, and what its rows moved between them.
_BALANCES = """
    WITH stated AS (
        SELECT district_id, bank_account_id, date_from, date_to, opening, closing
        FROM bank_statement WHERE opening IS NOT NULL
    ), span AS (
        SELECT district_id, bank_account_id,
               MIN(CASE WHEN opening IS NOT NULL THEN date_from END) AS first_day,
               MAX(CASE WHEN opening IS NOT NULL THEN date_to END) AS last_day,
               SUM(accepted_difference) AS accepted
        FROM bank_statement GROUP BY district_id, bank_account_id HAVING COUNT(opening) > 0
    ), moved AS (
        SELECT r.district_id, r.bank_account_id,
               SUM(CASE WHEN r.direction = 'in' THEN r.amount ELSE -r.amount END) AS amount
        FROM statement_row r
        JOIN span s ON s.district_id = r.district_id AND s.bank_account_id = r.bank_account_id
             AND r.booked_on >= s.first_day AND r.booked_on <= s.last_day
        GROUP BY r.district_id, r.bank_account_id
    )
"""

CHECKS = (
    Check(
        "match_not_balanced",
        ("match_id", "expected", "found"),
        """
        SELECT m.district_id, m.id AS match_id, COALESCE(s.amount, 0) AS expected,
               COALESCE(p.amount, 0) AS found
        FROM statement_match m
        LEFT JOIN shown s ON s.district_id = m.district_id AND s.match_id = m.id
        LEFT JOIN posted p ON p.district_id = m.district_id AND p.match_id = m.id
        LEFT JOIN match_undo u ON u.district_id = m.district_id AND u.match_id = m.id
        WHERE (:district = 0 OR m.district_id = :district) AND u.match_id IS NULL
          AND (s.match_id IS NULL OR s.amount <> COALESCE(p.amount, 0))
        """,
        _MATCHES,
    ),
    Check(
        "claim_of_undone_match",
        ("match_id",),
        """
        SELECT DISTINCT u.district_id, u.match_id AS match_id
        FROM match_undo u
        JOIN (
            SELECT district_id, match_id FROM matched_row
            UNION ALL SELECT district_id, match_id FROM matched_transfer
            UNION ALL SELECT district_id, match_id FROM settled_payment
            UNION ALL SELECT district_id, match_id FROM settled_return
        ) c ON c.district_id = u.district_id AND c.match_id = u.match_id
        WHERE (:district = 0 OR u.district_id = :district)
        """,
    ),
    # A row waits for a person exactly as long as no match explains it.
    Check(
        "row_unaccounted",
        ("row_id", "found"),
        """
        SELECT r.district_id, r.id AS row_id, r.amount AS found
        FROM statement_row r
        LEFT JOIN matched_row m ON m.district_id = r.district_id AND m.row_id = r.id
        LEFT JOIN row_exception e
               ON e.district_id = r.district_id AND e.row_id = r.id AND e.closed_on IS NULL
        WHERE (:district = 0 OR r.district_id = :district)
          AND (m.row_id IS NULL) = (e.row_id IS NULL)
        """,
    ),
    Check(
        "statement_rows_lost",
        ("file", "number", "last"),
        """
        SELECT s.district_id, s.file_name AS file, s.new_row_count AS number, COALESCE(r.count, 0) AS last
        FROM bank_statement s
        LEFT JOIN (SELECT district_id, statement_id, COUNT(*) AS count FROM statement_row
                   GROUP BY district_id, statement_id) r
               ON r.district_id = s.district_id AND r.statement_id = s.id
        WHERE (:district = 0 OR s.district_id = :district) AND s.new_row_count <> COALESCE(r.count, 0)
        """,
    ),
    # Several files may end on the same day, one of them at noon: it is enough that one pair of balances fits.
    Check(
        "statement_chain",
        ("iban", "day", "expected", "found"),
        """
        SELECT s.district_id, a.iban AS iban, s.last_day AS day, MAX(l.closing) AS expected,
               MIN(f.opening) + COALESCE(MAX(m.amount), 0) AS found
        FROM span s
        JOIN bank_account a ON a.district_id = s.district_id AND a.id = s.bank_account_id
        JOIN stated f ON f.district_id = s.district_id AND f.bank_account_id = s.bank_account_id
             AND f.date_from = s.first_day
        JOIN stated l ON l.district_id = s.district_id AND l.bank_account_id = s.bank_account_id
             AND l.date_to = s.last_day
        LEFT JOIN moved m ON m.district_id = s.district_id AND m.bank_account_id = s.bank_account_id
        WHERE (:district = 0 OR s.district_id = :district)
        GROUP BY s.district_id, s.bank_account_id, a.iban, s.last_day, s.accepted
        HAVING SUM(CASE WHEN l.closing - f.opening - COALESCE(m.amount, 0) IN (0, s.accepted)
                        THEN 1 ELSE 0 END) = 0
        """,
        _BALANCES,
    ),
    # What the bank's rows moved is what the books moved, but for the listed open items on either side.
    Check(
        "statement_not_proved",
        ("account", "expected", "found"),
        """
        SELECT district_id, account, SUM(shown) AS expected, SUM(posted) AS found
        FROM (
            SELECT r.district_id, b.kind, CASE b.kind WHEN 'bank' THEN b.enterprise_id END AS owner,
                   CASE b.kind WHEN 'bank' THEN '1030' ELSE 'ksn' END AS account,
                   CASE WHEN r.direction = 'in' THEN r.amount ELSE -r.amount END AS shown, 0 AS posted
            FROM statement_row r
            JOIN matched_row m ON m.district_id = r.district_id AND m.row_id = r.id
            JOIN bank_account b ON b.district_id = r.district_id AND b.id = r.bank_account_id
            WHERE b.kind = 'bank'
            UNION ALL
            SELECT r.district_id, 'ksn', NULL, 'ksn',
                   CASE WHEN r.direction = 'in' THEN r.amount ELSE -r.amount END, 0
            FROM statement_row r
            JOIN matched_row m ON m.district_id = r.district_id AND m.row_id = r.id
            JOIN bank_account b ON b.district_id = r.district_id AND b.id = r.bank_account_id
            WHERE b.kind <> 'bank'
            UNION ALL
            SELECT t.district_id, CASE b.kind WHEN 'bank' THEN 'bank' ELSE 'ksn' END, k.enterprise_id,
                   a.code, 0, CASE WHEN a.id = t.debit_account_id THEN t.amount ELSE -t.amount END
            FROM matched_transfer c
            JOIN statement_match s ON s.district_id = c.district_id AND s.id = c.match_id
            JOIN bank_account b ON b.district_id = s.district_id AND b.id = s.bank_account_id
            JOIN transfer t ON t.district_id = c.district_id AND t.id = c.transfer_id
            JOIN book k ON k.district_id = t.district_id AND k.id = t.book_id
            JOIN account a ON a.district_id = t.district_id
                 AND a.id IN (t.debit_account_id, t.credit_account_id)
                 AND a.code = CASE b.kind WHEN 'bank' THEN '1030' ELSE 'ksn' END
        ) both_sides
        WHERE (:district = 0 OR district_id = :district)
        GROUP BY district_id, kind, owner, account
        HAVING SUM(shown) <> SUM(posted)
        """,
    ),
    Check(
        "posted_without_match",
        ("source_kind", "source_id", "found"),
        """
        SELECT t.district_id, t.source_kind AS source_kind, t.source_id AS source_id, t.amount AS found
        FROM transfer t
        LEFT JOIN statement_match m ON m.district_id = t.district_id AND m.id = t.source_id
        LEFT JOIN match_undo u ON u.district_id = m.district_id AND u.match_id = m.id
        LEFT JOIN transfer x ON x.district_id = t.district_id AND x.reverses_id = t.id
        WHERE (:district = 0 OR t.district_id = :district)
          AND t.source_kind IN ('statement', 'arrival') AND t.reverses_id IS NULL
          AND CASE WHEN m.id IS NULL THEN t.source_kind = 'arrival'
                   ELSE (u.match_id IS NULL) <> (x.id IS NULL) END
        """,
    ),
    Check(
        "arrival_differs",
        ("match_id", "expected", "found"),
        """
        SELECT district_id, match_id, SUM(posted) AS expected, SUM(said) AS found
        FROM (
            SELECT district_id, source_id AS match_id,
                   CASE WHEN reverses_id IS NULL THEN amount ELSE -amount END AS posted, 0 AS said
            FROM transfer WHERE source_kind = 'arrival'
            UNION ALL SELECT district_id, match_id, 0, amount FROM revenue_arrival
        ) both_sides
        WHERE (:district = 0 OR district_id = :district)
        GROUP BY district_id, match_id
        HAVING SUM(posted) <> SUM(said)
        """,
    ),
    # Money in transit is fee by fee what was collected and has not arrived.
    Check(
        "transit_not_explained",
        ("expected", "found"),
        """
        SELECT district_id, SUM(due) AS expected, SUM(posted) AS found
        FROM (
            SELECT district_id, amount AS due, 0 AS posted FROM revenue_line
            UNION ALL SELECT district_id, -amount, 0 FROM revenue_arrival
            UNION ALL
            SELECT t.district_id, 0, CASE WHEN a.id = t.debit_account_id THEN t.amount ELSE -t.amount END
            FROM transfer t
            JOIN book b ON b.district_id = t.district_id AND b.id = t.book_id AND b.kind = 'budget'
            JOIN account a ON a.district_id = t.district_id
                 AND a.id IN (t.debit_account_id, t.credit_account_id) AND a.code = 'transit'
        ) both_sides
        WHERE (:district = 0 OR district_id = :district)
        GROUP BY district_id
        HAVING SUM(due) <> SUM(posted)
        """,
        equal=(("transit_differing", NONE),),
    ),
)
