"""The tables stay fit to be spread over machines by district, as PostgreSQL's distributed form (Citus) does.

Read from the catalogue of a migrated database, not from the models: what counts is what the database has.
"""

import pytest
from sqlalchemy import text

# The same on every machine, each with its copy: few rows, seldom changed, none of a district.
REFERENCE_TABLES = {
    "alembic_version": "the newest revision, one row",
    "budget_code": "the state's classification of revenue",
    "calendar_day": "the country's holidays and moved working days",
    "district": "what the districts themselves are",
    "kato_place": "the state's classifier of places",
    "log_in_tally": "whoever guesses names no district; a row holds for a quarter of an hour",
    "user": "a person may work in several districts",
    "vat_rate": "the country's rates by date",
}

# How a district's table may point to them. `district_id` alone points to `district`, wherever it does.
KEYS_TO_REFERENCES = {
    ("access_code", "made_by", "user"),
    ("request_decision", "decided_by", "user"),
    ("api_token", "user_id", "user"),
    ("customer", "place_code", "kato_place"),
    ("membership", "user_id", "user"),
    ("personal_data_access", "user_id", "user"),
}

COLUMNS = """
    SELECT c.relname, a.atttypid::regtype::text, a.attnotnull
    FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'district_id'
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
"""

# Constraints and bare indexes alike; an expression in the first place has no column, hence NULL.
UNIQUE = """
    SELECT c.relname, i.indexrelid::regclass::text, i.indisprimary, a.attname
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
    WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace
"""

FOREIGN = """
    SELECT c.relname AS owner, t.relname AS target,
           (SELECT array_agg(a.attname::text ORDER BY k.place)
            FROM unnest(f.conkey) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number) AS own,
           (SELECT array_agg(a.attname::text ORDER BY k.place)
            FROM unnest(f.confkey) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number) AS pointed
    FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class t ON t.oid = f.confrelid
    WHERE f.contype = 'f' AND c.relnamespace = 'public'::regnamespace
"""

pytestmark = pytest.mark.postgresql_only


@pytest.fixture
def ask(session):
    """Rows of a question to the catalogue."""
    return lambda question: session.connection().execute(text(question)).all()


def test_every_table_is_of_a_district_or_known_to_be_of_none(ask):
    """A district's number is a whole number everywhere and never missing; tables without it are listed."""
    kinds = {table: (kind, required) for table, kind, required in ask(COLUMNS)}

    assert {table for table, (kind, _) in kinds.items() if kind is None} == set(REFERENCE_TABLES)
    assert {kind for kind in kinds.values() if kind[0] is not None} == {("integer", True)}


def test_the_district_leads_every_primary_key_and_every_unique_one(ask):
    """What is unique is unique within a district, so no machine has to ask another."""
    keys = [row for row in ask(UNIQUE) if row.relname not in REFERENCE_TABLES]
    districts = {table for table, kind, _ in ask(COLUMNS) if kind is not None}

    assert {row.relname for row in keys if row.indisprimary} == districts
    assert [row for row in keys if row.attname != "district_id"] == []


def test_the_district_leads_every_foreign_key(ask):
    """A row points to rows of its own district, or to the listed tables that every machine has."""
    to_districts, to_references, wrong = 0, set(), []
    for key in ask(FOREIGN):
        if key.owner in REFERENCE_TABLES:
            wrong += [key] if key.target not in REFERENCE_TABLES else []
        elif key.target not in REFERENCE_TABLES:
            to_districts += 1
            wrong += [key] if (key.own[0], key.pointed[0]) != ("district_id", "district_id") else []
        elif (key.own, key.target) != (["district_id"], "district"):
            to_references.add((key.owner, ",".join(key.own), key.target))

    assert wrong == []
    assert to_references == KEYS_TO_REFERENCES
    assert to_districts > 100  # the question did find the keys


def test_no_exclusion_reaches_over_districts(ask):
    """Citus keeps an exclusion constraint on one machine only; there is none that could need more."""
    assert ask("SELECT conname FROM pg_constraint WHERE contype = 'x'") == []
