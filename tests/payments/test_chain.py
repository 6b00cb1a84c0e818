"""The chain of one fee: charge, invoice, payment, allocation, revenue line; and every way back."""

from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.budget.models import RevenueLine
from billing.catalog.models import PayerCategory
from billing.customers.models import Customer
from billing.customers.service import CustomerDetails, get_contract, register_customer
from billing.invoicing import credit_notes, standing
from billing.invoicing.models import Invoice, InvoiceStatus
from billing.invoicing.service import lines_of
from billing.kernel.money import ZERO, Money
from billing.ledger.models import Account, Transfer
from billing.payments import service as payments
from billing.payments.models import Payment, PaymentMethod
from billing.receivables import service as receivables
from billing.receivables.service import AdvanceTooSmall
from tests.support.billing import APRIL_10, MARCH, make_contract, make_invoice, open_for_business, pay
from tests.support.catalog import make_service

APRIL_30 = date(2026, 4, 30)


def make_customer(session: Session, name: str = "Әлімбаева Гүлнұр") -> Customer:
    """A resident of the district."""
    return register_customer(session, CustomerDetails(category=PayerCategory.RESIDENT, name=name))


def balance(session: Session, code: str, fiscal_year: int = 0) -> Money:
    """Debits less credits of an account."""
    account = (
        select(Account.id).where(Account.code == code, Account.fiscal_year == fiscal_year).scalar_subquery()
    )
    debit = (
        session.scalar(select(func.sum(Transfer.amount)).where(Transfer.debit_account_id == account)) or ZERO
    )
    credit = (
        session.scalar(select(func.sum(Transfer.amount)).where(Transfer.credit_account_id == account)) or ZERO
    )
    return debit - credit


def revenue(session: Session, code: str = "206109") -> Money:
    """What stands on a revenue code."""
    return session.scalar(select(func.sum(RevenueLine.amount)).where(RevenueLine.code == code)) or ZERO


@pytest.fixture
def invoice(session: Session) -> Invoice:
    """An invoice of 1,160 tenge, 160 of them VAT, issued on 31 March and due on 20 April 2026."""
    enterprise = open_for_business(session, vat_from=date(2020, 1, 1))
    service = make_service(session, enterprise.id, price=Money.tenge(580))
    contract = make_contract(session, enterprise, make_customer(session), (service, "2"))
    return make_invoice(session, contract)


def test_a_fee_goes_from_the_invoice_to_its_revenue_line(session: Session, invoice: Invoice) -> None:
    """A payment in full settles the invoice; the net of VAT is revenue of the service's code."""
    assert (invoice.total, invoice.vat) == (Money.tenge(1160), Money.tenge(160))
    assert balance(session, "1210") == Money.tenge(1160)

    pay(session, invoice.enterprise_id, invoice.customer_id, 1160, method=PaymentMethod.CASH)

    assert standing.standing_of(session, invoice.id, today=APRIL_30).status is InvoiceStatus.PAID
    assert balance(session, "1010") == Money.tenge(1160)
    assert balance(session, "1210") == balance(session, "3510") == ZERO
    assert balance(session, "206109", 2026) == -Money.tenge(1000)
    assert balance(session, "transit") == Money.tenge(1000)
    line = session.scalars(select(RevenueLine)).one()
    assert (line.amount, line.code, str(line.month)) == (Money.tenge(1000), "206109", "2026-04")


def test_partial_payments_add_up_to_the_line_and_its_vat(session: Session, invoice: Invoice) -> None:
    """Three odd parts settle the line exactly: no tiyn of VAT is lost to rounding."""
    for part in ("333.33", "333.33", "493.34"):
        pay(session, invoice.enterprise_id, invoice.customer_id, part)

    assert standing.standing_of(session, invoice.id, today=APRIL_30).status is InvoiceStatus.PAID
    assert revenue(session) == Money.tenge(1000)


def test_an_overpayment_is_an_advance_that_the_next_invoice_consumes(
    session: Session, invoice: Invoice
) -> None:
    """What is left over waits as an advance and settles the next invoice when it is issued."""
    pay(session, invoice.enterprise_id, invoice.customer_id, 1500)
    assert receivables.advance_of(session, invoice.enterprise_id, invoice.customer_id) == Money.tenge(340)

    assert invoice.contract_id is not None
    contract = get_contract(session, invoice.contract_id)
    following = make_invoice(session, contract, MARCH.next())

    assert receivables.advance_of(session, invoice.enterprise_id, invoice.customer_id) == ZERO
    stands = standing.standing_of(session, following.id, today=APRIL_30)
    assert (stands.open_amount, stands.status) == (Money.tenge(820), InvoiceStatus.PARTLY_PAID)
    assert balance(session, "3510") == ZERO


def test_crediting_a_paid_invoice_turns_the_money_into_an_advance(session: Session, invoice: Invoice) -> None:
    """A paid invoice cannot vanish: its money becomes an advance, its revenue is taken back."""
    pay(session, invoice.enterprise_id, invoice.customer_id, 1160)

    credit_notes.issue_credit_note(session, invoice.id, issued_on=APRIL_30, reason="двойной счёт")

    assert standing.standing_of(session, invoice.id, today=APRIL_30).status is InvoiceStatus.CREDITED
    assert receivables.advance_of(session, invoice.enterprise_id, invoice.customer_id) == Money.tenge(1160)
    assert revenue(session) == ZERO
    assert balance(session, "1210") == balance(session, "6010") == balance(session, "3130") == ZERO


def test_crediting_a_part_leaves_the_rest_paid(session: Session, invoice: Invoice) -> None:
    """A credit of 290 of a paid 1,160 leaves 870 settled, 750 of them revenue, and 290 as an advance."""
    pay(session, invoice.enterprise_id, invoice.customer_id, 1160)
    [line] = lines_of(session, invoice.id)

    note = credit_notes.issue_credit_note(
        session, invoice.id, issued_on=APRIL_30, reason="скидка", amounts={line.id: Money.tenge(290)}
    )

    assert (note.total, note.vat) == (Money.tenge(290), Money.tenge(40))
    stands = standing.standing_of(session, invoice.id, today=APRIL_30)
    assert (stands.paid, stands.open_amount) == (Money.tenge(870), ZERO)
    assert revenue(session) == Money.tenge(750)
    assert balance(session, "3510") == -Money.tenge(290)


def test_a_refund_comes_out_of_the_advance_and_never_exceeds_it(session: Session, invoice: Invoice) -> None:
    """A tiyn more than the advance is refused and leaves no trace; the advance itself can be given back."""
    payment = pay(session, invoice.enterprise_id, invoice.customer_id, 1500)

    with pytest.raises(AdvanceTooSmall):
        refund(session, payment, "340.01")
    assert balance(session, "1030") == Money.tenge(1500)

    refund(session, payment, "340")
    assert balance(session, "1030") == Money.tenge(1160)
    assert balance(session, "3510") == ZERO


def refund(session: Session, payment: Payment, tenge: str) -> None:
    """Give money back to the bank account it came from."""
    payments.refund(
        session,
        payment.id,
        amount=Money.tenge(tenge),
        method=PaymentMethod.BANK,
        refunded_on=APRIL_30,
        reason="по заявлению",
    )


def test_reversing_a_payment_reverses_its_revenue_lines(session: Session, invoice: Invoice) -> None:
    """A wrong payment is undone on its own date: the debt is open again, nothing was deleted."""
    payment = pay(session, invoice.enterprise_id, invoice.customer_id, 1500)

    payments.reverse_payment(session, payment.id, reversed_on=APRIL_30, reason="чужой платёж")

    assert standing.standing_of(session, invoice.id, today=APRIL_10).status is InvoiceStatus.ISSUED
    assert revenue(session) == balance(session, "1030") == balance(session, "3510") == ZERO
    assert session.scalar(select(func.count()).select_from(RevenueLine)) == 2
    with pytest.raises(payments.PaymentReversed):
        payments.reverse_payment(session, payment.id, reversed_on=APRIL_30, reason="ещё раз")
