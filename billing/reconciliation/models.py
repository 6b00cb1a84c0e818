"""Statements as they came, the rows in them, and what each row was: matches, claims, exceptions, rules.

A match is a fact: which rows of the bank it explains, why, and who decided. What it holds at this moment are
claims: a row, a transfer of the books and a collected payment each belong to one live match at the most, and
the claims' keys make a second one impossible, whatever runs at once. Undoing a match removes its claims and
keeps what they were.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from billing.kernel.columns import EnumType, one_of, within_district, within_district_all
from billing.kernel.db import Base, Identified, InDistrict, Versioned
from billing.kernel.money import Money
from billing.kernel.shown import Shown
from billing.reconciliation.formats.statement import Direction


class MatchKind(Shown):
    """What a movement on the bank account was."""

    PAYMENT = "payment"  # a customer's money, recorded as payments because the row showed it
    CONFIRMATION = "confirmation"  # money that the books knew already: payments, refunds, entries by hand
    PROVIDER_BATCH = "provider_batch"  # what a provider collected, less its commission
    COMMISSION = "commission"  # the bank's own charge
    PAYOUT = "payout"  # a worker or contractor was paid what he was owed
    BUDGET_TRANSFER = "budget_transfer"  # collected fees sent on to the budget's account
    ARRIVAL = "arrival"  # collected fees that reached the budget's account
    ENTRY = "entry"  # anything else, posted to the account the accountant named


class ExceptionKind(Shown):
    """Why a row is not explained yet."""

    UNKNOWN_PAYER = "unknown_payer"
    AMBIGUOUS = "ambiguous"  # two explanations are equally good
    AMOUNT_DIFFERS = "amount_differs"
    WRONG_ACCOUNT = "wrong_account"  # it was meant for another account or enterprise
    DUPLICATE_SUSPECTED = "duplicate_suspected"
    PROVIDER_DIFFERENCE = "provider_difference"
    UNEXPECTED_OUTGOING = "unexpected_outgoing"  # money went out that nothing of ours expected
    NOT_BOOKABLE = "not_bookable"  # explained, but its month is closed or its code unknown


class SavedProfile(Versioned, Identified, Base):
    """How the spreadsheets of one bank are laid out, where the built-in profiles do not know it."""

    __tablename__ = "column_profile"
    __table_args__ = (
        ForeignKeyConstraint(["district_id"], ["district.id"]),
        within_district("bank_account_id", "bank_account"),
        UniqueConstraint("district_id", "name"),
    )

    name: Mapped[str] = mapped_column(String(100))  # of the bank, or whatever the accountant calls it
    bank_account_id: Mapped[UUID | None]  # for files that do not name their account
    headings: Mapped[dict[str, list[str]]] = mapped_column(JSON)  # the names a column may have, by our field


class BankStatement(Identified, Base):
    """A file taken in: whose account it is of, what it stated, and what an accountant overrode."""

    __tablename__ = "bank_statement"
    __table_args__ = (
        within_district("bank_account_id", "bank_account"),
        # The same file once more is the same statement.
        UniqueConstraint("district_id", "bank_account_id", "sha256"),
        UniqueConstraint("district_id", "bank_account_id", "id"),  # what its rows point to
        CheckConstraint("(opening IS NULL) = (closing IS NULL)", name="both_balances_or_none"),
        CheckConstraint("date_to >= date_from", name="ends_after_start"),
        Index(None, "district_id", "bank_account_id", "date_to"),
    )

    bank_account_id: Mapped[UUID]
    sha256: Mapped[str] = mapped_column(String(64))  # of the file
    file_name: Mapped[str] = mapped_column(String(200))
    format: Mapped[str] = mapped_column(String(30))
    date_from: Mapped[date]
    date_to: Mapped[date]
    opening: Mapped[Money | None]  # None where the file has no balances (MT942, spreadsheets)
    closing: Mapped[Money | None]
    credited: Mapped[Money]
    debited: Mapped[Money]
    row_count: Mapped[int]  # in the file
    new_row_count: Mapped[int]  # the others were known from earlier files
    problems: Mapped[list[dict[str, Any]]] = mapped_column(JSON)  # warnings, and what was overridden
    override_reason: Mapped[str | None] = mapped_column(String(300))
    # By how much its closing balance is off, or that of another which its rows lie within, where overridden.
    accepted_difference: Mapped[Money] = mapped_column(server_default=text("0"))
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class UploadState(Shown):
    """How far a file that was sent to us has come."""

    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"


class StatementUpload(Identified, Base):
    """A file that was sent, and what became of it. A large one is taken in after the answer.

    Whoever is killed meanwhile has written nothing, so that the next one begins anew.
    """

    __tablename__ = "statement_upload"
    __table_args__ = (
        within_district("bank_account_id", "bank_account"),
        within_district("profile_id", "column_profile"),
        within_district("statement_id", "bank_statement"),
        one_of("state", UploadState),
        CheckConstraint("(state = 'waiting') = (content IS NOT NULL)", name="content_while_waiting"),
        CheckConstraint("(state = 'done') = (statement_id IS NOT NULL)", name="statement_when_done"),
        Index(
            "ix_statement_upload_waiting",
            "district_id",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    file_name: Mapped[str] = mapped_column(String(200))
    size_bytes: Mapped[int]
    content: Mapped[bytes | None] = mapped_column(deferred=True)
    bank_account_id: Mapped[UUID | None]
    profile_id: Mapped[UUID | None]
    override_reason: Mapped[str | None] = mapped_column(String(300))
    state: Mapped[UploadState] = mapped_column(EnumType(UploadState), default=UploadState.WAITING)
    rows_done: Mapped[int] = mapped_column(default=0)  # of those that are new
    rows_total: Mapped[int | None]  # None until the file was read
    alive_at: Mapped[datetime | None]  # when somebody who works on it said so last
    statement_id: Mapped[UUID | None]
    result: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # counts of what rows were, or why not
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class StatementRow(Identified, Base):
    """One movement of money as the bank told it. Never changed."""

    __tablename__ = "statement_row"
    __table_args__ = (
        within_district_all(["bank_account_id", "statement_id"], "bank_statement", ["bank_account_id", "id"]),
        # Overlapping files add nothing, two honest payments that look alike both stay.
        UniqueConstraint("district_id", "bank_account_id", "fingerprint", "occurrence"),
        CheckConstraint("amount > 0", name="amount_positive"),
        one_of("direction", Direction),
        Index(None, "district_id", "bank_account_id", "booked_on", "id"),
        Index(None, "district_id", "statement_id"),
        Index(
            "ix_statement_row_counterparty_iban",
            "district_id",
            "counterparty_iban",
            sqlite_where=text("counterparty_iban <> ''"),
            postgresql_where=text("counterparty_iban <> ''"),
        ),
    )

    statement_id: Mapped[UUID]  # the file that told it first
    bank_account_id: Mapped[UUID]
    position: Mapped[int]  # among that file's rows, from 1
    line: Mapped[int]  # in that file where it begins
    booked_on: Mapped[date]
    amount: Mapped[Money]
    direction: Mapped[Direction] = mapped_column(EnumType(Direction))
    counterparty_name: Mapped[str] = mapped_column(String(300))  # the other side, also where it was paid
    counterparty_iin_bin: Mapped[str] = mapped_column(String(12))
    counterparty_iban: Mapped[str] = mapped_column(String(34))
    counterparty_bic: Mapped[str] = mapped_column(String(11))
    ultimate_name: Mapped[str] = mapped_column(String(300))  # who really paid or was paid; '' where not said
    ultimate_iin_bin: Mapped[str] = mapped_column(String(12))
    ultimate_iban: Mapped[str] = mapped_column(String(34))
    purpose: Mapped[str] = mapped_column(Text)
    knp: Mapped[str] = mapped_column(String(3))
    document_number: Mapped[str] = mapped_column(String(50))
    budget_code: Mapped[str] = mapped_column(String(6))
    bank_reference: Mapped[str] = mapped_column(String(50))
    fingerprint: Mapped[str] = mapped_column(String(64))
    occurrence: Mapped[int]
    raw: Mapped[str] = mapped_column(Text)  # as it came


class StatementMatch(Identified, Base):
    """A decision about rows of the bank: what they were, why, and who said so. Never changed."""

    __tablename__ = "statement_match"
    __table_args__ = (
        within_district("bank_account_id", "bank_account"),
        within_district("rule_id", "matching_rule"),
        one_of("kind", MatchKind),
        CheckConstraint("decided_by IS NULL OR why IS NOT NULL", name="people_say_why"),
        Index(None, "district_id", "bank_account_id", "matched_on"),
    )

    bank_account_id: Mapped[UUID]
    kind: Mapped[MatchKind] = mapped_column(EnumType(MatchKind))
    matched_on: Mapped[date]  # the day its postings carry
    score: Mapped[int | None]  # of 100; None where a person decided without one
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSON)  # code and facts, for people
    why: Mapped[str | None] = mapped_column(String(300))  # in the words of who decided
    rule_id: Mapped[UUID | None]
    decided_by: Mapped[UUID | None]  # None: automatic
    decided_at: Mapped[datetime] = mapped_column(server_default=func.now())


class MatchUndo(InDistrict, Base):
    """A match that turned out wrong: what it posted is mirrored, what it held is free again."""

    __tablename__ = "match_undo"
    __table_args__ = (within_district("match_id", "statement_match"),)

    match_id: Mapped[UUID] = mapped_column(primary_key=True)
    undone_on: Mapped[date]
    reason: Mapped[str] = mapped_column(String(300))
    held: Mapped[dict[str, Any]] = mapped_column(JSON)  # the ids of rows, transfers, payments it had claimed
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class MatchedRow(InDistrict, Base):
    """The claim of a live match on a row; its key makes a second explanation impossible."""

    __tablename__ = "matched_row"
    __table_args__ = (
        within_district("row_id", "statement_row"),
        within_district("match_id", "statement_match"),
        Index(None, "district_id", "match_id"),
    )

    row_id: Mapped[UUID] = mapped_column(primary_key=True)
    match_id: Mapped[UUID]


class MatchedTransfer(InDistrict, Base):
    """The claim of a live match on a transfer of the bank's own account: these rows are that posting."""

    __tablename__ = "matched_transfer"
    __table_args__ = (
        within_district("transfer_id", "transfer"),
        within_district("match_id", "statement_match"),
        Index(None, "district_id", "match_id"),
    )

    transfer_id: Mapped[UUID] = mapped_column(primary_key=True)
    match_id: Mapped[UUID]


class SettledPayment(InDistrict, Base):
    """The claim of a live provider's batch on a payment that the provider had collected."""

    __tablename__ = "settled_payment"
    __table_args__ = (
        within_district("payment_id", "payment"),
        within_district("match_id", "statement_match"),
        Index(None, "district_id", "match_id"),
    )

    payment_id: Mapped[UUID] = mapped_column(primary_key=True)
    match_id: Mapped[UUID]


class SettledReturn(InDistrict, Base):
    """The claim of a live provider's batch on money the provider took back from it: a refund, a reversal."""

    __tablename__ = "settled_return"
    __table_args__ = (
        within_district("transfer_id", "transfer"),
        within_district("match_id", "statement_match"),
        Index(None, "district_id", "match_id"),
    )

    transfer_id: Mapped[UUID] = mapped_column(primary_key=True)  # the one that took it from 1020
    match_id: Mapped[UUID]


class RevenueArrival(Identified, Base):
    """A part of the collected revenue that reached the budget's account. An undo has the opposite sign.

    What arrived are the fees of an allocation; a share of net income, which is a revenue line of its own; or
    a payment that came straight to the budget's account, with whatever it settles, now or later.
    """

    __tablename__ = "revenue_arrival"
    __table_args__ = (
        within_district("match_id", "statement_match"),
        within_district("allocation_id", "allocation"),
        within_district("revenue_line_id", "revenue_line"),
        within_district("payment_id", "payment"),
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        CheckConstraint(
            "(CASE WHEN allocation_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN revenue_line_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN payment_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="of_one_thing",
        ),
        Index(None, "district_id", "allocation_id"),
        Index(None, "district_id", "revenue_line_id"),
        Index(None, "district_id", "payment_id"),
        Index(None, "district_id", "match_id"),
    )

    match_id: Mapped[UUID]
    allocation_id: Mapped[UUID | None]
    revenue_line_id: Mapped[UUID | None]
    payment_id: Mapped[UUID | None]
    amount: Mapped[Money]  # negative: revenue given back after it had arrived, offset by this arrival
    arrived_on: Mapped[date]


class RowException(Versioned, InDistrict, Base):
    """A row that waits for a person: why, whose it is, and since when. Closed when a match explains it."""

    __tablename__ = "row_exception"
    __table_args__ = (
        within_district("row_id", "statement_row"),
        one_of("kind", ExceptionKind),
        Index(
            "ix_row_exception_open",
            "district_id",
            "opened_on",
            sqlite_where=text("closed_on IS NULL"),
            postgresql_where=text("closed_on IS NULL"),
        ),
    )

    row_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[ExceptionKind] = mapped_column(EnumType(ExceptionKind))
    owner_id: Mapped[UUID | None]  # the user who looks after it
    note: Mapped[str | None] = mapped_column(String(300))
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]


class MatchingRule(Versioned, Identified, Base):
    """What a decision taught: rows like this one are that. It proposes; it books only what also scores."""

    __tablename__ = "matching_rule"
    __table_args__ = (
        within_district("enterprise_id", "enterprise"),
        within_district("customer_id", "customer"),
        one_of("kind", MatchKind),
        one_of("direction", Direction),
        CheckConstraint("iban <> '' OR iin_bin <> '' OR purpose_part <> ''", name="asks_for_something"),
        CheckConstraint("(kind = 'payment') = (customer_id IS NOT NULL)", name="payment_names_customer"),
        CheckConstraint("(kind = 'entry') = (account IS NOT NULL)", name="entry_names_account"),
    )

    enterprise_id: Mapped[UUID]
    direction: Mapped[Direction] = mapped_column(EnumType(Direction))
    iban: Mapped[str] = mapped_column(String(34))  # '' where it may be any
    iin_bin: Mapped[str] = mapped_column(String(12))
    purpose_part: Mapped[str] = mapped_column(String(100))  # folded
    kind: Mapped[MatchKind] = mapped_column(EnumType(MatchKind))
    customer_id: Mapped[UUID | None]
    account: Mapped[str | None] = mapped_column(String(10))  # code of the other side, of an entry
    is_active: Mapped[bool] = mapped_column(default=True)
    why: Mapped[str] = mapped_column(String(300))
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class MatchingSettings(Versioned, InDistrict, Base):
    """How sure the program must be before it books a row by itself, per enterprise."""

    __tablename__ = "matching_settings"
    __table_args__ = (
        within_district("enterprise_id", "enterprise"),
        CheckConstraint("threshold BETWEEN 61 AND 100", name="more_than_one_reason"),
        CheckConstraint("days_around BETWEEN 0 AND 60", name="days_sensible"),
    )

    enterprise_id: Mapped[UUID] = mapped_column(primary_key=True)
    threshold: Mapped[int] = mapped_column(default=80)  # of 100; no single reason gives more than 60
    days_around: Mapped[int] = mapped_column(default=5)  # between a recorded payment and its row
