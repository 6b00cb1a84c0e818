"""Checks of the money that providers hold: account 1020, and the batches in which they pay it over."""

from billing.verification.checks import NONE, Check

CHECKS = (
    # 1020 is what providers have not paid over, less what they have not taken back; other entries aside.
    Check(
        "in_transit_account",
        ("enterprise_id", "expected", "found"),
        """
        SELECT district_id, enterprise_id, SUM(expected) AS expected, SUM(found) AS found
        FROM (
            SELECT p.district_id, p.enterprise_id, p.amount AS expected, 0 AS found
            FROM payment p
            LEFT JOIN settled_payment s ON s.district_id = p.district_id AND s.payment_id = p.id
            WHERE p.method IN ('card', 'provider') AND s.payment_id IS NULL
            UNION ALL
            SELECT r.district_id, r.enterprise_id, -r.amount, 0
            FROM refund r
            JOIN transfer t ON t.district_id = r.district_id AND t.source_id = r.id
                 AND t.source_kind = 'refund'
            LEFT JOIN settled_return x ON x.district_id = t.district_id AND x.transfer_id = t.id
            WHERE r.method IN ('card', 'provider') AND x.transfer_id IS NULL
            UNION ALL
            SELECT p.district_id, p.enterprise_id, -p.amount, 0
            FROM payment_reversal v
            JOIN payment p ON p.district_id = v.district_id AND p.id = v.payment_id
            JOIN transfer t ON t.district_id = p.district_id AND t.source_id = p.id
                 AND t.source_kind = 'payment' AND t.reverses_id IS NOT NULL
            LEFT JOIN settled_return x ON x.district_id = t.district_id AND x.transfer_id = t.id
            WHERE p.method IN ('card', 'provider') AND x.transfer_id IS NULL
            UNION ALL
            SELECT t.district_id, b.enterprise_id, 0,
                   CASE WHEN d.code = '1020' THEN t.amount ELSE -t.amount END
            FROM transfer t
            JOIN book b ON b.district_id = t.district_id AND b.id = t.book_id AND b.kind = 'enterprise'
            JOIN account d ON d.district_id = t.district_id AND d.id = t.debit_account_id
            JOIN account c ON c.district_id = t.district_id AND c.id = t.credit_account_id
            LEFT JOIN statement_match m ON m.district_id = t.district_id AND m.id = t.source_id
                 AND t.source_kind = 'statement'
            WHERE (d.code = '1020' OR c.code = '1020')
              AND (t.source_kind IN ('payment', 'refund') OR m.kind = 'provider_batch')
        ) lines
        WHERE (:district = 0 OR district_id = :district)
        GROUP BY district_id, enterprise_id
        HAVING SUM(expected) <> SUM(found)
        """,
        equal=(("held_differing", NONE),),
    ),
    # What a live batch took from 1020 is what its payments come to, less what was taken back with it.
    Check(
        "provider_batch_differs",
        ("match_id", "expected", "found"),
        """
        SELECT district_id, match_id, SUM(expected) AS expected, SUM(found) AS found
        FROM (
            SELECT s.district_id, s.match_id, p.amount AS expected, 0 AS found
            FROM settled_payment s
            JOIN payment p ON p.district_id = s.district_id AND p.id = s.payment_id
            UNION ALL
            SELECT s.district_id, s.match_id, -t.amount, 0
            FROM settled_return s
            JOIN transfer t ON t.district_id = s.district_id AND t.id = s.transfer_id
            UNION ALL
            SELECT m.district_id, m.id, 0, CASE WHEN c.code = '1020' THEN t.amount ELSE -t.amount END
            FROM statement_match m
            JOIN transfer t ON t.district_id = m.district_id AND t.source_id = m.id
                 AND t.source_kind = 'statement'
            JOIN account d ON d.district_id = t.district_id AND d.id = t.debit_account_id
            JOIN account c ON c.district_id = t.district_id AND c.id = t.credit_account_id
            WHERE m.kind = 'provider_batch' AND (d.code = '1020' OR c.code = '1020')
        ) lines
        WHERE (:district = 0 OR district_id = :district)
        GROUP BY district_id, match_id
        HAVING SUM(expected) <> SUM(found)
        """,
    ),
    # What was paid by card is in the books under its order's number, with the sum that the bank took.
    Check(
        "card_payment_differs",
        ("order_number", "expected", "found"),
        """
        SELECT c.district_id, c.order_number, COALESCE(c.told_amount, c.amount) AS expected,
               p.amount AS found
        FROM card_payment c
        JOIN provider v ON v.district_id = c.district_id AND v.id = c.provider_id
        JOIN payment p ON p.district_id = c.district_id AND p.id = c.payment_id
        WHERE (:district = 0 OR c.district_id = :district)
          AND (p.channel <> v.code OR COALESCE(p.outside_id, '') <> c.order_number
               OR p.amount NOT IN (c.amount, COALESCE(c.told_amount, c.amount)))
        """,
    ),
    Check(
        "statement_posting_without_match",
        ("source_id", "found"),
        """
        SELECT t.district_id, t.source_id AS source_id, t.amount AS found
        FROM transfer t
        LEFT JOIN statement_match m ON m.district_id = t.district_id AND m.id = t.source_id
        WHERE (:district = 0 OR t.district_id = :district)
          AND t.source_kind = 'statement' AND m.id IS NULL
        """,
    ),
    # A signed day's receipts and registry are what the accountant vouched for.
    Check(
        "signed_day_changed",
        ("channel", "day", "expected", "found"),
        """
        SELECT district_id, channel, day, SUM(signed) AS expected, SUM(told) AS found
        FROM (
            SELECT s.district_id, v.code AS channel, s.day AS day,
                   o.receipt_sum + o.registry_sum AS signed, 0 AS told
            FROM signed_day s
            JOIN day_sign_off o ON o.district_id = s.district_id AND o.id = s.sign_off_id
            JOIN provider v ON v.district_id = s.district_id AND v.id = s.provider_id
            UNION ALL
            SELECT s.district_id, v.code, s.day, 0, p.amount
            FROM signed_day s
            JOIN provider v ON v.district_id = s.district_id AND v.id = s.provider_id
            JOIN payment p ON p.district_id = v.district_id AND p.channel = v.code
                 AND p.received_on = s.day AND p.method IN ('card', 'provider')
            LEFT JOIN payment_reversal r ON r.district_id = p.district_id AND r.payment_id = p.id
            LEFT JOIN settled_payment t ON t.district_id = p.district_id AND t.payment_id = p.id
            WHERE r.payment_id IS NULL OR t.payment_id IS NOT NULL
            UNION ALL
            SELECT s.district_id, v.code, s.day, 0, g.amount
            FROM signed_day s
            JOIN provider v ON v.district_id = s.district_id AND v.id = s.provider_id
            JOIN registry_row g ON g.district_id = s.district_id AND g.provider_id = s.provider_id
                 AND g.paid_on = s.day
        ) lines
        WHERE (:district = 0 OR district_id = :district)
        GROUP BY district_id, channel, day
        HAVING SUM(signed) <> SUM(told)
        """,
    ),
)
