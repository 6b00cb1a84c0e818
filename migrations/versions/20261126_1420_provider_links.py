"""Know where a provider's own page takes a resident who wants to pay."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; providers known so far have no such page."""
    with op.batch_alter_table("provider") as batch:
        batch.add_column(sa.Column("pay_link", sa.String(length=300), nullable=True))


def downgrade() -> None:
    """Drop the column."""
    with op.batch_alter_table("provider") as batch:
        batch.drop_column("pay_link")
