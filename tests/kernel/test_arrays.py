"""Arrays reach PostgreSQL as they were made, whatever their type."""

from datetime import UTC, date, datetime, time
from uuid import UUID

import pytest

from billing.kernel.arrays import array
from billing.kernel.ids import new_id

pytestmark = pytest.mark.postgresql_only

FIRST, SECOND = new_id(), new_id()

KINDS = {
    "UUID": [FIRST, UUID(int=0), UUID(int=2**128 - 1), SECOND],
    "BIGINT": [0, -1, 2**63 - 1, -(2**63)],
    "INTEGER": [0, -1, 2**31 - 1, -(2**31)],
    "SMALLINT": [0, -1, 2**15 - 1, -(2**15)],
    "BOOLEAN": [True, False],
    "DATE": [date(2000, 1, 1), date(1999, 12, 31), date.min, date.max],
    "TIME WITHOUT TIME ZONE": [time(0), time(23, 59, 59, 999_999)],
    "TIMESTAMP WITH TIME ZONE": [
        datetime(2000, 1, 1, tzinfo=UTC),
        datetime(1969, 7, 20, 20, 17, 40, 123_456, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
    "TEXT": ["", "NULL", '{"a",b}', "\\", "Ұлы «қала»\n₸", "x" * 100_000],
}


@pytest.fixture
def driver(session):
    """The driver's own connection."""
    return session.connection().connection.driver_connection


@pytest.mark.parametrize("element", KINDS)
@pytest.mark.parametrize("shape", ["all", "with NULL", "one", "the same", "only NULL", "none"])
def test_elements_come_back_as_they_were(driver, element, shape):
    """Smallest, largest, odd ones, and none: the server reads each as the value it was made of."""
    values = {
        "all": KINDS[element],
        "with NULL": [None, *KINDS[element], None],
        "one": KINDS[element][:1],
        "the same": KINDS[element][:1] * 3,
        "only NULL": [None, None],
        "none": [],
    }[shape]

    [found] = driver.execute(f"SELECT %s::{element}[]", (array(values, element),)).fetchone()

    assert found == values
