"""A customer's statement: every document once, and always his debt less his advances at the end."""

import io
from datetime import date

import pytest
from pypdf import PdfReader

from billing.districts.models import EnterpriseForm
from billing.invoicing.credit_notes import issue_credit_note
from billing.kernel.checks import EndsBeforeStart
from billing.kernel.dates import Month
from billing.kernel.errors import NotFound
from billing.kernel.money import ZERO, Money
from billing.payments.models import PaymentMethod
from billing.payments.service import refund, reverse_payment
from billing.payments.statements.documents import render_statement
from billing.payments.statements.service import Operation, statement_of, statement_table
from billing.receivables import service as receivables
from tests.support.billing import make_contract, make_invoice, open_for_business, pay
from tests.support.catalog import make_service
from tests.support.customers import make_customer, make_organisation

T = Money.tenge
YEAR = {"first_day": date(2026, 1, 1), "last_day": date(2026, 12, 31)}


@pytest.fixture
def office(session):
    """An enterprise with a service of 1,000 tenge a month."""
    enterprise = open_for_business(session)
    return enterprise, make_service(session, enterprise.id)


def stands(session, enterprise, customer):
    """What he owes less what he has paid ahead."""
    return receivables.debt_of(session, enterprise.id, customer.id) - receivables.advance_of(
        session, enterprise.id, customer.id
    )


def lived_through(session, office):
    """A customer with an invoice, a credit note, an overpayment, a refund, a reversal, another invoice."""
    enterprise, service = office
    customer = make_customer(session)
    contract = make_contract(session, enterprise, customer, (service, "3"))
    invoice = make_invoice(session, contract, Month(2026, 2))
    issue_credit_note(
        session,
        invoice.id,
        issued_on=date(2026, 3, 2),
        reason="Жарты ай",
        amounts={receivables.open_lines(session, enterprise.id, customer.id)[0].invoice_line_id: T(500)},
    )
    payment = pay(session, enterprise.id, customer.id, 2600, received_on=date(2026, 3, 5))
    refund(
        session,
        payment.id,
        amount=T(100),
        method=PaymentMethod.BANK,
        refunded_on=date(2026, 3, 6),
        reason="Артық",
    )
    wrong = pay(
        session, enterprise.id, customer.id, 700, received_on=date(2026, 3, 7), method=PaymentMethod.CASH
    )
    reverse_payment(session, wrong.id, reversed_on=date(2026, 3, 8), reason="Қате")
    make_invoice(session, contract, Month(2026, 3))
    return customer


def test_every_document_stands_once_with_the_balance_after_it(session, office):
    """Invoice, credit note, payment, refund, payment and its reversal, next invoice: 3,000 at the end."""
    customer = lived_through(session, office)

    statement = statement_of(session, office[0].id, customer.id, **YEAR)

    assert [
        (row.operation, row.document_number, str(row.debit), str(row.credit), str(row.balance))
        for row in statement.rows
    ] == [
        (Operation.INVOICE, 1, "3000.00", "0.00", "3000.00"),
        (Operation.CREDIT_NOTE, 1, "0.00", "500.00", "2500.00"),
        (Operation.PAYMENT, None, "0.00", "2600.00", "-100.00"),
        (Operation.REFUND, None, "100.00", "0.00", "0.00"),
        (Operation.PAYMENT, 1, "0.00", "700.00", "-700.00"),
        (Operation.PAYMENT_REVERSAL, 1, "700.00", "0.00", "0.00"),
        (Operation.INVOICE, 2, "3000.00", "0.00", "3000.00"),
    ]
    assert (statement.opening, statement.debit, statement.credit) == (ZERO, T(6800), T(3800))
    assert statement.closing == T(3000) == stands(session, office[0], customer)


def test_what_was_before_the_period_is_its_opening_balance(session, office):
    """From 6 March: opens with 100 paid ahead, and closes as the whole year does."""
    customer = lived_through(session, office)

    statement = statement_of(
        session, office[0].id, customer.id, first_day=date(2026, 3, 6), last_day=date(2026, 3, 7)
    )

    assert statement.opening == T(-100)
    assert [row.operation for row in statement.rows] == [Operation.REFUND, Operation.PAYMENT]
    assert statement.closing == T(-700)
    table = statement_table(statement)
    assert [row.values["balance"] for row in table.rows] == [T(-100), ZERO, T(-700)]
    assert table.totals == {"debit": T(100), "credit": T(700), "balance": T(-700)}


def test_a_payment_for_another_stands_in_both_statements(session, office):
    """The school pays the kindergarten's invoice: both statements end with what each owes or has ahead."""
    enterprise, service = office
    school = make_organisation(session, 601)
    kindergarten = make_organisation(session, 602, name="«Балабақша» КМҚК", payer_id=school.id)
    contract = make_contract(session, enterprise, kindergarten, (service, "4"))
    make_invoice(session, contract)
    payment = pay(session, enterprise.id, school.id, 4500)

    of_school = statement_of(session, enterprise.id, school.id, **YEAR)
    of_kindergarten = statement_of(session, enterprise.id, kindergarten.id, **YEAR)

    assert [(row.operation, row.debit, row.credit) for row in of_school.rows] == [
        (Operation.PAYMENT, ZERO, T(4500)),
        (Operation.PAID_FOR_ANOTHER, T(4000), ZERO),
    ]
    assert [(row.operation, row.document_number, row.credit) for row in of_kindergarten.rows] == [
        (Operation.INVOICE, 1, ZERO),
        (Operation.PAID_BY_ANOTHER, 1, T(4000)),
    ]
    assert of_school.closing == T(-500) == stands(session, enterprise, school)
    assert of_kindergarten.closing == ZERO == stands(session, enterprise, kindergarten)

    reverse_payment(session, payment.id, reversed_on=date(2026, 5, 1), reason="Қате")

    of_school = statement_of(session, enterprise.id, school.id, **YEAR)
    of_kindergarten = statement_of(session, enterprise.id, kindergarten.id, **YEAR)
    assert of_school.closing == ZERO == stands(session, enterprise, school)
    assert of_kindergarten.closing == T(4000) == stands(session, enterprise, kindergarten)


def test_another_enterprise_s_documents_stay_out(session, office):
    """A customer of two enterprises has two statements."""
    customer = lived_through(session, office)
    other = open_for_business(session, 2)
    assert other.form is EnterpriseForm.ECONOMIC_MANAGEMENT

    assert statement_of(session, other.id, customer.id, **YEAR).rows == []


def test_nobody_s_statement_and_a_period_backwards_are_refused(session, office):
    """Neither is a statement of zeros."""
    customer = make_customer(session)
    with pytest.raises(NotFound):
        statement_of(session, office[0].id, office[0].id, **YEAR)
    with pytest.raises(EndsBeforeStart):
        statement_of(
            session, office[0].id, customer.id, first_day=date(2026, 1, 2), last_day=date(2026, 1, 1)
        )


def test_the_printed_statement_reads_back_and_repeats_to_the_byte(session, office):
    """Both sides, the documents and the closing debt stand on paper; the same statement, the same bytes."""
    customer = lived_through(session, office)
    statement = statement_of(session, office[0].id, customer.id, **YEAR)

    content = render_statement(session, statement, drawn_on=date(2026, 4, 1))

    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    assert customer.account_number in text
    assert "№ 000002" in text
    assert "с.Боранкул" in text  # where he lives, not his street alone
    assert "Без договора" not in text  # of his contracts it names none, and denies none
    assert "3 000,00" in text.replace("\u00a0", " ").replace("\u202f", " ")
    assert render_statement(session, statement, drawn_on=date(2026, 4, 1)) == content
