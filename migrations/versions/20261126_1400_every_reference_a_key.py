"""Let the database refuse what named another district's enterprise, customer, service, benefit or invoice.

These columns repeat what another key of their row says; as plain columns they could have said something else.
"""

from itertools import groupby

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

# Table, column, and the table it points to.
KEYS = (
    ("completion_act", "service_id", "service"),
    ("invoice_line", "benefit_id", "benefit"),
    ("credit_note", "customer_id", "customer"),
    ("receivable", "enterprise_id", "enterprise"),
    ("receivable", "service_id", "service"),
    ("allocation", "invoice_id", "invoice"),
    ("advance", "enterprise_id", "enterprise"),
    ("refund", "enterprise_id", "enterprise"),
    ("refund", "customer_id", "customer"),
)


def upgrade() -> None:
    """Make the keys; a row that points nowhere stops it, and says which key it breaks."""
    for table, keys in groupby(KEYS, lambda key: key[0]):
        kept = _triggers(table)
        with op.batch_alter_table(table) as batch:
            for _, column, target in keys:
                batch.create_foreign_key(
                    op.f(f"fk_{table}_district_id_{column}"),
                    target,
                    ["district_id", column],
                    ["district_id", "id"],
                )
        _restore(kept)


def downgrade() -> None:
    """Drop the keys."""
    for table, keys in groupby(KEYS, lambda key: key[0]):
        kept = _triggers(table)
        with op.batch_alter_table(table) as batch:
            for _, column, _ in keys:
                batch.drop_constraint(op.f(f"fk_{table}_district_id_{column}"), type_="foreignkey")
        _restore(kept)


def _triggers(table: str) -> list[str]:
    # SQLite copies the table to change its keys, and the table's triggers do not come along.
    if op.get_bind().dialect.name == "postgresql":
        return []
    of_table = sa.text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :name")
    return list(op.get_bind().scalars(of_table, {"name": table}))


def _restore(triggers: list[str]) -> None:
    for trigger in triggers:
        op.execute(trigger)
