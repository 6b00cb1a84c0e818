"""The comparison as reports: one line per day and channel, and one per payment that does not agree."""

from collections.abc import Mapping, Sequence
from datetime import date

from billing.kernel.money import total
from billing.kernel.reporting import Column, Kind, ReportTable, Row
from billing.reconciliation.three_way.comparison import DayOfProvider
from billing.reconciliation.three_way.differences import PaymentDifference

DAYS = (
    Column("day", Kind.DATE, width=12),
    Column("channel", width=14),
    Column("receipt_count", Kind.NUMBER, width=10),
    Column("receipt_sum", Kind.MONEY),
    Column("registry_count", Kind.NUMBER, width=10),
    Column("registry_sum", Kind.MONEY),
    Column("credited", Kind.MONEY),
    Column("commission", Kind.MONEY, width=12),
    Column("returned", Kind.MONEY, width=12),
    Column("named_difference", Kind.MONEY, width=12),
    Column("paid_over", Kind.MONEY),
    Column("registry_gap", Kind.MONEY, width=14),
    Column("not_paid_over", Kind.MONEY, width=14),
    Column("difference_count", Kind.NUMBER, width=12),
    Column("is_signed", Kind.FLAG, width=10),
)
_SUMS = (
    "receipt_sum",
    "registry_sum",
    "credited",
    "commission",
    "returned",
    "named_difference",
    "paid_over",
    "registry_gap",
    "not_paid_over",
)
_COUNTS = ("receipt_count", "registry_count", "difference_count")
DIFFERENCES = (
    Column("day", Kind.DATE, width=12),
    Column("channel", width=14),
    Column("difference_kind", width=28),
    Column("outside_id", width=24),
    Column("account_number", width=20),
    Column("registry_sum", Kind.MONEY),
    Column("receipt_sum", Kind.MONEY),
)


def days_table(
    days: Sequence[DayOfProvider],
    counts: Mapping[tuple[str, date], int],
    first_day: date,
    last_day: date,
) -> ReportTable:
    """One line per day and channel, with the sums of all.

    Args:
        counts: of differences, by channel and day.
    """
    rows = [
        {
            "day": each.day,
            "channel": each.channel,
            "receipt_count": each.receipts.count,
            "receipt_sum": each.receipts.amount,
            "registry_count": each.registry.count if each.has_registry else None,
            "registry_sum": each.registry.amount if each.has_registry else None,
            "credited": each.paid_over.credited,
            "commission": each.paid_over.commission,
            "returned": each.paid_over.returned,
            "named_difference": each.paid_over.difference,
            "paid_over": each.paid_over.amount,
            "registry_gap": each.registry_gap if each.has_registry else None,
            "not_paid_over": each.open_amount,
            "difference_count": counts.get((each.channel, each.day), 0),
            "is_signed": each.sign_off_id is not None,
        }
        for each in days
    ]
    totals = {
        **{key: sum(row[key] or 0 for row in rows) for key in _COUNTS},  # type: ignore[misc]
        **{key: total(row[key] for row in rows if row[key] is not None) for key in _SUMS},  # type: ignore[misc]
    }
    facts = {"first_day": first_day, "last_day": last_day}
    return ReportTable("three_way", facts, DAYS, [Row(row) for row in rows], totals if rows else {})


def differences_table(
    differences: Sequence[PaymentDifference], first_day: date, last_day: date
) -> ReportTable:
    """One line per payment and what does not agree about it."""
    rows = [
        Row(
            {
                "day": each.day,
                "channel": each.channel,
                "difference_kind": each.kind,
                "outside_id": each.outside_id,
                "account_number": each.account,
                "registry_sum": each.registry_amount,
                "receipt_sum": each.recorded_amount,
            }
        )
        for each in differences
    ]
    return ReportTable(
        "three_way_differences", {"first_day": first_day, "last_day": last_day}, DIFFERENCES, rows
    )
