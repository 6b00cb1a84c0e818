"""Let what the bank's rows have posted be found without reading the whole ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

NAME = "ix_transfer_of_bank"
OF_BANK = sa.text("source_kind IN ('statement', 'arrival')")


def upgrade() -> None:
    """Index those few transfers alone."""
    op.create_index(
        NAME,
        "transfer",
        ["district_id", "source_kind", "source_id"],
        sqlite_where=OF_BANK,
        postgresql_where=OF_BANK,
    )


def downgrade() -> None:
    """Read the whole ledger again."""
    op.drop_index(NAME, "transfer")
