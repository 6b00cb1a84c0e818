"""Prints invoices and credit notes from what was frozen at issue, and archives them."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from billing.archive import service as archive
from billing.archive.models import ArchivedDocument, DocumentKind
from billing.catalog.models import Unit
from billing.customers.account_links import PUBLIC_URL, account_link
from billing.invoicing.issued import IssuedInvoice, IssuedLine
from billing.invoicing.models import CreditNote, Invoice, InvoiceLine
from billing.kernel.i18n import Language, label
from billing.kernel.money import Money
from invoices import credit_note, invoice
from invoices.values import (
    BY_HAND,
    BankDetails,
    ContractReference,
    CreditNoteDocument,
    InvoiceDocument,
    Line,
    LocalText,
    Party,
    PersonalAccount,
    Signatory,
)

PERCENT = Decimal(100)  # basis points in a percent
# As it is being written, or as it was read.
AnyInvoice = Invoice | IssuedInvoice
AnyLine = InvoiceLine | IssuedLine

ENGLISH = ("en",)
BOTH = ("kk", "ru")


def number_text(number: int) -> str:
    """A document's number as it is printed and as people type it: ``000123``."""
    return f"{number:06d}"


def payment_link(session: Session, issued: AnyInvoice) -> str:
    """The address of the public page on which an invoice can be paid; empty where the server has none.

    It opens the customer's account. Invoices from before such links lead to a page of their own, as printed.
    """
    base = session.info.get(PUBLIC_URL, "")
    if not base:
        return ""
    account = issued.facts["account"]
    if "link_serial" not in account:
        return f"{base}/pay/{issued.id}"
    return account_link(session, account["number"], account["link_serial"])


def archive_invoices(session: Session, issued: Sequence[tuple[AnyInvoice, Sequence[AnyLine]]]) -> None:
    """Print invoices, each on its own, and keep them."""
    archive.archive_all(
        session,
        DocumentKind.INVOICE,
        invoice.render,
        [_paper(each) for each, _ in issued],
        (invoice_document(each, lines, payment_link(session, each)) for each, lines in issued),
    )


def draw_invoice(
    session: Session, issued: tuple[AnyInvoice, Sequence[AnyLine]]
) -> tuple[archive.Issued, bytes]:
    """An invoice's paper as ``archive_invoices`` keeps it."""
    each, lines = issued
    return _paper(each), invoice.render(invoice_document(each, lines, payment_link(session, each)))


def _paper(issued: AnyInvoice) -> archive.Issued:
    return archive.Issued(
        issued.id,
        file_name=f"invoice-{issued.year}-{number_text(issued.number)}.pdf",
        template_version=invoice.TEMPLATE_VERSION,
    )


def archive_credit_note(
    session: Session,
    note: CreditNote,
    credited: Invoice,
    lines: Sequence[tuple[InvoiceLine, Money, Money]],
) -> ArchivedDocument:
    """Render a credit note and keep its bytes.

    Args:
        lines: the credited lines with (amount, VAT within it).
    """
    return archive.archive(
        session,
        DocumentKind.CREDIT_NOTE,
        note.id,
        file_name=f"credit-note-{note.year}-{number_text(note.number)}.pdf",
        content=credit_note.render(_credit_note_document(note, credited, lines)),
        template_version=credit_note.TEMPLATE_VERSION,
    )


def invoice_document(issued: AnyInvoice, lines: Sequence[AnyLine], link: str) -> InvoiceDocument:
    """An invoice's values for printing: only what was frozen, so that equal rows give equal bytes."""
    facts = issued.facts
    return InvoiceDocument(
        number=number_text(issued.number),
        issued_on=issued.issued_on,
        due_on=issued.due_on,
        supplier=enterprise_party(facts["supplier"]),
        bank=_bank(facts),
        buyer=customer_party(facts["buyer"]),
        payer=customer_party(facts["payer"]) if facts["payer"] else None,
        contract=contract_reference(facts["contract"]),
        lines=tuple(_invoice_line(line) for line in lines),
        account=_account(facts["account"]),
        payment_link=link,
        executor=signatory(facts["executor"]),
        languages=languages_for(facts["buyer"]["language"]),
    )


def _credit_note_document(
    note: CreditNote, credited: Invoice, lines: Sequence[tuple[InvoiceLine, Money, Money]]
) -> CreditNoteDocument:
    facts = credited.facts
    return CreditNoteDocument(
        number=number_text(note.number),
        issued_on=note.issued_on,
        invoice_number=number_text(credited.number),
        invoice_issued_on=credited.issued_on,
        supplier=enterprise_party(facts["supplier"]),
        buyer=customer_party(facts["buyer"]),
        contract=contract_reference(facts["contract"]),
        lines=tuple(
            Line(
                name=LocalText(line.name_kk, line.name_ru, line.name_en),
                code=line.service_code,
                amount=amount.tiyn,
                vat_rate=_percent(line.vat_rate_bp),
                vat=vat.tiyn,
            )
            for line, amount, vat in lines
        ),
        reason=LocalText.same(note.reason),
        account_number=facts["account"]["number"],
        executor=signatory(facts["executor"]),
        languages=languages_for(facts["buyer"]["language"]),
    )


def languages_for(language: str) -> tuple[str, ...]:
    """Kazakh and Russian on one page, or English alone for whoever reads neither."""
    return ENGLISH if language == "en" else BOTH


def enterprise_party(facts: Mapping[str, Any]) -> Party:
    """The enterprise as it was frozen."""
    return Party(
        name=LocalText(facts["name_kk"], facts["name_ru"]),
        tax_id=facts["bin"],
        address=LocalText(facts["address_kk"], facts["address_ru"]),
        phone=facts["phone"] or "",
    )


def customer_party(facts: Mapping[str, Any]) -> Party:
    """A customer as it was frozen."""
    return Party(
        name=LocalText.same(facts["name"]),
        tax_id=facts["iin_bin"] or "",
        is_person=facts["is_person"],
        address=LocalText(facts["address_kk"], facts["address_ru"]),
    )


def contract_reference(facts: Mapping[str, Any] | None) -> ContractReference | None:
    """The contract as it was frozen; None for «Без договора»."""
    if facts is None:
        return None
    return ContractReference(facts["number"], date.fromisoformat(facts["signed_on"]))


def signatory(facts: Mapping[str, Any] | None) -> Signatory:
    """Who signs, or a line to sign by hand."""
    if facts is None:
        return BY_HAND
    return Signatory(LocalText(facts["position_kk"], facts["position_ru"]), facts["name"])


def _bank(facts: Mapping[str, Any]) -> BankDetails:
    bank = facts["bank"]
    return BankDetails(
        iban=bank["iban"],
        bic=bank["bic"],
        bank_name=LocalText(bank["name_kk"], bank["name_ru"]),
        kbe=bank["kbe"],
        knp=facts["knp"],
    )


def _account(facts: Mapping[str, Any]) -> PersonalAccount:
    return PersonalAccount(
        number=facts["number"],
        period_from=date.fromisoformat(facts["period_from"]),
        period_to=date.fromisoformat(facts["period_to"]),
        opening=facts["opening"],
        charged=facts["charged"],
        benefit=facts["benefit"],
        paid=facts["paid"],
        closing=facts["closing"],
        adjusted=facts["adjusted"],
    )


def _invoice_line(line: AnyLine) -> Line:
    return Line(
        name=LocalText(line.name_kk, line.name_ru, line.name_en),
        code=line.service_code,
        quantity=line.quantity,
        unit=_unit(line.unit),
        unit_price=line.unit_price.tiyn,
        benefit=line.benefit.tiyn,
        amount=line.total.tiyn,
        vat_rate=_percent(line.vat_rate_bp),
        vat=line.vat.tiyn,
    )


@cache
def _unit(unit: Unit) -> LocalText:
    return LocalText(**{language: label(unit, language) for language in Language})


def _percent(rate_bp: int | None) -> Decimal | None:
    return None if rate_bp is None else Decimal(rate_bp) / PERCENT
