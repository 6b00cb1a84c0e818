"""The budget on the wire: classification, plan, posting policies, revenue lines and their execution."""

from typing import Any
from uuid import UUID

from flask import Response

from billing.access.models import Role
from billing.budget import reports, service
from billing.budget.classification import import_classification
from billing.budget.models import (
    BudgetCode,
    NetIncomeStep,
    PlannedRevenue,
    PolicyKind,
    PostingPolicy,
    RevenueLine,
)
from billing.budget.service import Step
from billing.kernel.dates import Month
from billing.kernel.money import BASIS_POINTS, Money
from billing.kernel.paging import Page
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.fields import (
    AmountField,
    BooleanField,
    DateField,
    EnumField,
    IdField,
    ListField,
    MoneyField,
    MonthField,
    NestedField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.files import BINARY, XLSX
from billing.web.imports import ImportArgs, ImportReportOut, ListUpload, import_answer, mode_of
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.reports import ReportOut, report_answer, xlsx_answer
from billing.web.transaction import current_session

blp = Blueprint("budget", __name__, url_prefix="/api/v1/budget", description="The district's budget.")
YEAR_MIN, YEAR_MAX = 2000, 2100
KBK = "[0-9]{6}"


class YearField(StrictInteger):
    """A fiscal year."""

    def __init__(self, **options: Any) -> None:
        super().__init__(minimum=YEAR_MIN, maximum=YEAR_MAX, **options)


class CodeOut(Schema):
    """A code of the unified budget classification."""

    code = TextField(6, required=True)
    category = TextField(1, required=True)
    name_kk = TextField(500, required=True)
    name_ru = TextField(500, required=True)
    valid_from_year = YearField(required=True)
    valid_to_year = YearField(required=True, allow_none=True)
    is_confirmed = BooleanField(required=True, metadata={"description": "seen in an official source"})


class YearArgs(Schema):
    """A fiscal year."""

    fiscal_year = YearField(required=True)


class PlanIn(Schema):
    """What the maslikhat planned for a code."""

    amount = MoneyField(required=True)
    decision_number = TextField(50, required=True)
    decision_date = DateField(required=True)


class PlanOut(Schema):
    """What the maslikhat planned for a code in a year."""

    fiscal_year = YearField(required=True)
    code = TextField(6, required=True)
    amount = AmountField(required=True)
    decision_number = TextField(50, required=True)
    decision_date = DateField(required=True)


class StepIn(Schema):
    """A step of the progressive norm: above a sum, a fixed sum and a rate of the rest."""

    above = MoneyField(required=True)
    fixed = MoneyField(required=True)
    rate_bp = StrictInteger(maximum=BASIS_POINTS, required=True, metadata={"description": "basis points"})


class StepOut(Schema):
    """A step of the progressive norm."""

    above = AmountField(required=True)
    fixed = AmountField(required=True)
    rate_bp = StrictInteger(required=True)


class PolicyIn(Schema):
    """What of an enterprise's fees is budget revenue from a day on."""

    enterprise_id = IdField(required=True)
    kind = EnumField(PolicyKind, required=True)
    valid_from = DateField(required=True)
    steps = ListField(NestedField(StepIn), items_max=20, load_default=list)
    revenue_code = TextField(6, pattern=KBK, load_default=None, allow_none=True)
    decision_number = TextField(50, load_default=None, allow_none=True)
    decision_date = DateField(load_default=None, allow_none=True)


class PolicyOut(Schema):
    """What of an enterprise's fees is budget revenue from a day on."""

    id = IdField(required=True)
    enterprise_id = IdField(required=True)
    kind = EnumField(PolicyKind, required=True)
    valid_from = DateField(required=True)
    steps = ListField(NestedField(StepOut), dump_only=True, required=True)
    revenue_code = TextField(6, required=True, allow_none=True)
    decision_number = TextField(50, required=True, allow_none=True)
    decision_date = DateField(required=True, allow_none=True)


class PolicyArgs(Schema):
    """Whose policies."""

    enterprise_id = IdField(required=True)


class ExecutionArgs(Schema):
    """A fiscal year, through a month; through December if left out."""

    fiscal_year = YearField(required=True)
    through = StrictInteger(
        minimum=1, maximum=12, load_default=12, metadata={"description": "month, 1 to 12"}
    )


class LineArgs(ListArgs):
    """Which revenue lines."""

    sort = SortField("month", "id")
    fiscal_year = YearField()
    code = TextField(6, pattern=KBK)
    month = MonthField()
    payment_id = IdField()
    invoice_line_id = IdField()
    service_id = IdField()


class LineOut(Schema):
    """A fee in the budget, and the whole way back to payment, invoice line and service."""

    id = IdField(required=True)
    transfer_id = IdField(required=True)
    enterprise_id = IdField(required=True)
    code = TextField(6, required=True)
    fiscal_year = YearField(required=True)
    month = MonthField(required=True)
    amount = AmountField(required=True, metadata={"description": "negative for a reversal"})
    payment_id = IdField(required=True, allow_none=True)
    allocation_id = IdField(required=True, allow_none=True)
    invoice_line_id = IdField(required=True, allow_none=True)
    service_id = IdField(required=True, allow_none=True)


class ShareIn(Schema):
    """An enterprise's net income of a period."""

    enterprise_id = IdField(required=True)
    net_income = MoneyField(required=True)
    posted_on = DateField(required=True)


class ShareOut(Schema):
    """The budget's share of it, as posted."""

    share = AmountField(required=True)


@blp.get("/classification")
@requires()
@blp.arguments(YearArgs, location="query")
@blp.response(200, page_schema(CodeOut))
def list_codes(args: dict[str, Any]) -> Page[BudgetCode]:
    """The classification of a fiscal year by code, all on one page."""
    return Page(service.codes_of_year(current_session(), args["fiscal_year"]), None)


@blp.post("/classification/import")
@requires(Role.ADMIN)
@blp.arguments(ImportArgs, location="query")
@blp.arguments(ListUpload, location="files")
@blp.response(200, ImportReportOut)
def import_codes(args: dict[str, Any], files: dict[str, Any]) -> dict[str, Any]:
    """Take in a classification; it holds for every district."""
    return import_answer(import_classification(current_session(), files["file"].read(), mode_of(args)))


@blp.get("/plan")
@requires()
@blp.arguments(YearArgs, location="query")
@blp.response(200, page_schema(PlanOut))
def list_plan(args: dict[str, Any]) -> Page[PlannedRevenue]:
    """The planned revenue of a fiscal year by code, all on one page."""
    return Page(service.list_plan(current_session(), args["fiscal_year"]), None)


@blp.put("/plan/<int(min=2000,max=2100):fiscal_year>/<code>")
@requires(Role.ACCOUNTANT)
@blp.arguments(PlanIn)
@blp.response(200, PlanOut)
def plan_revenue(body: dict[str, Any], fiscal_year: int, code: str) -> PlannedRevenue:
    """Enter what was planned for a code in a year, or replace it by a later decision."""
    return service.plan_revenue(current_session(), fiscal_year=fiscal_year, code=code, **body)


@blp.get("/policies")
@requires()
@blp.arguments(PolicyArgs, location="query")
@blp.response(200, page_schema(PolicyOut))
def list_policies(args: dict[str, Any]) -> Page[dict[str, Any]]:
    """An enterprise's posting policies, the newest first, all on one page."""
    policies = service.list_policies(current_session(), args["enterprise_id"])
    steps = service.steps_of(current_session(), [policy.id for policy in policies])
    return Page([_with_steps(policy, steps.get(policy.id, [])) for policy in policies], None)


@blp.post("/policies")
@requires(Role.ACCOUNTANT, Role.ADMIN)
@blp.arguments(PolicyIn)
@blp.response(201, PolicyOut)
def set_policy(body: dict[str, Any]) -> dict[str, Any]:
    """Say what of an enterprise's fees is budget revenue from a day on."""
    steps = [Step(**step) for step in body.pop("steps")]
    policy = service.set_posting_policy(current_session(), body.pop("enterprise_id"), steps=steps, **body)
    return _with_steps(policy, steps)


@blp.get("/revenue-execution")
@requires(report=True)
@blp.arguments(ExecutionArgs, location="query")
@blp.response(200, ReportOut)
def show_execution(args: dict[str, Any]) -> dict[str, Any]:
    """Planned and collected revenue by code and month."""
    return report_answer(reports.execution_table(_execution(args)))


@blp.get("/revenue-execution.xlsx")
@requires(report=True)
@blp.arguments(ExecutionArgs, location="query")
@blp.response(200, BINARY, content_type=XLSX)
def download_execution(args: dict[str, Any]) -> Response:
    """Planned and collected revenue as a spreadsheet."""
    return xlsx_answer(reports.execution_table(_execution(args)))


@blp.get("/revenue-lines")
@requires()
@blp.arguments(LineArgs, location="query")
@blp.response(200, page_schema(LineOut))
def list_lines(args: dict[str, Any]) -> Page[RevenueLine]:
    """Revenue lines, the newest month first; of one payment, code, service or month."""
    return reports.revenue_lines(current_session(), args.pop("page"), **args)


@blp.get("/revenue-lines/<uuid:line_id>")
@requires()
@blp.response(200, LineOut)
def show_line(line_id: UUID) -> RevenueLine:
    """A revenue line."""
    return reports.get_revenue_line(current_session(), line_id)


@blp.post("/net-income-shares")
@requires(Role.ACCOUNTANT)
@blp.arguments(ShareIn)
@blp.response(201, ShareOut)
def post_net_income_share(body: dict[str, Any]) -> dict[str, Money]:
    """Post the budget's share of an enterprise's net income by its progressive norm."""
    share = service.post_net_income_share(current_session(), body.pop("enterprise_id"), **body)
    return {"share": share}


def _execution(args: dict[str, Any]) -> reports.Execution:
    year = args["fiscal_year"]
    return reports.revenue_execution(current_session(), year, Month(year, args["through"]))


def _with_steps(policy: PostingPolicy, steps: list[Step] | list[NetIncomeStep]) -> dict[str, Any]:
    return {
        "id": policy.id,
        "enterprise_id": policy.enterprise_id,
        "kind": policy.kind,
        "valid_from": policy.valid_from,
        "steps": steps,
        "revenue_code": policy.revenue_code,
        "decision_number": policy.decision_number,
        "decision_date": policy.decision_date,
    }
