"""Fields of forms that people fill in: what they are used to write is read, and stays exact."""

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import marshmallow as ma

from billing.kernel.clock import ALMATY
from billing.kernel.errors import InvalidInput
from billing.kernel.identifiers import check_account_number
from billing.kernel.money import Money
from billing.web.fields import DateField, MoneyField, PastDateField, QuantityField, TextField
from billing.web.problems import refuse

_BLANKS = re.compile(r"[\s\u00a0\u202f]")
_DOTTED_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?", re.ASCII)
_CURRENCY = re.compile(r"(₸|тг\.?|KZT)$", re.IGNORECASE)
_SPAN = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?[-\u2013\u2014](\d{1,2})(?:[:.](\d{2}))?", re.ASCII)
PURPOSE_LENGTH_MIN = 5


class TypedMoney(MoneyField):
    """An amount of tenge as people write it: ``1 250,50``, ``1250.5``, ``1250 ₸``."""

    @classmethod
    def typed(cls, text: str) -> Money | None:
        """The amount somebody typed; None if it is none."""
        try:
            amount: Money = cls().deserialize(text)
        except ma.ValidationError:
            return None
        return amount

    def _read(self, value: Any) -> Money:
        plain = _CURRENCY.sub("", _BLANKS.sub("", str(value))).replace(",", ".")
        if self._text.fullmatch(plain) is None:
            raise refuse("typed_money")
        return super()._read(plain)


class TypedQuantity(QuantityField):
    """A quantity as people write it: ``2,5``."""

    @classmethod
    def typed(cls, text: str) -> Decimal | None:
        """The quantity somebody typed; None if it is none."""
        try:
            quantity: Decimal = cls().deserialize(text)
        except ma.ValidationError:
            return None
        return quantity

    def _read(self, value: Any) -> Decimal:
        plain = _BLANKS.sub("", str(value)).replace(",", ".")
        if self._text.fullmatch(plain) is None:
            raise refuse("typed_quantity")
        return super()._read(plain)


class TypedDate(DateField):
    """A date from the browser's calendar, ``2026-11-23``, or typed where it has none: ``23.11.2026``."""

    def _read(self, value: Any) -> date:
        typed = _DOTTED_DATE.fullmatch(str(value).strip())
        if typed is not None:
            value = f"{typed[3]}-{int(typed[2]):02d}-{int(typed[1]):02d}"
        try:
            return super()._read(str(value).strip())
        except ma.ValidationError as error:
            raise refuse("typed_date") from error


class TypedPastDate(PastDateField, TypedDate):
    """The day of something that has happened, typed as any date."""


class TypedMoment(TextField):
    """Date and time on the wall in Kazakhstan, as the cash register printed them."""

    def _read(self, value: Any) -> datetime:  # type: ignore[override]
        moment = _MOMENT.fullmatch(str(value).strip())
        if moment is None:
            raise refuse("typed_moment")
        try:
            return datetime.fromisoformat(f"{moment[1]}T{moment[2]}").replace(tzinfo=ALMATY)
        except ValueError as error:
            raise refuse("typed_moment") from error


class AccountNumberField(TextField):
    """A personal account number, with or without blanks and hyphens."""

    def _read(self, value: Any) -> str:
        try:
            return check_account_number(super()._read(value))
        except InvalidInput as error:
            raise refuse(error.code, **error.facts) from error


def ids_of(prefix: str, names: Any) -> list[tuple[str, UUID]]:
    """Fields whose names end in an id, ``prefix-<id>``: each name with its id, in their order."""
    found = []
    for name in names:
        if name.startswith(f"{prefix}-"):
            try:
                found.append((name, UUID(name.removeprefix(f"{prefix}-"))))
            except ValueError:
                continue
    return found


class TypedHours(TextField):
    """Hours of a day as people write them on a door: ``9:00–13:00, 14–18``."""

    def _read(self, value: Any) -> Any:
        plain = _BLANKS.sub("", super()._read(value)).replace(";", ",")
        return [self._span(part) for part in plain.split(",")]

    @staticmethod
    def _span(part: str) -> tuple[time, time]:
        written = _SPAN.fullmatch(part)
        if written is None:
            raise refuse("typed_hours")
        opens_hour, opens_minute, closes_hour, closes_minute = (int(each or 0) for each in written.groups())
        try:
            return time(opens_hour, opens_minute), time(closes_hour, closes_minute)
        except ValueError:
            raise refuse("typed_hours") from None
