"""Let residents log in: hold the hash of each one's code, and how often somebody guesses."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and fence the codes by districts; nobody has a code until one is handed over."""
    op.create_table(
        "access_code",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.String(length=200), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_id", "customer_id"],
            ["customer.district_id", "customer.id"],
            name=op.f("fk_access_code_district_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(["made_by"], ["user.id"], name=op.f("fk_access_code_made_by")),
        sa.PrimaryKeyConstraint("district_id", "customer_id", name=op.f("pk_access_code")),
    )
    op.create_table(
        "log_in_tally",
        sa.Column("subject_sha256", sa.String(length=64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject_sha256", name=op.f("pk_log_in_tally")),
    )
    op.create_index(op.f("ix_log_in_tally_ends_at"), "log_in_tally", ["ends_at"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE "access_code" ENABLE ROW LEVEL SECURITY')
        op.execute('ALTER TABLE "access_code" FORCE ROW LEVEL SECURITY')
        op.execute(
            'CREATE POLICY district_fence ON "access_code" USING'
            " ((SELECT NULLIF(current_setting('auyl.district_id', true), '')::integer) IN (0, district_id))"
        )


def downgrade() -> None:
    """Drop the tables: residents log in no more, and need new codes if they ever do again."""
    op.drop_table("log_in_tally")
    op.drop_table("access_code")
