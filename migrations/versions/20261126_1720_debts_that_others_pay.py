"""Keep only debts that somebody else pays in the index by payer.

Nearly every line is paid by its own customer. The index held all of them under no payer, so that SQLite took
it for useless and went over all debts of the district for each payment, and PostgreSQL wrote to it each time
a debt changed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

NAME = "ix_receivable_open_of_payer"
COLUMNS = ["district_id", "payer_id"]


def upgrade() -> None:
    """Make the index anew without the lines that have no payer."""
    _replace(sa.text("open_amount > 0 AND payer_id IS NOT NULL"))


def downgrade() -> None:
    """Make it anew with all open lines."""
    _replace(sa.text("open_amount > 0"))


def _replace(where: sa.TextClause) -> None:
    op.drop_index(NAME, "receivable")
    op.create_index(NAME, "receivable", COLUMNS, sqlite_where=where, postgresql_where=where)
