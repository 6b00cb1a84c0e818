"""Decisions about rows of statements on the wire: what a row may be, what it was, and the way back."""

from typing import Any
from uuid import UUID

from billing.access.models import Role
from billing.kernel.clock import today
from billing.kernel.money import Money
from billing.kernel.paging import Page
from billing.ledger.models import SourceKind
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matching import decisions, match_list, weighing
from billing.reconciliation.matching.parties import SHARES_MAX, Share
from billing.reconciliation.matching.scoring import Candidate
from billing.reconciliation.matching.wording import sentences
from billing.reconciliation.models import ExceptionKind, MatchKind, MatchUndo, RowException, StatementMatch
from billing.reconciliation.undo import get_match
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.fields import (
    AmountField,
    BooleanField,
    DateField,
    EnumField,
    FactsField,
    IdField,
    InstantField,
    ListField,
    MoneyField,
    NestedField,
    PastDateField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.language import reader_language
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.personal import MaskedIinField
from billing.web.transaction import current_session

DECIDERS = (Role.ACCOUNTANT,)
BOOKKEEPERS = (Role.ACCOUNTANT, Role.AUDITOR)
ONE_TIYN = Money(1)

blp = Blueprint(
    "statement_decisions",
    __name__,
    url_prefix="/api/v1",
    description="What rows of bank statements were, in the words of people.",
)


class ReasonOut(Schema):
    """Why a row may be a customer's money."""

    code = TextField(40, required=True)
    points = StrictInteger(required=True)
    facts = FactsField(required=True)


class CandidateOut(Schema):
    """A customer whose money a row may be."""

    customer_id = IdField(required=True, attribute="customer.id")
    account_number = TextField(13, required=True, attribute="customer.account_number")
    name = TextField(300, required=True, attribute="customer.name")
    iin_bin = MaskedIinField(required=True, allow_none=True, attribute="customer.iin_bin")
    score = StrictInteger(required=True, metadata={"description": "of 100"})
    is_contradicted = BooleanField(
        required=True, attribute="contradicted", metadata={"description": "something points elsewhere"}
    )
    invoice_ids = ListField(IdField(), required=True, dump_only=True)
    recorded_payment_id = IdField(required=True, allow_none=True)
    reasons = ListField(NestedField(ReasonOut), required=True, dump_only=True)
    sentences = ListField(TextField(1000), required=True, dump_only=True)


class PostingOut(Schema):
    """A posting of the enterprise's bank account that no row has shown yet."""

    id = IdField(required=True)
    posted_on = DateField(required=True)
    amount = AmountField(required=True)
    source_kind = EnumField(SourceKind, required=True)
    source_id = IdField(required=True)
    party_id = IdField(required=True, allow_none=True)


class EntryRuleOut(Schema):
    """A rule that says to which account such rows are posted."""

    id = IdField(required=True)
    account = TextField(10, required=True)
    why = TextField(300, required=True)


class WeighedOut(Schema):
    """Everything a row may be; nothing is decided by it."""

    row_id = IdField(required=True)
    booked_on = DateField(required=True)
    amount = AmountField(required=True)
    direction = EnumField(Direction, required=True)
    candidates = ListField(NestedField(CandidateOut), required=True, dump_only=True)
    postings = ListField(NestedField(PostingOut), required=True, dump_only=True)
    entry_rules = ListField(NestedField(EntryRuleOut), required=True, dump_only=True)


class PartIn(Schema):
    """A part of the money: whose it is, and for which of his invoices."""

    customer_id = IdField(required=True)
    amount = MoneyField(minimum=ONE_TIYN, required=True)
    invoice_ids = ListField(IdField(), load_default=())


class LessonIn(Schema):
    """What of the row a rule is to ask for, so that the decision is proposed next time."""

    iban = BooleanField(load_default=False)
    iin_bin = BooleanField(load_default=False)
    purpose_part = TextField(100, length_min=0, load_default="")


class DecisionIn(Schema):
    """Rows of one account and direction, and why they are decided so."""

    row_ids = ListField(IdField(), required=True, items_min=1, items_max=decisions.ROWS_MAX)
    why = TextField(300, required=True)


class PaymentsIn(DecisionIn):
    """Rows that were customers' money; the parts come to the rows' sum."""

    parts = ListField(NestedField(PartIn), required=True, items_min=1, items_max=decisions.ROWS_MAX)
    lesson = NestedField(LessonIn, load_default=None, allow_none=True)


class ConfirmationIn(DecisionIn):
    """Rows that show what the books know already."""

    transfer_ids = ListField(IdField(), required=True, items_min=1, items_max=decisions.ROWS_MAX)


class PartyShareIn(Schema):
    """A worker's or contractor's part of the rows."""

    party_id = IdField(required=True)
    amount = MoneyField(required=True, minimum=ONE_TIYN)


class EntryIn(DecisionIn):
    """Rows that were something else, and the account of the other side."""

    account = TextField(10, required=True)
    parties = ListField(
        NestedField(PartyShareIn),
        load_default=(),
        items_max=SHARES_MAX,
        metadata={"description": "workers on 3350, contractors on 3310: needed there, refused elsewhere"},
    )
    lesson = NestedField(LessonIn, load_default=None, allow_none=True)


class WrongAccountIn(Schema):
    """For whom the money was meant."""

    note = TextField(300, required=True)


class UndoIn(Schema):
    """On which date and why a match is undone."""

    undone_on = PastDateField(required=True)
    reason = TextField(300, required=True)


class MatchArgs(ListArgs):
    """Which decisions."""

    sort = SortField("decided_at")
    bank_account_id = IdField()
    kind = EnumField(MatchKind)
    decided_by = IdField()
    by_person = BooleanField(metadata={"description": "false: the program's own"})
    undone = BooleanField()


class ListedMatchOut(Schema):
    """A decision about rows, a person's or the program's own."""

    id = IdField(required=True)
    bank_account_id = IdField(required=True)
    kind = EnumField(MatchKind, required=True)
    matched_on = DateField(required=True)
    score = StrictInteger(required=True, allow_none=True)
    reasons = ListField(NestedField(ReasonOut), required=True, dump_only=True)
    sentences = ListField(TextField(1000), required=True, dump_only=True)
    why = TextField(300, required=True, allow_none=True)
    rule_id = IdField(required=True, allow_none=True)
    decided_by = IdField(required=True, allow_none=True, metadata={"description": "null: the program itself"})
    decided_at = InstantField(required=True)
    undone_on = DateField(required=True, allow_none=True)
    undo_reason = TextField(300, required=True, allow_none=True)


class MatchOut(ListedMatchOut):
    """A decision with what it is about."""

    row_ids = ListField(IdField(), required=True, dump_only=True)
    transfer_ids = ListField(IdField(), required=True, dump_only=True)


class UndoOut(Schema):
    """A match undone."""

    match_id = IdField(required=True)
    undone_on = DateField(required=True)
    reason = TextField(300, required=True)
    recorded_by = IdField(required=True, allow_none=True)
    recorded_at = InstantField(required=True)


class MarkedOut(Schema):
    """A row that was meant for another."""

    row_id = IdField(required=True)
    kind = EnumField(ExceptionKind, required=True)
    note = TextField(300, required=True, allow_none=True)


@blp.get("/statement-rows/<uuid:row_id>/candidates")
@requires(*BOOKKEEPERS)
@blp.response(200, WeighedOut)
def weigh_row(row_id: UUID) -> dict[str, Any]:
    """Whose money an open row may be and why, which postings it may show, what rules say of it."""
    session = current_session()
    row, enterprise_id = weighing.open_row(session, row_id)
    weighed = weighing.weigh(session, enterprise_id, row)
    return {
        "row_id": row.id,
        "booked_on": row.booked_on,
        "amount": row.amount,
        "direction": row.direction,
        "candidates": [_candidate(each) for each in weighed.candidates],
        "postings": weighed.postings,
        "entry_rules": weighed.entry_rules,
    }


@blp.post("/statement-decisions/payments")
@requires(*DECIDERS)
@blp.arguments(PaymentsIn)
@blp.response(201, MatchOut)
def decide_payments(body: dict[str, Any]) -> dict[str, Any]:
    """Rows were customers' money: record it as payments, split as it was meant."""
    parts = [
        decisions.Part(part["customer_id"], part["amount"], tuple(part["invoice_ids"]))
        for part in body["parts"]
    ]
    return _match(
        decisions.decide_payments(
            current_session(),
            body["row_ids"],
            parts,
            decided_on=today(),
            why=body["why"],
            lesson=_lesson(body),
        )
    )


@blp.post("/statement-decisions/confirmations")
@requires(*DECIDERS)
@blp.arguments(ConfirmationIn)
@blp.response(201, MatchOut)
def confirm_postings(body: dict[str, Any]) -> dict[str, Any]:
    """Rows show what the books know already: recorded payments, refunds, an accountant's entries."""
    return _match(decisions.confirm_postings(current_session(), **body, decided_on=today()))


@blp.post("/statement-decisions/entries")
@requires(*DECIDERS)
@blp.arguments(EntryIn)
@blp.response(201, MatchOut)
def decide_entry(body: dict[str, Any]) -> dict[str, Any]:
    """Rows were something else: post them to an account of the enterprise's book."""
    return _match(
        decisions.decide_entry(
            current_session(),
            body["row_ids"],
            body["account"],
            decided_on=today(),
            why=body["why"],
            lesson=_lesson(body),
            shares=[Share(**each) for each in body["parties"]],
        )
    )


@blp.post("/statement-rows/<uuid:row_id>/wrong-account")
@requires(*DECIDERS)
@blp.arguments(WrongAccountIn)
@blp.response(200, MarkedOut)
def mark_wrong_account(body: dict[str, Any], row_id: UUID) -> RowException:
    """A row was meant for another account or enterprise: it waits, as such."""
    return decisions.mark_wrong_account(current_session(), row_id, **body, marked_on=today())


@blp.get("/statement-matches")
@requires(*BOOKKEEPERS)
@blp.arguments(MatchArgs, location="query")
@blp.response(200, page_schema(ListedMatchOut))
def list_matches(args: dict[str, Any]) -> Page[dict[str, Any]]:
    """What was decided about rows, the last first, with what was undone."""
    page = match_list.list_matches(current_session(), args.pop("page"), **args)
    return Page([_told(match, undo) for match, undo in page.items], page.next_cursor)


@blp.get("/statement-matches/<uuid:match_id>")
@requires(*BOOKKEEPERS)
@blp.response(200, MatchOut)
def show_match(match_id: UUID) -> dict[str, Any]:
    """A decision, with its reasons in words, and whether it was undone."""
    return _match(get_match(current_session(), match_id))


@blp.post("/statement-matches/<uuid:match_id>/undo")
@requires(*DECIDERS)
@blp.arguments(UndoIn)
@blp.response(201, UndoOut)
def undo_match(body: dict[str, Any], match_id: UUID) -> MatchUndo:
    """Undo a match: what it posted is mirrored, and its rows wait for a person again."""
    return decisions.undo_decision(current_session(), match_id, **body)


def _lesson(body: dict[str, Any]) -> decisions.Lesson | None:
    return None if body["lesson"] is None else decisions.Lesson(**body["lesson"])


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "customer": candidate.customer,
        "score": candidate.score,
        "contradicted": candidate.contradicted,
        "invoice_ids": candidate.invoice_ids,
        "recorded_payment_id": candidate.recorded.id if candidate.recorded else None,
        "reasons": candidate.reasons,
        "sentences": sentences(candidate.reasons, reader_language()),
    }


def _match(match: StatementMatch) -> dict[str, Any]:
    held = weighing.held_by(current_session(), match)
    return {**_told(match, held.undo), "row_ids": held.row_ids, "transfer_ids": held.transfer_ids}


def _told(match: StatementMatch, undo: MatchUndo | None) -> dict[str, Any]:
    return {
        "id": match.id,
        "bank_account_id": match.bank_account_id,
        "kind": match.kind,
        "matched_on": match.matched_on,
        "score": match.score,
        "reasons": match.reasons,
        "sentences": sentences(match.reasons, reader_language()),
        "why": match.why,
        "rule_id": match.rule_id,
        "decided_by": match.decided_by,
        "decided_at": match.decided_at,
        "undone_on": undo.undone_on if undo else None,
        "undo_reason": undo.reason if undo else None,
    }
