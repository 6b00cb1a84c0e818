"""Let a run archive its papers behind its invoices, and count them."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

BEFORE = ("contracts", "orders", "finished")
STAGES = ("contracts", "orders", "papers", "finished")


def upgrade() -> None:
    """Add the stage, and how many papers are archived."""
    with op.batch_alter_table("billing_run") as batch:
        batch.add_column(sa.Column("printed", sa.Integer(), nullable=False, server_default="0"))
        batch.create_check_constraint(
            op.f("ck_billing_run_printed_within_invoices"), "printed >= 0 AND printed <= invoices"
        )
    with op.batch_alter_table("billing_run") as batch:
        batch.alter_column("printed", server_default=None)
    _allow(STAGES)


def downgrade() -> None:
    """Take both away; a run that is printing has to end first."""
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        op.execute("SELECT set_config('auyl.district_id', '0', true)")  # of every district
    if bind.scalar(sa.text("SELECT 1 FROM billing_run WHERE stage = 'papers'")):
        raise RuntimeError("a billing run is printing: let it end first")
    _allow(BEFORE)
    with op.batch_alter_table("billing_run") as batch:
        batch.drop_constraint(op.f("ck_billing_run_printed_within_invoices"), type_="check")
        batch.drop_column("printed")


def _allow(stages: tuple[str, ...]) -> None:
    known = "stage IN ({})".format(", ".join(f"'{stage}'" for stage in stages))
    with op.batch_alter_table("billing_run") as batch:
        batch.drop_constraint(op.f("ck_billing_run_stage_known"), type_="check")
        batch.create_check_constraint(op.f("ck_billing_run_stage_known"), known)
