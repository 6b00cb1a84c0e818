"""Checks of receipt books: every number of a book that came back is accounted for, by one payment."""

from billing.verification.checks import Check

CHECKS = (
    # A number's payment is cash of the same enterprise, recorded under that number.
    Check(
        "receipt_leaf_differs",
        ("series", "number"),
        """
        SELECT l.district_id, l.series, l.number
        FROM receipt_leaf l
        JOIN payment p ON p.district_id = l.district_id AND p.id = l.payment_id
        WHERE (:district = 0 OR l.district_id = :district)
          AND (p.method <> 'cash' OR p.channel <> 'receipt_book' OR p.enterprise_id <> l.enterprise_id)
        """,
    ),
    Check(
        "receipt_number_missing",
        ("series", "number"),
        """
        SELECT l.district_id, l.series, l.number
        FROM receipt_leaf l
        JOIN receipt_book b ON b.district_id = l.district_id AND b.id = l.book_id
        WHERE (:district = 0 OR l.district_id = :district)
          AND b.returned_on IS NOT NULL AND l.settled_at IS NULL
        """,
    ),
    Check(
        "receipt_number_double",
        ("series", "number", "expected", "found"),
        """
        SELECT l.district_id, l.series, l.number, p.amount AS expected, d.amount AS found
        FROM receipt_double d
        JOIN receipt_leaf l ON l.district_id = d.district_id AND l.id = d.leaf_id
        JOIN payment p ON p.district_id = l.district_id AND p.id = l.payment_id
        WHERE (:district = 0 OR l.district_id = :district) AND d.resolved_at IS NULL
        """,
    ),
    # Cash that was entered from a book has its number there.
    Check(
        "receipt_without_leaf",
        ("payment_id", "found"),
        """
        SELECT p.district_id, p.id AS payment_id, p.amount AS found
        FROM payment p
        LEFT JOIN receipt_leaf l ON l.district_id = p.district_id AND l.payment_id = p.id
        WHERE (:district = 0 OR p.district_id = :district)
          AND p.channel = 'receipt_book' AND l.id IS NULL
        """,
    ),
)
