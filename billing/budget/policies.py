"""Posting policies: what of an enterprise's fees is budget revenue from a date on; the progressive norm."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from billing.budget.models import NetIncomeStep, PolicyKind, PostingPolicy
from billing.budget.plan import refuse_unknown_codes
from billing.districts.service import get_enterprise
from billing.kernel.db import district_of
from billing.kernel.errors import AlreadyExists, InvalidInput, RuleViolation
from billing.kernel.identifiers import check_kbk
from billing.kernel.ids import new_id
from billing.kernel.money import BASIS_POINTS, ZERO, Money
from billing.kernel.ready import Ready

_KINDS = Ready(
    select(PostingPolicy.valid_from, PostingPolicy.kind)
    .where(PostingPolicy.enterprise_id == bindparam("enterprise_id"))
    .order_by(PostingPolicy.valid_from.desc())
)


class NoPostingPolicy(RuleViolation):
    """The enterprise has no posting policy on that day. Facts: ``enterprise_id``, ``day``."""

    code = "no_posting_policy"


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the progressive norm: above ``above``, ``fixed`` and ``rate_bp`` basis points of the rest."""

    above: Money
    fixed: Money
    rate_bp: int


def set_posting_policy(
    session: Session,
    enterprise_id: UUID,
    *,
    kind: PolicyKind,
    valid_from: date,
    steps: Sequence[Step] = (),
    revenue_code: str | None = None,
    decision_number: str | None = None,
    decision_date: date | None = None,
) -> PostingPolicy:
    """Say what of an enterprise's fees is budget revenue from a date on.

    Args:
        steps: the progressive norm of a share of net income, required for it and only for it.
        revenue_code: where that share is posted, likewise.

    Raises:
        NotFound: no such enterprise.
        InvalidInput: steps or code missing, two steps above one sum, or given for another kind of policy.
        UnknownBudgetCode: the code is not in the classification of the policy's first year.
        AlreadyExists: a policy begins on that date already.
    """
    get_enterprise(session, enterprise_id)
    needed = kind is PolicyKind.NET_INCOME_SHARE
    if needed != bool(steps) or len({step.above for step in steps}) < len(steps):
        raise InvalidInput(field="steps")
    if needed != (revenue_code is not None):
        raise InvalidInput(field="revenue_code")
    if revenue_code is not None:
        refuse_unknown_codes(session, {check_kbk(revenue_code)}, valid_from.year)
    same_day = (PostingPolicy.enterprise_id == enterprise_id) & (PostingPolicy.valid_from == valid_from)
    if session.scalar(select(PostingPolicy.id).where(same_day)):
        raise AlreadyExists(kind="posting_policy", field="valid_from", value=valid_from)
    policy = PostingPolicy(
        district_id=district_of(session),
        id=new_id(),
        enterprise_id=enterprise_id,
        kind=kind,
        valid_from=valid_from,
        revenue_code=revenue_code,
        decision_number=decision_number,
        decision_date=decision_date,
    )
    session.add(policy)
    session.flush()
    session.add_all(
        NetIncomeStep(
            district_id=policy.district_id,
            policy_id=policy.id,
            above=step.above,
            fixed=step.fixed,
            rate_bp=step.rate_bp,
        )
        for step in steps
    )
    session.flush()
    return policy


def policy_on(session: Session, enterprise_id: UUID, day: date) -> PostingPolicy:
    """The posting policy of an enterprise on a day.

    Raises:
        NoPostingPolicy: none had begun.
    """
    policy = session.scalar(
        select(PostingPolicy)
        .where(PostingPolicy.enterprise_id == enterprise_id, PostingPolicy.valid_from <= day)
        .order_by(PostingPolicy.valid_from.desc())
        .limit(1)
    )
    if policy is None:
        raise NoPostingPolicy(enterprise_id=enterprise_id, day=day)
    return policy


def list_policies(session: Session, enterprise_id: UUID) -> list[PostingPolicy]:
    """An enterprise's policies, the newest first."""
    return list(
        session.scalars(
            select(PostingPolicy)
            .where(PostingPolicy.enterprise_id == enterprise_id)
            .order_by(PostingPolicy.valid_from.desc())
        )
    )


def list_kinds(session: Session, enterprise_id: UUID) -> list[tuple[date, PolicyKind]]:
    """From which day on which kind of policy an enterprise has, the newest first."""
    return [(row.valid_from, row.kind) for row in _KINDS.rows(session, enterprise_id=enterprise_id)]


def steps_of(session: Session, policy_ids: Collection[UUID]) -> dict[UUID, list[NetIncomeStep]]:
    """The steps of policies that post a share of net income, the lowest first."""
    steps: dict[UUID, list[NetIncomeStep]] = {}
    for step in session.scalars(
        select(NetIncomeStep).where(NetIncomeStep.policy_id.in_(policy_ids)).order_by(NetIncomeStep.above)
    ):
        steps.setdefault(step.policy_id, []).append(step)
    return steps


def net_income_share(net_income: Money, steps: Sequence[Step]) -> Money:
    """The budget's share of an enterprise's net income by the progressive norm (State Property Law art. 140).

    The highest step below the income applies: its fixed sum and its rate of what lies above it. No income,
    no share.
    """
    reached = [step for step in steps if net_income > step.above]
    if not reached:
        return ZERO
    step = max(reached, key=lambda each: each.above)
    return step.fixed + (net_income - step.above).share(step.rate_bp, BASIS_POINTS)
