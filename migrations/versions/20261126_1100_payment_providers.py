"""Know the payment providers, and what is agreed with each."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and fence it by districts."""
    op.create_table(
        "provider",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("name_kk", sa.String(length=200), nullable=False),
        sa.Column("name_ru", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("bin", sa.String(length=12), nullable=False),
        sa.Column("iban", sa.String(length=20), nullable=True),
        sa.Column("commission_bp", sa.Integer(), nullable=False),
        sa.Column("commission_min", sa.BigInteger(), nullable=False),
        sa.Column("dialect", sa.String(length=30), nullable=False),
        sa.Column("answer_format", sa.String(length=30), nullable=False),
        sa.Column("field_names", sa.JSON(), nullable=False),
        sa.Column("sum_min", sa.BigInteger(), nullable=False),
        sa.Column("sum_max", sa.BigInteger(), nullable=False),
        sa.Column("allowed_addresses", sa.JSON(), nullable=False),
        sa.Column("certificate_sha256", sa.String(length=64), nullable=True),
        sa.Column("requests_per_minute_max", sa.Integer(), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=True),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "commission_bp BETWEEN 0 AND 10000", name=op.f("ck_provider_commission_bp_is_share")
        ),
        sa.CheckConstraint("commission_min >= 0", name=op.f("ck_provider_commission_min_not_negative")),
        sa.CheckConstraint("sum_min > 0 AND sum_max >= sum_min", name=op.f("ck_provider_sums_in_order")),
        sa.CheckConstraint("requests_per_minute_max > 0", name=op.f("ck_provider_requests_positive")),
        sa.CheckConstraint(
            "answer_format = 'xml' OR dialect = 'kaspi'", name=op.f("ck_provider_osmp_is_xml")
        ),
        sa.CheckConstraint("dialect IN ('kaspi', 'osmp')", name=op.f("ck_provider_dialect_known")),
        sa.CheckConstraint("answer_format IN ('xml', 'json')", name=op.f("ck_provider_answer_format_known")),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_provider_district_id_enterprise_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_provider")),
        sa.UniqueConstraint("district_id", "code", name=op.f("uq_provider_district_id_code")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE provider ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE provider FORCE ROW LEVEL SECURITY")
        op.execute(
            "CREATE POLICY district_fence ON provider USING"
            " ((SELECT NULLIF(current_setting('auyl.district_id', true), '')::integer) IN (0, district_id))"
        )


def downgrade() -> None:
    """Drop the table, and its fence with it."""
    op.drop_table("provider")
