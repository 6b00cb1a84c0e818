"""Know where residents pay in cash, and when somebody is there."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and fence it by districts; nobody has entered a cash desk yet."""
    op.create_table(
        "cash_desk",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("name_kk", sa.String(length=200), nullable=False),
        sa.Column("name_ru", sa.String(length=200), nullable=False),
        sa.Column("address_kk", sa.String(length=300), nullable=False),
        sa.Column("address_ru", sa.String(length=300), nullable=False),
        sa.Column("hours", sa.JSON(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_cash_desk_district_id_enterprise_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_cash_desk")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE cash_desk ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE cash_desk FORCE ROW LEVEL SECURITY")
        op.execute(
            "CREATE POLICY district_fence ON cash_desk USING"
            " ((SELECT NULLIF(current_setting('auyl.district_id', true), '')::integer) IN (0, district_id))"
        )


def downgrade() -> None:
    """Drop the table: the hours can be entered again."""
    op.drop_table("cash_desk")
