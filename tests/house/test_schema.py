"""The migrations make exactly the tables that the code describes, and every step can be taken back."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, Inspector, inspect, text

from billing import tables
from billing.invoicing.runs import service as runs
from billing.kernel import migrations
from tests.house.sources import ROOT
from tests.support.districts import DISTRICT_ID
from tests.support.village import MORNING, bill_here, make_village, start


def described(engine: Engine) -> dict[str, str]:
    """Everything a database knows about its tables, as text that does not depend on their history."""
    inspector = inspect(engine)
    return {
        table: "\n".join(sorted(_facts(inspector, table)))
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def _facts(inspector: Inspector, table: str) -> Iterator[str]:
    for column in inspector.get_columns(table):
        # PostgreSQL's `now()` and the standard's CURRENT_TIMESTAMP are one thing under two names.
        default = str(column["default"]).replace("now()", "CURRENT_TIMESTAMP")
        yield f"column {column['name']} {column['type']!r} null={column['nullable']} default={default}"
    yield f"primary key {inspector.get_pk_constraint(table)}"
    for key in inspector.get_foreign_keys(table):
        yield f"foreign key {key}"
    for constraint in inspector.get_unique_constraints(table):
        yield f"unique {constraint['name']} {constraint['column_names']}"
    for check in inspector.get_check_constraints(table):
        yield f"check {check['name']} {' '.join(check['sqltext'].split())}"
    for index in inspector.get_indexes(table):
        where = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
        columns = index.get("expressions", index["column_names"])
        yield f"index {index['name']} {columns} unique={index['unique']} {sorted(where.items())}"


def leftovers(engine: Engine) -> list[str]:
    """Tables, triggers and functions of ours that a database still has."""
    statement = (
        "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
        if engine.dialect.name == "sqlite"
        else "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " UNION SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    )
    with engine.connect() as connection:
        names = connection.scalars(text(statement)).all()
    return sorted(name for name in names if not name.startswith("alembic_version"))


def test_there_is_one_newest_revision():
    """Two heads would make `auyl migrate` refuse to choose."""
    assert len(migrations.heads()) == 1


def test_tables_in_code_and_in_the_database_agree(engine, empty_database):
    """Columns, keys, references, CHECKs and indexes are the same in models and migrations."""
    with empty_database.engine() as from_models:
        tables.metadata.create_all(from_models)
        expected = described(from_models)

    found = described(engine)

    assert sorted(found) == sorted(expected)
    for table, facts in expected.items():
        assert found[table] == facts


def test_every_step_goes_up_down_and_up_again(empty_database):
    """Each revision can be taken back and made again; down to the ground nothing of ours is left."""
    with empty_database.engine() as engine:
        for revision in revisions():
            migrations.upgrade(engine, revision)
            migrations.downgrade(engine, "-1")
            migrations.upgrade(engine, revision)
        assert [migrations.current(engine)] == migrations.heads()
        once = described(engine)

        migrations.downgrade(engine, "base")
        assert leftovers(engine) == []

        migrations.upgrade(engine)
        assert described(engine) == once


def test_a_run_that_was_finished_has_all_its_papers(sessions):
    """Its papers were archived with its invoices; a run that goes on counts them when it comes to them."""
    with sessions.begin(DISTRICT_ID) as session:
        village = make_village(session, 3)
        finished = bill_here(session, village).id
        going_on = start(session, village, include_orders=True).id
        runs.go_on(session, going_on, now=MORNING)
    migrations.downgrade(sessions.engine, "0037")

    migrations.upgrade(sessions.engine)

    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert runs.get_run(session, finished).printed == 3
        assert runs.get_run(session, going_on).printed == 0


def revisions() -> list[str]:
    """All revisions, the oldest first."""
    script = migrations.ScriptDirectory.from_config(migrations.make_config())
    return [revision.revision for revision in script.walk_revisions()][::-1]


def test_upgrading_twice_changes_nothing(engine):
    """A server that starts on an up-to-date database finds nothing to do."""
    before = described(engine)
    migrations.upgrade(engine)
    assert described(engine) == before


@pytest.mark.sqlite_only
def test_foreign_keys_are_on_again_after_a_migration(engine):
    """SQLite's references are off while tables change; the connection is handed back with them on."""
    migrations.upgrade(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1


def test_revision_files_are_dated_and_stand_alone():
    """A revision's name starts with its date, and it never imports code that will change under it."""
    files = sorted((ROOT / "migrations" / "versions").glob("*.py"))
    assert files
    for path in files:
        assert re.fullmatch(r"\d{8}_\d{4}_[a-z0-9_]+\.py", path.name), path.name
        assert not re.search(r"^\s*(from|import) (billing|invoices)\b", path.read_text(), re.MULTILINE), path


# What names something of several kinds, somebody of the whole country's users, or something of others.
NOT_KEYS = {
    "archived_document.subject_id",
    "idempotent_answer.user_id",
    "outbox_event.subject_id",
    "payment.outside_id",
    "personal_data_access.subject_id",
    "provider_incident.txn_id",
    "provider_transaction.txn_id",
    "registry_row.outside_id",
    "row_exception.owner_id",
    "transfer.invoice_id",  # the ledger stands below invoicing and knows no table of it
    "transfer.party_id",
    "transfer.source_id",
}


def test_whatever_points_to_a_row_is_a_key_that_carries_the_district():
    """No column may name a row without the database looking, and none may name a row of another district."""
    loose = set()
    for table in tables.metadata.sorted_tables:
        keys = {tuple(key.column_keys): key.referred_table for key in table.foreign_key_constraints}
        for columns, target in keys.items():
            assert "district_id" not in target.c or columns[0] == "district_id", (table.name, columns)
        held = {column for columns in keys for column in columns} | {"district_id"}
        names = {column.name for column in table.columns if column.name.endswith("_id")}
        loose |= {f"{table.name}.{name}" for name in names - held}

    assert loose == NOT_KEYS
