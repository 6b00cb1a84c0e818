"""What people type for sums, days and months: the option types of all commands."""

from datetime import date
from typing import Any

import click

from billing.kernel.cells import read_date
from billing.kernel.clock import today
from billing.kernel.dates import Month
from billing.kernel.errors import InvalidInput
from billing.kernel.money import ZERO, Money


class MoneyType(click.ParamType[Money]):
    """A sum in tenge, ``1250.50`` or ``1250,50``; more than zero."""

    name = "sum"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Money:
        """Read it, or say how it is written."""
        if isinstance(value, Money):
            return value
        try:
            amount = Money.parse(str(value).replace(" ", "").replace("\u00a0", "").replace(",", "."))
        except ValueError:
            self.fail(f"{value!r} is no sum in tenge: write 1250.50", param, ctx)
        if amount <= ZERO:
            self.fail(f"{value!r} is not more than zero", param, ctx)
        return amount


class DayType(click.ParamType[date]):
    """A day, ``2026-11-23`` or ``23.11.2026``."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read it, or say how it is written."""
        if isinstance(value, date):
            return value
        try:
            return read_date(str(value))
        except InvalidInput:
            self.fail(f"{value!r} is no day: write 2026-11-23", param, ctx)


class PastDayType(DayType):
    """The day of something that has happened: a mistyped year stays out of the books."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read it, or say that it is still to come."""
        day = super().convert(value, param, ctx)
        if day > today():
            self.fail(f"{value!r} is still to come: today is {today()}", param, ctx)
        return day


class MonthType(click.ParamType[Month]):
    """A month, ``2026-11``."""

    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Month:
        """Read it, or say how it is written."""
        if isinstance(value, Month):
            return value
        try:
            return Month.parse(str(value))
        except ValueError:
            self.fail(f"{value!r} is no month: write 2026-11", param, ctx)


SUM = MoneyType()
DAY = DayType()
PAST_DAY = PastDayType()
MONTH = MonthType()
