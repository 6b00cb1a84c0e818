"""Verification on the wire: what does not agree in the caller's district, and the closing of months."""

from typing import Any
from uuid import UUID

from billing.access.models import Role
from billing.kernel.clock import today
from billing.kernel.reporting import plain
from billing.ledger.api import BookOut
from billing.ledger.models import Book
from billing.ledger.service import get_book
from billing.verification.closing import close_month
from billing.verification.service import verify
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.fields import (
    BooleanField,
    FactsField,
    ListField,
    MonthField,
    NestedField,
    Schema,
    TextField,
)
from billing.web.language import reader_language
from billing.web.transaction import current_session

blp = Blueprint("verification", __name__, url_prefix="/api/v1", description="Recomputing everything.")
AUDITORS = (Role.ACCOUNTANT, Role.AKIM, Role.AUDITOR, Role.ADMIN)


class MonthIn(Schema):
    """A month to close."""

    month = MonthField(required=True)


class DifferenceOut(Schema):
    """Two things that should agree and do not."""

    code = TextField(60, required=True)
    detail = TextField(1000, required=True)
    facts = FactsField(required=True)


class VerificationOut(Schema):
    """All differences of the district; none is what is wanted."""

    is_clean = BooleanField(required=True)
    differences = ListField(NestedField(DifferenceOut), dump_only=True, required=True)


@blp.get("/verification")
@requires(*AUDITORS)
@blp.response(200, VerificationOut)
def verify_district() -> dict[str, Any]:
    """Recompute sums, balances, numbers and archived documents, and name what does not agree."""
    language = reader_language()
    differences = [
        {
            "code": each.code,
            "detail": each.message(language),
            "facts": {name: plain(value) for name, value in each.facts.items()},
        }
        for each in verify(current_session())
    ]
    return {"is_clean": not differences, "differences": differences}


@blp.post("/books/<uuid:book_id>/closings")
@requires(Role.ACCOUNTANT)
@blp.arguments(MonthIn)
@blp.response(201, BookOut)
def close_books_month(body: dict[str, Any], book_id: UUID) -> Book:
    """Close the next month of a book, if everything agrees: nothing is posted into it any more."""
    close_month(current_session(), book_id, body["month"], today=today())
    return get_book(current_session(), book_id)
