"""Hold payments, what they were allocated to, advances, refunds, and revenue lines."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _payment()
    _advance()
    _payment_reversal()
    _refund()
    _allocation()
    _revenue_line()


def _payment() -> None:
    op.create_table(
        "payment",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.String(length=30), nullable=False),
        sa.Column("channel", sa.String(length=30), nullable=False),
        sa.Column("outside_id", sa.String(length=100), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("payer_name", sa.String(length=300), nullable=True),
        sa.Column("cash_order_year", sa.SmallInteger(), nullable=True),
        sa.Column("cash_order_number", sa.Integer(), nullable=True),
        sa.Column("fiscal_number", sa.String(length=50), nullable=True),
        sa.Column("register_number", sa.String(length=50), nullable=True),
        sa.Column("fiscal_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("explanation", sa.JSON(), nullable=False),
        sa.Column("debt_after", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(method = 'cash') = (cash_order_number IS NOT NULL)", name=op.f("ck_payment_cash_has_order")
        ),
        sa.CheckConstraint(
            "(method = 'cash') = (fiscal_number IS NOT NULL)", name=op.f("ck_payment_cash_has_receipt")
        ),
        sa.CheckConstraint(
            "method IN ('cash', 'bank', 'card', 'provider')", name=op.f("ck_payment_method_known")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payment_amount_positive")),
        sa.ForeignKeyConstraint(
            ["district_id", "customer_id"],
            ["customer.district_id", "customer.id"],
            name=op.f("fk_payment_district_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_payment_district_id_enterprise_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_payment")),
        sa.UniqueConstraint(
            "district_id", "channel", "outside_id", name=op.f("uq_payment_district_id_channel_outside_id")
        ),
        sa.UniqueConstraint(
            "district_id",
            "enterprise_id",
            "cash_order_year",
            "cash_order_number",
            name=op.f("uq_payment_district_id_enterprise_id_cash_order_year_cash_order_number"),
        ),
    )
    op.create_index(
        op.f("ix_payment_district_id_customer_id_received_on"),
        "payment",
        ["district_id", "customer_id", "received_on"],
        unique=False,
    )
    op.create_index(
        op.f("ix_payment_district_id_received_on_id"),
        "payment",
        ["district_id", "received_on", "id"],
        unique=False,
    )


def _advance() -> None:
    op.create_table(
        "advance",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("open_amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("open_amount >= 0", name=op.f("ck_advance_open_not_negative")),
        sa.ForeignKeyConstraint(
            ["district_id", "customer_id"],
            ["customer.district_id", "customer.id"],
            name=op.f("fk_advance_district_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "payment_id"],
            ["payment.district_id", "payment.id"],
            name=op.f("fk_advance_district_id_payment_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "payment_id", name=op.f("pk_advance")),
    )
    op.create_index(
        "ix_advance_open",
        "advance",
        ["district_id", "customer_id"],
        unique=False,
        sqlite_where=sa.text("open_amount > 0"),
        postgresql_where=sa.text("open_amount > 0"),
    )


def _payment_reversal() -> None:
    op.create_table(
        "payment_reversal",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("reversed_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "payment_id"],
            ["payment.district_id", "payment.id"],
            name=op.f("fk_payment_reversal_district_id_payment_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "payment_id", name=op.f("pk_payment_reversal")),
    )


def _refund() -> None:
    op.create_table(
        "refund",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(length=30), nullable=False),
        sa.Column("refunded_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "method IN ('cash', 'bank', 'card', 'provider')", name=op.f("ck_refund_method_known")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refund_amount_positive")),
        sa.ForeignKeyConstraint(
            ["district_id", "payment_id"],
            ["payment.district_id", "payment.id"],
            name=op.f("fk_refund_district_id_payment_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_refund")),
    )
    op.create_index(
        op.f("ix_refund_district_id_payment_id"), "refund", ["district_id", "payment_id"], unique=False
    )


def _allocation() -> None:
    op.create_table(
        "allocation",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_line_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("vat", sa.BigInteger(), nullable=False),
        sa.Column("allocated_on", sa.Date(), nullable=False),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(amount > 0) = (reverses_id IS NULL) AND amount <> 0",
            name=op.f("ck_allocation_negative_when_release"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "invoice_line_id"],
            ["receivable.district_id", "receivable.invoice_line_id"],
            name=op.f("fk_allocation_district_id_invoice_line_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "payment_id"],
            ["payment.district_id", "payment.id"],
            name=op.f("fk_allocation_district_id_payment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "reverses_id"],
            ["allocation.district_id", "allocation.id"],
            name=op.f("fk_allocation_district_id_reverses_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_allocation")),
        sa.UniqueConstraint("district_id", "reverses_id", name=op.f("uq_allocation_district_id_reverses_id")),
    )
    op.create_index(
        op.f("ix_allocation_district_id_invoice_line_id"),
        "allocation",
        ["district_id", "invoice_line_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_allocation_district_id_payment_id"),
        "allocation",
        ["district_id", "payment_id"],
        unique=False,
    )


def _revenue_line() -> None:
    op.create_table(
        "revenue_line",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=6), nullable=False),
        sa.Column("fiscal_year", sa.SmallInteger(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("allocation_id", sa.Uuid(), nullable=True),
        sa.Column("invoice_line_id", sa.Uuid(), nullable=True),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(allocation_id IS NULL) = (payment_id IS NULL) AND (allocation_id IS NULL) = (service_id IS NULL) AND (allocation_id IS NULL) = (invoice_line_id IS NULL)",
            name=op.f("ck_revenue_line_whole_way_or_none"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "allocation_id"],
            ["allocation.district_id", "allocation.id"],
            name=op.f("fk_revenue_line_district_id_allocation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_revenue_line_district_id_enterprise_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "invoice_line_id"],
            ["invoice_line.district_id", "invoice_line.id"],
            name=op.f("fk_revenue_line_district_id_invoice_line_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "payment_id"],
            ["payment.district_id", "payment.id"],
            name=op.f("fk_revenue_line_district_id_payment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "service_id"],
            ["service.district_id", "service.id"],
            name=op.f("fk_revenue_line_district_id_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "transfer_id"],
            ["transfer.district_id", "transfer.id"],
            name=op.f("fk_revenue_line_district_id_transfer_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_revenue_line")),
        sa.UniqueConstraint(
            "district_id", "transfer_id", name=op.f("uq_revenue_line_district_id_transfer_id")
        ),
    )
    op.create_index(
        op.f("ix_revenue_line_district_id_allocation_id"),
        "revenue_line",
        ["district_id", "allocation_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_revenue_line_district_id_fiscal_year_code_month"),
        "revenue_line",
        ["district_id", "fiscal_year", "code", "month"],
        unique=False,
    )
    op.create_index(
        op.f("ix_revenue_line_district_id_payment_id"),
        "revenue_line",
        ["district_id", "payment_id"],
        unique=False,
    )


def downgrade() -> None:
    """Drop the tables, unless they hold records."""
    _refuse_to_lose_records()
    op.drop_table("revenue_line")
    op.drop_table("allocation")
    op.drop_table("refund")
    op.drop_table("payment_reversal")
    op.drop_table("advance")
    op.drop_table("payment")


def _refuse_to_lose_records() -> None:
    if op.get_context().as_sql:
        return
    if op.get_bind().execute(sa.text("SELECT count(*) FROM payment")).scalar_one():
        raise RuntimeError("payment holds records: back up and empty the database before you go back")
