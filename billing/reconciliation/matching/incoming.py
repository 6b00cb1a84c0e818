"""What came in on an enterprise's bank account: books the money whose owner is sure, once."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from billing.budget.service import NoPostingPolicy, UnknownBudgetCode
from billing.districts.models import BankAccount, BankAccountKind
from billing.kernel.behind import writing_behind
from billing.kernel.bulk import looked_up_by_keys
from billing.kernel.ids import new_id
from billing.kernel.table_statistics import plan_anew
from billing.ledger.service import MonthClosed
from billing.payments.models import PaymentMethod
from billing.payments.receipts import Receipt
from billing.payments.recording import Recorded, Recording, record_payments
from billing.receivables.service import NotOpenForCustomer, OpenLines
from billing.reconciliation.arrivals import lock_budget_book
from billing.reconciliation.direct_payments import record_payment_matches, takes_payments
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matches import (
    CHUNK,
    NOTHING_SEEN,
    Look,
    MatchDraft,
    OpenRow,
    TransferMatched,
    close_exceptions,
    in_chunks,
    kinds_of,
    record_matches,
    write_matches,
)
from billing.reconciliation.matching.candidates import Days
from billing.reconciliation.matching.knowledge import Known, KnownPayment, Movement
from billing.reconciliation.matching.learning import Debts, Learning, debts_seen
from billing.reconciliation.matching.openness import Openness, openness_of
from billing.reconciliation.matching.scoring import Candidate
from billing.reconciliation.matching.verdict import Verdict, judge
from billing.reconciliation.models import ExceptionKind, MatchKind

BANK_CHANNEL = "bank"
_REFUSALS = (MonthClosed, NoPostingPolicy, UnknownBudgetCode, NotOpenForCustomer)


class Decided(NamedTuple):
    """A row and the match that explains it, with the receipt to record where it is not recorded yet."""

    row: OpenRow
    draft: MatchDraft
    receipt: Receipt | None = None


class Incoming:
    """Books what came in on an account, part by part; what one part taught is known at the next."""

    def __init__(self, session: Session, account: BankAccount, days: Days) -> None:
        """Look at rows of an account.

        Args:
            days: between which all rows lie.
        """
        self._session, self._account, self._days = session, account, days
        self._bulk: _Bulk | None = None

    def match(self, rows: Sequence[OpenRow], *, decided_on: date) -> Look:
        """Book the incoming rows whose owner is sure, if it is an account that customers pay to.

        A row becomes a payment of its customer, or is found to be one that was recorded before. Rows that the
        books refuse (a closed month, no posting policy, an unknown code) are left, and the others are booked.

        Args:
            rows: locked and open, in the order of their days.
            decided_on: the district's date of the decision; what is posted carries the rows' own days.
        """
        session, account = self._session, self._account
        incoming = [row for row in rows if row.direction is Direction.IN]
        if not incoming or not takes_payments(session, account):
            return NOTHING_SEEN
        bookable = _open_in_budget(session, account, incoming)
        bookable_ids = {row.id for row in bookable}
        left = {row.id: ExceptionKind.NOT_BOOKABLE for row in incoming if row.id not in bookable_ids}
        if account.kind is BankAccountKind.BANK:
            self._bulk = self._bulk or _Bulk(session, account, self._days)
            try:
                with session.begin_nested(), writing_behind(session), looked_up_by_keys(session):
                    return Look(left=left).also(self._bulk.book(bookable, decided_on))
            except (*_REFUSALS, TransferMatched):
                # One of thousands is refused, or a person has confirmed what an earlier part knew of; now it
                # is looked for. What was learnt and held is void.
                self._bulk = None
        look = Look(left=left)
        for some in in_chunks(bookable):
            look = look.also(_book_what_can_be(session, account, some, self._days, decided_on))
        return look


class _Bulk:
    """Books rows of an enterprise's own account by the thousand, all or none of each part.

    Everybody whom a row may be of is held, not only those whom it turns out to be of.
    """

    def __init__(self, session: Session, account: BankAccount, days: Days) -> None:
        self._session, self._account = session, account
        self._recording = Recording(session, account.enterprise_id)
        self._deciding = Deciding(session, account.enterprise_id, days, self._held_debts)

    def book(self, rows: Sequence[OpenRow], decided_on: date) -> Look:
        """Book the rows that are sure; a chunk is stored while the next is decided.

        Raises:
            One of ``_REFUSALS``, for whichever row.
            TransferMatched: a person has found another row for a payment that one of these was to confirm.
                Nothing of this part is booked.
        """
        session, account_id = self._session, self._account.id
        self._deciding.learn(rows)
        explained: dict[UUID, MatchKind] = {}
        left: dict[UUID, ExceptionKind] = {}
        confirmations: list[MatchDraft] = []
        for some, has_doubled in _growing(rows):
            decided, waiting = self._deciding.decide(some)
            left |= waiting
            explained |= kinds_of(each.draft for each in decided)
            confirmations += [each.draft for each in decided if each.receipt is None]
            new = [(each.draft, each.receipt) for each in decided if each.receipt is not None]
            recorded = self._recording.record([receipt for _, receipt in new], fresh=True)
            drafts = [_claiming(draft, made) for (draft, _), made in zip(new, recorded, strict=True)]
            write_matches(session, account_id, drafts)
            if has_doubled:
                plan_anew(session)
        record_matches(session, account_id, confirmations, decided_on=decided_on)
        close_exceptions(session, explained, decided_on)
        return Look(explained, left)

    def _held_debts(self, customer_ids: Collection[UUID]) -> OpenLines:
        self._recording.hold(customer_ids)
        return self._recording.open_lines()


def _growing(rows: Sequence[OpenRow]) -> Iterator[tuple[Sequence[OpenRow], bool]]:
    """The rows in chunks that grow: the database waits for the first one, and for no other.

    With each chunk, whether there are twice as many by now as when this was last said.
    """
    start, count, known = 0, CHUNK // 8, 0
    while start < len(rows):
        end = start + count
        has_doubled = end >= 2 * known
        known = end if has_doubled else known
        yield rows[start:end], has_doubled
        start, count = end, min(count * 3 // 2, CHUNK)


def _book_what_can_be(
    session: Session, account: BankAccount, rows: Sequence[OpenRow], days: Days, decided_on: date
) -> Look:
    """Book the rows that are sure and that the books take, and say why the others are not booked."""
    debts = debts_seen(session, account.enterprise_id)
    deciding = Deciding(session, account.enterprise_id, days, debts)
    deciding.learn(rows)
    decided, left = deciding.decide(rows)
    drafts = [each.draft for each in decided if each.receipt is None]
    to_record = [each for each in decided if each.receipt is not None]
    for each, recorded in zip(to_record, _record(session, account.enterprise_id, to_record), strict=True):
        if recorded is None:
            left[each.row.id] = ExceptionKind.NOT_BOOKABLE
        else:
            drafts.append(_claiming(each.draft, recorded))
    record_payment_matches(session, account, drafts, decided_on=decided_on)
    return Look(kinds_of(drafts), left)


def _claiming(draft: MatchDraft, recorded: Recorded) -> MatchDraft:
    assert recorded.transfer_id is not None  # the match's own id is in the outside id: it is new
    return draft._replace(transfer_ids=(recorded.transfer_id,))


def _open_in_budget(session: Session, account: BankAccount, rows: Sequence[OpenRow]) -> Sequence[OpenRow]:
    """On the budget's account a payment is posted in the budget's book too: not in a closed month of it."""
    if account.kind is BankAccountKind.BANK:
        return rows
    closed_through = lock_budget_book(session)
    return [row for row in rows if closed_through is None or row.booked_on > closed_through]


class Deciding:
    """Says what rows are to become, one after the other; what it decides of one it knows at the next."""

    def __init__(self, session: Session, enterprise_id: UUID, days: Days, debts: Debts) -> None:
        """Decide about rows that lie between two days; see ``Learning``."""
        self._learning = Learning(session, enterprise_id, days, debts)
        self._openness = openness_of(session, enterprise_id)

    def learn(self, rows: Sequence[OpenRow]) -> None:
        """Learn what may explain these rows, before anything is decided about them."""
        self._learning.learn(rows)

    def decide(self, rows: Sequence[OpenRow]) -> tuple[list[Decided], dict[UUID, ExceptionKind]]:
        """What each of some rows is to become, and why the others are left. Only computes."""
        known = self._learning.known
        decided: list[Decided] = []
        left: dict[UUID, ExceptionKind] = {}
        for row in rows:
            verdict = judge(row, row.mentions, known)
            if verdict.exception is not None or verdict.candidate is None:
                left[row.id] = verdict.exception or ExceptionKind.UNKNOWN_PAYER
            elif verdict.confirms is not None:
                # The next row of the same sum is another payment.
                known.note_payer(row, verdict.candidate.customer.id)
                known.note(verdict.confirms._replace(shown_by=Movement.of(row)))
                draft = _draft(row, verdict.candidate, MatchKind.CONFIRMATION)
                decided.append(Decided(row, draft._replace(transfer_ids=(verdict.confirms.transfer_id,))))
            elif not _is_bookable(row, verdict, known, self._openness):
                left[row.id] = ExceptionKind.NOT_BOOKABLE
            else:
                decided.append(_to_record(row, verdict.candidate, known))
        return decided, left


def _is_bookable(row: OpenRow, verdict: Verdict, known: Known, openness: Openness) -> bool:
    assert verdict.candidate is not None
    settles = bool(known.open_invoices(verdict.candidate.customer.id))
    return openness.takes(row.booked_on, settles=settles)


def _to_record(row: OpenRow, candidate: Candidate, known: Known) -> Decided:
    draft = _draft(row, candidate, MatchKind.PAYMENT)
    receipt = Receipt(
        customer_id=candidate.customer.id,
        amount=row.amount,
        received_on=row.booked_on,
        method=PaymentMethod.BANK,
        channel=BANK_CHANNEL,
        outside_id=f"{draft.id}:1",
        payer_name=payer_name(row, candidate.customer.iin_bin),
        invoice_ids=candidate.invoice_ids,
    )
    known.settle(receipt.customer_id, receipt.amount, receipt.invoice_ids)
    known.note_payer(row, receipt.customer_id)
    known.note(
        KnownPayment(
            id=draft.id,  # stands for the payment, which has no id yet
            transfer_id=draft.id,
            customer_id=receipt.customer_id,
            amount=receipt.amount,
            received_on=receipt.received_on,
            method=receipt.method,
            outside_id=receipt.outside_id,
            shown_by=Movement.of(row),
        )
    )
    return Decided(row, draft, receipt)


def _draft(row: OpenRow, candidate: Candidate, kind: MatchKind) -> MatchDraft:
    return MatchDraft(
        id=new_id(),
        kind=kind,
        row_ids=(row.id,),
        transfer_ids=(),
        matched_on=row.booked_on,
        score=candidate.score,
        reasons=candidate.reasons,
        rule_id=candidate.rule_id,
    )


def payer_name(row: OpenRow, iin_bin: str | None) -> str | None:
    """Who paid, as the bank calls him, unless it was the customer himself.

    Args:
        iin_bin: the customer's.
    """
    paid = row.ultimate_iin_bin or row.counterparty_iin_bin
    if paid and paid == iin_bin:
        return None
    return row.ultimate_name or row.counterparty_name or None


def _record(session: Session, enterprise_id: UUID, decided: Sequence[Decided]) -> list[Recorded | None]:
    """Record the receipts; None in place of those that the books refuse.

    What can be told beforehand was not decided so; what is left (a code that the new year does not know, an
    invoice settled a moment ago) is rare, and found by halving.
    """
    receipts = [each.receipt for each in decided if each.receipt is not None]
    try:
        with session.begin_nested():
            return [*record_payments(session, enterprise_id, receipts)] if receipts else []
    except _REFUSALS:
        if len(decided) == 1:
            return [None]
    middle = len(decided) // 2
    return [
        *_record(session, enterprise_id, decided[:middle]),
        *_record(session, enterprise_id, decided[middle:]),
    ]
