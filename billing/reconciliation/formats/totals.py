"""Holds a statement to its own sums: balances, turnovers, days and the account it belongs to."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from billing.kernel.money import Money
from billing.reconciliation.formats.draft import CURRENCY, Abandoned, Draft, Tally
from billing.reconciliation.formats.statement import (
    Problem,
    ProblemCode,
    Reading,
    Row,
    Section,
    Severity,
    Statement,
    StatementTotal,
)
from billing.reconciliation.formats.written import read_account


def conclude(draft: Draft) -> Reading:
    """The draft as a statement, with the problems of its sums beside those that the reader found.

    Per section opening + credits − debits must be the closing balance, the stated turnovers those of the
    rows, and each section must begin with the balance the one before ended with.
    """
    account, (first, last) = draft.account, (draft.date_from, draft.date_to)
    whole = Tally()
    for row in draft.rows:
        whole.add(row.amount, row.direction)
    try:
        account = _account(draft)
        first, last = _period(draft)
        _check_period(draft, first, last)
        _check_totals(draft, _tallies(draft))
    except Abandoned:
        pass
    ordered = _by_day(draft.sections)
    statement = Statement(
        format=draft.format,
        account=account,
        currency=draft.currency,
        date_from=first,
        date_to=last,
        opening=ordered[0].opening if ordered else None,
        closing=ordered[-1].closing if ordered else None,
        credited=Money(whole.credited),
        debited=Money(whole.debited),
        rows=tuple(draft.rows),
        sections=tuple(draft.sections),
    )
    return Reading(statement, tuple(sorted(draft.problems, key=lambda problem: problem.line)))


def _account(draft: Draft) -> str:
    if draft.currency != CURRENCY:
        draft.report(ProblemCode.FOREIGN_CURRENCY, value=draft.currency)
    found: dict[str, int] = {}
    for line, written in ((0, draft.account), *((each.line, each.account) for each in draft.sections)):
        if not written:
            continue
        account = read_account(written)
        if account is None:
            draft.report(ProblemCode.INVALID_ACCOUNT, line, value=written)
        else:
            found.setdefault(account, line)
    if len(found) > 1:
        draft.report(ProblemCode.SEVERAL_ACCOUNTS, value=", ".join(found), count=len(found))
    if not found and not draft.incomplete and not _has(draft, ProblemCode.INVALID_ACCOUNT):
        draft.report(ProblemCode.ACCOUNT_MISSING)
    return next(iter(found), "")


def _period(draft: Draft) -> tuple[date | None, date | None]:
    starts = [each.date_from for each in draft.sections if each.date_from]
    ends = [each.date_to for each in draft.sections if each.date_to]
    days = [row.date for row in draft.rows]
    first = draft.date_from or min(starts or days, default=None)
    last = draft.date_to or max(ends or days, default=None)
    return first, last


def _check_period(draft: Draft, first: date | None, last: date | None) -> None:
    if first is None or last is None:
        return
    if first > last:
        draft.report(ProblemCode.INVALID_DATE, value=f"{first:%d.%m.%Y} - {last:%d.%m.%Y}")
        return
    for row in draft.rows:
        if not first <= row.date <= last:
            _report_outside(draft, row, first, last)


def _tallies(draft: Draft) -> Sequence[Tally]:
    if draft.tallies:
        return draft.tallies
    tallies = [Tally() for _ in draft.sections]
    places: dict[date, int | None] = {}
    if len(tallies) == 1:
        places = dict.fromkeys((row.date for row in draft.rows), 0)
    outside: list[Row] = []
    for row in draft.rows:
        if row.date not in places:
            places[row.date] = _place(draft.sections, row.date)
        place = places[row.date]
        if place is not None:
            tallies[place].add(row.amount, row.direction)
        elif draft.sections:
            outside.append(row)
    known = {problem.line for problem in draft.problems if problem.code is ProblemCode.DATE_OUTSIDE_PERIOD}
    for row in outside:
        if row.line not in known:
            _report_outside(draft, row, *_period(draft))
    return tallies


def _place(sections: Sequence[Section], day: date) -> int | None:
    for place, section in enumerate(sections):
        if section.date_from and section.date_to and section.date_from <= day <= section.date_to:
            return place
    return None


def _report_outside(draft: Draft, row: Row, first: date | None, last: date | None) -> None:
    draft.report(
        ProblemCode.DATE_OUTSIDE_PERIOD, row.line, value=f"{row.date:%d.%m.%Y}", first=first, last=last
    )


def _check_totals(draft: Draft, tallies: Sequence[Tally]) -> None:
    found = [
        problem
        for section, tally in zip(draft.sections, tallies, strict=True)
        for problem in _of_section(section, tally, draft)
    ]
    found += _between(_by_day(draft.sections))
    for problem in found:
        draft.add_problem(problem)
    _check_completeness(draft, proven=not found and bool(draft.sections) and not draft.problems)


def _of_section(section: Section, tally: Tally, draft: Draft) -> Iterator[Problem]:
    # A file that was cut off, or has a row nobody could read, lacks money that its bank counted.
    if not draft.incomplete:
        for total, stated, counted in (
            (StatementTotal.CREDITED, section.credited, tally.credited),
            (StatementTotal.DEBITED, section.debited, tally.debited),
        ):
            if stated is not None and stated.tiyn != counted:
                yield _difference(section.line, total, stated, Money(counted))
    stated_both = section.credited is not None and section.debited is not None
    if section.opening is None or section.closing is None or (draft.incomplete and not stated_both):
        return
    credited = Money(tally.credited) if section.credited is None else section.credited
    debited = Money(tally.debited) if section.debited is None else section.debited
    expected = section.opening + credited - debited
    if expected != section.closing:
        yield _difference(section.line, StatementTotal.CLOSING, section.closing, expected)


def _between(sections: Sequence[Section]) -> Iterator[Problem]:
    for before, after in pairwise(sections):
        if before.closing is not None and after.opening is not None and before.closing != after.opening:
            yield _difference(after.line, StatementTotal.OPENING, after.opening, before.closing)


def _difference(line: int, total: StatementTotal, stated: Money, counted: Money) -> Problem:
    facts = {"total": total, "stated": stated, "counted": counted}
    return Problem(ProblemCode.TOTALS_DO_NOT_ADD_UP, Severity.ERROR, line, total.value, str(stated), facts)


def _check_completeness(draft: Draft, *, proven: bool) -> None:
    missing = [each for each in draft.sections if each.opening is None or each.closing is None]
    if not draft.incomplete and (missing or not draft.sections):
        severity = Severity.ERROR if draft.balances_required else Severity.WARNING
        line = missing[0].line if missing else 0
        draft.report(ProblemCode.BALANCES_MISSING, line, severity=severity)
    if draft.end_missing_at and not draft.incomplete:
        # Some banks leave the mark out. Where the balances prove every row, nothing can be lost after them.
        if proven and not missing:
            line = draft.end_missing_at
            draft.report(ProblemCode.END_MARKER_MISSING, line, severity=Severity.WARNING)
        else:
            draft.cut_off(draft.end_missing_at)


def _by_day(sections: Sequence[Section]) -> Sequence[Section]:
    if all(section.date_from for section in sections):
        return sorted(sections, key=lambda section: section.date_from or date.min)
    return sections


def _has(draft: Draft, code: ProblemCode) -> bool:
    return any(problem.code is code for problem in draft.problems)
