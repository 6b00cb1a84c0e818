"""Collected fees become revenue lines, and are taken back; codes, plan and policies stand in files beside."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from billing.budget.models import NetIncomeStep, PolicyKind, PostingPolicy, RevenueLine
from billing.budget.plan import (
    UnknownBudgetCode,
    codes_of_year,
    knows_code,
    list_plan,
    plan_revenue,
    refuse_unknown_codes,
)
from billing.budget.policies import (
    NoPostingPolicy,
    Step,
    list_kinds,
    list_policies,
    net_income_share,
    policy_on,
    set_posting_policy,
    steps_of,
)
from billing.kernel.bulk import insert_rows
from billing.kernel.dates import Month
from billing.kernel.db import district_of
from billing.kernel.errors import RuleViolation
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.kernel.ready import Ready
from billing.ledger import service as ledger
from billing.ledger.chart import BUDGET_IN_TRANSIT, AccountRow
from billing.ledger.models import AccountKind, Book, SourceKind, Transfer

__all__ = [
    "Fee",
    "NetIncomeShareNotDue",
    "NoPostingPolicy",
    "Revenue",
    "Step",
    "UnknownBudgetCode",
    "codes_of_year",
    "hold_books",
    "knows_code",
    "list_plan",
    "list_policies",
    "net_income_share",
    "plan_revenue",
    "policy_on",
    "post_net_income_share",
    "post_revenue",
    "reverse_revenue",
    "set_posting_policy",
    "steps_of",
]


class NetIncomeShareNotDue(RuleViolation):
    """The enterprise's policy on that day posts no share of net income. Facts: ``policy``."""

    code = "net_income_share_not_due"


class Fee(NamedTuple):
    """A part of a payment that settled an invoice line: what becomes a revenue line under ``gross``.

    Attributes:
        net: the allocated amount without its VAT; VAT is never revenue.
        posted_on: the day of the allocation, which decides policy, fiscal year and month.
    """

    allocation_id: UUID
    payment_id: UUID
    invoice_line_id: UUID
    service_id: UUID
    code: str
    net: Money
    posted_on: date


def post_revenue(session: Session, enterprise_id: UUID, fees: Sequence[Fee]) -> None:
    """Post collected fees as revenue lines, where the enterprise's policy on their days says so.

    Raises:
        NoPostingPolicy, UnknownBudgetCode, MonthClosed: see ``Revenue.post``.
    """
    Revenue(session, enterprise_id).post(fees, ledger.Postings(session))


class Revenue:
    """Posts collected fees of an enterprise as revenue lines, for as long as one transaction or savepoint.

    What it has to know it reads with the first fees, and never again.
    """

    def __init__(
        self,
        session: Session,
        enterprise_id: UUID,
        book: ledger.HeldBook | None = None,
        policies: Sequence[tuple[date, PolicyKind]] | None = None,
    ) -> None:
        """Post to the budget's book, of which accounts may be held already, by policies that may be known."""
        self._session = session
        self._enterprise_id = enterprise_id
        self._policies = policies
        self._book = book

    def post(self, fees: Sequence[Fee], postings: ledger.Postings) -> None:
        """Post fees whose day's policy is ``gross``; under the others nothing is posted by itself.

        Each fee is one transfer in the budget's book, from its classification code's account of the fiscal
        year to money in transit, and one revenue line that knows payment, allocation, invoice line, service.

        Args:
            postings: written with those of the fees, before the revenue lines that point to them.

        Raises:
            NoPostingPolicy: the enterprise has none on one of the days.
            UnknownBudgetCode: a code is not in that year's classification. Nothing is posted.
            MonthClosed: one of the days lies in a closed month of the budget's book.
        """
        fees = [fee for fee in fees if fee.net > ZERO]
        gross = {day for day in {fee.posted_on for fee in fees} if self._is_gross(day)}
        fees = [fee for fee in fees if fee.posted_on in gross]
        if not fees:
            return
        district_id = district_of(self._session)
        transfers = self._draft(fees, postings)
        postings.write()
        rows = [
            (
                district_id,
                new_id(),
                transfer_id,
                self._enterprise_id,
                fee.code,
                fee.posted_on.year,
                Month.of(fee.posted_on),
                fee.net,
                fee.payment_id,
                fee.allocation_id,
                fee.invoice_line_id,
                fee.service_id,
            )
            for fee, transfer_id in zip(fees, transfers, strict=True)
        ]
        insert_rows(self._session, RevenueLine, _REVENUE_COLUMNS, rows)

    def _is_gross(self, day: date) -> bool:
        if self._policies is None:
            self._policies = list_kinds(self._session, self._enterprise_id)
        kind = next((kind for valid_from, kind in self._policies if valid_from <= day), None)
        if kind is None:
            raise NoPostingPolicy(enterprise_id=self._enterprise_id, day=day)
        return kind is PolicyKind.GROSS

    def _draft(self, fees: Sequence[Fee], postings: ledger.Postings) -> list[UUID]:
        entries = [
            (
                fee.posted_on,
                ledger.Entry(
                    debit=BUDGET_IN_TRANSIT,
                    credit=fee.code,
                    amount=fee.net,
                    source_kind=SourceKind.ALLOCATION,
                    source_id=fee.allocation_id,
                    position=1,  # beside the enterprise's transfer of the same allocation
                    fiscal_year=fee.posted_on.year,
                ),
            )
            for fee in fees
        ]
        self._book = _hold_budget_book(self._session, entries, self._book)
        return postings.add(self._book, entries)


# Of the enterprise's book a row per account and policy, of the budget's a row per account.
_BOOKS_AND_POLICIES = Ready(
    ledger.BOTH_BOOKS.add_columns(PostingPolicy.valid_from, PostingPolicy.kind.label("policy")).outerjoin(
        PostingPolicy,
        (PostingPolicy.district_id == Book.district_id) & (PostingPolicy.enterprise_id == Book.enterprise_id),
    )
)


def hold_books(
    session: Session, enterprise_id: UUID, codes: Collection[str]
) -> tuple[ledger.HeldBook, Revenue]:
    """Hold an enterprise's book and the budget's against closing, with the accounts of these codes in either.

    Returns:
        The enterprise's book, and what posts its fees to the budget's.

    Raises:
        NotFound: the enterprise has no book.
    """
    rows = _BOOKS_AND_POLICIES.rows(session, enterprise_id=enterprise_id, codes=codes)
    book, budget_book = ledger.both_books(rows)
    if book is None:
        return ledger.hold_enterprise_book(session, enterprise_id, codes), Revenue(session, enterprise_id)
    policies = sorted({(row.valid_from, row.policy) for row in rows if row.policy is not None}, reverse=True)
    return book, Revenue(session, enterprise_id, budget_book, policies)


_REVENUE_COLUMNS = (
    "district_id",
    "id",
    "transfer_id",
    "enterprise_id",
    "code",
    "fiscal_year",
    "month",
    "amount",
    "payment_id",
    "allocation_id",
    "invoice_line_id",
    "service_id",
)


def _post_to_budget(session: Session, entries: Sequence[tuple[date, ledger.Entry]]) -> list[UUID]:
    return ledger.post_dated(session, _hold_budget_book(session, entries), entries)


def _hold_budget_book(
    session: Session,
    entries: Sequence[tuple[date, ledger.Entry]],
    held: ledger.HeldBook | None = None,
) -> ledger.HeldBook:
    """The budget's book with the accounts of the entries, besides those that are held already."""
    wanted = {(code, entry.fiscal_year) for _, entry in entries for code in (entry.debit, entry.credit)}
    if held is not None and held.has(wanted):
        return held
    codes = {code for code, _ in (*wanted, *(held.accounts if held is not None else ()))}
    book = ledger.hold_budget_book(session, codes)
    if book.has(wanted):
        return book
    # The first fee of a code in a fiscal year: its account is opened now, once.
    for year in sorted({year for _, year in wanted}):
        _open_revenue_accounts(session, book.id, {code for code, of in wanted if of == year}, year)
    return ledger.hold_budget_book(session, codes)


def _open_revenue_accounts(session: Session, book_id: UUID, codes: set[str], fiscal_year: int) -> None:
    codes = codes - {BUDGET_IN_TRANSIT}
    refuse_unknown_codes(session, codes, fiscal_year)
    # One after the other: two that open several accounts in another order would block crosswise.
    session.execute(select(Book.id).where(Book.id == book_id).with_for_update(key_share=True)).all()
    ledger.open_accounts(
        session,
        book_id,
        [
            AccountRow(row.code, AccountKind.INCOME, row.name_kk, row.name_ru, row.name_ru, fiscal_year)
            for row in codes_of_year(session, fiscal_year, codes)
        ],
    )


def reverse_revenue(session: Session, allocation_ids: Sequence[UUID], *, reversed_on: date) -> None:
    """Take back the revenue lines of released allocations: each gets its mirror, in transfer and line.

    Raises:
        UnknownBudgetCode: a code is not in the classification of the year in which it is given back.
        MonthClosed: the date lies in a closed month of the budget's book.
    """
    lines = list(
        session.scalars(
            select(RevenueLine)
            .join(
                Transfer,
                (Transfer.district_id == RevenueLine.district_id) & (Transfer.id == RevenueLine.transfer_id),
            )
            .where(RevenueLine.allocation_id.in_(allocation_ids), Transfer.reverses_id.is_(None))
        )
    )
    if not lines:
        return
    entries = [
        (
            reversed_on,
            ledger.Entry(
                debit=line.code,
                credit=BUDGET_IN_TRANSIT,
                amount=line.amount,
                source_kind=SourceKind.ALLOCATION,
                source_id=line.allocation_id,
                position=-2,  # beside the enterprise's release of the same allocation
                reverses_id=line.transfer_id,
                # It lowers the revenue of the year in which it is given back, not of a year that is over.
                fiscal_year=reversed_on.year,
            ),
        )
        for line in lines
        if line.allocation_id is not None
    ]
    transfers = _post_to_budget(session, entries)
    session.execute(
        insert(RevenueLine),
        [
            _opposite(line, transfer_id, reversed_on)
            for line, transfer_id in zip(lines, transfers, strict=True)
        ],
    )


def _opposite(line: RevenueLine, transfer_id: UUID, reversed_on: date) -> dict[str, Any]:
    return {
        "district_id": line.district_id,
        "id": new_id(),
        "transfer_id": transfer_id,
        "enterprise_id": line.enterprise_id,
        "code": line.code,
        "fiscal_year": reversed_on.year,
        "month": Month.of(reversed_on),
        "amount": -line.amount,
        "payment_id": line.payment_id,
        "allocation_id": line.allocation_id,
        "invoice_line_id": line.invoice_line_id,
        "service_id": line.service_id,
    }


def post_net_income_share(
    session: Session, enterprise_id: UUID, *, net_income: Money, posted_on: date
) -> Money:
    """Post the budget's share of a period's net income as one revenue line. Returns the share.

    Args:
        net_income: of the period, by the enterprise's books; the accountant answers for it.

    Raises:
        NetIncomeShareNotDue: the policy of that day is another one.
        UnknownBudgetCode: the policy's code is not in that year's classification.
        MonthClosed: the date lies in a closed month of the budget's book.
    """
    policy = policy_on(session, enterprise_id, posted_on)
    if policy.kind is not PolicyKind.NET_INCOME_SHARE:
        raise NetIncomeShareNotDue(policy=policy.kind)
    assert policy.revenue_code is not None  # a CHECK of the table
    rows = session.scalars(select(NetIncomeStep).where(NetIncomeStep.policy_id == policy.id))
    share = net_income_share(net_income, [Step(row.above, row.fixed, row.rate_bp) for row in rows])
    if share == ZERO:
        return share
    entry = ledger.Entry(
        debit=BUDGET_IN_TRANSIT,
        credit=policy.revenue_code,
        amount=share,
        source_kind=SourceKind.NET_INCOME_SHARE,
        source_id=new_id(),
        fiscal_year=posted_on.year,
    )
    [transfer_id] = _post_to_budget(session, [(posted_on, entry)])
    session.add(
        RevenueLine(
            district_id=district_of(session),
            transfer_id=transfer_id,
            enterprise_id=enterprise_id,
            code=policy.revenue_code,
            fiscal_year=posted_on.year,
            month=Month.of(posted_on),
            amount=share,
        )
    )
    session.flush()
    return share
