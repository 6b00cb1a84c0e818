"""What a run finds: whose turn it is, and drafts of invoices for them, or why there are none. Only looks."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from billing.customers.charges import ChargeDue, charges_due_through, holds_within
from billing.customers.models import Contract, ContractCharge
from billing.invoicing.drafts import Draft, Held, benefits_held, drafts_of_orders, priced
from billing.invoicing.models import Invoice, InvoiceLine
from billing.invoicing.prices import PriceList, price_list
from billing.invoicing.runs.models import BillingRun, RunOutcome, RunStage
from billing.invoicing.service import NothingToInvoice
from billing.invoicing.supplies import (
    Billed,
    NothingCharged,
    PeriodAlreadyBilled,
    Supply,
    billed_periods,
    charges_to_bill,
    supply_of_charge,
)
from billing.kernel.bulk import among
from billing.kernel.dates import Month
from billing.kernel.errors import Refusal
from billing.kernel.money import ZERO
from billing.orders.models import CompletionAct, OrderState, ServiceOrder

NOTHING_DUE = (NothingCharged, PeriodAlreadyBilled, NothingToInvoice)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a run bills: an enterprise's charges of a month, and of the months since ``first_period``."""

    enterprise_id: UUID
    period: Month
    first_period: Month
    include_orders: bool
    issued_on: date

    @classmethod
    def of(cls, run: BillingRun) -> "Terms":
        """The terms of a run that was started."""
        return cls(run.enterprise_id, run.period, run.first_period, run.include_orders, run.issued_on)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a run has one result for: a contract, or without one a customer's completed work."""

    customer_id: UUID
    contract: Contract | None

    @property
    def id(self) -> UUID:
        """By which a run remembers how far it has come."""
        return self.contract.id if self.contract is not None else self.customer_id


@dataclass(frozen=True, slots=True)
class Finding:
    """The drafts for a subject, the earliest month first; or the reason why there are none."""

    subject: Subject
    drafts: tuple[Draft, ...] = ()
    reason: Refusal | None = None

    @property
    def outcome(self) -> RunOutcome:
        """What follows when the drafts are issued."""
        if self.reason is None:
            return RunOutcome.BILLED
        return RunOutcome.NOTHING_DUE if isinstance(self.reason, NOTHING_DUE) else RunOutcome.REFUSED


def stages(terms: Terms) -> list[RunStage]:
    """What a run bills, in order."""
    return [RunStage.CONTRACTS, RunStage.ORDERS] if terms.include_orders else [RunStage.CONTRACTS]


def count_subjects(session: Session, terms: Terms) -> int:
    """How many contracts, and customers with completed work, a run has before it."""
    contracts = session.scalar(select(func.count()).select_from(Contract).where(*_charged(terms)))
    work = 0
    if terms.include_orders:
        work = session.scalar(select(func.count()).select_from(_with_work(terms).subquery())) or 0
    return (contracts or 0) + work


def subjects_after(
    session: Session, terms: Terms, stage: RunStage, after: UUID | None, count: int
) -> list[Subject]:
    """The next subjects of a stage, in the order in which runs bill."""
    if stage is RunStage.CONTRACTS:
        statement = select(Contract).where(*_charged(terms)).order_by(Contract.id).limit(count)
        if after is not None:
            statement = statement.where(Contract.id > after)
        return [Subject(contract.customer_id, contract) for contract in session.scalars(statement)]
    customers = _with_work(terms).order_by(ServiceOrder.customer_id).limit(count)
    if after is not None:
        customers = customers.where(ServiceOrder.customer_id > after)
    return [Subject(customer_id, None) for customer_id in session.scalars(customers)]


def _charged(terms: Terms) -> tuple[ColumnElement[bool], ...]:
    charge = (
        select(ContractCharge.id)
        .where(
            ContractCharge.district_id == Contract.district_id,
            ContractCharge.contract_id == Contract.id,
            holds_within(terms.first_period, terms.period),
        )
        .correlate(Contract)
    )
    return Contract.enterprise_id == terms.enterprise_id, charge.exists()


def _with_work(terms: Terms) -> Select[UUID]:
    return (
        select(ServiceOrder.customer_id)
        .join(
            CompletionAct,
            (CompletionAct.district_id == ServiceOrder.district_id)
            & (CompletionAct.order_id == ServiceOrder.id),
        )
        .where(
            ServiceOrder.enterprise_id == terms.enterprise_id,
            ServiceOrder.state == OrderState.COMPLETED,
            CompletionAct.completed_on <= terms.issued_on,
        )
        .distinct()
    )


def find(session: Session, terms: Terms, subjects: Sequence[Subject], *, lock: bool) -> list[Finding]:
    """What is to be invoiced to subjects of one stage, in the same few queries however many they are.

    Args:
        lock: hold the orders; the customers are locked already.
    """
    contracts = [subject.contract for subject in subjects if subject.contract is not None]
    if contracts:
        return _find_charges(session, terms, contracts)
    ids = [subject.customer_id for subject in subjects]
    drafts = drafts_of_orders(session, terms.enterprise_id, ids, terms.issued_on, lock=lock)
    found = {draft.customer_id: draft for draft in drafts}
    return [
        Finding(subject, (found[subject.customer_id],))
        if subject.customer_id in found
        else Finding(subject, reason=NothingToInvoice())
        for subject in subjects
    ]


def _find_charges(session: Session, terms: Terms, contracts: Sequence[Contract]) -> list[Finding]:
    ids = [contract.id for contract in contracts]
    due: dict[UUID, list[ChargeDue]] = {contract_id: [] for contract_id in ids}
    for charge in charges_due_through(session, contracts, terms.first_period, terms.period):
        due[charge.contract_id].append(charge)
    billed = _billed(session, terms, ids)
    services = {charge.service_id for charges in due.values() for charge in charges}
    prices = price_list(session, terms.enterprise_id, services)
    supplies: dict[UUID, list[Supply]] = {}
    reasons: dict[UUID, Refusal] = {}
    for contract in contracts:
        try:
            charges = charges_to_bill(contract, terms.period, due[contract.id], billed)
            supplies[contract.id] = [supply_of_charge(charge, prices) for charge in charges]
        except Refusal as refusal:
            reasons[contract.id] = refusal
    held = benefits_held(session, _all(supplies))
    return [
        Finding(Subject(contract.customer_id, contract), reason=reasons[contract.id])
        if contract.id in reasons
        else _priced(contract, supplies[contract.id], prices, held)
        for contract in contracts
    ]


def _all(supplies: Mapping[UUID, Sequence[Supply]]) -> Iterable[Supply]:
    return (supply for of_contract in supplies.values() for supply in of_contract)


def _billed(session: Session, terms: Terms, contract_ids: Collection[UUID]) -> Billed:
    """What is not to be billed again: of earlier months also what was invoiced once and credited since.

    Whoever credits a month of the past may bill it anew by hand; a run would bring back what he took off.
    """
    billed = billed_periods(session, contract_ids, terms.first_period, terms.period)
    if terms.first_period == terms.period:
        return billed
    invoiced: Any = session.execute(
        select(Invoice.contract_id, InvoiceLine.service_id, InvoiceLine.period)
        .join(
            InvoiceLine,
            (InvoiceLine.district_id == Invoice.district_id) & (InvoiceLine.invoice_id == Invoice.id),
        )
        .where(
            among(session, Invoice.contract_id, contract_ids),
            Invoice.period.between(terms.first_period, terms.period.previous()),
            InvoiceLine.charge_id.is_not(None),
        )
    )
    return {*billed, *(tuple(row) for row in invoiced)}


def _priced(contract: Contract, supplies: Sequence[Supply], prices: PriceList, held: Held) -> Finding:
    """One draft per month, so that each is the invoice it would have been in its own month."""
    subject = Subject(contract.customer_id, contract)
    drafts = []
    try:
        for period, of_month in groupby(supplies, key=lambda supply: supply.period):
            lines = [priced(supply, prices, held) for supply in of_month]
            drafts.append(Draft(contract.customer_id, contract, period, lines))
    except Refusal as refusal:
        return Finding(subject, reason=refusal)
    worth_it = tuple(draft for draft in drafts if draft.total > ZERO)
    return Finding(subject, worth_it, reason=None if worth_it else NothingToInvoice())
