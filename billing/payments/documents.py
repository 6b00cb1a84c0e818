"""Prints the receipt of a payment, and the cash receipt order КО-1, which is archived when cash is taken."""

from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.archive import service as archive
from billing.archive.models import ArchivedDocument, DocumentKind
from billing.customers.account_links import PUBLIC_URL
from billing.customers.models import Customer
from billing.customers.service import get_customer
from billing.districts.models import SignatoryRole
from billing.districts.service import get_enterprise
from billing.districts.signatories import signatories_on
from billing.invoicing.documents import (
    customer_party,
    enterprise_party,
    languages_for,
    number_text,
    signatory,
)
from billing.invoicing.models import Invoice, InvoiceLine
from billing.kernel.i18n import Language, label, text
from billing.kernel.money import Money
from billing.ledger.chart import ADVANCES, CASH
from billing.orders.facts import customer_at_home, enterprise_facts, signatory_facts
from billing.payments.models import Payment
from invoices import cash_order, payment_receipt
from invoices.values import (
    CashOrderDocument,
    FiscalReceipt,
    LocalText,
    Party,
    PaymentReceiptDocument,
    SettledLine,
    Signatory,
)

ALMATY = ZoneInfo("Asia/Almaty")


def archive_cash_order(session: Session, payment: Payment) -> ArchivedDocument:
    """Render the КО-1 of a cash payment and keep its bytes."""
    assert payment.cash_order_number is not None
    return archive.archive(
        session,
        DocumentKind.CASH_ORDER,
        payment.id,
        file_name=f"cash-order-{payment.cash_order_year}-{number_text(payment.cash_order_number)}.pdf",
        content=cash_order.render(_cash_order(session, payment)),
        template_version=cash_order.TEMPLATE_VERSION,
    )


def _cash_order(session: Session, payment: Payment) -> CashOrderDocument:
    assert payment.cash_order_number is not None
    customer = get_customer(session, payment.customer_id)
    signs = _signatories(session, payment)
    return CashOrderDocument(
        number=number_text(payment.cash_order_number),
        drawn_on=payment.received_on,
        organisation=_organisation(session, payment),
        received_from=LocalText.same(payment.payer_name or customer.name),
        basis=_basis(payment, customer),
        amount=payment.amount.tiyn,
        debit_account=CASH,
        credit_account=ADVANCES,
        chief_accountant=signs[SignatoryRole.CHIEF_ACCOUNTANT],
        cashier=signs[SignatoryRole.CASHIER],
        fiscal=_fiscal(payment),
        languages=languages_for(customer.language.value),
    )


def _basis(payment: Payment, customer: Customer) -> LocalText:
    """What the money is for: the invoices settled, or the personal account."""
    numbers = ", ".join(number_text(step["invoice_number"]) for step in payment.explanation)
    if numbers:
        return _local("document.basis_invoices", numbers=numbers)
    return _local("document.basis_account", account=customer.account_number)


def _local(code: str, **facts: object) -> LocalText:
    return LocalText(**{language.value: text(code, language, **facts) for language in Language})


def _organisation(session: Session, payment: Payment) -> Party:
    return enterprise_party(enterprise_facts(get_enterprise(session, payment.enterprise_id)))


def _signatories(session: Session, payment: Payment) -> dict[SignatoryRole, Signatory]:
    appointed = signatories_on(session, payment.enterprise_id, payment.received_on)
    return {role: signatory(signatory_facts(appointed.get(role))) for role in SignatoryRole}


def _fiscal(payment: Payment) -> FiscalReceipt | None:
    if payment.fiscal_number is None or payment.register_number is None:
        return None
    at = payment.fiscal_at.astimezone(ALMATY) if payment.fiscal_at is not None else None
    return FiscalReceipt(payment.fiscal_number, payment.register_number, at)


def render_receipt(session: Session, payment: Payment) -> bytes:
    """A payment's receipt as PDF: what it settled when it was received, why in that order, what remained.

    The sums are those frozen with the payment, so the receipt printed again says the same after any later
    payment, credit note or reversal. Rendered when asked for: taking money must not wait for a PDF.
    """
    customer = get_customer(session, payment.customer_id)
    settled = _settled(session, payment)
    spent = sum(line.amount for line in settled)
    person = customer_party(customer_at_home(session, customer))
    document = PaymentReceiptDocument(
        number=receipt_number(payment),
        received_on=payment.received_on,
        organisation=_organisation(session, payment),
        payer=Party(name=LocalText.same(payment.payer_name)) if payment.payer_name else person,
        customer=person if payment.payer_name else None,
        account_number=customer.account_number,
        means=LocalText(**{each.value: label(payment.method, each) for each in Language}),
        amount=payment.amount.tiyn,
        settled=settled,
        advance=payment.amount.tiyn - spent,
        why=_why(payment),
        debt_after=payment.debt_after.tiyn,
        fiscal=_fiscal(payment),
        link=verification_link(session, payment.id),
        cashier=_signatories(session, payment)[SignatoryRole.CASHIER],
        languages=languages_for(customer.language.value),
    )
    return payment_receipt.render(document)


def verification_link(session: Session, paper_id: UUID) -> str:
    """The address of the public page that says whether a paper holds; empty where the server has none."""
    base = session.info.get(PUBLIC_URL, "")
    return f"{base}/verify/{paper_id}" if base else ""


def receipt_number(payment: Payment) -> str:
    """What a receipt is called by: the random end of the payment's id."""
    return str(payment.id)[-12:].upper()


def _settled(session: Session, payment: Payment) -> tuple[SettledLine, ...]:
    """What the payment settled when it was received, in the order of its explanation."""
    sums = {
        UUID(line["invoice_line_id"]): Money.parse(line["amount"])
        for step in payment.explanation
        for line in step["lines"]
    }
    rows = session.execute(
        select(InvoiceLine, Invoice.issued_on, Invoice.number)
        .join(
            Invoice,
            (Invoice.district_id == InvoiceLine.district_id) & (Invoice.id == InvoiceLine.invoice_id),
        )
        .where(InvoiceLine.id.in_(sums))
    ).all()
    found = {row.InvoiceLine.id: row for row in rows}
    return tuple(
        SettledLine(
            invoice_number=number_text(found[line_id].number),
            invoice_issued_on=found[line_id].issued_on,
            name=_name(found[line_id].InvoiceLine),
            amount=amount.tiyn,
        )
        for line_id, amount in sums.items()
    )


def _name(line: InvoiceLine) -> LocalText:
    return LocalText(line.name_kk, line.name_ru, line.name_en)


def _why(payment: Payment) -> LocalText:
    """The order of allocation in words; empty where nothing was owed."""
    reasons = {step["reason"] for step in payment.explanation}
    if not reasons:
        return LocalText()
    return _local("document.why_named" if "named" in reasons else "document.why_oldest_debt")
