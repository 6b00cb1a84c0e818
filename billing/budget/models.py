"""Budget classification, plan, posting policies and revenue lines."""

from datetime import date
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from billing.kernel.columns import EnumType, one_of, within_district, within_district_all
from billing.kernel.dates import Month
from billing.kernel.db import Base, Identified, InDistrict
from billing.kernel.money import Money
from billing.kernel.shown import Shown


class PolicyKind(Shown):
    """What of the collected fees becomes revenue of the district's budget (kazakhstan.md §0.1, §4.4)."""

    GROSS = "gross"  # every collected tenge net of VAT: services of the akim's office
    NET_INCOME_SHARE = "net_income_share"  # a progressive share of net income, at the period's end
    OWN_ACCOUNT = "own_account"  # nothing: the enterprise owns its revenue


class BudgetCode(Base):
    """A code of the unified budget classification: category 1, class 2, subclass 1, specific 2 digits."""

    __tablename__ = "budget_code"
    __table_args__ = (
        CheckConstraint("length(code) = 6", name="code_of_six_digits"),
        CheckConstraint("valid_to_year IS NULL OR valid_to_year >= valid_from_year", name="ends_after_start"),
    )

    code: Mapped[str] = mapped_column(String(6), primary_key=True)
    valid_from_year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    valid_to_year: Mapped[int | None] = mapped_column(SmallInteger)
    name_kk: Mapped[str] = mapped_column(String(500))
    name_ru: Mapped[str] = mapped_column(String(500))
    is_confirmed: Mapped[bool] = mapped_column(default=False)  # seen in an official source

    @property
    def category(self) -> str:
        """Категория: 1 taxes, 2 non-tax, 3 sale of capital, 5 transfers."""
        return self.code[0]


class PlannedRevenue(InDistrict, Base):
    """What the maslikhat planned for a code in a fiscal year."""

    __tablename__ = "planned_revenue"
    __table_args__ = (
        ForeignKeyConstraint(["district_id"], ["district.id"]),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
    )

    fiscal_year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    code: Mapped[str] = mapped_column(String(6), primary_key=True)
    amount: Mapped[Money]
    decision_number: Mapped[str] = mapped_column(String(50))
    decision_date: Mapped[date]


class PostingPolicy(Identified, Base):
    """From a date on, what of an enterprise's fees is budget revenue."""

    __tablename__ = "posting_policy"
    __table_args__ = (
        within_district("enterprise_id", "enterprise"),
        UniqueConstraint("district_id", "enterprise_id", "valid_from"),
        CheckConstraint("(kind = 'net_income_share') = (revenue_code IS NOT NULL)", name="code_of_the_share"),
        one_of("kind", PolicyKind),
    )

    enterprise_id: Mapped[UUID]
    kind: Mapped[PolicyKind] = mapped_column(EnumType(PolicyKind))
    valid_from: Mapped[date]
    revenue_code: Mapped[str | None] = mapped_column(String(6))  # where the share of net income is posted
    decision_number: Mapped[str | None] = mapped_column(String(50))
    decision_date: Mapped[date | None]


class NetIncomeStep(InDistrict, Base):
    """A step of the progressive norm: above ``above``, ``fixed`` plus ``rate_bp`` of the rest (art. 140)."""

    __tablename__ = "net_income_step"
    __table_args__ = (
        within_district("policy_id", "posting_policy"),
        CheckConstraint("above >= 0 AND fixed >= 0 AND rate_bp BETWEEN 0 AND 10000", name="sensible"),
    )

    policy_id: Mapped[UUID] = mapped_column(primary_key=True)
    above: Mapped[Money] = mapped_column(primary_key=True)
    fixed: Mapped[Money]
    rate_bp: Mapped[int]  # basis points: 500 is 5 %


class RevenueLine(Identified, Base):
    """A fee in the budget: which code it was posted to, and the whole way back to the service.

    Its amount, date and direction are its transfer's; a reversal is a line of its own.
    """

    __tablename__ = "revenue_line"
    __table_args__ = (
        within_district("transfer_id", "transfer"),
        within_district("enterprise_id", "enterprise"),
        within_district_all(
            ["payment_id", "invoice_line_id", "allocation_id"],
            "allocation",
            ["payment_id", "invoice_line_id", "id"],
        ),
        within_district("service_id", "service"),
        UniqueConstraint("district_id", "transfer_id"),
        CheckConstraint(
            "(allocation_id IS NULL) = (payment_id IS NULL)"
            " AND (allocation_id IS NULL) = (service_id IS NULL)"
            " AND (allocation_id IS NULL) = (invoice_line_id IS NULL)",
            name="whole_way_or_none",
        ),
        Index(None, "district_id", "payment_id"),
        Index(None, "district_id", "allocation_id"),
        # The open months' revenue is summed from the index alone.
        Index(None, "district_id", "fiscal_year", "month", "code", "amount"),
    )

    transfer_id: Mapped[UUID]
    enterprise_id: Mapped[UUID]
    code: Mapped[str] = mapped_column(String(6))
    fiscal_year: Mapped[int] = mapped_column(SmallInteger)
    month: Mapped[Month]
    amount: Mapped[Money]  # negative for a reversal, so that sums need no join
    payment_id: Mapped[UUID | None]  # None for a share of net income, which no single payment made
    allocation_id: Mapped[UUID | None]
    invoice_line_id: Mapped[UUID | None]
    service_id: Mapped[UUID | None]
