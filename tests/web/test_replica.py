"""Reports from a streaming standby: where they come from, how old they are, and what happens without it."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, NullPool, create_engine, func, make_url, select, text
from sqlalchemy.exc import InternalError, ProgrammingError

from billing.access.models import Membership, Role
from billing.app import create_app
from billing.cli import main
from billing.cli.office import Office as CommandLine
from billing.config import Settings
from billing.kernel.db import Sessions, as_of, make_engine, make_replica
from billing.kernel.i18n import Language
from billing.kernel.money import Money
from billing.kernel.replica import ReplicaLost
from billing.ledger.models import Transfer
from billing.web.access import access_of, requires
from billing.web.reports import ReportOut
from billing.web.transaction import current_session
from tests.support.books import open_books, post_sale
from tests.support.databases import PostgresqlDatabases
from tests.support.districts import DISTRICT_ID, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO, make_district
from tests.support.pages import Desk
from tests.support.postgres import Server, Standby
from tests.support.web import Office, make_settings, make_user, morning, shared_app

DAY = date(2026, 11, 20)
PERIOD = "first_day=2026-11-01&last_day=2026-11-30"
AGE = ("Report-As-Of", "Report-Behind-Seconds")


@dataclass
class Pair:
    """A primary and its standby, as their administrator sees them."""

    url: str
    standby_url: str
    standby: Standby
    primary_desk: Engine
    standby_desk: Engine

    def ask(self, question: str, **given: object) -> object:
        """A value that the standby tells its administrator."""
        with self.standby_desk.connect() as connection:
            return connection.scalar(text(question), given)

    def catch_up(self) -> None:
        """Wait until the standby shows all that is committed now."""
        with self.primary_desk.connect() as connection:
            position = connection.scalar(text("SELECT CAST(pg_current_wal_lsn() AS text)"))
        while not self.ask("SELECT pg_last_wal_replay_lsn() >= CAST(:position AS pg_lsn)", position=position):
            self.ask("SELECT pg_sleep(0.01)")

    def pause(self) -> None:
        """Let the standby take in what comes, and show nothing of it."""
        self.ask("SELECT pg_wal_replay_pause()")
        while self.ask("SELECT pg_get_wal_replay_pause_state()") != "paused":
            self.ask("SELECT pg_sleep(0.01)")

    def go_on(self) -> None:
        """Let it show everything again."""
        self.ask("SELECT pg_wal_replay_resume()")
        self.catch_up()


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """A primary with a migrated database, and a standby that streams from it."""
    primary = Server(followed=True)
    databases = PostgresqlDatabases(primary.url)
    with databases.migrated() as database:
        standby = Standby(primary)
        own, name = make_url(database.url), make_url(database.url).database
        desks = [
            create_engine(server.url.set(database=name), poolclass=NullPool, isolation_level="AUTOCOMMIT")
            for server in (primary, standby)
        ]
        standby_url = own.set(query={"host": str(standby.directory)}).render_as_string(hide_password=False)
        yield Pair(database.url, standby_url, standby, *desks)
        standby.stop()
    databases.close()
    primary.stop()


@pytest.fixture(scope="module")
def books(pair):
    """Two districts with books, a sale of 1,000 tenge in the first, of 5 in the second."""
    engine = make_engine(pair.url)
    sessions = Sessions(engine)
    with sessions.begin(None) as session:
        make_district(session)
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    found = {}
    for district_id, tenge in ((DISTRICT_ID, 1_000), (OTHER_DISTRICT_ID, 5)):
        with sessions.begin(district_id) as session:
            found[district_id] = open_books(session, serial=district_id).enterprise_book
            post_sale(session, found[district_id], DAY, Money.tenge(tenge))
            make_user(session, f"olzhas{district_id}", *Role)
    engine.dispose()
    return found


@pytest.fixture
def sessions(pair, books):
    """Units of work on the primary, reports from the standby; a lost one is tried again at once."""
    pair.catch_up()
    replica = make_replica(pair.standby_url)
    replica.retry_seconds = 0
    sessions = Sessions(make_engine(pair.url), replica=replica)
    yield sessions
    sessions.engine.dispose()
    replica.engine.dispose()


@pytest.fixture
def office(sessions, tmp_path):
    """The API of an application that has a replica."""
    app = create_app(make_settings(tmp_path), sessions)
    app.testing = True
    with morning():
        yield Office(app, None).member(*Role, login="office")


def turnover(office, books):
    """What the bank account took in by the trial balance, and what the answer says of its age."""
    book_id = books[office.district_id]
    answer = office.get(f"/api/v1/books/{book_id}/trial-balance?{PERIOD}")
    assert answer.status_code == 200, answer.text
    return answer.json["totals"]["debit"], tuple(answer.headers.get(name) for name in AGE)


def sell(sessions, books, tenge):
    """Post another sale in the first district."""
    with sessions.begin(DISTRICT_ID) as session:
        post_sale(session, books[DISTRICT_ID], DAY, Money.tenge(tenge))


def sold(sessions):
    """What was sold in the first district, by the primary's rows."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        return session.scalar(select(func.sum(Transfer.amount)))


def shown(money):
    """Money as the API writes it."""
    return f"{money.tiyn // 100}.{money.tiyn % 100:02d}"


# Made of a run that may have ended a moment ago, and asked for at once.
FRESH = {"/api/v1/billing-runs/<uuid:run_id>/delivery-list.xlsx"}


def test_every_report_and_every_spreadsheet_may_come_from_the_standby():
    """What answers with a report, or as a spreadsheet, is marked as one; what must be fresh is listed."""
    app = shared_app()
    unmarked, reports = set(), 0
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        answers = getattr(view, "_apidoc", {}).get("response", {}).get("responses", {}).get(200, ())
        is_report = rule.rule.endswith(".xlsx") or any(
            isinstance(each["schema"], ReportOut) for each in answers
        )
        reports += is_report
        if rule.rule.startswith("/api/v1/") and is_report and not access_of(view).report:
            unmarked.add(rule.rule)

    assert unmarked == FRESH
    assert reports > 15


def test_a_report_comes_from_the_standby_and_says_how_old_it_is(pair, books, sessions, office):
    """A sale that the standby has not shown yet is not in the report, which says so; later it is."""
    before = sold(sessions)
    assert (pair.catch_up(), turnover(office, books)[0]) == (None, shown(before))
    pair.pause()
    try:
        sell(sessions, books, 500)
        new = office.member(Role.AUDITOR)  # his token is younger than all that the standby shows
        figure, (instant, behind) = turnover(new, books)
        replayed = pair.ask("SELECT pg_last_xact_replay_timestamp()")
        health = office.stranger.get("/healthz").json
    finally:
        pair.go_on()

    assert figure == shown(before)
    assert datetime.fromisoformat(instant) == replayed.replace(
        microsecond=replayed.microsecond // 1000 * 1000
    )
    assert int(behind) >= 1
    assert health["status"] == "ok" and health["replica"]["behind_seconds"] >= 1
    figure, (_, behind) = turnover(office, books)
    assert (figure, behind) == (shown(before + Money.tenge(500)), "0")
    assert office.stranger.get("/healthz").json["replica"] == {"status": "ok", "behind_seconds": 0}


def test_the_page_of_a_report_says_how_old_it_is(pair, books, office):
    """Whoever reads or prints the page sees the line; a page to work on is fresh, its spreadsheet not."""
    reader = Desk(office.app, office.sessions).seat(*Role)
    pair.catch_up()

    assert "0 s behind the primary database" in reader.read("/reports/trial-balance")
    assert "behind the primary database" not in reader.read("/three-way/")
    page, spreadsheet = (reader.get(f"/three-way/{asked}") for asked in ("", "?as=xlsx"))
    assert (page.status_code, spreadsheet.status_code) == (200, 200)
    assert AGE[1] not in page.headers and spreadsheet.headers[AGE[1]] == "0"


def test_the_walls_between_districts_stand_on_the_standby_too(pair, books, sessions, office):
    """The fence and row-level security show each district its own; nobody is shown anything unasked."""
    for district_id, tenge in ((DISTRICT_ID, None), (OTHER_DISTRICT_ID, 5)):
        with sessions.report(district_id) as session:
            assert as_of(session) is not None
            assert session.scalar(text("SELECT pg_is_in_recovery()")) is True
            fenced = session.scalar(select(func.sum(Transfer.amount)))
            walled = session.scalar(text("SELECT sum(amount) FROM transfer"))
            assert fenced == Money(int(walled)) == (sold(sessions) if tenge is None else Money.tenge(tenge))
    with sessions.report(None) as session:
        assert session.scalar(text("SELECT count(*) FROM transfer")) == 0
    stranger = office.member(*Role, district_id=OTHER_DISTRICT_ID)
    assert stranger.get(f"/api/v1/books/{books[DISTRICT_ID]}/trial-balance?{PERIOD}").status_code == 404


@pytest.mark.parametrize("from_primary", [False, True])
def test_a_report_cannot_write(sessions, from_primary):
    """Neither on the standby nor, when it is lost, on the primary; and it takes no locks."""
    for forbidden in ("DELETE FROM membership", "SELECT 1 FROM membership FOR UPDATE"):
        with (
            pytest.raises((InternalError, ProgrammingError), match="read-only transaction"),
            sessions.report(DISTRICT_ID, from_primary=from_primary) as session,
        ):
            session.execute(text(forbidden))
    with sessions.begin(DISTRICT_ID) as session:  # the connection writes again afterwards
        assert session.execute(Membership.__table__.delete().where(text("false"))).rowcount == 0


def test_a_lost_standby_is_done_without_and_found_again(pair, books, sessions, office, caplog):
    """Reports go on from the primary, all of it; the log says so once, and again when it is back."""
    caplog.set_level(logging.WARNING, logger="billing.kernel.replica")
    turnover(office, books)
    pair.standby.halt()
    try:
        sell(sessions, books, 7)
        for _ in range(2):
            assert turnover(office, books) == (shown(sold(sessions)), (None, None))
        assert office.stranger.get("/healthz").json == {"status": "ok", "replica": {"status": "lost"}}
    finally:
        pair.standby.resume()
    pair.catch_up()

    assert turnover(office, books)[0] == shown(sold(sessions))
    assert turnover(office, books)[1][1] == "0"
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert told[0].startswith("the read replica is lost, reports are read from the primary: ")
    assert told[1] == "the read replica answers again"


def test_a_lost_standby_is_left_alone_for_a_while(pair, sessions):
    """Nobody waits for a dead machine again until some time has passed."""
    assert make_replica(pair.standby_url).retry_seconds == 30
    sessions.replica.retry_seconds = 30
    sessions.replica.lose("its cable was pulled")

    with sessions.report(DISTRICT_ID) as session:
        assert as_of(session) is None
        assert session.scalar(text("SELECT pg_is_in_recovery()")) is False


def test_a_standby_that_fails_in_the_middle_of_a_report(pair, books, sessions, office):
    """The request is answered all the same, from the primary; a program that asks by itself is told."""
    answered = []

    def view():
        session = current_session()
        answered.append(session.scalar(text("SELECT pg_is_in_recovery()")))
        if answered[-1]:
            pair.ask(f"SELECT pg_terminate_backend({session.scalar(text('SELECT pg_backend_pid()'))})")
        return {"sold": shown(session.scalar(select(func.sum(Transfer.amount))))}

    office.app.add_url_rule("/api/v1/try", "try", requires(report=True)(view))

    answer = office.get("/api/v1/try")

    assert (answer.status_code, answer.json) == (200, {"sold": shown(sold(sessions))})
    assert answered == [True, False]
    assert AGE[0] not in answer.headers
    with pytest.raises(ReplicaLost):
        ask_of_the_dead(pair, sessions)


def ask_of_the_dead(pair, sessions):
    """Read a report whose connection is cut."""
    with sessions.report(DISTRICT_ID) as session:
        pair.ask(f"SELECT pg_terminate_backend({session.scalar(text('SELECT pg_backend_pid()'))})")
        session.scalar(text("SELECT 1"))


def test_what_is_no_standby_is_not_read(pair, sessions, caplog):
    """A database that follows nobody may have gone its own way: its figures would be anybody's."""
    alone = Sessions(sessions.engine, replica=make_replica(pair.url))

    with alone.report(DISTRICT_ID) as session:
        assert as_of(session) is None
        assert session.get_bind() is sessions.engine

    assert "it is no standby" in caplog.text
    alone.replica.engine.dispose()


def test_the_command_line_reads_the_standby(pair, books, tmp_path):
    """`auyl report` says on the error channel how old its figures are; the report itself stays clean."""
    pair.catch_up()
    environment = {
        "AUYL_DATABASE_URL": pair.url,
        "AUYL_READ_DATABASE_URL": pair.standby_url,
        "AUYL_VAR": str(tmp_path),
    }
    office = CommandLine(Settings.from_environment(environment), Language.EN, district=str(DISTRICT_ID))

    ran = CliRunner().invoke(main, ["report", "trial-balance", "--format", "json"], obj=office)

    assert ran.exit_code == 0, ran.output
    assert "0 s behind the primary database" in ran.stderr
    assert "behind" not in ran.stdout
    office.engine.dispose()
    office.sessions.replica.engine.dispose()
