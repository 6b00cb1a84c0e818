"""Weighs whose money a row is: each piece of evidence gives points, and a reason that people can read.

Pure: values in, candidates out. A payer may pay for another customer: what the purpose names says for whom,
and who paid speaks for a customer only if he is known to pay for him.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from billing.kernel.identifiers import mask_iin
from billing.kernel.money import total
from billing.reconciliation.matches import OpenRow, Reason
from billing.reconciliation.matching.knowledge import (
    LIMITATION_YEARS,
    Known,
    KnownCustomer,
    KnownInvoice,
    KnownPayment,
)
from billing.reconciliation.matching.purpose import InvoiceMention, Mentions, folded

SCORE_MAX = 100


class Evidence(StrEnum):
    """What a reason rests on. Reasons of one kind, however many, are one piece of evidence."""

    ACCOUNT = "account"
    INVOICE = "invoice"
    PERSON = "person"
    IBAN = "iban"
    PURPOSE = "purpose"
    AMOUNT = "amount"
    DOCUMENT = "document"
    DAY = "day"  # fits too many to count as evidence of its own


class ReasonCode(StrEnum):
    """Why a row may be a customer's money; people read it under ``match_reason.<code>``."""

    ACCOUNT = "account"
    ACCOUNT_INCOMPLETE = "account_incomplete"
    INVOICE = "invoice"
    BARE_INVOICE = "bare_invoice"
    ULTIMATE_PAYER = "ultimate_payer"
    PAYER = "payer"
    PERSON_NAMED = "person_named"
    HIS_PAYER = "his_payer"
    IBAN = "iban"
    RULE = "rule"
    RECORDED = "recorded"
    INVOICE_AMOUNT = "invoice_amount"
    DEBT_AMOUNT = "debt_amount"
    DAY = "day"
    OUTSIDE_ID = "outside_id"


# None gives more than 60, and a threshold lies above that: no single reason is ever enough.
POINTS: Mapping[ReasonCode, int] = {
    ReasonCode.ACCOUNT: 60,
    ReasonCode.ACCOUNT_INCOMPLETE: 40,
    ReasonCode.INVOICE: 50,
    ReasonCode.BARE_INVOICE: 40,
    ReasonCode.ULTIMATE_PAYER: 60,
    ReasonCode.PAYER: 60,
    ReasonCode.PERSON_NAMED: 40,
    ReasonCode.HIS_PAYER: 60,
    ReasonCode.IBAN: 40,
    ReasonCode.RULE: 40,
    ReasonCode.RECORDED: 25,
    ReasonCode.INVOICE_AMOUNT: 25,
    ReasonCode.DEBT_AMOUNT: 25,
    ReasonCode.DAY: 5,
    ReasonCode.OUTSIDE_ID: 30,
}


class Pointer(NamedTuple):
    """Something in a row that points to a customer, or to one of several.

    Attributes:
        firm: whether it rules out everybody else who has nothing to do with them.
        invoices: that were named, where it is an invoice's number.
    """

    code: ReasonCode
    evidence: Evidence
    customer_ids: frozenset[UUID]
    facts: Mapping[str, Any] = MappingProxyType({})
    firm: bool = True
    invoices: tuple[KnownInvoice, ...] = ()
    rule_id: UUID | None = None


class Candidate(NamedTuple):
    """A customer whose money a row may be.

    Attributes:
        points: of all reasons together; the score shown stops at 100. Two candidates are compared by them.
        evidence: the kinds of what speaks for him.
        invoice_ids: his open invoices that the purpose names.
        recorded: his payment of this sum that awaits its statement.
        contradicted: whether something firm points to somebody else.
    """

    customer: KnownCustomer
    reasons: tuple[Reason, ...]
    points: int
    evidence: frozenset[Evidence]
    invoice_ids: tuple[UUID, ...]
    recorded: KnownPayment | None
    contradicted: bool
    rule_id: UUID | None

    @property
    def score(self) -> int:
        """The points as people see them, of 100."""
        return min(self.points, SCORE_MAX)


def candidates_of(
    row: OpenRow, mentions: Mentions, known: Known, also: Collection[UUID] = ()
) -> list[Candidate]:
    """Everybody whose money an incoming row may be, the likeliest first.

    Args:
        also: customers to weigh whom nothing points to: a sum of theirs may fit.
    """
    pointers = list(_pointers(row, mentions, known))
    customer_ids = {each for pointer in pointers for each in pointer.customer_ids}.union(also)
    found = [
        _weigh(row, known.customers[each], pointers, known)
        for each in customer_ids
        if each in known.customers
    ]
    return sorted(
        (candidate for candidate in found if candidate.reasons),
        key=lambda candidate: (-candidate.points, candidate.customer.account_number),
    )


def _pointers(row: OpenRow, mentions: Mentions, known: Known) -> Iterator[Pointer]:
    for account in mentions.accounts:
        if (customer_id := known.by_account.get(account.number)) is not None:
            code = ReasonCode.ACCOUNT if account.complete else ReasonCode.ACCOUNT_INCOMPLETE
            yield Pointer(code, Evidence.ACCOUNT, frozenset({customer_id}), {"account": account.number})
    for mention in mentions.invoices:
        if invoices := _meant(row, mention, known):
            code = ReasonCode.INVOICE if mention.named else ReasonCode.BARE_INVOICE
            owners = frozenset(invoice.customer_id for invoice in invoices)
            facts = {"number": f"{mention.number:06d}"}
            yield Pointer(code, Evidence.INVOICE, owners, facts, firm=mention.named, invoices=invoices)
    yield from _persons(row, mentions, known)
    yield from _rules(row, known)


def _meant(row: OpenRow, mention: InvoiceMention, known: Known) -> tuple[KnownInvoice, ...]:
    """The invoices a number may mean: of the year that was said; settled ones only if none is open."""
    this_year = row.booked_on.year
    years: Collection[int] = range(this_year - LIMITATION_YEARS, this_year + 1)
    if mention.year is not None:
        years = {mention.year}
    of_years = [invoice for invoice in known.numbered(mention.number) if invoice.year in years]
    return tuple([invoice for invoice in of_years if invoice.open_amount] or of_years)


def _persons(row: OpenRow, mentions: Mentions, known: Known) -> Iterator[Pointer]:
    # Where the bank says who really paid, the other is the one through whose hands the money went.
    named = [
        (ReasonCode.ULTIMATE_PAYER, row.ultimate_iin_bin),
        (ReasonCode.PAYER, row.counterparty_iin_bin),
        *((ReasonCode.PERSON_NAMED, each) for each in mentions.iin_bins),
    ]
    paid = False
    for code, iin_bin in named:
        customer_id = known.person(iin_bin)
        if customer_id is None or (paid and code is ReasonCode.PAYER):
            continue
        paid = True
        yield Pointer(code, Evidence.PERSON, frozenset({customer_id}), {"iin_bin": mask_iin(iin_bin)})
    through_another = row.ultimate_name or row.ultimate_iin_bin or row.ultimate_iban
    iban = row.ultimate_iban if through_another else row.counterparty_iban
    if (seen := known.by_iban.get(iban)) and iban not in known.nobody:
        yield Pointer(ReasonCode.IBAN, Evidence.IBAN, seen, {"iban": f"…{iban[-4:]}"}, firm=False)


def _rules(row: OpenRow, known: Known) -> Iterator[Pointer]:
    purpose = folded(row.purpose) if known.rules else ""
    for rule in known.rules:
        if rule.customer_id is not None and rule.holds_for(row, purpose):
            # A rule repeats what it asks for: with that alone it is still one piece of evidence.
            evidence = Evidence.PERSON if rule.iin_bin else Evidence.IBAN if rule.iban else Evidence.PURPOSE
            customer_ids = frozenset({rule.customer_id})
            yield Pointer(
                ReasonCode.RULE, evidence, customer_ids, {"why": rule.why}, firm=False, rule_id=rule.id
            )


def _weigh(row: OpenRow, customer: KnownCustomer, pointers: Sequence[Pointer], known: Known) -> Candidate:
    ruled = any(pointer.rule_id and customer.id in pointer.customer_ids for pointer in pointers)
    counted: dict[str, tuple[Pointer, ReasonCode]] = {}
    for pointer in pointers:
        code = _speaks_for(pointer, customer, ruled)
        group = "rule" if pointer.rule_id else pointer.evidence.value
        if code is not None and (group not in counted or POINTS[counted[group][1]] < POINTS[code]):
            counted[group] = (pointer, code)
    reasons = [Reason(code, POINTS[code], dict(pointer.facts)) for pointer, code in counted.values()]
    evidence = {pointer.evidence for pointer, _ in counted.values()}
    named = _named_invoices(customer, pointers, known)
    recorded = _awaiting(row, customer, known)
    for kind, reason in _fitting(row, customer, named, recorded, known):
        reasons.append(reason)
        evidence.add(kind)
    return Candidate(
        customer,
        tuple(reasons),
        sum(reason.points for reason in reasons),
        frozenset(evidence),
        tuple(invoice.id for invoice in named),
        recorded,
        any(pointer.firm and not _concerns(pointer, customer, ruled, known) for pointer in pointers),
        next((pointer.rule_id for pointer, _ in counted.values() if pointer.rule_id), None),
    )


def _speaks_for(pointer: Pointer, customer: KnownCustomer, ruled: bool) -> ReasonCode | None:
    """The reason a pointer gives for a customer; who paid speaks also for whom he is known to pay for."""
    if customer.id in pointer.customer_ids:
        return pointer.code
    if pointer.evidence not in {Evidence.PERSON, Evidence.IBAN} or pointer.rule_id:
        return None
    if ruled or customer.payer_id in pointer.customer_ids:
        return ReasonCode.HIS_PAYER if pointer.evidence is Evidence.PERSON else pointer.code
    return None


def _concerns(pointer: Pointer, customer: KnownCustomer, ruled: bool, known: Known) -> bool:
    """Whether a pointer is to the customer, his payer, or somebody he pays for."""
    if customer.id in pointer.customer_ids or customer.payer_id in pointer.customer_ids:
        return True
    if ruled and pointer.evidence is Evidence.PERSON:
        return True
    if any(invoice.payer_id == customer.id for invoice in pointer.invoices):
        return True
    return any(
        known.customers[each].payer_id == customer.id
        for each in pointer.customer_ids
        if each in known.customers
    )


def _named_invoices(customer: KnownCustomer, pointers: Sequence[Pointer], known: Known) -> list[KnownInvoice]:
    """Open invoices that the purpose calls by number and that a payment of the customer may settle."""
    called = [pointer for pointer in pointers if pointer.code is ReasonCode.INVOICE]
    if not called:
        return []
    payable = {invoice.id for invoice in known.open_invoices(customer.id)}
    named = {
        invoice.id: invoice for pointer in called for invoice in pointer.invoices if invoice.id in payable
    }
    return list(named.values())


def _awaiting(row: OpenRow, customer: KnownCustomer, known: Known) -> KnownPayment | None:
    """The recorded payment that the row shows: of his and of the sum, the same document's or the nearest."""
    payments = known.payments.get(customer.id)
    if not payments:
        return None
    around = timedelta(days=known.thresholds.days_around)
    fitting = [
        payment
        for payment in payments
        if payment.awaits_statement
        and payment.amount == row.amount
        and abs(payment.received_on - row.booked_on) <= around
    ]
    return min(
        fitting,
        key=lambda each: (not same_document(row, each), abs(each.received_on - row.booked_on), each.id),
        default=None,
    )


def same_document(row: OpenRow, payment: KnownPayment) -> bool:
    """Whether a payment was recorded under the number of the row's payment order."""
    number = row.document_number.lstrip("0")
    return number != "" and payment.outside_id is not None and payment.outside_id.lstrip("0") == number


def _fitting(
    row: OpenRow,
    customer: KnownCustomer,
    named: Sequence[KnownInvoice],
    recorded: KnownPayment | None,
    known: Known,
) -> Iterator[tuple[Evidence, Reason]]:
    """How sum, day and document fit what is known of a customer; one sum is one piece of evidence."""
    amount = {"amount": str(row.amount)}
    if recorded is not None:
        facts = {**amount, "day": recorded.received_on.isoformat()}
        yield Evidence.AMOUNT, _reason(ReasonCode.RECORDED, facts)
        yield Evidence.DAY, _reason(ReasonCode.DAY, {"day": row.booked_on.isoformat()})
        if same_document(row, recorded):
            yield Evidence.DOCUMENT, _reason(ReasonCode.OUTSIDE_ID, {"number": row.document_number})
        return
    invoices = known.open_invoices(customer.id)
    if named and total(invoice.open_amount for invoice in named) == row.amount:
        paid: KnownInvoice | None = named[0]
    else:
        paid = next((invoice for invoice in invoices if invoice.open_amount == row.amount), None)
    if paid is not None:
        facts = {**amount, "number": f"{paid.number:06d}"}
        yield Evidence.AMOUNT, _reason(ReasonCode.INVOICE_AMOUNT, facts)
        last_day = paid.due_on + timedelta(days=known.thresholds.days_around)
        if paid.issued_on <= row.booked_on <= last_day:
            yield Evidence.DAY, _reason(ReasonCode.DAY, {"day": row.booked_on.isoformat()})
    elif total(invoice.open_amount for invoice in invoices) == row.amount:
        yield Evidence.AMOUNT, _reason(ReasonCode.DEBT_AMOUNT, amount)


def _reason(code: ReasonCode, facts: Mapping[str, Any]) -> Reason:
    return Reason(code, POINTS[code], facts)
