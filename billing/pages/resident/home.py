"""A resident's first page after log-in: his account as the link on his invoice shows it, with his name."""

from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from billing.kernel.clock import today
from billing.pages.resident.account import account_facts, paper_answer
from billing.pages.resident.identity import resident, residents_only
from billing.payments.papers import PaperKind
from billing.web.transaction import current_session

blp = Blueprint("resident_home", __name__, url_prefix="/my")


@blp.get("/")
@residents_only()
def page() -> ResponseReturnValue:
    """Debt, invoices, payments and where they went, how to pay."""
    customer = resident().customer

    def address(kind: PaperKind, paper_id: UUID) -> str:
        return url_for("resident_home.paper", kind=kind.value, paper_id=paper_id)

    facts = account_facts(current_session(), customer, day=today(), paper=address)
    return render_template("resident/home.html", customer=customer, **facts)


@blp.get(f"/papers/<any({', '.join(PaperKind)}):kind>/<uuid:paper_id>.pdf")
@residents_only()
def paper(kind: str, paper_id: UUID) -> ResponseReturnValue:
    """An invoice, credit note or receipt of his own."""
    return paper_answer(current_session(), resident().customer, PaperKind(kind), paper_id)
