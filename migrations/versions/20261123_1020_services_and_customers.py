"""Hold services with tariffs and benefits, customers and their contracts."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _vat_rate()
    _customer()
    _contract()
    _service()
    _benefit()
    _contract_charge()
    _tariff()
    _customer_benefit()


def _vat_rate() -> None:
    op.create_table(
        "vat_rate",
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("rate_bp", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.CheckConstraint("rate_bp BETWEEN 0 AND 10000", name=op.f("ck_vat_rate_rate_sensible")),
        sa.PrimaryKeyConstraint("valid_from", name=op.f("pk_vat_rate")),
    )


def _customer() -> None:
    op.create_table(
        "customer",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_number", sa.String(length=13), nullable=False),
        sa.Column("category", sa.String(length=30), nullable=False),
        sa.Column("iin_bin", sa.String(length=12), nullable=True),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("name_sort_key", sa.String(length=600), nullable=False),
        sa.Column("name_folded", sa.String(length=300), nullable=False),
        sa.Column("place_code", sa.String(length=9), nullable=True),
        sa.Column("street", sa.String(length=200), nullable=False),
        sa.Column("house", sa.String(length=20), nullable=False),
        sa.Column("flat", sa.String(length=20), nullable=False),
        sa.Column("address_folded", sa.String(length=300), nullable=False),
        sa.Column("language", sa.String(length=30), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("email", sa.String(length=200), nullable=True),
        sa.Column("payer_id", sa.Uuid(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "category IN ('resident', 'organisation')", name=op.f("ck_customer_category_known")
        ),
        sa.CheckConstraint("language IN ('kk', 'ru', 'en')", name=op.f("ck_customer_language_known")),
        sa.CheckConstraint("payer_id IS NULL OR payer_id <> id", name=op.f("ck_customer_another_payer")),
        sa.ForeignKeyConstraint(
            ["district_id", "payer_id"],
            ["customer.district_id", "customer.id"],
            name=op.f("fk_customer_district_id_payer_id"),
        ),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name=op.f("fk_customer_district_id")),
        sa.ForeignKeyConstraint(["place_code"], ["kato_place.code"], name=op.f("fk_customer_place_code")),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_customer")),
        sa.UniqueConstraint(
            "district_id", "account_number", name=op.f("uq_customer_district_id_account_number")
        ),
        sa.UniqueConstraint("district_id", "iin_bin", name=op.f("uq_customer_district_id_iin_bin")),
    )
    op.create_index(
        op.f("ix_customer_district_id_name_sort_key_id"),
        "customer",
        ["district_id", "name_sort_key", "id"],
        unique=False,
    )


def _contract() -> None:
    op.create_table(
        "contract",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=50), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.String(length=300), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(ended_on IS NULL) = (end_reason IS NULL)", name=op.f("ck_contract_end_has_reason")
        ),
        sa.CheckConstraint(
            "ends_on IS NULL OR ends_on >= starts_on", name=op.f("ck_contract_ends_after_start")
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "customer_id"],
            ["customer.district_id", "customer.id"],
            name=op.f("fk_contract_district_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_contract_district_id_enterprise_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_contract")),
        sa.UniqueConstraint(
            "district_id",
            "enterprise_id",
            "number",
            name=op.f("uq_contract_district_id_enterprise_id_number"),
        ),
    )
    op.create_index(
        op.f("ix_contract_district_id_customer_id"), "contract", ["district_id", "customer_id"], unique=False
    )


def _service() -> None:
    op.create_table(
        "service",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name_kk", sa.String(length=300), nullable=False),
        sa.Column("name_ru", sa.String(length=300), nullable=False),
        sa.Column("name_en", sa.String(length=300), nullable=False),
        sa.Column("name_folded", sa.String(length=903), nullable=False),
        sa.Column("unit", sa.String(length=30), nullable=False),
        sa.Column("knp", sa.String(length=3), nullable=False),
        sa.Column("revenue_code", sa.String(length=6), nullable=False),
        sa.Column("vat_category", sa.String(length=30), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "unit IN ('hour', 'piece', 'trip', 'm2', 'm3', 'km', 'kg', 'tonne', 'month', 'household', 'person')",
            name=op.f("ck_service_unit_known"),
        ),
        sa.CheckConstraint(
            "vat_category IN ('standard', 'exempt')", name=op.f("ck_service_vat_category_known")
        ),
        sa.CheckConstraint("length(revenue_code) = 6", name=op.f("ck_service_revenue_code_of_six_digits")),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_service_district_id_enterprise_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_service")),
        sa.UniqueConstraint(
            "district_id", "enterprise_id", "code", name=op.f("uq_service_district_id_enterprise_id_code")
        ),
    )


def _benefit() -> None:
    op.create_table(
        "benefit",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("name_kk", sa.String(length=300), nullable=False),
        sa.Column("name_ru", sa.String(length=300), nullable=False),
        sa.Column("name_en", sa.String(length=300), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("percent_bp", sa.Integer(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("decision_number", sa.String(length=50), nullable=False),
        sa.Column("decision_date", sa.Date(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'percent' AND percent_bp BETWEEN 1 AND 10000 AND amount IS NULL) OR (kind = 'sum' AND amount > 0 AND percent_bp IS NULL)",
            name=op.f("ck_benefit_percent_or_sum"),
        ),
        sa.CheckConstraint("kind IN ('percent', 'sum')", name=op.f("ck_benefit_kind_known")),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_benefit_ends_after_start")
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "service_id"],
            ["service.district_id", "service.id"],
            name=op.f("fk_benefit_district_id_service_id"),
        ),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name=op.f("fk_benefit_district_id")),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_benefit")),
        sa.UniqueConstraint(
            "district_id", "code", "valid_from", name=op.f("uq_benefit_district_id_code_valid_from")
        ),
    )


def _contract_charge() -> None:
    op.create_table(
        "contract_charge",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("first_month", sa.Integer(), nullable=False),
        sa.Column("last_month", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "first_month BETWEEN 1 AND 12 AND last_month BETWEEN 1 AND 12",
            name=op.f("ck_contract_charge_months_known"),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_contract_charge_quantity_positive")),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_contract_charge_ends_after_start")
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "contract_id"],
            ["contract.district_id", "contract.id"],
            name=op.f("fk_contract_charge_district_id_contract_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "service_id"],
            ["service.district_id", "service.id"],
            name=op.f("fk_contract_charge_district_id_service_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_contract_charge")),
        sa.UniqueConstraint(
            "district_id",
            "contract_id",
            "service_id",
            "valid_from",
            "first_month",
            name=op.f("uq_contract_charge_district_id_contract_id_service_id_valid_from_first_month"),
        ),
    )


def _tariff() -> None:
    op.create_table(
        "tariff",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("payer_category", sa.String(length=30), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("decision_number", sa.String(length=50), nullable=False),
        sa.Column("decision_date", sa.Date(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "payer_category IN ('resident', 'organisation')", name=op.f("ck_tariff_payer_category_known")
        ),
        sa.CheckConstraint("price > 0", name=op.f("ck_tariff_price_positive")),
        sa.ForeignKeyConstraint(
            ["district_id", "service_id"],
            ["service.district_id", "service.id"],
            name=op.f("fk_tariff_district_id_service_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_tariff")),
        sa.UniqueConstraint(
            "district_id",
            "service_id",
            "payer_category",
            "valid_from",
            name=op.f("uq_tariff_district_id_service_id_payer_category_valid_from"),
        ),
    )


def _customer_benefit() -> None:
    op.create_table(
        "customer_benefit",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("benefit_id", sa.Uuid(), nullable=False),
        sa.Column("evidence", sa.String(length=300), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_customer_benefit_ends_after_start")
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "benefit_id"],
            ["benefit.district_id", "benefit.id"],
            name=op.f("fk_customer_benefit_district_id_benefit_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "customer_id"],
            ["customer.district_id", "customer.id"],
            name=op.f("fk_customer_benefit_district_id_customer_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_customer_benefit")),
        sa.UniqueConstraint(
            "district_id",
            "customer_id",
            "benefit_id",
            "valid_from",
            name=op.f("uq_customer_benefit_district_id_customer_id_benefit_id_valid_from"),
        ),
    )


def downgrade() -> None:
    """Drop the tables, unless they hold records."""
    _refuse_to_lose_records()
    op.drop_table("customer_benefit")
    op.drop_table("tariff")
    op.drop_table("contract_charge")
    op.drop_table("benefit")
    op.drop_table("service")
    op.drop_table("contract")
    op.drop_table("customer")
    op.drop_table("vat_rate")


def _refuse_to_lose_records() -> None:
    if op.get_context().as_sql:
        return
    if op.get_bind().execute(sa.text("SELECT count(*) FROM contract")).scalar_one():
        raise RuntimeError("contract holds records: back up and empty the database before you go back")
