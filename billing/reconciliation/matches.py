"""Records what rows of the bank were: claims on rows, on transfers of the books, on collected payments."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from billing.districts.models import BankAccount
from billing.kernel.bulk import among, insert_rows
from billing.kernel.db import actor_of, district_of, insert_into
from billing.kernel.errors import NotFound, RuleViolation
from billing.kernel.money import Money
from billing.ledger.models import Transfer
from billing.payments import service as payments
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matching.purpose import NOTHING, Mentions, read_purpose
from billing.reconciliation.models import (
    ExceptionKind,
    MatchedRow,
    MatchedTransfer,
    MatchKind,
    RowException,
    SettledPayment,
    SettledReturn,
    StatementMatch,
    StatementRow,
)
from billing.reconciliation.reconciled import announce_completed


class RowMatched(RuleViolation):
    """A row is explained already; undo that first. Facts: ``row_id``."""

    code = "row_matched"


class TransferMatched(RuleViolation):
    """A posting was found on the bank's statement already. Facts: ``transfer_id``."""

    code = "transfer_matched"


class PaymentSettled(RuleViolation):
    """A provider has paid this payment over already. Facts: ``payment_id``."""

    code = "payment_settled"


class OpenRow(NamedTuple):
    """A row that no live match explains, with all that tells what it may be.

    Attributes:
        mentions: what the payer named in the purpose.
    """

    id: UUID
    booked_on: date
    amount: Money
    direction: Direction
    counterparty_name: str
    counterparty_iin_bin: str
    counterparty_iban: str
    counterparty_bic: str
    ultimate_name: str
    ultimate_iin_bin: str
    ultimate_iban: str
    purpose: str
    knp: str
    document_number: str
    budget_code: str
    mentions: Mentions = NOTHING

    @classmethod
    def read(cls, values: Sequence[Any]) -> "OpenRow":
        """A row of these values, one for each of ``KEPT``, with its purpose read."""
        return cls._make((*values, read_purpose(values[_PURPOSE])))


class Reason(NamedTuple):
    """One reason of a match; people read ``match_reason.<code>`` with the facts."""

    code: str
    points: int
    facts: Mapping[str, Any] = MappingProxyType({})

    def stored(self) -> dict[str, Any]:
        """The reason as it is kept with the match (JSON)."""
        return {"code": self.code, "points": self.points, "facts": dict(self.facts)}


class MatchDraft(NamedTuple):
    """A match to record.

    Attributes:
        row_ids: what the bank showed; at least one, all of one bank account.
        transfer_ids: the postings on the bank's own account (1030, or the budget's КСН) that these rows are;
            together they move that account by exactly as much as the rows.
        payment_ids: collected payments that a provider paid over with these rows.
        return_ids: transfers of money given back, by which the provider paid over less.
        matched_on: the day the match's own postings carry.
        why: of a person; None for an automatic match.
    """

    id: UUID
    kind: MatchKind
    row_ids: Sequence[UUID]
    transfer_ids: Sequence[UUID]
    matched_on: date
    payment_ids: Sequence[UUID] = ()
    return_ids: Sequence[UUID] = ()
    score: int | None = None
    reasons: Sequence[Reason] = ()
    why: str | None = None
    rule_id: UUID | None = None


KEPT = OpenRow._fields[:-1]  # what of an open row stands in the statement's
_PURPOSE = KEPT.index("purpose")


@dataclass(frozen=True, slots=True)
class Look:
    """What a matcher made of rows; of those that it does not name it knows nothing.

    Attributes:
        explained: the rows that it matched, and what they were.
        left: why others wait, which it understood and could not explain.
    """

    explained: Mapping[UUID, MatchKind] = field(default_factory=dict)
    left: Mapping[UUID, ExceptionKind] = field(default_factory=dict)

    def also(self, other: "Look") -> "Look":
        """What two looks at different rows made of them."""
        return Look({**self.explained, **other.explained}, {**self.left, **other.left})


NOTHING_SEEN = Look()


def kinds_of(drafts: Iterable[MatchDraft]) -> dict[UUID, MatchKind]:
    """The rows that matches explain, and what they were."""
    return {row_id: draft.kind for draft in drafts for row_id in draft.row_ids}


class Matcher(Protocol):
    """Looks at open rows of one account, books what it is sure of, and says what it makes of some others."""

    def __call__(
        self, session: Session, account: BankAccount, rows: Sequence[OpenRow], *, decided_on: date
    ) -> Look:
        """Book what is sure.

        Args:
            account: whose rows these are.
            rows: locked and open.
            decided_on: the district's date of the decision; what is posted carries the rows' own days.
        """


CHUNK = 2_000  # values in one list of a statement: SQLite takes 32,766, PostgreSQL 65,535
T = TypeVar("T")

_COLUMNS = tuple(getattr(StatementRow, name) for name in KEPT)


def in_chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values in lists that a statement may hold."""
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


def open_rows(session: Session, row_ids: Collection[UUID]) -> list[OpenRow]:
    """Those of the rows that no live match explains, in the order of their days."""
    statement = (
        select(*_COLUMNS)
        .outerjoin(
            MatchedRow,
            (MatchedRow.district_id == StatementRow.district_id) & (MatchedRow.row_id == StatementRow.id),
        )
        .where(among(session, StatementRow.id, row_ids), MatchedRow.row_id.is_(None))
        .order_by(StatementRow.booked_on, StatementRow.id)
    )
    return [OpenRow.read(row) for row in session.execute(statement)]


def hold_rows(session: Session, row_ids: Collection[UUID]) -> set[UUID]:
    """Hold rows, before any customer is held, in one order for all who decide; those that there are."""
    held: set[UUID] = set()
    for some in in_chunks(sorted(row_ids)):
        rows = select(StatementRow.id).where(among(session, StatementRow.id, some))
        held.update(session.scalars(rows.order_by(StatementRow.id).with_for_update()))
    return held


def lock_open_rows(session: Session, row_ids: Collection[UUID]) -> list[OpenRow]:
    """Lock rows for a decision, in one order for all who decide.

    Raises:
        NotFound: no such row.
        RowMatched: one of them is explained already.
    """
    if missing := set(row_ids) - hold_rows(session, row_ids):
        raise NotFound(kind="statement_row", id=min(missing))
    rows = open_rows(session, row_ids)
    if taken := set(row_ids) - {row.id for row in rows}:
        raise RowMatched(row_id=min(taken))
    return rows


def record_matches(
    session: Session, bank_account_id: UUID, drafts: Sequence[MatchDraft], *, decided_on: date
) -> None:
    """Write down matches of rows that are locked and open, with their claims, and close the rows' exceptions.

    Of statements that a person's decision completes, others are told.

    Args:
        decided_on: the district's date of the decision.

    Raises:
        TransferMatched: a posting is claimed by another match.
        PaymentSettled: a payment is claimed by another match. Nothing is recorded.
    """
    if not drafts:
        return
    _refuse_claimed(session, drafts)
    write_matches(session, bank_account_id, drafts)
    close_exceptions(session, [row_id for draft in drafts for row_id in draft.row_ids], decided_on)
    # What the program matches by the thousand is told by whoever lets it look, once and at the end.
    if decided := [row_id for draft in drafts if draft.why is not None for row_id in draft.row_ids]:
        announce_completed(session, decided)


def write_matches(session: Session, bank_account_id: UUID, drafts: Sequence[MatchDraft]) -> None:
    """Write down matches with their claims, looking at nothing: of postings that the caller has just made."""
    district_id = district_of(session)
    actor_id = actor_of(session)
    insert_rows(
        session,
        StatementMatch,
        _MATCH_COLUMNS,
        [
            (
                district_id,
                draft.id,
                bank_account_id,
                draft.kind,
                draft.matched_on,
                draft.score,
                [reason.stored() for reason in draft.reasons],
                draft.why,
                draft.rule_id,
                actor_id if draft.why is not None else None,
            )
            for draft in drafts
        ],
    )
    claims = (
        (MatchedRow, "row_id", "row_ids"),
        (MatchedTransfer, "transfer_id", "transfer_ids"),
        (SettledPayment, "payment_id", "payment_ids"),
        (SettledReturn, "transfer_id", "return_ids"),
    )
    for table, column, attribute in claims:
        values = [
            (district_id, claimed, draft.id) for draft in drafts for claimed in getattr(draft, attribute)
        ]
        insert_rows(session, table, ("district_id", column, "match_id"), values)


_MATCH_COLUMNS = (
    "district_id",
    "id",
    "bank_account_id",
    "kind",
    "matched_on",
    "score",
    "reasons",
    "why",
    "rule_id",
    "decided_by",
)


def _refuse_claimed(session: Session, drafts: Sequence[MatchDraft]) -> None:
    """Refuse what another match holds; of two at once, the second waits for the first's locks, then looks."""
    # Other kinds claim what they have just posted themselves.
    confirmed = [draft for draft in drafts if draft.kind is MatchKind.CONFIRMATION]
    transfer_ids = sorted({claimed for draft in confirmed for claimed in draft.transfer_ids})
    payment_ids = sorted({claimed for draft in drafts for claimed in draft.payment_ids})
    for some in in_chunks(transfer_ids):
        session.execute(
            select(Transfer.id)
            .where(among(session, Transfer.id, some))
            .order_by(Transfer.id)
            .with_for_update()
        ).all()
        held = session.scalar(
            select(MatchedTransfer.transfer_id)
            .where(among(session, MatchedTransfer.transfer_id, some))
            .limit(1)
        )
        if held is not None:
            raise TransferMatched(transfer_id=held)
    for some in in_chunks(payment_ids):
        payments.lock_payments(session, some)
        settled = session.scalar(
            select(SettledPayment.payment_id).where(among(session, SettledPayment.payment_id, some)).limit(1)
        )
        if settled is not None:
            raise PaymentSettled(payment_id=settled)


def close_exceptions(session: Session, row_ids: Collection[UUID], decided_on: date) -> None:
    """Let rows wait no longer that were explained."""
    if not row_ids:
        return
    session.execute(
        update(RowException)
        .where(among(session, RowException.row_id, row_ids), RowException.closed_on.is_(None))
        .values(closed_on=decided_on, version=RowException.version + 1)
        .execution_options(synchronize_session=False)
    )


def open_exceptions(session: Session, kinds: Mapping[UUID, ExceptionKind], *, opened_on: date) -> None:
    """Let rows wait for a person, each for its reason; a row that waits already keeps its age."""
    if not kinds:
        return
    values = [
        {
            "district_id": district_of(session),
            "row_id": row_id,
            "kind": kind,
            "opened_on": opened_on,
            "closed_on": None,
            "version": 1,
        }
        for row_id, kind in kinds.items()
    ]
    statement = insert_into(session, RowException)
    was_closed = RowException.closed_on.is_not(None)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["district_id", "row_id"],
            set_={
                "kind": statement.excluded.kind,
                "opened_on": case((was_closed, statement.excluded.opened_on), else_=RowException.opened_on),
                "closed_on": None,
                "version": RowException.version + 1,
            },
        ),
        values,
    )


def unexplained(direction: Direction) -> ExceptionKind:
    """What a row is called of which nothing is known."""
    if direction is Direction.IN:
        return ExceptionKind.UNKNOWN_PAYER
    return ExceptionKind.UNEXPECTED_OUTGOING
