"""Payment providers, the agreement with each, what they told and what they were answered."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from billing.kernel.columns import EnumType, one_of, within_district
from billing.kernel.db import Base, Identified, InDistrict, Versioned
from billing.kernel.money import BASIS_POINTS, Money
from billing.kernel.shown import Shown


class ProviderDialect(Shown):
    """How a provider tells of payments: by which family of the check/pay protocol, if by any."""

    KASPI = "kaspi"  # codes 0 to 5; 1 means "not found"
    OSMP = "osmp"  # codes 0 to 300; 1 means "try again later"
    EPAY = "epay"  # none of it: residents pay by card on the bank's own page


class AnswerFormat(Shown):
    """How a provider wants to be answered."""

    XML = "xml"
    JSON = "json"


class CallOutcome(Shown):
    """What became of a provider's call; each dialect has a code for it."""

    ACCEPTED = "accepted"  # check: can be paid; pay: is paid
    BUSY = "busy"  # nothing was done; the same call may come again
    UNFINISHED = "unfinished"  # it may have been done or not: the same call again finds out
    UNCHECKED = "unchecked"  # the account could not be looked up
    MALFORMED = "malformed"
    WRONG_ACCOUNT = "wrong_account"  # its check digit or length is wrong
    UNKNOWN_ACCOUNT = "unknown_account"
    ACCOUNT_CLOSED = "account_closed"
    PROVIDER_CLOSED = "provider_closed"
    SUM_TOO_SMALL = "sum_too_small"
    SUM_TOO_LARGE = "sum_too_large"
    DATE_OUT_OF_RANGE = "date_out_of_range"
    NOT_BOOKABLE = "not_bookable"  # its month is closed, no posting policy holds
    TXN_REUSED = "txn_reused"  # the same transaction was told of another account or sum
    CANCELLED = "cancelled"  # taken back before it was told


class IncidentKind(Shown):
    """What an accountant has to look into with a provider."""

    TXN_REUSED = "txn_reused"  # one transaction told of two accounts or sums
    NOT_BOOKED = "not_booked"  # a resident paid, and we refused the money
    CANCEL_REFUSED = "cancel_refused"  # the provider takes a payment back, and we could not
    SUM_DIFFERS = "sum_differs"  # a card was charged another sum than was asked for; nothing is booked
    RETURNED = "returned"  # the bank gave a card's money back; the payment still stands in the books


class Provider(Versioned, Identified, Base):
    """Who takes residents' money and passes it on: by which protocol, from where, at what commission."""

    __tablename__ = "provider"
    __table_args__ = (
        within_district("enterprise_id", "enterprise"),
        UniqueConstraint("district_id", "code"),
        CheckConstraint(f"commission_bp BETWEEN 0 AND {BASIS_POINTS}", name="commission_bp_is_share"),
        CheckConstraint("commission_min >= 0", name="commission_min_not_negative"),
        CheckConstraint("sum_min > 0 AND sum_max >= sum_min", name="sums_in_order"),
        CheckConstraint("requests_per_minute_max > 0", name="requests_positive"),
        CheckConstraint("answer_format = 'xml' OR dialect = 'kaspi'", name="osmp_is_xml"),
        one_of("dialect", ProviderDialect),
        one_of("answer_format", AnswerFormat),
    )

    enterprise_id: Mapped[UUID]  # whose money it takes
    code: Mapped[str] = mapped_column(String(30))  # the channel of its payments, and in its address
    name_kk: Mapped[str] = mapped_column(String(200))
    name_ru: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    bin: Mapped[str] = mapped_column(String(12))  # of the payer in bank statements: it pays in aggregate
    iban: Mapped[str | None] = mapped_column(String(20))  # the account it pays from, where it is known
    commission_bp: Mapped[int]  # withheld from what it passes on, of each payment
    commission_min: Mapped[Money]  # of each payment
    dialect: Mapped[ProviderDialect] = mapped_column(EnumType(ProviderDialect))
    answer_format: Mapped[AnswerFormat] = mapped_column(EnumType(AnswerFormat))
    field_names: Mapped[dict[str, Any]] = mapped_column(JSON)  # where its fields differ from the dialect's
    sum_min: Mapped[Money]  # of one payment
    sum_max: Mapped[Money]
    allowed_addresses: Mapped[list[str]] = mapped_column(JSON)  # networks it calls from; none: from anywhere
    certificate_sha256: Mapped[str | None] = mapped_column(String(64))  # of its mutual-TLS certificate
    requests_per_minute_max: Mapped[int]
    secret_hash: Mapped[str | None] = mapped_column(String(64))  # SHA-256; none: nobody can come in yet
    pay_link: Mapped[str | None] = mapped_column(String(300))  # its own page, with {account} and {sum}
    is_open: Mapped[bool] = mapped_column(default=True)  # a closed one takes no new payments


class ProviderTransaction(Identified, Base):
    """A payment as the provider told it first. Whoever tells it again gets the first answer again."""

    __tablename__ = "provider_transaction"
    __table_args__ = (
        within_district("provider_id", "provider"),
        UniqueConstraint("district_id", "provider_id", "txn_id"),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
    )

    provider_id: Mapped[UUID]
    txn_id: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(50))  # as told: it may be nobody's
    amount: Mapped[Money]
    paid_at: Mapped[datetime]  # by the provider's clock; never after it was told
    told_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ProviderAnswer(InDistrict, Base):
    """What a transaction was answered with, byte for byte, in the same transaction of the database."""

    __tablename__ = "provider_answer"
    __table_args__ = (
        within_district("transaction_id", "provider_transaction"),
        within_district("payment_id", "payment"),
        UniqueConstraint("district_id", "payment_id"),
        UniqueConstraint("district_id", "provider_txn"),
        CheckConstraint("(outcome = 'accepted') = (payment_id IS NOT NULL)", name="accepted_is_paid"),
        CheckConstraint("(provider_txn IS NULL) = (payment_id IS NULL)", name="number_of_payment"),
        one_of("outcome", CallOutcome),
    )

    transaction_id: Mapped[UUID] = mapped_column(primary_key=True)
    outcome: Mapped[CallOutcome] = mapped_column(EnumType(CallOutcome))
    payment_id: Mapped[UUID | None]
    provider_txn: Mapped[int | None] = mapped_column(BigInteger)  # our number of the payment, as it was told
    content_type: Mapped[str] = mapped_column(String(50))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    answered_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ProviderIncident(Versioned, Identified, Base):
    """Something between a provider and us that a person has to settle; told again, it is counted."""

    __tablename__ = "provider_incident"
    __table_args__ = (
        within_district("provider_id", "provider"),
        UniqueConstraint("district_id", "provider_id", "txn_id", "kind", "account", "amount"),
        CheckConstraint("times > 0", name="times_positive"),
        CheckConstraint("(resolved_at IS NULL) = (resolution IS NULL)", name="resolved_with_words"),
        one_of("kind", IncidentKind),
        Index(None, "district_id", "last_at", "id"),
    )

    provider_id: Mapped[UUID]
    kind: Mapped[IncidentKind] = mapped_column(EnumType(IncidentKind))
    txn_id: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(50))
    amount: Mapped[Money]
    refusal: Mapped[str | None] = mapped_column(String(60))  # its code: why the money could not be booked
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    times: Mapped[int] = mapped_column(default=1)
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[UUID | None]
    resolution: Mapped[str | None] = mapped_column(String(300))
