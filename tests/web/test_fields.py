"""Fields accept exactly what they document."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import marshmallow as ma
import pytest

from billing.access.models import Role
from billing.kernel.dates import Month
from billing.kernel.money import Money
from billing.web import fields
from billing.web.problems import FieldProblem

ID = "0195d3a0-0000-7000-8000-00000000000a"
MONEY = fields.MoneyField(minimum=Money(1), maximum=Money.tenge(1000))


@pytest.mark.parametrize(
    ("field", "given", "read"),
    [
        (fields.TextField(5), "  Әлия ", "Әлия"),
        (fields.TextField(5), "и\u0306", "й"),
        (fields.TextField(9, multiline=True), "a\nb", "a\nb"),
        (fields.TextField(5, length_min=0), " ", ""),
        (fields.TextField(5, pattern="[a-z]+"), "abc", "abc"),
        (fields.SecretField(), " пароль ", " пароль "),
        (MONEY, "0.01", Money(1)),
        (MONEY, "1000", Money(100_000)),
        (fields.MoneyField(), "9999999999.99", Money(999_999_999_999)),
        (fields.MoneyField(signed=True), "-1250.5", Money(-125_050)),
        (fields.QuantityField(), "2.125", Decimal("2.125")),
        (fields.QuantityField(), "0", Decimal(0)),
        (fields.StrictInteger(), 2_147_483_647, 2_147_483_647),
        (fields.StrictInteger(), "12", 12),
        (fields.BooleanField(), True, True),
        (fields.BooleanField(), "0", False),
        (fields.IdField(), ID.upper(), UUID(ID)),
        (fields.DateField(), "2024-02-29", date(2024, 2, 29)),
        (fields.MonthField(), "2026-11", Month(2026, 11)),
        (fields.EnumField(Role), "clerk", Role.CLERK),
        (fields.ListField(fields.StrictInteger(), items_max=2), [1, 2], [1, 2]),
        (fields.TextField(allow_none=True), None, None),
    ],
)
def test_a_value_of_the_right_form_is_read(field, given, read):
    """Each value comes out exact and of its own type."""
    value = field.deserialize(given)

    assert (type(value), value) == (type(read), read)


@pytest.mark.parametrize(
    ("field", "given", "code"),
    [
        (fields.TextField(5), 5, "not_text"),
        (fields.TextField(5), "абвгде", "too_long"),
        (fields.TextField(5), "x" * 10**6, "too_long"),
        (fields.TextField(5), "   ", "too_short"),
        (fields.TextField(5), "a\0b", "not_printable"),
        (fields.TextField(5), "a\nb", "not_printable"),
        (fields.TextField(5), "\ud83d", "not_printable"),
        (fields.TextField(5, pattern="[0-9]+"), "١٢٣", "wrong_form"),
        (fields.TextField(5, pattern="[a-z]+"), "ab1", "wrong_form"),
        (fields.SecretField(), "", "too_short"),
        (MONEY, "0.00", "too_small"),
        (MONEY, "1000.01", "too_large"),
        (MONEY, 10, "not_money"),
        (MONEY, 10.5, "not_money"),
        (MONEY, "1e3", "not_money"),
        (MONEY, "1E+999999", "not_money"),
        (MONEY, "-1", "not_money"),
        (MONEY, "1.005", "not_money"),
        (MONEY, "1,5", "not_money"),
        (MONEY, "١", "not_money"),
        (MONEY, "10000000000", "not_money"),
        (fields.QuantityField(), "1.0001", "not_quantity"),
        (fields.QuantityField(), "1000000", "not_quantity"),
        (fields.QuantityField(), 1, "not_quantity"),
        (fields.QuantityField(minimum=Decimal("0.001")), "0.000", "too_small"),
        (fields.StrictInteger(), 2.0, "not_integer"),
        (fields.StrictInteger(), 2.5e-42, "not_integer"),
        (fields.StrictInteger(), True, "not_integer"),
        (fields.StrictInteger(), "٣", "not_integer"),
        (fields.StrictInteger(), -1, "too_small"),
        (fields.StrictInteger(), 2_147_483_648, "too_large"),
        (fields.BooleanField(), "yes", "not_boolean"),
        (fields.BooleanField(), 1, "not_boolean"),
        (fields.IdField(), ID.replace("-", ""), "not_id"),
        (fields.IdField(), f"{{{ID}}}", "not_id"),
        (fields.IdField(), 5, "not_id"),
        (fields.DateField(), "20260101", "not_date"),
        (fields.DateField(), "2026-02-29", "not_date"),
        (fields.DateField(), "2026-01-01T00:00:00", "not_date"),
        (fields.DateField(), "1899-12-31", "too_small"),
        (fields.DateField(), "2201-01-01", "too_large"),
        (fields.MonthField(), "2026-13", "not_month"),
        (fields.MonthField(), 202611, "not_month"),
        (fields.MonthField(), "9999-12", "too_large"),
        (fields.EnumField(Role), "king", "unknown_choice"),
        (fields.EnumField(Role), ["clerk"], "unknown_choice"),
        (fields.ListField(fields.StrictInteger()), "12", "not_list"),
        (fields.ListField(fields.StrictInteger(), items_min=1), [], "too_few"),
        (fields.ListField(fields.StrictInteger(), items_max=2), [1, 2, 3], "too_many"),
        (fields.TextField(), None, "required"),
    ],
)
def test_a_value_of_another_form_is_refused_by_a_code(field, given, code):
    """The refusal is a code with its bounds, and never repeats the value."""
    with pytest.raises(ma.ValidationError) as refusal:
        field.deserialize(given)

    [problem] = refusal.value.messages
    assert isinstance(problem, FieldProblem)
    assert problem.code == code
    assert given is None or given not in problem.facts.values() or problem.facts == {}


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        (fields.AmountField(), Money(-125_050), "-1250.50"),
        (fields.QuantityField(), Decimal("1E+3"), "1000"),
        (fields.InstantField(), datetime(2026, 11, 23, 5, tzinfo=UTC), "2026-11-23T05:00:00Z"),
        (fields.MonthField(), Month(2026, 1), "2026-01"),
        (fields.DateField(), date(2026, 1, 2), "2026-01-02"),
        (fields.EnumField(Role), Role.AKIM, "akim"),
        (fields.IdField(), UUID(ID), ID),
        (fields.MoneyField(), None, None),
    ],
)
def test_answers_have_the_documented_form(field, value, shown):
    """Amounts have two decimals, moments end in Z, nothing is a float."""
    assert field.serialize("x", {"x": value}) == shown
