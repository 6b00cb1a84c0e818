"""Archived documents on the wire: the PDF as it was issued."""

from uuid import UUID

from flask import Response, request
from werkzeug.wrappers import Response as WerkzeugResponse

from billing.access.models import Role
from billing.archive.models import DocumentKind
from billing.archive.service import fetch
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.files import BINARY, PDF, file_answer
from billing.web.transaction import current_session

# A document shows what lists mask: the customer's IIN and address.
READERS = (Role.CLERK, Role.CASHIER, Role.ACCOUNTANT, Role.AUDITOR, Role.ADMIN)

blp = Blueprint("documents", __name__, url_prefix="/api/v1/documents", description="Issued documents.")


@blp.get("/<any(invoice,credit_note,completion_act,cash_order):kind>/<uuid:subject_id>")
@requires(*READERS)
@blp.response(200, BINARY, content_type=PDF)
def show_document(kind: str, subject_id: UUID) -> WerkzeugResponse:
    """The PDF of an invoice, a credit note, an act or a payment's cash order, as it was issued."""
    return document_answer(DocumentKind(kind), subject_id)


def document_answer(kind: DocumentKind, subject_id: UUID) -> WerkzeugResponse:
    """An archived document as an answer; its ETag is the SHA-256 of its bytes, for they never change.

    Raises:
        NotFound: there is no such document in the caller's district.
        DocumentDamaged: its bytes are not the archived ones.
    """
    document, content = fetch(current_session(), kind, subject_id)
    answer: Response = file_answer(content, PDF, document.file_name)
    answer.set_etag(document.sha256)
    return answer.make_conditional(request)
