"""Keep what providers told and what they were answered, and what a person has to settle with them."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = ("provider_transaction", "provider_answer", "provider_incident")
APPEND_ONLY = ("provider_transaction", "provider_answer")
OUTCOMES = (
    "accepted",
    "busy",
    "unfinished",
    "unchecked",
    "malformed",
    "wrong_account",
    "unknown_account",
    "account_closed",
    "provider_closed",
    "sum_too_small",
    "sum_too_large",
    "date_out_of_range",
    "not_bookable",
    "txn_reused",
    "cancelled",
)


def upgrade() -> None:
    """Make the tables, the triggers that keep facts as they are, and the fence between districts."""
    _provider_transaction()
    _provider_answer()
    _provider_incident()
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
    """Drop the tables, unless a provider was answered: it may ask again."""
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM provider_answer")):
        raise RuntimeError("providers were answered; what they were told would be lost")
    for table in reversed(TABLES):
        op.drop_table(table)


def _provider_transaction() -> None:
    op.create_table(
        "provider_transaction",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("txn_id", sa.String(length=20), nullable=False),
        sa.Column("account", sa.String(length=50), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "told_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_provider_transaction_amount_not_negative")),
        sa.ForeignKeyConstraint(
            ["district_id", "provider_id"],
            ["provider.district_id", "provider.id"],
            name=op.f("fk_provider_transaction_district_id_provider_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_provider_transaction")),
        sa.UniqueConstraint(
            "district_id",
            "provider_id",
            "txn_id",
            name=op.f("uq_provider_transaction_district_id_provider_id_txn_id"),
        ),
    )


def _provider_answer() -> None:
    outcomes = ", ".join(f"'{outcome}'" for outcome in OUTCOMES)
    op.create_table(
        "provider_answer",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=30), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("provider_txn", sa.BigInteger(), nullable=True),
        sa.Column("content_type", sa.String(length=50), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column(
            "answered_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(outcome = 'accepted') = (payment_id IS NOT NULL)",
            name=op.f("ck_provider_answer_accepted_is_paid"),
        ),
        sa.CheckConstraint(
            "(provider_txn IS NULL) = (payment_id IS NULL)",
            name=op.f("ck_provider_answer_number_of_payment"),
        ),
        sa.CheckConstraint(f"outcome IN ({outcomes})", name=op.f("ck_provider_answer_outcome_known")),
        sa.ForeignKeyConstraint(
            ["district_id", "transaction_id"],
            ["provider_transaction.district_id", "provider_transaction.id"],
            name=op.f("fk_provider_answer_district_id_transaction_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "payment_id"],
            ["payment.district_id", "payment.id"],
            name=op.f("fk_provider_answer_district_id_payment_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "transaction_id", name=op.f("pk_provider_answer")),
        sa.UniqueConstraint(
            "district_id", "payment_id", name=op.f("uq_provider_answer_district_id_payment_id")
        ),
        sa.UniqueConstraint(
            "district_id", "provider_txn", name=op.f("uq_provider_answer_district_id_provider_txn")
        ),
    )


def _provider_incident() -> None:
    op.create_table(
        "provider_incident",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("txn_id", sa.String(length=20), nullable=False),
        sa.Column("account", sa.String(length=50), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("refusal", sa.String(length=60), nullable=True),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Uuid(), nullable=True),
        sa.Column("resolution", sa.String(length=300), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("times > 0", name=op.f("ck_provider_incident_times_positive")),
        sa.CheckConstraint(
            "(resolved_at IS NULL) = (resolution IS NULL)",
            name=op.f("ck_provider_incident_resolved_with_words"),
        ),
        sa.CheckConstraint(
            "kind IN ('txn_reused', 'not_booked', 'cancel_refused')",
            name=op.f("ck_provider_incident_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "provider_id"],
            ["provider.district_id", "provider.id"],
            name=op.f("fk_provider_incident_district_id_provider_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_provider_incident")),
        sa.UniqueConstraint(
            "district_id",
            "provider_id",
            "txn_id",
            "kind",
            "account",
            "amount",
            name=op.f("uq_provider_incident_district_id_provider_id_txn_id_kind_account_amount"),
        ),
    )
    op.create_index(
        op.f("ix_provider_incident_district_id_last_at_id"),
        "provider_incident",
        ["district_id", "last_at", "id"],
    )


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
