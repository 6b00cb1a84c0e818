"""Prints the reconciliation statement (акт сверки взаимных расчётов) of a customer."""

from datetime import date

from sqlalchemy.orm import Session

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
from billing.kernel.i18n import Language, label
from billing.orders.facts import customer_at_home, enterprise_facts, signatory_facts
from billing.payments.statements.service import Statement, StatementRow
from invoices import reconciliation_statement
from invoices.values import LocalText, ReconciliationDocument, ReconciliationRow


def render_statement(session: Session, statement: Statement, *, drawn_on: date) -> bytes:
    """A customer's statement as PDF, to be signed by both sides.

    Args:
        drawn_on: the day on which it is drawn up; it is part of its number too.

    Raises:
        NotFound: no such enterprise.
    """
    customer = statement.customer
    enterprise = get_enterprise(session, statement.enterprise_id)
    head = signatories_on(session, enterprise.id, drawn_on).get(SignatoryRole.HEAD)
    document = ReconciliationDocument(
        number=f"{customer.account_number}-{drawn_on:%Y%m%d}",
        drawn_on=drawn_on,
        period_from=statement.first_day,
        period_to=statement.last_day,
        organisation=enterprise_party(enterprise_facts(enterprise)),
        counterparty=customer_party(customer_at_home(session, customer)),
        opening=statement.opening.tiyn,
        rows=tuple(_row(row) for row in statement.rows),
        account_number=customer.account_number,
        organisation_signatory=signatory(signatory_facts(head)),
        languages=languages_for(customer.language.value),
    )
    return reconciliation_statement.render(document)


def _row(row: StatementRow) -> ReconciliationRow:
    number = "" if row.document_number is None else f"№ {number_text(row.document_number)}"
    return ReconciliationRow(
        on=row.happened_on,
        document=LocalText.same(number),
        operation=LocalText(**{language.value: label(row.operation, language) for language in Language}),
        debit=row.debit.tiyn,
        credit=row.credit.tiyn,
    )
