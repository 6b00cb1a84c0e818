"""Receipt books of tests: a cashier who holds one, and what stands on its leaves."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from billing.access.models import Role, User
from billing.kernel.money import Money
from billing.payments.receipt_books import service as books
from billing.payments.receipt_books.models import ReceiptBook
from tests.support.web import make_user

ISSUED_ON = date(2026, 4, 1)
TAKEN_AT = datetime(2026, 4, 10, 6, 30, tzinfo=UTC)  # 11:30 on the wall
NOW = datetime(2026, 4, 20, 4, tzinfo=UTC)


def make_cashier(session: Session, login: str = "cashier") -> User:
    """A cashier of the district."""
    return make_user(session, login, Role.CASHIER, name="Сәуле")


def make_book(session: Session, enterprise_id: UUID, cashier: User, **options: Any) -> ReceiptBook:
    """Numbers 1 to 5 of series А, handed to a cashier."""
    facts: dict[str, Any] = {"series": "А", "first_number": 1, "last_number": 5, "issued_on": ISSUED_ON}
    return books.issue_book(session, enterprise_id, cashier_id=cashier.id, **(facts | options))


def paper(customer_id: UUID, tenge: int | str = 580, **options: Any) -> books.PaperReceipt:
    """A leaf that says 580 tenge, taken on 10 April 2026."""
    facts: dict[str, Any] = {"fiscal_number": "700", "register_number": "010101234567", "taken_at": TAKEN_AT}
    return books.PaperReceipt(customer_id, Money.tenge(tenge), **(facts | options))


def make_troubled_book(session: Session, enterprise_id: UUID, customer_id: UUID) -> ReceiptBook:
    """A book of which the first number was told of two payments."""
    book = make_book(session, enterprise_id, make_cashier(session, "saule"))
    for tenge in (580, 999):
        receipt = paper(customer_id, tenge)
        books.enter_receipt(session, book.id, 1, receipt, now=NOW, as_accountant=True)
    return book
