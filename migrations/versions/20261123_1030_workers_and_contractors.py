"""Hold workers with their engagements, contractors with their contracts."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _contractor()
    _worker()
    _contractor_contract()
    _engagement()
    _contractor_version()
    _contractor_price()


def _contractor() -> None:
    op.create_table(
        "contractor",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bin", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("name_sort_key", sa.String(length=600), nullable=False),
        sa.Column("name_folded", sa.String(length=300), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("iban", sa.String(length=20), nullable=True),
        sa.Column("bic", sa.String(length=11), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name=op.f("fk_contractor_district_id")),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_contractor")),
        sa.UniqueConstraint("district_id", "bin", name=op.f("uq_contractor_district_id_bin")),
    )
    op.create_index(
        op.f("ix_contractor_district_id_name_sort_key_id"),
        "contractor",
        ["district_id", "name_sort_key", "id"],
        unique=False,
    )


def _worker() -> None:
    op.create_table(
        "worker",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("iin", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_sort_key", sa.String(length=400), nullable=False),
        sa.Column("name_folded", sa.String(length=200), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name=op.f("fk_worker_district_id")),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_worker")),
        sa.UniqueConstraint("district_id", "iin", name=op.f("uq_worker_district_id_iin")),
    )
    op.create_index(
        op.f("ix_worker_district_id_name_sort_key_id"),
        "worker",
        ["district_id", "name_sort_key", "id"],
        unique=False,
    )


def _contractor_contract() -> None:
    op.create_table(
        "contractor_contract",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("contractor_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=50), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("ceiling", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "used >= 0 AND used <= ceiling", name=op.f("ck_contractor_contract_ceiling_holds")
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "contractor_id"],
            ["contractor.district_id", "contractor.id"],
            name=op.f("fk_contractor_contract_district_id_contractor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_contractor_contract_district_id_enterprise_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_contractor_contract")),
        sa.UniqueConstraint(
            "district_id",
            "enterprise_id",
            "number",
            name=op.f("uq_contractor_contract_district_id_enterprise_id_number"),
        ),
    )


def _engagement() -> None:
    op.create_table(
        "engagement",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("worker_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("number", sa.String(length=50), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("position", sa.String(length=200), nullable=False),
        sa.Column("rate", sa.BigInteger(), nullable=False),
        sa.Column("rate_unit", sa.String(length=30), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind <> 'civil' OR ends_on IS NOT NULL", name=op.f("ck_engagement_civil_has_end")
        ),
        sa.CheckConstraint("kind IN ('labour', 'civil')", name=op.f("ck_engagement_kind_known")),
        sa.CheckConstraint(
            "rate_unit IN ('hour', 'piece', 'trip', 'm2', 'm3', 'km', 'kg', 'tonne', 'month', 'household', 'person')",
            name=op.f("ck_engagement_rate_unit_known"),
        ),
        sa.CheckConstraint(
            "ends_on IS NULL OR ends_on >= starts_on", name=op.f("ck_engagement_ends_after_start")
        ),
        sa.CheckConstraint("rate > 0", name=op.f("ck_engagement_rate_positive")),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_engagement_district_id_enterprise_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "worker_id"],
            ["worker.district_id", "worker.id"],
            name=op.f("fk_engagement_district_id_worker_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_engagement")),
        sa.UniqueConstraint(
            "district_id",
            "enterprise_id",
            "number",
            name=op.f("uq_engagement_district_id_enterprise_id_number"),
        ),
    )


def _contractor_version() -> None:
    op.create_table(
        "contractor_version",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("supplement_number", sa.String(length=50), nullable=True),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("ceiling", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(version = 1) = (supplement_number IS NULL)",
            name=op.f("ck_contractor_version_supplement_has_number"),
        ),
        sa.CheckConstraint("ceiling > 0", name=op.f("ck_contractor_version_ceiling_positive")),
        sa.ForeignKeyConstraint(
            ["district_id", "contract_id"],
            ["contractor_contract.district_id", "contractor_contract.id"],
            name=op.f("fk_contractor_version_district_id_contract_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_contractor_version")),
        sa.UniqueConstraint(
            "district_id",
            "contract_id",
            "version",
            name=op.f("uq_contractor_version_district_id_contract_id_version"),
        ),
    )


def _contractor_price() -> None:
    op.create_table(
        "contractor_price",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("price > 0", name=op.f("ck_contractor_price_price_positive")),
        sa.ForeignKeyConstraint(
            ["district_id", "service_id"],
            ["service.district_id", "service.id"],
            name=op.f("fk_contractor_price_district_id_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "version_id"],
            ["contractor_version.district_id", "contractor_version.id"],
            name=op.f("fk_contractor_price_district_id_version_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_contractor_price")),
        sa.UniqueConstraint(
            "district_id",
            "version_id",
            "service_id",
            name=op.f("uq_contractor_price_district_id_version_id_service_id"),
        ),
    )


def downgrade() -> None:
    """Drop the tables, unless they hold records."""
    _refuse_to_lose_records()
    op.drop_table("contractor_price")
    op.drop_table("contractor_version")
    op.drop_table("engagement")
    op.drop_table("contractor_contract")
    op.drop_table("worker")
    op.drop_table("contractor")


def _refuse_to_lose_records() -> None:
    if op.get_context().as_sql:
        return
    if op.get_bind().execute(sa.text("SELECT count(*) FROM engagement")).scalar_one():
        raise RuntimeError("engagement holds records: back up and empty the database before you go back")
