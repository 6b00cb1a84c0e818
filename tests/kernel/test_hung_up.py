"""A server that has hung up is noticed before the next unit of work, without asking it each time."""

import pytest
from sqlalchemy import text

from tests.support.districts import DISTRICT_ID


def backend_of(session):
    return session.connection().connection.dbapi_connection.info.backend_pid


@pytest.mark.postgresql_only
def test_the_next_unit_of_work_connects_anew(sessions):
    """The server ends a connection that waits in the pool: nobody is refused for it."""
    with sessions.begin(DISTRICT_ID) as session:
        kept = backend_of(session)
    with sessions.begin(DISTRICT_ID) as session:
        assert backend_of(session) == kept
    with sessions.engine.connect() as first, sessions.engine.connect() as second:
        assert first.connection.dbapi_connection.info.backend_pid == kept
        ended = text("SELECT pg_terminate_backend(:pid, 10000)")
        other = second.connection.dbapi_connection.info.backend_pid
        assert first.scalar(ended, {"pid": other})

    for _ in range(2):
        with sessions.begin(DISTRICT_ID) as one, sessions.begin(DISTRICT_ID) as another:
            assert {backend_of(one), backend_of(another)}.isdisjoint({other})
