"""Hold what a provider took back from the money it paid over: refunds, and payments that were reversed."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and fence it by districts."""
    op.create_table(
        "settled_return",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_id", "match_id"],
            ["statement_match.district_id", "statement_match.id"],
            name=op.f("fk_settled_return_district_id_match_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "transfer_id"],
            ["transfer.district_id", "transfer.id"],
            name=op.f("fk_settled_return_district_id_transfer_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "transfer_id", name=op.f("pk_settled_return")),
    )
    with op.batch_alter_table("settled_return", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_settled_return_district_id_match_id"), ["district_id", "match_id"], unique=False
        )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE settled_return ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE settled_return FORCE ROW LEVEL SECURITY")
        op.execute(
            "CREATE POLICY district_fence ON settled_return USING"
            " ((SELECT NULLIF(current_setting('auyl.district_id', true), '')::integer) IN (0, district_id))"
        )


def downgrade() -> None:
    """Drop the table, and its fence with it."""
    op.drop_table("settled_return")
