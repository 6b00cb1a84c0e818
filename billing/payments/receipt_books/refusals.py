"""What may be refused about receipt books."""

from billing.kernel.errors import InvalidInput, RuleViolation


class InvalidNumbers(InvalidInput):
    """No range of a book: from 1 up, in order, not too many; a short series. Facts: ``field``."""

    code = "invalid_receipt_numbers"


class ReceiptNumbersTaken(RuleViolation):
    """Another book of the enterprise has some of these numbers. Facts: ``series``, ``first``, ``last``."""

    code = "receipt_numbers_taken"


class NotACashier(RuleViolation):
    """Books are handed to cashiers and accountants of the district. Facts: ``name``."""

    code = "not_a_cashier"


class BookOfAnother(RuleViolation):
    """Only who holds a book, or an accountant, enters what was taken with it. Facts: ``book_id``."""

    code = "receipt_book_of_another"


class BookReturned(RuleViolation):
    """The book was handed back: an accountant accounts for its numbers now. Facts: ``returned_on``."""

    code = "receipt_book_returned"


class NumberNotInBook(RuleViolation):
    """The book has no such number. Facts: ``field``, ``number``, ``first``, ``last``."""

    code = "receipt_number_not_in_book"


class NumberSpoiled(RuleViolation):
    """The number was declared spoiled. Facts: ``field``, ``number``, ``reason``."""

    code = "receipt_number_spoiled"


class NumberUsed(RuleViolation):
    """A payment was entered under the number. Facts: ``field``, ``number``, ``payment_id``."""

    code = "receipt_number_used"


class TakenOutsideOfBook(RuleViolation):
    """The cashier did not hold the book then. Facts: ``field``, ``day``, ``issued_on``."""

    code = "taken_outside_of_book"


class DoubleResolved(RuleViolation):
    """Somebody has looked into it already. Facts: ``double_id``."""

    code = "receipt_double_resolved"
