"""Hold the files that people send until it is known what became of them."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and its fence."""
    op.create_table(
        "statement_upload",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("bank_account_id", sa.Uuid(), nullable=True),
        sa.Column("profile_id", sa.Uuid(), nullable=True),
        sa.Column("override_reason", sa.String(length=300), nullable=True),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("rows_total", sa.Integer(), nullable=True),
        sa.Column("alive_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("statement_id", sa.Uuid(), nullable=True),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(state = 'waiting') = (content IS NOT NULL)",
            name=op.f("ck_statement_upload_content_while_waiting"),
        ),
        sa.CheckConstraint(
            "(state = 'done') = (statement_id IS NOT NULL)",
            name=op.f("ck_statement_upload_statement_when_done"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'done', 'refused')", name=op.f("ck_statement_upload_state_known")
        ),
        *(
            sa.ForeignKeyConstraint(
                ["district_id", column],
                [f"{table}.district_id", f"{table}.id"],
                name=op.f(f"fk_statement_upload_district_id_{column}"),
            )
            for column, table in (
                ("bank_account_id", "bank_account"),
                ("profile_id", "column_profile"),
                ("statement_id", "bank_statement"),
            )
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_statement_upload")),
    )
    op.create_index(
        "ix_statement_upload_waiting",
        "statement_upload",
        ["district_id", "id"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE "statement_upload" ENABLE ROW LEVEL SECURITY')
        op.execute('ALTER TABLE "statement_upload" FORCE ROW LEVEL SECURITY')
        op.execute(
            'CREATE POLICY district_fence ON "statement_upload" USING'
            " ((SELECT NULLIF(current_setting('auyl.district_id', true), '')::integer) IN (0, district_id))"
        )


def downgrade() -> None:
    """Drop the table: what was taken in stays."""
    op.drop_table("statement_upload")
