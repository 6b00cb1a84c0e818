"""When the demo plays: the last three full months before today, and the days of the current one."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from billing.kernel.dates import Month

KATO = "473639000"  # Borankul rural district, Beineu district, Mangystau region
FILES = Path(__file__).parent
LIST_BEGINS = Month(2025, 11)  # the first month of the dates in orders.csv

_DAY = re.compile(r"\b(\d{2})\.(\d{2})\.(\d{4})\b", re.ASCII)


@dataclass(frozen=True, slots=True)
class Scene:
    """The days of the demo.

    Attributes:
        today: given by the edge.
        months: the three full months before today's, the earliest first.
    """

    today: date
    months: tuple[Month, Month, Month]

    @property
    def begins(self) -> date:
        """The first day of the story; districts and tariffs are older."""
        return self.months[0].first_day

    def not_later(self, day: date) -> date:
        """The day, or today where it has not come yet."""
        return min(day, self.today)


def scene_on(today: date) -> Scene:
    """The scene of a day."""
    third = Month.of(today).previous()
    return Scene(today, (third.previous().previous(), third.previous(), third))


def read_file(name: str) -> bytes:
    """One of the demo's own lists."""
    return (FILES / name).read_bytes()


def moved_orders(scene: Scene) -> bytes:
    """The list of orders with its months moved to the scene's; a day that has not come yet becomes today."""

    def moved(match: re.Match[str]) -> str:
        day, month, year = (int(part) for part in match.groups())
        target = scene.months[0]
        for _ in range((year - LIST_BEGINS.year) * 12 + month - LIST_BEGINS.month):
            target = target.next()
        return scene.not_later(target.first_day + timedelta(days=day - 1)).strftime("%d.%m.%Y")

    return _DAY.sub(moved, read_file("orders.csv").decode("cp1251")).encode("cp1251")
