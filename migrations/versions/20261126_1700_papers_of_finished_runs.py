"""Count the papers of the runs that were done before: each was archived with its invoice."""

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A finished run has all its papers. One that goes on counts them when it comes to them."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SELECT set_config('auyl.district_id', '0', true)")  # of every district
    op.execute("UPDATE billing_run SET printed = invoices WHERE stage = 'finished'")


def downgrade() -> None:
    """Nothing to take back: the column goes with the revision before."""
