"""Reports of reconciliation on the wire: balances proved, money in transit."""

from typing import Any

from flask import Response

from billing.access.models import Role
from billing.kernel.clock import today
from billing.reconciliation.api import BOOKKEEPERS
from billing.reconciliation.in_transit import Grouping, money_in_transit, transit_table
from billing.reconciliation.proof import Proof, bank_proof, treasury_proof
from billing.reconciliation.proof_report import proof_table
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.fields import DateField, EnumField, IdField, Schema
from billing.web.files import BINARY, XLSX
from billing.web.reports import ReportOut, report_answer, xlsx_answer
from billing.web.transaction import current_session

blp = Blueprint(
    "bank_proof", __name__, url_prefix="/api/v1", description="Balances proved, and money in transit."
)


class ProofArgs(Schema):
    """Of which enterprise's own accounts; of the budget's control cash accounts if not given."""

    enterprise_id = IdField()
    day = DateField(metadata={"description": "at the end of which; as of now if not given"})


class TransitArgs(Schema):
    """At the end of which day, added up by what."""

    day = DateField(load_default=today)
    grouping = EnumField(Grouping, load_default=Grouping.AGE)


@blp.get("/bank-proof")
@requires(*BOOKKEEPERS, Role.AKIM, report=True)
@blp.arguments(ProofArgs, location="query")
@blp.response(200, ReportOut)
def show_proof(args: dict[str, Any]) -> dict[str, Any]:
    """The bank's balance held against the books, with every open item between them."""
    return report_answer(proof_table(_proof(args)))


@blp.get("/bank-proof.xlsx")
@requires(*BOOKKEEPERS, Role.AKIM, report=True)
@blp.arguments(ProofArgs, location="query")
@blp.response(200, BINARY, content_type=XLSX)
def download_proof(args: dict[str, Any]) -> Response:
    """The same as a spreadsheet."""
    return xlsx_answer(proof_table(_proof(args)))


@blp.get("/money-in-transit")
@requires(report=True)
@blp.arguments(TransitArgs, location="query")
@blp.response(200, ReportOut)
def show_transit(args: dict[str, Any]) -> dict[str, Any]:
    """What was collected for the budget and has not arrived: by age, by channel, or by day."""
    return report_answer(transit_table(money_in_transit(current_session(), **args)))


@blp.get("/money-in-transit.xlsx")
@requires(report=True)
@blp.arguments(TransitArgs, location="query")
@blp.response(200, BINARY, content_type=XLSX)
def download_transit(args: dict[str, Any]) -> Response:
    """The same as a spreadsheet."""
    return xlsx_answer(transit_table(money_in_transit(current_session(), **args)))


def _proof(args: dict[str, Any]) -> Proof:
    if "enterprise_id" in args:
        return bank_proof(current_session(), **args)
    return treasury_proof(current_session(), **args)
