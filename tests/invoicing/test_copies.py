"""What an invoice says stays as it was said: its rows, its PDF, and every other fact of money."""

from datetime import date

import pytest
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from billing.archive.models import DocumentKind
from billing.archive.service import fetch
from billing.catalog import service as catalog
from billing.customers import service as customers
from billing.customers.account_links import PUBLIC_URL, account_link, revoke_links
from billing.districts import service as districts
from billing.districts.models import SignatoryRole
from billing.invoicing.documents import archive_invoices, invoice_document, number_text, payment_link
from billing.invoicing.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from billing.invoicing.service import get_invoice, lines_of
from billing.kernel.dates import Month
from billing.kernel.errors import AlreadyExists
from billing.kernel.money import Money
from billing.payments.models import Payment, PaymentReversal, Refund
from billing.receivables.models import Allocation
from invoices import invoice as paper
from tests.support.billing import APRIL_10, MARCH, credit, only_line, open_desk, refund, reverse
from tests.support.catalog import make_tariff
from tests.support.orders import make_resident

T = Money.tenge
MARCH_15 = date(2026, 3, 15)
APRIL = Month(2026, 4)


@pytest.fixture
def desk(session):
    """A desk whose customer has an address in the village."""
    return open_desk(session)


def everything_said(session, invoice_id):
    """The invoice's and its lines' columns as they lie in the database."""
    session.expire_all()
    rows = [
        session.execute(select(Invoice.__table__).where(Invoice.__table__.c.id == invoice_id)).one(),
        *session.execute(
            select(InvoiceLine.__table__)
            .where(InvoiceLine.__table__.c.invoice_id == invoice_id)
            .order_by(InvoiceLine.__table__.c.position)
        ),
    ]
    return [dict(row._mapping) for row in rows]


def rendered_again(session, invoice_id):
    """The PDF as the rows give it now."""
    session.expire_all()
    issued = get_invoice(session, invoice_id)
    document = invoice_document(issued, lines_of(session, invoice_id), payment_link(session, issued))
    return paper.render(document)


def change_everything(desk):
    """New names, addresses, prices, signatories, accounts and taxes for all that the invoice names."""
    session = desk.session
    details = customers.CustomerDetails(
        category=desk.customer.category,
        name="Жаңа Есім",
        street="Абай",
        house="99",
        payer_id=make_resident(session, 77).id,
    )
    customers.edit_customer(session, desk.customer.id, details, version=None)
    make_tariff(session, desk.service.id, price=T(9_999), valid_from=MARCH_15)
    service = catalog.get_service(session, desk.service.id)
    service.name_kk, service.name_ru, service.name_en = "Басқа", "Другое", "Other"
    enterprise = districts.get_enterprise(session, desk.enterprise.id)
    enterprise.name_kk, enterprise.name_ru = "Басқа КМК", "Другое КГП"
    enterprise.address_kk = enterprise.address_ru = "Ақтау"
    districts.appoint_signatory(
        session,
        enterprise.id,
        role=SignatoryRole.HEAD,
        name="Жаңаев Ж. Ж.",
        position_kk="Директор",
        position_ru="Директор",
        valid_from=MARCH_15,
    )
    session.flush()


def test_later_changes_do_not_reach_an_invoice(desk):
    """Customer, payer, service, tariff, enterprise and head change: rows and PDF stay to the last byte."""
    invoice = desk.issue()
    said = everything_said(desk.session, invoice.id)
    _, printed = fetch(desk.session, DocumentKind.INVOICE, invoice.id)

    change_everything(desk)

    assert everything_said(desk.session, invoice.id) == said
    assert fetch(desk.session, DocumentKind.INVOICE, invoice.id)[1] == printed
    assert rendered_again(desk.session, invoice.id) == printed


def test_payments_and_credits_do_not_reach_an_invoice(desk):
    """Paid, credited and refunded, the invoice says what it said; its PDF rendered again is the same."""
    invoice = desk.issue()
    said = everything_said(desk.session, invoice.id)
    _, printed = fetch(desk.session, DocumentKind.INVOICE, invoice.id)

    payment = desk.pay(2_000)
    credit(desk.session, invoice)
    refund(desk.session, payment, 100)

    assert everything_said(desk.session, invoice.id) == said
    assert rendered_again(desk.session, invoice.id) == printed


def test_an_invoice_is_printed_once(desk):
    """Its document is archived under its number, and a second one for it is refused."""
    invoice = desk.issue()

    document, content = fetch(desk.session, DocumentKind.INVOICE, invoice.id)

    assert document.file_name == f"invoice-2026-{number_text(1)}.pdf"
    assert content.startswith(b"%PDF-")
    with pytest.raises(AlreadyExists):
        archive_invoices(desk.session, [(invoice, lines_of(desk.session, invoice.id))])
    assert fetch(desk.session, DocumentKind.INVOICE, invoice.id) == (document, content)


FACTS = [Invoice, InvoiceLine, CreditNote, CreditNoteLine, Payment, Allocation, Refund, PaymentReversal]


def test_the_database_refuses_to_change_or_delete_a_fact(desk):
    """A hand in the database can neither change nor delete what was issued, paid or given back."""
    session = desk.session
    invoice = desk.issue()
    desk.pay(1_160)
    credit(session, invoice, {only_line(session, invoice).id: T(100)}, issued_on=APRIL_10)
    refund(session, desk.pay(50), 50)
    reverse(session, desk.pay(10))

    for model in FACTS:
        table = model.__table__
        before = session.execute(select(table).order_by(*table.primary_key)).all()
        assert before, table.name
        for statement in (update(table).values(district_id=table.c.district_id), delete(table)):
            with pytest.raises(DBAPIError, match=f"append_only: {table.name} "), session.begin_nested():
                session.execute(statement)
        assert session.execute(select(table).order_by(*table.primary_key)).all() == before


def test_the_database_refuses_a_second_invoice_with_a_number(desk):
    """Two invoices of one enterprise and year with one number cannot both lie in the database."""
    desk.issue()
    table = Invoice.__table__
    row = dict(desk.session.execute(select(table)).one()._mapping)

    with pytest.raises(DBAPIError), desk.session.begin_nested():
        desk.session.execute(insert(table).values(row | {"id": make_resident(desk.session, 5).id}))

    assert desk.session.scalar(select(func.count()).select_from(Invoice)) == 1


def test_an_invoice_keeps_its_link_when_links_are_revoked(desk):
    """It is printed again to the last byte as it was; the next invoice carries the new link."""
    desk.session.info[PUBLIC_URL] = "https://auyl.example"
    first = desk.issue(MARCH)
    _, printed = fetch(desk.session, DocumentKind.INVOICE, first.id)
    link = payment_link(desk.session, first)

    revoke_links(desk.session, desk.customer.id, reason="шот жоғалды")
    second = desk.issue(APRIL)

    assert link == account_link(desk.session, desk.customer.account_number, 0)
    assert payment_link(desk.session, first) == link
    assert payment_link(desk.session, second) == account_link(desk.session, desk.customer.account_number, 1)
    assert rendered_again(desk.session, first.id) == printed
