"""Know where a provider's own page takes a resident who wants to pay."""

import sqlalchemy as sa
from alembic import op

revision = "0021_provider_links"
down_revision = "0020_outbox"
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
