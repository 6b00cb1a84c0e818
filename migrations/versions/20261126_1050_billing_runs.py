"""Hold billing runs, what they found for every contract, and the invoices that came of them."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = ("billing_run", "billing_run_result", "billing_run_invoice")
APPEND_ONLY = ("billing_run_result", "billing_run_invoice")


def upgrade() -> None:
    """Make the tables, the triggers that keep facts as they are, and the fence between districts."""
    _billing_run()
    _billing_run_result()
    _billing_run_invoice()
    # A run asks which months of a contract were ever invoiced.
    op.create_index(
        op.f("ix_invoice_district_id_contract_id_period"),
        "invoice",
        ["district_id", "contract_id", "period"],
        unique=False,
    )
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
    """Drop the tables with all that hangs on them; the invoices of runs stay invoices."""
    op.drop_index(op.f("ix_invoice_district_id_contract_id_period"), table_name="invoice")
    for table in reversed(TABLES):
        op.drop_table(table)


def _billing_run() -> None:
    op.create_table(
        "billing_run",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("first_period", sa.String(length=7), nullable=False),
        sa.Column("include_orders", sa.Boolean(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("stage", sa.String(length=30), nullable=False),
        sa.Column("done_through", sa.Uuid(), nullable=True),
        sa.Column("subjects", sa.Integer(), nullable=False),
        sa.Column("billed", sa.Integer(), nullable=False),
        sa.Column("nothing_due", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("invoices", sa.Integer(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("worker", sa.String(length=100), nullable=True),
        sa.Column("taken_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_when_taken_up", sa.Integer(), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("halted_by", sa.String(length=60), nullable=True),
        sa.Column("halted_facts", sa.JSON(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(stage = 'finished') = (finished_at IS NOT NULL)",
            name=op.f("ck_billing_run_finished_has_instant"),
        ),
        sa.CheckConstraint(
            "stage <> 'orders' OR include_orders", name=op.f("ck_billing_run_orders_were_asked_for")
        ),
        sa.CheckConstraint(
            "stage IN ('contracts', 'orders', 'finished')", name=op.f("ck_billing_run_stage_known")
        ),
        sa.CheckConstraint(
            "(halted_by IS NULL) = (halted_facts IS NULL)", name=op.f("ck_billing_run_halt_has_facts")
        ),
        sa.CheckConstraint("first_period <= period", name=op.f("ck_billing_run_catches_up_in_order")),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_billing_run_district_id_enterprise_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_billing_run")),
    )
    op.create_index(
        op.f("ix_billing_run_district_id_recorded_at_id"),
        "billing_run",
        ["district_id", "recorded_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_billing_run_unfinished",
        "billing_run",
        ["district_id", "id"],
        unique=False,
        sqlite_where=sa.text("stage <> 'finished'"),
        postgresql_where=sa.text("stage <> 'finished'"),
    )


def _billing_run_result() -> None:
    op.create_table(
        "billing_run_result",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=30), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("invoices", sa.SmallInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(outcome = 'billed') = (code IS NULL)", name=op.f("ck_billing_run_result_otherwise_a_reason")
        ),
        sa.CheckConstraint(
            "(outcome = 'billed') = (invoices > 0)", name=op.f("ck_billing_run_result_billed_by_invoices")
        ),
        sa.CheckConstraint(
            "(outcome = 'billed') = (total > 0)", name=op.f("ck_billing_run_result_billed_a_sum")
        ),
        sa.CheckConstraint(
            "outcome IN ('billed', 'nothing_due', 'refused')",
            name=op.f("ck_billing_run_result_outcome_known"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "contract_id"],
            ["contract.district_id", "contract.id"],
            name=op.f("fk_billing_run_result_district_id_contract_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "customer_id"],
            ["customer.district_id", "customer.id"],
            name=op.f("fk_billing_run_result_district_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "run_id"],
            ["billing_run.district_id", "billing_run.id"],
            name=op.f("fk_billing_run_result_district_id_run_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_billing_run_result")),
        sa.UniqueConstraint(
            "district_id",
            "run_id",
            "contract_id",
            name=op.f("uq_billing_run_result_district_id_run_id_contract_id"),
        ),
    )
    op.create_index(
        op.f("ix_billing_run_result_district_id_run_id_outcome_id"),
        "billing_run_result",
        ["district_id", "run_id", "outcome", "id"],
        unique=False,
    )
    op.create_index(
        "uq_billing_run_result_work_of_customer",
        "billing_run_result",
        ["district_id", "run_id", "customer_id"],
        unique=True,
        sqlite_where=sa.text("contract_id IS NULL"),
        postgresql_where=sa.text("contract_id IS NULL"),
    )


def _billing_run_invoice() -> None:
    op.create_table(
        "billing_run_invoice",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("result_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_id", "invoice_id"],
            ["invoice.district_id", "invoice.id"],
            name=op.f("fk_billing_run_invoice_district_id_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "result_id"],
            ["billing_run_result.district_id", "billing_run_result.id"],
            name=op.f("fk_billing_run_invoice_district_id_result_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "run_id"],
            ["billing_run.district_id", "billing_run.id"],
            name=op.f("fk_billing_run_invoice_district_id_run_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "run_id", "invoice_id", name=op.f("pk_billing_run_invoice")),
        sa.UniqueConstraint(
            "district_id", "invoice_id", name=op.f("uq_billing_run_invoice_district_id_invoice_id")
        ),
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
