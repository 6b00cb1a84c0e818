"""A column that repeats what another row says cannot say something else: one key holds all its copies."""

from datetime import date

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from billing.archive.service import DocumentStore, storing_in
from billing.kernel import migrations
from billing.kernel.db import scope
from billing.tables import metadata
from tests.support.bank_rows import account_of, row, take_in_rows
from tests.support.billing import pay
from tests.support.customers import make_customer
from tests.support.damage import unlock
from tests.support.districts import DISTRICT_ID, make_district, make_enterprise
from tests.support.lived import live_a_season

STEP = "copies_checked_by_keys"
TABLES = (
    "payment",
    "invoice",
    "bank_statement",
    "receivable",
    "advance",
    "allocation",
    "revenue_line",
    "statement_row",
)
FACTS = [table for table in TABLES if table not in ("receivable", "advance")]  # whose open sums change

# Each copy, and where another value for it is found: one that is there, so that a key over this column alone
# would have taken it.
COPIES = {
    "advance.customer_id": "SELECT id FROM customer WHERE id <> :now",
    "advance.enterprise_id": "SELECT id FROM enterprise WHERE id <> :now",
    "advance.received_on": "SELECT received_on FROM payment WHERE received_on <> :now",
    "receivable.customer_id": "SELECT id FROM customer WHERE id <> :now",
    "receivable.enterprise_id": "SELECT id FROM enterprise WHERE id <> :now",
    "receivable.issued_on": "SELECT issued_on FROM invoice WHERE issued_on <> :now",
    "receivable.invoice_id": "SELECT id FROM invoice WHERE id <> :now",
    "allocation.invoice_id": "SELECT id FROM invoice WHERE id <> :now",
    "allocation.invoice_line_id": "SELECT invoice_line_id FROM receivable WHERE invoice_line_id <> :now",
    "revenue_line.payment_id": "SELECT id FROM payment WHERE id <> :now",
    "revenue_line.invoice_line_id": "SELECT id FROM invoice_line WHERE id <> :now",
    "statement_row.bank_account_id": "SELECT id FROM bank_account WHERE id <> :now",
}

# Who is named by copies only, or by a row that others repeat.
NAMED = {
    "customer": "SELECT customer_id FROM advance ORDER BY payment_id DESC",  # who has paid, and nothing else
    "enterprise": "SELECT enterprise_id FROM advance",
    "payment": "SELECT payment_id FROM advance ORDER BY payment_id DESC",
    "invoice": "SELECT invoice_id FROM receivable",
    "invoice_line": "SELECT invoice_line_id FROM receivable",
    "allocation": "SELECT allocation_id FROM revenue_line",
    "bank_account": "SELECT bank_account_id FROM statement_row",
    "bank_statement": "SELECT statement_id FROM statement_row",
}


def fill(session):
    """A season, a passer-by who has only paid, a statement of one row, and a second enterprise."""
    season = live_a_season(session)
    make_enterprise(session, 2)
    passer_by = make_customer(session, 7)
    pay(session, season.enterprise.id, passer_by.id, 50, received_on=date(2026, 3, 1))
    take_in_rows(session, account_of(session, season.enterprise), row(100))


@pytest.fixture(scope="module")
def lived(request, database_kind, tmp_path_factory):
    """One filled database for all that tries to harm it."""
    databases = request.getfixturevalue(f"_{database_kind}")
    store = DocumentStore(tmp_path_factory.mktemp("documents"))
    with (
        databases.migrated() as database,
        database.engine() as engine,
        Session(engine, info=storing_in(store), expire_on_commit=False) as session,
    ):
        make_district(session)
        scope(session, DISTRICT_ID)
        fill(session)
        session.flush()
        yield session


@pytest.fixture
def session(lived):
    """A unit of work whose harm is undone."""
    with lived.begin_nested() as savepoint:
        yield lived
        savepoint.rollback()


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_cannot_say_something_else(session, copy):
    """Not even a hand past the triggers makes it name another row, which exists: the key refuses."""
    table, column = copy.split(".")
    unlock(session, table)
    key = "invoice_line_id" if table == "receivable" else "payment_id" if table == "advance" else "id"
    row_id, now = session.execute(text(f"SELECT {key}, {column} FROM {table} ORDER BY {key}")).first()
    other = session.scalars(text(COPIES[copy]), {"now": now}).first()
    assert other not in (None, now)
    change = text(f"UPDATE {table} SET {column} = :value WHERE {key} = :id")

    with pytest.raises(IntegrityError, match=r"(?i)foreign key"), session.begin_nested():
        session.execute(change, {"value": other, "id": row_id})

    assert session.scalar(text(f"SELECT {column} FROM {table} WHERE {key} = :id"), {"id": row_id}) == now
    session.execute(change, {"value": now, "id": row_id})


def test_a_revenue_line_cannot_name_another_allocation(session):
    """Not one of another payment, which exists."""
    unlock(session, "revenue_line")
    row_id, payment_id = session.execute(text("SELECT id, payment_id FROM revenue_line ORDER BY id")).first()
    other = session.scalars(
        text("SELECT id FROM allocation WHERE payment_id <> :id"), {"id": payment_id}
    ).first()
    assert other is not None

    with pytest.raises(IntegrityError, match=r"(?i)foreign key"), session.begin_nested():
        session.execute(
            text("UPDATE revenue_line SET allocation_id = :other WHERE id = :id"),
            {"other": other, "id": row_id},
        )


@pytest.mark.parametrize("table", NAMED)
def test_who_is_named_by_copies_stays(session, table):
    """A customer who has paid, an invoice that is owed, an account with a statement: none can be deleted."""
    named = session.scalars(text(NAMED[table])).first()
    unlock(session, table)

    with pytest.raises(IntegrityError, match=r"(?i)foreign key"), session.begin_nested():
        session.execute(text(f"DELETE FROM {table} WHERE id = :id"), {"id": named})

    assert session.scalar(text(f"SELECT count(*) FROM {table} WHERE id = :id"), {"id": named}) == 1


def test_rows_and_triggers_survive_the_change_of_keys(sessions, engine):
    """Taken back and made again with rows in the tables: each row is as it was, facts are still facts."""
    with sessions.begin(DISTRICT_ID) as session:
        fill(session)
    held = rows(sessions)
    assert min(map(len, held.values())) > 0

    migrations.downgrade(engine, before())
    assert rows(sessions) == held
    facts_stay(sessions)

    migrations.upgrade(engine)
    assert rows(sessions) == held
    facts_stay(sessions)


def test_a_copy_that_disagrees_stops_the_change(sessions, engine):
    """An advance that names another customer than its payment is not brought along: nothing is changed."""
    migrations.downgrade(engine, before())
    with sessions.begin(DISTRICT_ID) as session:
        fill(session)
        other = session.scalars(text("SELECT id FROM customer ORDER BY id")).first()
        payment = session.scalars(text("SELECT payment_id FROM advance ORDER BY payment_id DESC")).first()
        session.execute(
            text("UPDATE advance SET customer_id = :other WHERE payment_id = :id"),
            {"other": other, "id": payment},
        )
    held = rows(sessions)

    with pytest.raises((IntegrityError, RuntimeError), match="advance"):
        migrations.upgrade(engine)

    assert rows(sessions) == held
    assert migrations.current(engine) == before()


def before():
    """The revision that the step stands on."""
    script = migrations.ScriptDirectory.from_config(migrations.make_config())
    [step] = [each for each in script.walk_revisions() if each.path.endswith(f"{STEP}.py")]
    return step.down_revision


def rows(sessions):
    """All that the tables hold."""
    with sessions.begin(DISTRICT_ID) as session:
        return {
            name: sorted(map(repr, session.execute(select(metadata.tables[name])).all())) for name in TABLES
        }


def facts_stay(sessions):
    """The triggers refuse to change a fact, even into itself."""
    for table in FACTS:
        with pytest.raises(DBAPIError, match="append_only"), sessions.begin(DISTRICT_ID) as session:
            session.execute(text(f"UPDATE {table} SET district_id = district_id"))
