"""One transaction per request: all of it or nothing, and no refusal of the database is a failure of ours."""

import threading

import pytest
from flask import request
from sqlalchemy import event, func, select, text

from billing.access.models import Membership, Role, User
from billing.kernel.db import Sessions, make_engine
from billing.kernel.errors import Conflict
from billing.web.access import public, requires
from billing.web.transaction import ATTEMPTS_MAX, current_session, current_user
from tests.support.web import make_user


@pytest.fixture
def office(fresh_office):
    """Every test here adds a view of its own."""
    return fresh_office


def serve(office, view, *, methods=("POST",), marked=None):
    """Put a view into the application under /api/v1/try."""
    name = f"try_{len(office.app.view_functions)}"
    mark = marked or requires()
    office.app.add_url_rule(f"/api/v1/{name}", name, mark(view), methods=list(methods))
    return f"/api/v1/{name}"


def count(office, model):
    """Rows of a table in the test district."""
    with office.sessions.begin(1) as session:
        return session.scalar(select(func.count()).select_from(model))


def test_what_a_view_wrote_is_committed(office):
    """The next request sees it, and the session acts for the caller."""

    def view():
        session = current_session()
        assert session.info["actor_id"] == current_user().id
        make_user(session, "dana", Role.CLERK)
        return {}

    before = count(office, Membership)
    assert office.post(serve(office, view)).status_code == 200
    assert count(office, Membership) == before + 1


def test_a_refusal_takes_everything_back(office):
    """What was written before the refusal is gone."""

    def view():
        make_user(current_session(), "dana", Role.CLERK)
        raise Conflict

    before = count(office, User)
    assert office.post(serve(office, view)).status_code == 409
    assert count(office, User) == before


def test_what_the_database_refuses_is_a_conflict(office):
    """A unique key, broken behind the service's back, is 409 and nothing is written."""

    def view():
        session = current_session()
        for _ in range(2):
            session.execute(
                User.__table__.insert().values(
                    login="twin", name="x", password_hash="x", language="ru", is_active=True, version=1
                )
            )
        return {}

    before = count(office, User)
    answer = office.post(serve(office, view))
    assert (answer.status_code, answer.json["code"]) == (409, "conflict")
    assert count(office, User) == before


@pytest.mark.postgresql_only
def test_what_only_the_commit_refuses_is_a_conflict(office, engine):
    """A constraint that is checked at the commit still reaches the error handlers."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE late (n int, UNIQUE (n) DEFERRABLE INITIALLY DEFERRED)"))

    def view():
        current_session().execute(text("INSERT INTO late VALUES (1), (1)"))
        return {}

    answer = office.post(serve(office, view))
    assert (answer.status_code, answer.json["code"]) == (409, "conflict")


def test_a_number_too_large_for_its_column_is_wrong_input(office):
    """A value that no column holds is 422, on both databases."""

    def view():
        current_session().execute(select(User).where(User.version == 10**30)).all()
        return {}

    answer = office.post(serve(office, view))
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_input")


@pytest.mark.postgresql_only
def test_a_deadlock_is_tried_again(office):
    """Two requests that take the same two rows crosswise both succeed, one of them at its second attempt."""
    both = threading.Barrier(2)
    attempts = []

    def view():
        order = request.args["order"].split(",")
        attempts.append(order[0])
        lock(order[0])
        if attempts.count(order[0]) == 1:
            both.wait(timeout=30)
        lock(order[1])
        return {}

    def lock(login):
        current_session().execute(select(User).where(User.login == login).with_for_update()).one()

    with office.sessions.begin(1) as session:
        make_user(session, "aa")
        make_user(session, "bb")
    path = serve(office, view)
    statuses = []

    def send(order: str) -> None:
        statuses.append(office.post(f"{path}?order={order}").status_code)

    threads = [threading.Thread(target=send, args=[order]) for order in ("aa,bb", "bb,aa")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [200, 200]
    assert len(attempts) == 3


@pytest.mark.postgresql_only
def test_a_lasting_deadlock_asks_to_come_again(office):
    """After a few attempts the answer is 503 with the seconds to wait, never 500."""
    attempts = []

    def view():
        attempts.append(1)
        current_session().execute(text("DO $$ BEGIN RAISE EXCEPTION SQLSTATE '40P01'; END $$"))

    answer = office.post(serve(office, view))
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "busy", "1")
    assert len(attempts) == ATTEMPTS_MAX


@pytest.mark.sqlite_only
def test_a_database_that_stays_locked_asks_to_come_again(office, engine):
    """A writer that waited its time in vain is answered with 503, and nothing is written."""

    def view():
        make_user(current_session(), "dana")

    path = serve(office, view)
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=1"))
    engine.dispose()
    with office.sessions.begin(1) as session:
        make_user(session, "erlan")
        answer = office.post(path)

    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "busy", "1")
    assert count(office, User) == 2


@pytest.mark.sqlite_only
def test_reading_does_not_wait_for_a_writer(office):
    """A GET is answered while another connection holds the writers' lock; a marked GET may write."""

    def view():
        return {"users": current_session().scalar(select(func.count()).select_from(User))}

    path = serve(office, view, methods=["GET"])
    with office.sessions.begin(1) as session:
        make_user(session, "dana")
        assert office.get(path).json == {"users": 1}


def test_a_public_view_is_in_no_district(office):
    """Its session reads nothing of a district until the view says which."""

    def view():
        assert "district_id" not in current_session().info
        return {}

    assert office.stranger.post(serve(office, view, marked=public())).status_code == 200


def test_health(office):
    """The health address needs no token and asks the database."""
    assert office.stranger.get("/healthz").json == {"status": "ok"}

    office.app.extensions["sessions"] = Sessions(make_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"))
    answer = office.stranger.get("/healthz")
    assert (answer.status_code, answer.json) == (503, {"status": "no database"})
