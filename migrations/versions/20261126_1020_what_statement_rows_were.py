"""Hold what each row of a statement was, who said so, and what waits for a person."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = (
    "matching_settings",
    "matching_rule",
    "statement_match",
    "match_undo",
    "matched_row",
    "matched_transfer",
    "settled_payment",
    "revenue_arrival",
    "row_exception",
)
APPEND_ONLY = ("statement_match", "match_undo", "revenue_arrival")


def upgrade() -> None:
    """Make the tables, the triggers that keep facts as they are, and the fence between districts."""
    _matching_settings()
    _matching_rule()
    _statement_match()
    _match_undo()
    _matched_row()
    _matched_transfer()
    _settled_payment()
    _revenue_arrival()
    _row_exception()
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
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM statement_match")):
        raise RuntimeError("rows were matched; what they were would be lost")
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


def _matching_settings() -> None:
    op.create_table(
        "matching_settings",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("days_around", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("days_around BETWEEN 0 AND 60", name=op.f("ck_matching_settings_days_sensible")),
        sa.CheckConstraint(
            "threshold BETWEEN 61 AND 100", name=op.f("ck_matching_settings_more_than_one_reason")
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_matching_settings_district_id_enterprise_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "enterprise_id", name=op.f("pk_matching_settings")),
    )


def _matching_rule() -> None:
    op.create_table(
        "matching_rule",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("direction", sa.String(length=30), nullable=False),
        sa.Column("iban", sa.String(length=34), nullable=False),
        sa.Column("iin_bin", sa.String(length=12), nullable=False),
        sa.Column("purpose_part", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("account", sa.String(length=10), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'entry') = (account IS NOT NULL)", name=op.f("ck_matching_rule_entry_names_account")
        ),
        sa.CheckConstraint(
            "(kind = 'payment') = (customer_id IS NOT NULL)",
            name=op.f("ck_matching_rule_payment_names_customer"),
        ),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_matching_rule_direction_known")),
        sa.CheckConstraint(
            "iban <> '' OR iin_bin <> '' OR purpose_part <> ''",
            name=op.f("ck_matching_rule_asks_for_something"),
        ),
        sa.CheckConstraint(
            "kind IN ('payment', 'confirmation', 'provider_batch', 'commission', 'payout', 'budget_transfer', 'arrival', 'entry')",
            name=op.f("ck_matching_rule_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "customer_id"],
            ["customer.district_id", "customer.id"],
            name=op.f("fk_matching_rule_district_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_matching_rule_district_id_enterprise_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_matching_rule")),
    )


def _statement_match() -> None:
    op.create_table(
        "statement_match",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("matched_on", sa.Date(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("why", sa.String(length=300), nullable=True),
        sa.Column("rule_id", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('payment', 'confirmation', 'provider_batch', 'commission', 'payout', 'budget_transfer', 'arrival', 'entry')",
            name=op.f("ck_statement_match_kind_known"),
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR why IS NOT NULL", name=op.f("ck_statement_match_people_say_why")
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "bank_account_id"],
            ["bank_account.district_id", "bank_account.id"],
            name=op.f("fk_statement_match_district_id_bank_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "rule_id"],
            ["matching_rule.district_id", "matching_rule.id"],
            name=op.f("fk_statement_match_district_id_rule_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_statement_match")),
    )
    with op.batch_alter_table("statement_match", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_statement_match_district_id_bank_account_id_matched_on"),
            ["district_id", "bank_account_id", "matched_on"],
            unique=False,
        )


def _match_undo() -> None:
    op.create_table(
        "match_undo",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.Column("undone_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("held", sa.JSON(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "match_id"],
            ["statement_match.district_id", "statement_match.id"],
            name=op.f("fk_match_undo_district_id_match_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "match_id", name=op.f("pk_match_undo")),
    )


def _matched_row() -> None:
    op.create_table(
        "matched_row",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("row_id", sa.Uuid(), nullable=False),
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_id", "match_id"],
            ["statement_match.district_id", "statement_match.id"],
            name=op.f("fk_matched_row_district_id_match_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "row_id"],
            ["statement_row.district_id", "statement_row.id"],
            name=op.f("fk_matched_row_district_id_row_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "row_id", name=op.f("pk_matched_row")),
    )
    with op.batch_alter_table("matched_row", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_matched_row_district_id_match_id"), ["district_id", "match_id"], unique=False
        )


def _matched_transfer() -> None:
    op.create_table(
        "matched_transfer",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_id", "match_id"],
            ["statement_match.district_id", "statement_match.id"],
            name=op.f("fk_matched_transfer_district_id_match_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "transfer_id"],
            ["transfer.district_id", "transfer.id"],
            name=op.f("fk_matched_transfer_district_id_transfer_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "transfer_id", name=op.f("pk_matched_transfer")),
    )
    with op.batch_alter_table("matched_transfer", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_matched_transfer_district_id_match_id"), ["district_id", "match_id"], unique=False
        )


def _settled_payment() -> None:
    op.create_table(
        "settled_payment",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_id", "match_id"],
            ["statement_match.district_id", "statement_match.id"],
            name=op.f("fk_settled_payment_district_id_match_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "payment_id"],
            ["payment.district_id", "payment.id"],
            name=op.f("fk_settled_payment_district_id_payment_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "payment_id", name=op.f("pk_settled_payment")),
    )
    with op.batch_alter_table("settled_payment", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_settled_payment_district_id_match_id"), ["district_id", "match_id"], unique=False
        )


def _revenue_arrival() -> None:
    op.create_table(
        "revenue_arrival",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("match_id", sa.Uuid(), nullable=False),
        sa.Column("allocation_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("arrived_on", sa.Date(), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_revenue_arrival_amount_not_zero")),
        sa.ForeignKeyConstraint(
            ["district_id", "allocation_id"],
            ["allocation.district_id", "allocation.id"],
            name=op.f("fk_revenue_arrival_district_id_allocation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "match_id"],
            ["statement_match.district_id", "statement_match.id"],
            name=op.f("fk_revenue_arrival_district_id_match_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_revenue_arrival")),
    )
    with op.batch_alter_table("revenue_arrival", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_revenue_arrival_district_id_allocation_id"),
            ["district_id", "allocation_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_revenue_arrival_district_id_match_id"), ["district_id", "match_id"], unique=False
        )


def _row_exception() -> None:
    op.create_table(
        "row_exception",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("row_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('unknown_payer', 'ambiguous', 'amount_differs', 'wrong_account', 'duplicate_suspected', 'provider_difference', 'unexpected_outgoing', 'not_bookable')",
            name=op.f("ck_row_exception_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "row_id"],
            ["statement_row.district_id", "statement_row.id"],
            name=op.f("fk_row_exception_district_id_row_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "row_id", name=op.f("pk_row_exception")),
    )
    with op.batch_alter_table("row_exception", schema=None) as batch_op:
        batch_op.create_index(
            "ix_row_exception_open",
            ["district_id", "opened_on"],
            unique=False,
            sqlite_where=sa.text("closed_on IS NULL"),
            postgresql_where=sa.text("closed_on IS NULL"),
        )
