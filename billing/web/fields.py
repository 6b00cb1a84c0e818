"""Fields of requests and answers: exact, bounded, and documented in OpenAPI as they are checked.

A schema checks the form of a value (a date, an amount); whether it is true is the service's business. Every
refused value says which rule it broke by a code, ``FieldProblem``; the sentence stands in the catalogues
under ``invalid.<code>``.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

import marshmallow as ma
from flask_smorest.fields import Upload

from billing.kernel.clock import today
from billing.kernel.dates import Month
from billing.kernel.money import Money
from billing.web.problems import FieldProblem, refuse

INTEGER_MAX = 2_147_483_647  # INTEGER of both databases
TEXT_LENGTH_MAX = 200
MONEY_DIGITS = 10  # tenge: times the largest quantity it still fits BIGINT
QUANTITY_DIGITS = 6
YEAR_MIN, YEAR_MAX = 1900, 2200

_AMOUNT_DIGITS = 17  # what we answer with: any sum that fits BIGINT
# Objects, though marshmallow declares texts: it only carries them.
_SCHEMA_PROBLEMS: dict[str, Any] = {
    "unknown": FieldProblem("unknown_field"),
    "type": FieldProblem("not_object"),
}
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def _documented(options: dict[str, Any], shape: Mapping[str, Any]) -> dict[str, Any]:
    return options | {"metadata": {**shape, **options.get("metadata", {})}}


def _hold(value: Any, minimum: Any, maximum: Any) -> None:
    if minimum is not None and value < minimum:
        raise refuse("too_small", min=minimum)
    if maximum is not None and value > maximum:
        raise refuse("too_large", max=maximum)


class Schema(ma.Schema):
    """The base of all schemas: unknown keys are refused."""

    class Meta:
        """Documented as ``additionalProperties: false``."""

        unknown = ma.RAISE

    error_messages = _SCHEMA_PROBLEMS


class _Coded(ma.fields.Field[Any]):
    """A field whose refusals are codes, not English sentences."""

    _codes: ClassVar[dict[str, str]] = {
        "null": "required",
        "type": "not_object",
        "validator_failed": "invalid",
    }

    def make_error(self, key: str, **_: object) -> ma.ValidationError:
        """The refusal for a rule that marshmallow itself checks."""
        return refuse(self._codes.get(key, key))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:  # noqa: ARG002
        return self._read(value)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **_: Any) -> Any:  # noqa: ARG002
        return None if value is None else self._show(value)

    def _read(self, value: Any) -> Any:
        return value

    def _show(self, value: Any) -> Any:
        return value


class TextField(_Coded):
    """Text, without surrounding blanks; NUL, control characters and lone surrogates cannot be stored."""

    def __init__(
        self,
        length_max: int = TEXT_LENGTH_MAX,
        *,
        length_min: int = 1,
        pattern: str | None = None,
        multiline: bool = False,
        **options: Any,
    ) -> None:
        """Bound the text.

        Args:
            length_max: in characters.
            pattern: what the whole text must match; the same in Python and in JavaScript, without anchors.
            multiline: whether it may hold line ends and tabs.
        """
        shape = {"type": "string", "maxLength": length_max} | (
            {"minLength": length_min} if length_min else {}
        )
        if pattern is not None:
            shape["pattern"] = f"^({pattern})$"
        super().__init__(**_documented(options, shape))
        self._length_min, self._length_max = length_min, length_max
        self._pattern = None if pattern is None else re.compile(pattern, re.ASCII)
        self._allowed = "\n\r\t" if multiline else ""

    def _read(self, value: Any) -> str:
        if not isinstance(value, str):
            raise refuse("not_text")
        if len(value) > 2 * self._length_max:
            raise refuse("too_long", max=self._length_max)
        if any(unicodedata.category(c) in {"Cc", "Cs"} and c not in self._allowed for c in value):
            raise refuse("not_printable")
        text = unicodedata.normalize("NFC", value).strip()
        if len(text) < self._length_min:
            raise refuse("too_short", min=self._length_min)
        if len(text) > self._length_max:
            raise refuse("too_long", max=self._length_max)
        if self._pattern is not None and self._pattern.fullmatch(text) is None:
            raise refuse("wrong_form")
        return text

    def _show(self, value: Any) -> str:
        return str(value)


class SecretField(_Coded):
    """A password: taken exactly as typed, never answered with."""

    def __init__(self, length_max: int = 128, **options: Any) -> None:
        shape = {"type": "string", "minLength": 1, "maxLength": length_max, "format": "password"}
        super().__init__(load_only=True, **_documented(options, shape))
        self._length_max = length_max

    def _read(self, value: Any) -> str:
        if not isinstance(value, str):
            raise refuse("not_text")
        if not 1 <= len(value) <= self._length_max:
            raise refuse("too_long" if value else "too_short", min=1, max=self._length_max)
        if any(unicodedata.category(c) in {"Cc", "Cs"} for c in value):
            raise refuse("not_printable")
        return value


class MoneyField(_Coded):
    """Tenge as a decimal string, ``"1250.00"``. Never a JSON number: clients read those as floats."""

    def __init__(
        self,
        *,
        minimum: Money | None = None,
        maximum: Money | None = None,
        signed: bool = False,
        digits: int = MONEY_DIGITS,
        **options: Any,
    ) -> None:
        self._text = re.compile(rf"{'-?' if signed else ''}[0-9]{{1,{digits}}}(\.[0-9]{{1,2}})?", re.ASCII)
        shape = {"type": "string", "pattern": f"^{self._text.pattern}$", "examples": ["1250.00"]}
        super().__init__(**_documented(options, shape))
        self._minimum, self._maximum = minimum, maximum

    def _read(self, value: Any) -> Money:
        if not isinstance(value, str) or self._text.fullmatch(value) is None:
            raise refuse("not_money")
        money = Money.parse(value)
        _hold(money, self._minimum, self._maximum)
        return money

    def _show(self, value: Money) -> str:
        return str(value)


class AmountField(MoneyField):
    """An amount we answer with: like ``MoneyField``, of any sign and size."""

    def __init__(self, **options: Any) -> None:
        super().__init__(signed=True, digits=_AMOUNT_DIGITS, dump_only=True, **options)


class QuantityField(_Coded):
    """A quantity as a decimal string with at most three decimals, ``"2.5"``; not negative."""

    def __init__(
        self,
        *,
        minimum: Decimal | None = None,
        maximum: Decimal | None = None,
        digits: int = QUANTITY_DIGITS,
        **options: Any,
    ) -> None:
        self._text = re.compile(rf"[0-9]{{1,{digits}}}(\.[0-9]{{1,3}})?", re.ASCII)
        shape = {"type": "string", "pattern": f"^{self._text.pattern}$", "examples": ["2.5"]}
        super().__init__(**_documented(options, shape))
        self._minimum, self._maximum = minimum, maximum

    def _read(self, value: Any) -> Decimal:
        if not isinstance(value, str) or self._text.fullmatch(value) is None:
            raise refuse("not_quantity")
        quantity = Decimal(value)
        _hold(quantity, self._minimum, self._maximum)
        return quantity

    def _show(self, value: Decimal) -> str:
        return format(value, "f")


class StrictInteger(_Coded):
    """A whole number. marshmallow's own reads 2.5e-42 as 0."""

    def __init__(self, *, minimum: int = 0, maximum: int = INTEGER_MAX, **options: Any) -> None:
        shape = {"type": "integer", "minimum": minimum, "maximum": maximum}
        super().__init__(**_documented(options, shape))
        self._minimum, self._maximum = minimum, maximum

    def _read(self, value: Any) -> int:
        if isinstance(value, str) and _INTEGER.fullmatch(value):  # query strings know nothing else
            value = int(value)
        if type(value) is not int:
            raise refuse("not_integer")
        _hold(value, self._minimum, self._maximum)
        return value


class BooleanField(_Coded):
    """``true`` or ``false``; in a query also ``1`` or ``0``."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**_documented(options, {"type": "boolean"}))

    def _read(self, value: Any) -> bool:
        known = _BOOLEANS.get(value) if isinstance(value, str) else value
        if not isinstance(known, bool):
            raise refuse("not_boolean")
        return known


class IdField(_Coded):
    """An id: a UUID in its usual form with hyphens, and no other."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**_documented(options, {"type": "string", "format": "uuid"}))

    def _read(self, value: Any) -> UUID:
        if not isinstance(value, str) or _ID.fullmatch(value) is None:
            raise refuse("not_id")
        return UUID(value)

    def _show(self, value: UUID) -> str:
        return str(value)


class DateField(_Coded):
    """A date of the district's calendar, ``"2026-11-23"``, within the years a program of bills can mean."""

    def __init__(self, *, minimum: date = date(YEAR_MIN, 1, 1), **options: Any) -> None:
        super().__init__(**_documented(options, {"type": "string", "format": "date"}))
        self._minimum = minimum

    def _read(self, value: Any) -> date:
        if not isinstance(value, str) or _DATE.fullmatch(value) is None:
            raise refuse("not_date")
        try:
            day = date.fromisoformat(value)
        except ValueError as error:
            raise refuse("not_date") from error
        _hold(day, self._minimum, date(YEAR_MAX, 12, 31))
        return day

    def _show(self, value: date) -> str:
        return value.isoformat()


class PastDateField(DateField):
    """The date of something that has happened: not after today, so a mistyped year stays out of the books."""

    def _read(self, value: Any) -> date:
        day = super()._read(value)
        _hold(day, None, today())
        return day


class InstantField(_Coded):
    """The moment something was recorded, in UTC: ``"2026-11-23T05:00:00Z"``. Only answered with."""

    def __init__(self, **options: Any) -> None:
        super().__init__(dump_only=True, **_documented(options, {"type": "string", "format": "date-time"}))

    def _show(self, value: datetime) -> str:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


class MonthField(_Coded):
    """A month, ``"2026-11"``."""

    def __init__(self, **options: Any) -> None:
        shape = {"type": "string", "pattern": "^(19|2[01])[0-9]{2}-(0[1-9]|1[0-2])$", "examples": ["2026-11"]}
        super().__init__(**_documented(options, shape))

    def _read(self, value: Any) -> Month:
        try:
            month = Month.parse(value)
        except (ValueError, TypeError) as error:
            raise refuse("not_month") from error
        _hold(month, Month(YEAR_MIN, 1), Month(YEAR_MAX - 1, 12))
        return month

    def _show(self, value: Month) -> str:
        return str(value)


class EnumField(_Coded):
    """One of an enumeration's values."""

    def __init__(self, enum: type[StrEnum], **options: Any) -> None:
        values: list[str | None] = [member.value for member in enum]
        shape = {"type": "string", "enum": [*values, *([None] if options.get("allow_none") else [])]}
        super().__init__(**_documented(options, shape))
        self._enum = enum

    def _read(self, value: Any) -> StrEnum:
        try:
            return self._enum(value)
        except ValueError as error:
            raise refuse("unknown_choice", choices=[member.value for member in self._enum]) from error

    def _show(self, value: StrEnum) -> str:
        return str(value)


class ListField(_Coded, ma.fields.List[Any]):
    """Several values of one kind; never unbounded."""

    _codes: ClassVar[dict[str, str]] = _Coded._codes | {"invalid": "not_list"}

    def __init__(
        self, inner: ma.fields.Field[Any], *, items_min: int = 0, items_max: int = 200, **options: Any
    ) -> None:
        shape = {} if options.get("dump_only") else {"minItems": items_min, "maxItems": items_max}
        super().__init__(inner, **_documented(options, shape))
        self._items_min, self._items_max = items_min, items_max

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> list[Any]:
        if isinstance(value, Sequence) and not isinstance(value, str):
            if len(value) < self._items_min:
                raise refuse("too_few", min=self._items_min)
            if len(value) > self._items_max:
                raise refuse("too_many", max=self._items_max)
        return ma.fields.List._deserialize(self, value, attr, data, **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **options: Any) -> Any:
        return ma.fields.List._serialize(self, value, attr, obj, **options)


class NestedField(ma.fields.Nested):
    """A thing within a thing."""

    make_error = _Coded.make_error
    _codes = _Coded._codes


class FactsField(_Coded):
    """What a refusal's sentence is about; each kind of refusal has its own. Only answered with."""

    def __init__(self, **options: Any) -> None:
        shape = {"type": "object", "additionalProperties": True}
        super().__init__(dump_only=True, **_documented(options, shape))


class FileField(Upload):  # type: ignore[misc]  # flask-smorest has no types
    """An uploaded file; use it with ``blp.arguments(…, location="files")``."""

    make_error = _Coded.make_error
    _codes = _Coded._codes


class LocalNames(Schema):
    """A name in the three languages of the catalogue: ``name_kk``, ``name_ru``, ``name_en``."""

    name_kk = TextField(required=True)
    name_ru = TextField(required=True)
    name_en = TextField(required=True)
