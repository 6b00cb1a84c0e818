"""Keep how banks lay out their spreadsheets, and by how much an overridden statement is off."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and its fence, and add the column: the statements until now add up."""
    op.create_table(
        "column_profile",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("bank_account_id", sa.Uuid(), nullable=True),
        sa.Column("headings", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name=op.f("fk_column_profile_district_id")),
        sa.ForeignKeyConstraint(
            ["district_id", "bank_account_id"],
            ["bank_account.district_id", "bank_account.id"],
            name=op.f("fk_column_profile_district_id_bank_account_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_column_profile")),
        sa.UniqueConstraint("district_id", "name", name=op.f("uq_column_profile_district_id_name")),
    )
    # Not in batch mode: SQLite would copy the table, and leave its triggers behind.
    op.add_column(
        "bank_statement",
        sa.Column("accepted_difference", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        _fence("column_profile")


def downgrade() -> None:
    """Drop the table and the column, unless an accountant's decision stands in it."""
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM bank_statement WHERE accepted_difference <> 0")):
        raise RuntimeError("statements were taken in that do not add up; by how much would be lost")
    op.drop_column("bank_statement", "accepted_difference")
    op.drop_table("column_profile")


def _fence(table: str) -> None:
    op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
    op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
    op.execute(
        f'CREATE POLICY district_fence ON "{table}" USING'
        " ((SELECT NULLIF(current_setting('auyl.district_id', true), '')::integer) IN (0, district_id))"
    )
