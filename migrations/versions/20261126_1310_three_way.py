"""Keep providers' registries, and the days that an accountant has signed off."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLES = (
    "registry_profile",
    "provider_registry",
    "registry_row",
    "day_sign_off",
    "signed_day",
    "sign_off_undo",
)
APPEND_ONLY = ("provider_registry", "registry_row", "day_sign_off", "sign_off_undo")


def upgrade() -> None:
    """Make the tables, the triggers that keep facts as they are, and the fence between districts."""
    for make in (
        _registry_profile,
        _provider_registry,
        _registry_row,
        _day_sign_off,
        _signed_day,
        _sign_off_undo,
    ):
        make()
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in APPEND_ONLY:
        if postgresql:
            _keep_on_postgresql(table)
        else:
            _keep_on_sqlite(table)
    if postgresql:
        for table in TABLES:
            _fence(table)


def downgrade() -> None:
    """Drop the tables with all that hangs on them, unless somebody vouched for a day."""
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM day_sign_off")):
        raise RuntimeError("days were signed off; who vouched for them would be lost")
    for table in reversed(TABLES):
        op.drop_table(table)


def _keep_on_postgresql(table: str) -> None:
    op.execute(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _keep_on_sqlite(table: str) -> None:
    for event in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{event} BEFORE {event.upper()} ON {table}"
            f" BEGIN SELECT RAISE(ABORT, 'append_only: {table} is never changed'); END"
        )


def _fence(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY district_fence ON {table} USING"
        " ((SELECT NULLIF(current_setting('auyl.district_id', true), '')::integer) IN (0, district_id))"
    )


def _registry_profile() -> None:
    op.create_table(
        "registry_profile",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("headings", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_id", "provider_id"],
            ["provider.district_id", "provider.id"],
            name=op.f("fk_registry_profile_district_id_provider_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "provider_id", name=op.f("pk_registry_profile")),
    )


def _provider_registry() -> None:
    op.create_table(
        "provider_registry",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("new_row_count", sa.Integer(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.CheckConstraint("last_day >= first_day", name=op.f("ck_provider_registry_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["district_id", "provider_id"],
            ["provider.district_id", "provider.id"],
            name=op.f("fk_provider_registry_district_id_provider_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_provider_registry")),
        sa.UniqueConstraint(
            "district_id",
            "provider_id",
            "sha256",
            name=op.f("uq_provider_registry_district_id_provider_id_sha256"),
        ),
    )
    op.create_index(
        op.f("ix_provider_registry_district_id_provider_id_first_day"),
        "provider_registry",
        ["district_id", "provider_id", "first_day"],
        unique=False,
    )


def _registry_row() -> None:
    op.create_table(
        "registry_row",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("registry_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("outside_id", sa.String(length=100), nullable=False),
        sa.Column("account", sa.String(length=100), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("paid_at", sa.Time(), nullable=True),
        sa.Column("raw", sa.JSON(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_registry_row_amount_positive")),
        sa.ForeignKeyConstraint(
            ["district_id", "provider_id"],
            ["provider.district_id", "provider.id"],
            name=op.f("fk_registry_row_district_id_provider_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "registry_id"],
            ["provider_registry.district_id", "provider_registry.id"],
            name=op.f("fk_registry_row_district_id_registry_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_registry_row")),
        sa.UniqueConstraint(
            "district_id",
            "provider_id",
            "outside_id",
            name=op.f("uq_registry_row_district_id_provider_id_outside_id"),
        ),
    )
    op.create_index(
        op.f("ix_registry_row_district_id_provider_id_paid_on"),
        "registry_row",
        ["district_id", "provider_id", "paid_on"],
        unique=False,
    )
    op.create_index(
        op.f("ix_registry_row_district_id_registry_id"),
        "registry_row",
        ["district_id", "registry_id"],
        unique=False,
    )


def _day_sign_off() -> None:
    op.create_table(
        "day_sign_off",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("receipt_count", sa.Integer(), nullable=False),
        sa.Column("receipt_sum", sa.BigInteger(), nullable=False),
        sa.Column("registry_count", sa.Integer(), nullable=False),
        sa.Column("registry_sum", sa.BigInteger(), nullable=False),
        sa.Column("credited", sa.BigInteger(), nullable=False),
        sa.Column("commission", sa.BigInteger(), nullable=False),
        sa.Column("returned", sa.BigInteger(), nullable=False),
        sa.Column("difference", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(length=300), nullable=True),
        sa.Column("signed_by", sa.Uuid(), nullable=True),
        sa.Column(
            "signed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "provider_id"],
            ["provider.district_id", "provider.id"],
            name=op.f("fk_day_sign_off_district_id_provider_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_day_sign_off")),
    )
    op.create_index(
        op.f("ix_day_sign_off_district_id_provider_id_day"),
        "day_sign_off",
        ["district_id", "provider_id", "day"],
        unique=False,
    )


def _signed_day() -> None:
    op.create_table(
        "signed_day",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sign_off_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_id", "provider_id"],
            ["provider.district_id", "provider.id"],
            name=op.f("fk_signed_day_district_id_provider_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "sign_off_id"],
            ["day_sign_off.district_id", "day_sign_off.id"],
            name=op.f("fk_signed_day_district_id_sign_off_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "provider_id", "day", name=op.f("pk_signed_day")),
        sa.UniqueConstraint("district_id", "sign_off_id", name=op.f("uq_signed_day_district_id_sign_off_id")),
    )


def _sign_off_undo() -> None:
    op.create_table(
        "sign_off_undo",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("sign_off_id", sa.Uuid(), nullable=False),
        sa.Column("undone_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "sign_off_id"],
            ["day_sign_off.district_id", "day_sign_off.id"],
            name=op.f("fk_sign_off_undo_district_id_sign_off_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "sign_off_id", name=op.f("pk_sign_off_undo")),
    )
