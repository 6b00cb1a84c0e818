"""Let customers choose to get their invoices by e-mail."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

CHECK = "ck_customer_invoices_have_mailbox"


def upgrade() -> None:
    """Add the choice: nobody has made it yet."""
    with op.batch_alter_table("customer") as batch:
        batch.add_column(
            sa.Column("invoices_by_email", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch.create_check_constraint(op.f(CHECK), "NOT invoices_by_email OR email IS NOT NULL")
    with op.batch_alter_table("customer") as batch:
        batch.alter_column("invoices_by_email", server_default=None)


def downgrade() -> None:
    """Forget the choice: all invoices are carried round again."""
    with op.batch_alter_table("customer") as batch:
        batch.drop_constraint(op.f(CHECK), type_="check")
        batch.drop_column("invoices_by_email")
