"""Numbers of documents and personal accounts: none missing, none twice, whatever runs at once."""

import pytest
from sqlalchemy import select

from billing.districts.models import District, NumberSeries
from billing.districts.numbering import take_account_serials, take_numbers
from tests.support.districts import DISTRICT_ID, make_enterprise
from tests.support.threads import CLIENTS, at_once


class Undone(Exception):
    """Stands for whatever makes a unit of work roll back after it took a number."""


def test_a_series_counts_from_one_each_year_and_by_itself(session):
    """A new year and another series start at 1; several numbers are taken in a row."""
    enterprise = make_enterprise(session)

    assert take_numbers(session, enterprise.id, "invoice", 2025) == 1
    assert take_numbers(session, enterprise.id, "invoice", 2025, count=3) == 2
    assert take_numbers(session, enterprise.id, "invoice", 2025) == 5
    assert take_numbers(session, enterprise.id, "invoice", 2026) == 1
    assert take_numbers(session, enterprise.id, "act", 2025) == 1


def test_two_enterprises_number_apart(session):
    """The series of one enterprise does not move that of another."""
    first, second = make_enterprise(session, 1), make_enterprise(session, 2)
    take_numbers(session, first.id, "invoice", 2026, count=7)

    assert take_numbers(session, second.id, "invoice", 2026) == 1


def test_a_number_of_a_rolled_back_document_is_given_again(sessions):
    """A document that was not stored leaves no gap."""
    with sessions.begin(DISTRICT_ID) as session:
        enterprise_id = make_enterprise(session).id
        assert take_numbers(session, enterprise_id, "invoice", 2026) == 1

    def fail() -> None:
        with sessions.begin(DISTRICT_ID) as session:
            assert take_numbers(session, enterprise_id, "invoice", 2026) == 2
            raise Undone

    with pytest.raises(Undone):
        fail()

    with sessions.begin(DISTRICT_ID) as session:
        assert take_numbers(session, enterprise_id, "invoice", 2026) == 2


def test_clients_at_once_get_every_number_once(sessions, database_kind):
    """50 clients (8 on SQLite), every third of whom rolls back, leave no gap and no number twice."""
    clients = CLIENTS[database_kind]
    with sessions.begin(DISTRICT_ID) as session:
        enterprise_id = make_enterprise(session).id

    def take(client: int) -> int | None:
        try:
            with sessions.begin(DISTRICT_ID) as session:
                number = take_numbers(session, enterprise_id, "invoice", 2026)
                if client % 3 == 0:
                    raise Undone
                return number
        except Undone:
            return None

    taken = sorted(number for number in at_once(clients, take) if number is not None)

    assert taken == list(range(1, len(taken) + 1))
    assert len(taken) == clients - len(range(0, clients, 3))
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert session.scalar(select(NumberSeries.last_number)) == len(taken)


def test_account_serials_are_taken_once_each(sessions, database_kind):
    """Clients at once get serials 1, 2, 3 … of the district, each once."""
    clients = CLIENTS[database_kind]

    def take(_: int) -> int:
        with sessions.begin(DISTRICT_ID) as session:
            return take_account_serials(session)

    assert sorted(at_once(clients, take)) == list(range(1, clients + 1))
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert session.get_one(District, DISTRICT_ID).last_account_serial == clients
