"""The act of completed work (form Р-1) as PDF, made of what the act froze and nothing else."""

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from billing.archive.models import DocumentKind
from billing.archive.service import archive
from billing.kernel.i18n import label
from billing.kernel.shown import Language
from billing.orders.models import CompletionAct
from invoices import act as form
from invoices.values import (
    BY_HAND,
    ActDocument,
    ActLine,
    ContractReference,
    LocalText,
    Party,
    Signatory,
)


def archive_act(session: Session, act: CompletionAct) -> None:
    """Render an act and archive it under its own id."""
    archive(
        session,
        DocumentKind.COMPLETION_ACT,
        act.id,
        file_name=f"act-{act.year}-{act.number:06d}.pdf",
        content=form.render(act_document(act)),
        template_version=form.TEMPLATE_VERSION,
    )


def act_document(act: CompletionAct) -> ActDocument:
    """The values of form Р-1 for an act: its own columns and its facts, as they were at completion."""
    facts = act.facts
    line = ActLine(
        name=_texts(facts["service"], "name"),
        performed_from=act.completed_on,
        unit=LocalText(*(label(act.unit, language) for language in Language)),
        quantity=act.quantity,
        unit_price=act.unit_price.tiyn,
        amount=act.amount.tiyn,
    )
    return ActDocument(
        number=str(act.number),
        drawn_on=act.completed_on,
        customer=_customer(facts["customer"]),
        executor=_executor(facts["executor"]),
        lines=(line,),
        contract=_contract(facts["contract"]),
        executor_signatory=_signatory(facts["signatory"]),
        customer_signatory=_acceptor(facts["customer"]),
        accepted_on=act.completed_on,
    )


def _executor(facts: dict[str, Any]) -> Party:
    return Party(
        name=_texts(facts, "name"),
        tax_id=facts["bin"],
        address=_texts(facts, "address"),
        phone=facts["phone"] or "",
    )


def _customer(facts: dict[str, Any]) -> Party:
    return Party(
        name=LocalText.same(facts["name"]),
        tax_id=facts["iin_bin"] or "",
        is_person=facts["is_person"],
        address=_texts(facts, "address"),
    )


def _acceptor(facts: dict[str, Any]) -> Signatory:
    # A resident accepts the work himself; who does for an organisation is written by hand.
    return Signatory(name=facts["name"]) if facts["is_person"] else BY_HAND


def _signatory(facts: dict[str, str] | None) -> Signatory:
    return BY_HAND if facts is None else Signatory(_texts(facts, "position"), facts["name"])


def _contract(facts: dict[str, str] | None) -> ContractReference | None:
    if facts is None:
        return None
    return ContractReference(facts["number"], date.fromisoformat(facts["signed_on"]))


def _texts(facts: dict[str, Any], name: str) -> LocalText:
    return LocalText(facts[f"{name}_kk"], facts[f"{name}_ru"], facts.get(f"{name}_en", ""))
