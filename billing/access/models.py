"""Users, memberships, API tokens, and the log of readings of personal data."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from billing.kernel.columns import EnumType, one_of
from billing.kernel.db import Base, Identified, InDistrict, Versioned
from billing.kernel.ids import new_id
from billing.kernel.shown import Shown


class Role(Shown):
    """What a member of a district may do; a person may hold several roles."""

    CLERK = "clerk"  # customers, contracts, orders, invoices
    CASHIER = "cashier"  # takes payments
    ACCOUNTANT = "accountant"  # everything with money, the ledger, closing months
    AKIM = "akim"  # reads reports
    AUDITOR = "auditor"  # reads everything, changes nothing
    ADMIN = "admin"  # users, enterprise, reference data


class User(Versioned, Base):
    """A person who works with the program. Belongs to no district by itself; memberships say where."""

    __tablename__ = "user"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    login: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str] = mapped_column(String(200))  # argon2id
    language: Mapped[str] = mapped_column(String(2), default="ru")
    is_active: Mapped[bool] = mapped_column(default=True)


class Membership(InDistrict, Base):
    """One role of one user in one district."""

    __tablename__ = "membership"
    __table_args__ = (ForeignKeyConstraint(["district_id"], ["district.id"]), one_of("role", Role))

    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(EnumType(Role), primary_key=True)


class ApiToken(Identified, Base):
    """A secret that lets a program act as a user in one district; only its hash is kept."""

    __tablename__ = "api_token"
    __table_args__ = (
        ForeignKeyConstraint(["district_id"], ["district.id"]),
        UniqueConstraint("district_id", "secret_hash"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    label: Mapped[str] = mapped_column(String(100))
    secret_hash: Mapped[str] = mapped_column(String(64))  # SHA-256 of a random secret, hence no salt
    expires_on: Mapped[date | None]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class LogInTally(Base):
    """How often somebody tried to log in lately: with one account, or from one address.

    In no district: whoever guesses does not say in which he does.
    """

    __tablename__ = "log_in_tally"

    subject_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)  # nobody's address in plain
    attempts: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(index=True)  # when it counts anew


class PersonalDataAccess(Identified, Base):
    """One reading of unmasked personal data: who, when, whose, what and why (Law № 94-V of 21.05.2013)."""

    __tablename__ = "personal_data_access"
    __table_args__ = (
        ForeignKeyConstraint(["district_id"], ["district.id"]),
        Index(None, "district_id", "subject_id"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    subject_kind: Mapped[str] = mapped_column(String(30))  # customer, worker
    subject_id: Mapped[UUID | None]  # None: a whole list was exported
    fields: Mapped[str] = mapped_column(String(200))  # comma-separated: iin,phone
    purpose: Mapped[str] = mapped_column(String(200))
    read_at: Mapped[datetime] = mapped_column(server_default=func.now())
