"""Books, accounts and transfers (debit, credit, amount), and the months that are closed."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from billing.kernel.columns import EnumType, one_of, within_district, within_district_all
from billing.kernel.dates import Month
from billing.kernel.db import Base, Identified, InDistrict
from billing.kernel.money import Money
from billing.kernel.shown import Shown


class BookKind(Shown):
    """Whose accounts a book holds."""

    ENTERPRISE = "enterprise"  # the enterprise's own books, standard chart of accounts
    BUDGET = "budget"  # the rural district's budget: money in transit, the КСН, revenue by code


class AccountKind(Shown):
    """On which side an account grows: assets and expenses by debits, the others by credits."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"


class SourceKind(Shown):
    """Which event of the trade a transfer records."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    PAYMENT = "payment"  # the part of a payment that became an advance
    ALLOCATION = "allocation"
    REFUND = "refund"
    WORK = "work"  # cost of work done by a worker or contractor
    NET_INCOME_SHARE = "net_income_share"
    ARRIVAL = "arrival"  # a collected fee reached the budget's account
    STATEMENT = "statement"  # a movement that the bank's statement showed first: a charge, a provider's batch
    MANUAL = "manual"  # an accountant's own entry


class Book(Identified, Base):
    """A set of accounts that balance among themselves: one per enterprise, one for the budget."""

    __tablename__ = "book"
    __table_args__ = (
        ForeignKeyConstraint(["district_id"], ["district.id"]),
        within_district("enterprise_id", "enterprise"),
        UniqueConstraint("district_id", "enterprise_id"),
        Index(
            "uq_book_budget",
            "district_id",
            unique=True,
            sqlite_where=text("kind = 'budget'"),
            postgresql_where=text("kind = 'budget'"),
        ),
        CheckConstraint(
            "(kind = 'enterprise') = (enterprise_id IS NOT NULL)", name="enterprise_when_its_book"
        ),
        one_of("kind", BookKind),
    )

    kind: Mapped[BookKind] = mapped_column(EnumType(BookKind))
    enterprise_id: Mapped[UUID | None]
    closed_through: Mapped[date | None]  # the last day of the last closed month; nothing is posted up to it


class Account(Identified, Base):
    """An account of a book. In the budget's book a revenue account is one code in one fiscal year."""

    __tablename__ = "account"
    __table_args__ = (
        within_district("book_id", "book"),
        UniqueConstraint("district_id", "book_id", "code", "fiscal_year"),
        UniqueConstraint("district_id", "book_id", "id"),  # what a transfer's keys point to
        one_of("kind", AccountKind),
    )

    book_id: Mapped[UUID]
    code: Mapped[str] = mapped_column(String(10))
    fiscal_year: Mapped[int] = mapped_column(default=0)  # 0: not bound to a year
    kind: Mapped[AccountKind] = mapped_column(EnumType(AccountKind))
    name_kk: Mapped[str] = mapped_column(String(300))
    name_ru: Mapped[str] = mapped_column(String(300))
    name_en: Mapped[str] = mapped_column(String(300))


class Transfer(Identified, Base):
    """One «проводка»: an amount from one account to another of the same book. Never updated, never deleted.

    A correction is another transfer, with debit and credit exchanged, that points to the first.
    """

    __tablename__ = "transfer"
    __table_args__ = (
        within_district_all(["book_id", "debit_account_id"], "account", ["book_id", "id"]),
        within_district_all(["book_id", "credit_account_id"], "account", ["book_id", "id"]),
        within_district("reverses_id", "transfer"),
        # The source's own index, and a guard: one event is posted once.
        UniqueConstraint("district_id", "source_id", "source_kind", "position"),
        # Of most transfers nothing is reversed; the index holds only the others.
        Index(
            "uq_transfer_reverses_id",
            "district_id",
            "reverses_id",
            unique=True,
            sqlite_where=text("reverses_id IS NOT NULL"),
            postgresql_where=text("reverses_id IS NOT NULL"),
        ),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("debit_account_id <> credit_account_id", name="two_accounts"),
        one_of("source_kind", SourceKind),
        Index(None, "district_id", "book_id", "posted_on"),
        Index(
            "ix_transfer_party_id_posted_on",
            "district_id",
            "party_id",
            "posted_on",
            sqlite_where=text("party_id IS NOT NULL"),
            postgresql_where=text("party_id IS NOT NULL"),
        ),
        # Few among many: whoever asks what the bank's rows have posted need not read the whole ledger.
        Index(
            "ix_transfer_of_bank",
            "district_id",
            "source_kind",
            "source_id",
            sqlite_where=text("source_kind IN ('statement', 'arrival')"),
            postgresql_where=text("source_kind IN ('statement', 'arrival')"),
        ),
    )

    book_id: Mapped[UUID]
    debit_account_id: Mapped[UUID]
    credit_account_id: Mapped[UUID]
    amount: Mapped[Money]
    posted_on: Mapped[date]
    source_kind: Mapped[SourceKind] = mapped_column(EnumType(SourceKind))
    source_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(default=0)  # within its source
    party_id: Mapped[UUID | None]  # whose debt or advance: a customer, worker or contractor
    invoice_id: Mapped[UUID | None]  # whose invoice, on receivables
    reverses_id: Mapped[UUID | None]
    recorded_by: Mapped[UUID | None]  # the user; None for the program's own work
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class MonthBalance(InDistrict, Base):
    """An account's turnovers in a closed month and its balance at the end: reports read it, not history."""

    __tablename__ = "month_balance"
    __table_args__ = (within_district_all(["book_id", "account_id"], "account", ["book_id", "id"]),)

    book_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[Month] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    debit: Mapped[Money]  # turnover of the month
    credit: Mapped[Money]
    balance: Mapped[Money]  # at the end of the month, debits minus credits since the beginning
