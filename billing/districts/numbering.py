"""Numbers without gaps: of documents per enterprise and year, and of personal accounts per district.

A number is taken last in a unit of work. Its row stays locked until the commit, so a document that is rolled
back gives its number back, and the next one waits for it rather than leaving a gap.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billing.districts.models import District, NumberSeries
from billing.kernel.checks import line
from billing.kernel.db import district_of, insert_into
from billing.kernel.errors import AlreadyExists


def take_numbers(session: Session, enterprise_id: UUID, series: str, year: int, count: int = 1) -> int:
    """Take the next numbers of a series and return the first of them; the others follow it.

    Args:
        series: what is numbered, ``invoice``, ``act``, ``contract``; each counts for itself.
        year: of the documents; every year starts at 1.
        count: how many, at least one.
    """
    assert count >= 1, count
    district_id = district_of(session)
    session.execute(
        insert_into(session, NumberSeries)
        .values(district_id=district_id, enterprise_id=enterprise_id, series=series, year=year, last_number=0)
        .on_conflict_do_nothing()
    )
    last = session.scalar(
        update(NumberSeries)
        .where(
            NumberSeries.district_id == district_id,
            NumberSeries.enterprise_id == enterprise_id,
            NumberSeries.series == series,
            NumberSeries.year == year,
        )
        .values(last_number=NumberSeries.last_number + count)
        .returning(NumberSeries.last_number),
        execution_options={"synchronize_session": False},
    )
    assert last is not None
    return int(last) - count + 1


def contract_number(
    session: Session, model: Any, enterprise_id: UUID, given: str | None, year: int, *, kind: str
) -> str:
    """The number of a contract: as the paper has it, or the next free one of the year (``7/2026``).

    Args:
        model: whose rows bear such numbers, each once within the enterprise.
        year: of signing.
        kind: what the contract is called in a refusal; its series is named so too.

    Raises:
        InvalidText: a number of the wrong form.
        AlreadyExists: the enterprise has a contract of this kind with this number.
    """

    def is_taken(number: str) -> bool:
        statement = select(model.id).where(model.enterprise_id == enterprise_id, model.number == number)
        return session.scalar(statement) is not None

    if given:
        number = line(given, field="number", length_max=50)
        if is_taken(number):
            raise AlreadyExists(kind=kind, field="number", value=number)
        return number
    while True:  # a number given by hand may stand in the way of the series
        number = f"{take_numbers(session, enterprise_id, kind, year)}/{year}"
        if not is_taken(number):
            return number


def lock_district(session: Session) -> None:
    """Let units of work of one district queue here, where they look for something that may not exist yet."""
    # Not the full lock: inserts that merely point to the district need not wait.
    session.execute(
        select(District.id).where(District.id == district_of(session)).with_for_update(key_share=True)
    )


def take_account_serials(session: Session, count: int = 1) -> int:
    """Take the next serials of the district's personal accounts and return the first of them."""
    assert count >= 1, count
    last = session.scalar(
        update(District)
        .where(District.id == district_of(session))
        .values(last_account_serial=District.last_account_serial + count)
        .returning(District.last_account_serial),
        execution_options={"synchronize_session": False},
    )
    assert last is not None
    return int(last) - count + 1
