"""Hold places, districts, enterprises, users and archived documents."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _kato_place()
    _user()
    _district()
    _api_token()
    _archived_document()
    _enterprise()
    _idempotent_answer()
    _membership()
    _personal_data_access()
    _bank_account()
    _number_series()
    _signatory()
    _vat_registration()


def _kato_place() -> None:
    op.create_table(
        "kato_place",
        sa.Column("code", sa.String(length=9), nullable=False),
        sa.Column("parent_code", sa.String(length=9), nullable=True),
        sa.Column("name_kk", sa.String(length=200), nullable=True),
        sa.Column("name_ru", sa.String(length=200), nullable=False),
        sa.Column("name_folded", sa.String(length=401), nullable=False),
        sa.Column("edition", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_kato_place")),
    )
    op.create_index(op.f("ix_kato_place_parent_code"), "kato_place", ["parent_code"], unique=False)


def _user() -> None:
    op.create_table(
        "user",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("login", name=op.f("uq_user_login")),
    )


def _district() -> None:
    op.create_table(
        "district",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kato_code", sa.String(length=9), nullable=False),
        sa.Column("name_kk", sa.String(length=200), nullable=False),
        sa.Column("name_ru", sa.String(length=200), nullable=False),
        sa.Column("last_account_serial", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["kato_code"], ["kato_place.code"], name=op.f("fk_district_kato_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_district")),
        sa.UniqueConstraint("kato_code", name=op.f("uq_district_kato_code")),
    )


def _api_token() -> None:
    op.create_table(
        "api_token",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(length=100), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name=op.f("fk_api_token_district_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_api_token_user_id")),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("district_id", "secret_hash", name=op.f("uq_api_token_district_id_secret_hash")),
    )


def _archived_document() -> None:
    op.create_table(
        "archived_document",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.String(length=100), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("template_version", sa.String(length=20), nullable=False),
        sa.Column(
            "archived_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('invoice', 'credit_note', 'completion_act', 'cash_order')",
            name=op.f("ck_archived_document_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id"], ["district.id"], name=op.f("fk_archived_document_district_id")
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_archived_document")),
        sa.UniqueConstraint(
            "district_id", "kind", "subject_id", name=op.f("uq_archived_document_district_id_kind_subject_id")
        ),
    )


def _enterprise() -> None:
    op.create_table(
        "enterprise",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bin", sa.String(length=12), nullable=False),
        sa.Column("form", sa.String(length=30), nullable=False),
        sa.Column("name_kk", sa.String(length=300), nullable=False),
        sa.Column("name_ru", sa.String(length=300), nullable=False),
        sa.Column("address_kk", sa.String(length=300), nullable=False),
        sa.Column("address_ru", sa.String(length=300), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("email", sa.String(length=200), nullable=True),
        sa.Column("payment_term_days", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "form IN ('akim_office', 'economic_management', 'operational_management')",
            name=op.f("ck_enterprise_form_known"),
        ),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name=op.f("fk_enterprise_district_id")),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_enterprise")),
        sa.UniqueConstraint("district_id", "bin", name=op.f("uq_enterprise_district_id_bin")),
    )


def _idempotent_answer() -> None:
    op.create_table(
        "idempotent_answer",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("content_type", sa.String(length=100), nullable=False),
        sa.Column("location", sa.String(length=300), nullable=True),
        sa.Column("etag", sa.String(length=100), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column(
            "answered_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["district_id"], ["district.id"], name=op.f("fk_idempotent_answer_district_id")
        ),
        sa.PrimaryKeyConstraint("district_id", "user_id", "key", name=op.f("pk_idempotent_answer")),
    )


def _membership() -> None:
    op.create_table(
        "membership",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.CheckConstraint(
            "role IN ('clerk', 'cashier', 'accountant', 'akim', 'auditor', 'admin')",
            name=op.f("ck_membership_role_known"),
        ),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name=op.f("fk_membership_district_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_membership_user_id")),
        sa.PrimaryKeyConstraint("district_id", "user_id", "role", name=op.f("pk_membership")),
    )


def _personal_data_access() -> None:
    op.create_table(
        "personal_data_access",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("subject_kind", sa.String(length=30), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("fields", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column(
            "read_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["district_id"], ["district.id"], name=op.f("fk_personal_data_access_district_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_personal_data_access_user_id")),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_personal_data_access")),
    )
    op.create_index(
        op.f("ix_personal_data_access_district_id_subject_id"),
        "personal_data_access",
        ["district_id", "subject_id"],
        unique=False,
    )


def _bank_account() -> None:
    op.create_table(
        "bank_account",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("iban", sa.String(length=20), nullable=False),
        sa.Column("bic", sa.String(length=11), nullable=False),
        sa.Column("bank_name_kk", sa.String(length=200), nullable=False),
        sa.Column("bank_name_ru", sa.String(length=200), nullable=False),
        sa.Column("kbe", sa.String(length=2), nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('bank', 'budget_ksn', 'self_government_ksn')", name=op.f("ck_bank_account_kind_known")
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_bank_account_district_id_enterprise_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_bank_account")),
        sa.UniqueConstraint("district_id", "iban", name=op.f("uq_bank_account_district_id_iban")),
    )
    op.create_index(
        "uq_bank_account_primary",
        "bank_account",
        ["district_id", "enterprise_id"],
        unique=True,
        sqlite_where=sa.text("is_primary"),
        postgresql_where=sa.text("is_primary"),
    )


def _number_series() -> None:
    op.create_table(
        "number_series",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("series", sa.String(length=30), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.CheckConstraint("last_number >= 0", name=op.f("ck_number_series_last_number_not_negative")),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_number_series_district_id_enterprise_id"),
        ),
        sa.PrimaryKeyConstraint(
            "district_id", "enterprise_id", "series", "year", name=op.f("pk_number_series")
        ),
    )


def _signatory() -> None:
    op.create_table(
        "signatory",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("position_kk", sa.String(length=200), nullable=False),
        sa.Column("position_ru", sa.String(length=200), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "role IN ('head', 'chief_accountant', 'cashier')", name=op.f("ck_signatory_role_known")
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_signatory_district_id_enterprise_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_signatory")),
        sa.UniqueConstraint(
            "district_id",
            "enterprise_id",
            "role",
            "valid_from",
            name=op.f("uq_signatory_district_id_enterprise_id_role_valid_from"),
        ),
    )


def _vat_registration() -> None:
    op.create_table(
        "vat_registration",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("certificate_number", sa.String(length=30), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_vat_registration_ends_after_start")
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_vat_registration_district_id_enterprise_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_vat_registration")),
        sa.UniqueConstraint(
            "district_id",
            "enterprise_id",
            "valid_from",
            name=op.f("uq_vat_registration_district_id_enterprise_id_valid_from"),
        ),
    )


def downgrade() -> None:
    """Drop the tables, unless they hold records."""
    _refuse_to_lose_records()
    op.drop_table("vat_registration")
    op.drop_table("signatory")
    op.drop_table("number_series")
    op.drop_table("bank_account")
    op.drop_table("personal_data_access")
    op.drop_table("membership")
    op.drop_table("idempotent_answer")
    op.drop_table("enterprise")
    op.drop_table("archived_document")
    op.drop_table("api_token")
    op.drop_table("district")
    op.drop_table("user")
    op.drop_table("kato_place")


def _refuse_to_lose_records() -> None:
    if op.get_context().as_sql:
        return
    if op.get_bind().execute(sa.text("SELECT count(*) FROM enterprise")).scalar_one():
        raise RuntimeError("enterprise holds records: back up and empty the database before you go back")
