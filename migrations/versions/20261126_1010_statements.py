"""Hold the statements of banks and the treasury as they came."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = ("bank_statement", "statement_row")
APPEND_ONLY = ("bank_statement", "statement_row")


def upgrade() -> None:
    """Make the tables, the triggers that keep facts as they are, and the fence between districts."""
    _bank_statement()
    _statement_row()
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
    """Drop the tables with all that hangs on them, unless they hold something."""
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM bank_statement")):
        raise RuntimeError("statements were taken in; their rows would be lost")
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
    op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
    op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
    op.execute(
        f'CREATE POLICY district_fence ON "{table}" USING'
        " ((SELECT NULLIF(current_setting('auyl.district_id', true), '')::integer) IN (0, district_id))"
    )


def _bank_statement() -> None:
    op.create_table(
        "bank_statement",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_account_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("format", sa.String(length=30), nullable=False),
        sa.Column("date_from", sa.Date(), nullable=False),
        sa.Column("date_to", sa.Date(), nullable=False),
        sa.Column("opening", sa.BigInteger(), nullable=True),
        sa.Column("closing", sa.BigInteger(), nullable=True),
        sa.Column("credited", sa.BigInteger(), nullable=False),
        sa.Column("debited", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("new_row_count", sa.Integer(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("override_reason", sa.String(length=300), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(opening IS NULL) = (closing IS NULL)", name=op.f("ck_bank_statement_both_balances_or_none")
        ),
        sa.CheckConstraint("date_to >= date_from", name=op.f("ck_bank_statement_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["district_id", "bank_account_id"],
            ["bank_account.district_id", "bank_account.id"],
            name=op.f("fk_bank_statement_district_id_bank_account_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_bank_statement")),
        sa.UniqueConstraint(
            "district_id",
            "bank_account_id",
            "sha256",
            name=op.f("uq_bank_statement_district_id_bank_account_id_sha256"),
        ),
    )
    with op.batch_alter_table("bank_statement", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_bank_statement_district_id_bank_account_id_date_to"),
            ["district_id", "bank_account_id", "date_to"],
            unique=False,
        )


def _statement_row() -> None:
    op.create_table(
        "statement_row",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("bank_account_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("direction", sa.String(length=30), nullable=False),
        sa.Column("counterparty_name", sa.String(length=300), nullable=False),
        sa.Column("counterparty_iin_bin", sa.String(length=12), nullable=False),
        sa.Column("counterparty_iban", sa.String(length=34), nullable=False),
        sa.Column("counterparty_bic", sa.String(length=11), nullable=False),
        sa.Column("ultimate_name", sa.String(length=300), nullable=False),
        sa.Column("ultimate_iin_bin", sa.String(length=12), nullable=False),
        sa.Column("ultimate_iban", sa.String(length=34), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("knp", sa.String(length=3), nullable=False),
        sa.Column("document_number", sa.String(length=50), nullable=False),
        sa.Column("budget_code", sa.String(length=6), nullable=False),
        sa.Column("bank_reference", sa.String(length=50), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_statement_row_direction_known")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_statement_row_amount_positive")),
        sa.ForeignKeyConstraint(
            ["district_id", "bank_account_id"],
            ["bank_account.district_id", "bank_account.id"],
            name=op.f("fk_statement_row_district_id_bank_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "statement_id"],
            ["bank_statement.district_id", "bank_statement.id"],
            name=op.f("fk_statement_row_district_id_statement_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_statement_row")),
        sa.UniqueConstraint(
            "district_id",
            "bank_account_id",
            "fingerprint",
            "occurrence",
            name=op.f("uq_statement_row_district_id_bank_account_id_fingerprint_occurrence"),
        ),
    )
    with op.batch_alter_table("statement_row", schema=None) as batch_op:
        batch_op.create_index(
            "ix_statement_row_counterparty_iban",
            ["district_id", "counterparty_iban"],
            unique=False,
            sqlite_where=sa.text("counterparty_iban <> ''"),
            postgresql_where=sa.text("counterparty_iban <> ''"),
        )
        batch_op.create_index(
            batch_op.f("ix_statement_row_district_id_bank_account_id_booked_on_id"),
            ["district_id", "bank_account_id", "booked_on", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_statement_row_district_id_statement_id"),
            ["district_id", "statement_id"],
            unique=False,
        )
