"""Column types and column builders shared by all tables."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    DateTime,
    Dialect,
    ForeignKeyConstraint,
    String,
    TypeDecorator,
    func,
    literal,
)
from sqlalchemy.orm import QueryableAttribute

from billing.kernel.dates import Month
from billing.kernel.money import Money

THOUSANDTHS = Decimal(1000)


class MoneyType(TypeDecorator[Money]):
    """Money as BIGINT tiyn. Sums come back as Money as well (PostgreSQL sums BIGINT to NUMERIC)."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Money | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """To whole tiyn."""
        return None if value is None else value.tiyn

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Money | None:  # noqa: ARG002
        """From whole tiyn."""
        return None if value is None else Money(int(value))


class QuantityType(TypeDecorator[Decimal]):
    """An exact quantity as BIGINT thousandths, because SQLite has no exact decimal."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """To whole thousandths; a fourth decimal is our own bug."""
        if value is None:
            return None
        thousandths = value * THOUSANDTHS
        assert thousandths == int(thousandths), value
        return int(thousandths)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        """From whole thousandths."""
        return None if value is None else Decimal(int(value)) / THOUSANDTHS


class MonthType(TypeDecorator[Month]):
    """A month as text ``2026-11``, which sorts rightly."""

    impl = String(7)
    cache_ok = True

    def process_bind_param(self, value: Month | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """To text."""
        return None if value is None else str(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Month | None:  # noqa: ARG002
        """From text."""
        return None if value is None else Month.parse(value)


class InstantType(TypeDecorator[datetime]):
    """An aware UTC instant; SQLite forgets time zones, so they are put back here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To UTC; a naive datetime is our own bug."""
        assert value is None or value.tzinfo is not None, value
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From UTC, always aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)  # type: ignore[no-any-return]


class EnumType(TypeDecorator[StrEnum]):
    """A StrEnum as its text; ``one_of`` adds the CHECK that the database holds it to."""

    impl = String
    cache_ok = True

    def __init__(self, enum: type[StrEnum]) -> None:
        super().__init__(length=30)
        self.enum = enum

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """To text; a foreign text is our own bug."""
        return None if value is None else self.enum(value).value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002
        """From text."""
        return None if value is None else self.enum(value)


def one_of(column: str, enum: type[StrEnum]) -> CheckConstraint:
    """The CHECK that a text column holds one of the enumeration's values."""
    values = ", ".join(f"'{member.value}'" for member in enum)
    return CheckConstraint(f"{column} IN ({values})", name=f"{column}_known")


def within_district(column: str, table: str, target: str = "id", **options: Any) -> ForeignKeyConstraint:
    """A foreign key that carries the district, so that no row can point into another district."""
    return ForeignKeyConstraint(
        ["district_id", column], [f"{table}.district_id", f"{table}.{target}"], **options
    )


def within_district_all(columns: Sequence[str], table: str, targets: Sequence[str]) -> ForeignKeyConstraint:
    """A foreign key over several columns that carries the district."""
    return ForeignKeyConstraint(
        ["district_id", *columns], [f"{table}.district_id", *(f"{table}.{target}" for target in targets)]
    )


def money_sum(amount: ColumnElement[Money] | QueryableAttribute[Money]) -> ColumnElement[Money]:
    """``SUM`` of a money column; zero where there is nothing to add."""
    return func.coalesce(func.sum(amount), literal(0, BigInteger), type_=MoneyType)
