"""A customer's statement on the wire: as a report, a spreadsheet, and the paper both sides sign."""

from typing import Any
from uuid import UUID

from flask import Response

from billing.archive.api import READERS
from billing.kernel.clock import today
from billing.payments.statements.documents import render_statement
from billing.payments.statements.service import Statement, statement_of, statement_table
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.fields import IdField
from billing.web.files import BINARY, PDF, XLSX, file_answer
from billing.web.reports import PeriodArgs, ReportOut, report_answer, xlsx_answer
from billing.web.transaction import current_session

blp = Blueprint("statements", __name__, url_prefix="/api/v1/customers", description="Customers' statements.")


class StatementArgs(PeriodArgs):
    """With which enterprise, and in which period."""

    enterprise_id = IdField(required=True)


@blp.get("/<uuid:customer_id>/statement")
@requires(report=True)
@blp.arguments(StatementArgs, location="query")
@blp.response(200, ReportOut)
def show_statement(args: dict[str, Any], customer_id: UUID) -> dict[str, Any]:
    """Every document of a customer's account in a period, with the balance after it."""
    return report_answer(statement_table(_statement(args, customer_id)))


@blp.get("/<uuid:customer_id>/statement.xlsx")
@requires(report=True)
@blp.arguments(StatementArgs, location="query")
@blp.response(200, BINARY, content_type=XLSX)
def download_statement(args: dict[str, Any], customer_id: UUID) -> Response:
    """A customer's statement as a spreadsheet."""
    return xlsx_answer(statement_table(_statement(args, customer_id)))


@blp.get("/<uuid:customer_id>/statement.pdf")
@requires(*READERS, report=True)  # it shows the customer's IIN and address
@blp.arguments(StatementArgs, location="query")
@blp.response(200, BINARY, content_type=PDF)
def print_statement(args: dict[str, Any], customer_id: UUID) -> Response:
    """The reconciliation statement (акт сверки) for both sides to sign."""
    statement = _statement(args, customer_id)
    content = render_statement(current_session(), statement, drawn_on=today())
    return file_answer(content, PDF, f"statement-{statement.customer.account_number}.pdf")


def _statement(args: dict[str, Any], customer_id: UUID) -> Statement:
    return statement_of(current_session(), args.pop("enterprise_id"), customer_id, **args)
