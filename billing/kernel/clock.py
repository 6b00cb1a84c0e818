"""The only clock. Only edges (web, cli, pages, demo) read it and pass dates down; rules never do."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

ALMATY = ZoneInfo("Asia/Almaty")  # the whole country keeps UTC+5 since 2024-03-01


def now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """Today's date in Kazakhstan: the accounting date of what happens now."""
    return datetime.now(ALMATY).date()
