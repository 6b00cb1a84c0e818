"""The classification of a fiscal year, and what the maslikhat planned for its codes."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.budget.models import BudgetCode, PlannedRevenue
from billing.kernel.db import district_of
from billing.kernel.errors import RuleViolation
from billing.kernel.identifiers import check_kbk
from billing.kernel.money import Money


class UnknownBudgetCode(RuleViolation):
    """The code is not in the classification of that fiscal year. Facts: ``code``, ``fiscal_year``."""

    code = "unknown_budget_code"


def list_plan(session: Session, fiscal_year: int) -> list[PlannedRevenue]:
    """What was planned for a fiscal year, by code."""
    return list(
        session.scalars(
            select(PlannedRevenue)
            .where(PlannedRevenue.fiscal_year == fiscal_year)
            .order_by(PlannedRevenue.code)
        )
    )


def plan_revenue(
    session: Session,
    *,
    fiscal_year: int,
    code: str,
    amount: Money,
    decision_number: str,
    decision_date: date,
) -> PlannedRevenue:
    """Enter what the maslikhat planned for a code in a year, or replace it by a later decision.

    Raises:
        UnknownBudgetCode: the code is not in that year's classification.
    """
    refuse_unknown_codes(session, {check_kbk(code)}, fiscal_year)
    plan = session.get(PlannedRevenue, (district_of(session), fiscal_year, code))
    if plan is None:
        plan = PlannedRevenue(district_id=district_of(session), fiscal_year=fiscal_year, code=code)
        session.add(plan)
    plan.amount = amount
    plan.decision_number = decision_number
    plan.decision_date = decision_date
    session.flush()
    return plan


def codes_of_year(session: Session, fiscal_year: int, codes: Iterable[str] | None = None) -> list[BudgetCode]:
    """The classification of a fiscal year, by code; only the given codes where given."""
    statement = select(BudgetCode).where(
        BudgetCode.valid_from_year <= fiscal_year,
        (BudgetCode.valid_to_year.is_(None)) | (BudgetCode.valid_to_year >= fiscal_year),
    )
    if codes is not None:
        statement = statement.where(BudgetCode.code.in_(set(codes)))
    return list(session.scalars(statement.order_by(BudgetCode.code)))


def knows_code(session: Session, code: str) -> bool:
    """Whether the classification of any fiscal year has the code."""
    return session.scalar(select(BudgetCode.code).where(BudgetCode.code == code).limit(1)) is not None


def refuse_unknown_codes(session: Session, codes: set[str], fiscal_year: int) -> None:
    """Hold codes against a fiscal year's classification.

    Raises:
        UnknownBudgetCode: some are not in it.
    """
    known = {row.code for row in codes_of_year(session, fiscal_year, codes)}
    unknown = codes - known
    if unknown:
        raise UnknownBudgetCode(code=", ".join(sorted(unknown)), fiscal_year=fiscal_year)
