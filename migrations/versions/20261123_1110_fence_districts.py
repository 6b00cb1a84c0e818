"""Fence the districts off from each other in PostgreSQL itself (row-level security).

Every transaction says which district it works in; a transaction that says nothing sees nothing. District 0
is region-wide work. SQLite has no such wall: there one office's file holds what the office may see anyway.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Put the fence around every table that has a district."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _district_tables():
        op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        # FORCE: the owner of the tables is the program itself, and owners are exempt by default.
        op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
        # The sub-select is evaluated once per statement; the setting is '' after a transaction that set it.
        op.execute(
            f'CREATE POLICY district_fence ON "{table}" USING'
            " ((SELECT NULLIF(current_setting('auyl.district_id', true), '')::integer) IN (0, district_id))"
        )


def downgrade() -> None:
    """Take the fence away."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _district_tables():
        op.execute(f'DROP POLICY district_fence ON "{table}"')
        op.execute(f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY')


def _district_tables() -> list[str]:
    inspector = sa.inspect(op.get_bind())
    return sorted(
        table
        for table in inspector.get_table_names()
        if any(column["name"] == "district_id" for column in inspector.get_columns(table))
    )
