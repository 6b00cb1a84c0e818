"""Debts on the wire: who owes how much for how long."""

from typing import Any

from flask import Response

from billing.kernel.clock import today
from billing.receivables.reports import aged_debt, aged_debt_table
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.fields import DateField, IdField, Schema
from billing.web.files import BINARY, XLSX
from billing.web.lists import ListArgs, SortField
from billing.web.reports import ReportOut, report_answer, xlsx_answer
from billing.web.transaction import current_session

blp = Blueprint("receivables", __name__, url_prefix="/api/v1", description="Debts by age.")
DAY = {"description": "from which days past due are counted; today if left out"}


class AgedArgs(ListArgs):
    """Whose debts."""

    sort = SortField("debt", "customer_name", "account_number")
    enterprise_id = IdField(required=True)
    day = DateField(metadata=DAY)


class WholeAgedArgs(Schema):
    """Whose debts."""

    enterprise_id = IdField(required=True)
    day = DateField(metadata=DAY)


@blp.get("/aged-debt")
@requires(report=True)
@blp.arguments(AgedArgs, location="query")
@blp.response(200, ReportOut)
def show_aged_debt(args: dict[str, Any]) -> dict[str, Any]:
    """Customers who owe, the largest debt first, cut by days past due; totals are of all of them."""
    day = args.get("day") or today()
    aged = aged_debt(current_session(), args["enterprise_id"], day=day, request=args["page"])
    return report_answer(aged_debt_table(aged))


@blp.get("/aged-debt.xlsx")
@requires(report=True)
@blp.arguments(WholeAgedArgs, location="query")
@blp.response(200, BINARY, content_type=XLSX)
def download_aged_debt(args: dict[str, Any]) -> Response:
    """All customers who owe, as a spreadsheet."""
    aged = aged_debt(current_session(), args["enterprise_id"], day=args.get("day") or today())
    return xlsx_answer(aged_debt_table(aged))
