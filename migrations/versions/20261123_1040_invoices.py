"""Hold invoices, what is open on them, what of acts and charges they bill, and credit notes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _invoice()
    _credit_note()
    _invoice_line()
    _billed_act()
    _billed_period()
    _credit_note_line()
    _receivable()


def _invoice() -> None:
    op.create_table(
        "invoice",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("vat", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.CheckConstraint("due_on >= issued_on", name=op.f("ck_invoice_due_after_issue")),
        sa.CheckConstraint("total > 0", name=op.f("ck_invoice_total_positive")),
        sa.CheckConstraint("vat >= 0 AND vat < total", name=op.f("ck_invoice_vat_within_total")),
        sa.ForeignKeyConstraint(
            ["district_id", "contract_id"],
            ["contract.district_id", "contract.id"],
            name=op.f("fk_invoice_district_id_contract_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "customer_id"],
            ["customer.district_id", "customer.id"],
            name=op.f("fk_invoice_district_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_invoice_district_id_enterprise_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_invoice")),
        sa.UniqueConstraint(
            "district_id",
            "enterprise_id",
            "year",
            "number",
            name=op.f("uq_invoice_district_id_enterprise_id_year_number"),
        ),
    )
    op.create_index(
        op.f("ix_invoice_district_id_customer_id_issued_on"),
        "invoice",
        ["district_id", "customer_id", "issued_on"],
        unique=False,
    )
    op.create_index(
        op.f("ix_invoice_district_id_issued_on_id"),
        "invoice",
        ["district_id", "issued_on", "id"],
        unique=False,
    )


def _credit_note() -> None:
    op.create_table(
        "credit_note",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("vat", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.CheckConstraint("total > 0", name=op.f("ck_credit_note_total_positive")),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_credit_note_district_id_enterprise_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "invoice_id"],
            ["invoice.district_id", "invoice.id"],
            name=op.f("fk_credit_note_district_id_invoice_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_credit_note")),
        sa.UniqueConstraint(
            "district_id",
            "enterprise_id",
            "year",
            "number",
            name=op.f("uq_credit_note_district_id_enterprise_id_year_number"),
        ),
    )
    op.create_index(
        op.f("ix_credit_note_district_id_invoice_id"),
        "credit_note",
        ["district_id", "invoice_id"],
        unique=False,
    )


def _invoice_line() -> None:
    op.create_table(
        "invoice_line",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("tariff_id", sa.Uuid(), nullable=False),
        sa.Column("act_id", sa.Uuid(), nullable=True),
        sa.Column("charge_id", sa.Uuid(), nullable=True),
        sa.Column("period", sa.String(length=7), nullable=True),
        sa.Column("supplied_on", sa.Date(), nullable=False),
        sa.Column("service_code", sa.String(length=20), nullable=False),
        sa.Column("name_kk", sa.String(length=300), nullable=False),
        sa.Column("name_ru", sa.String(length=300), nullable=False),
        sa.Column("name_en", sa.String(length=300), nullable=False),
        sa.Column("unit", sa.String(length=30), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("benefit", sa.BigInteger(), nullable=False),
        sa.Column("benefit_id", sa.Uuid(), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("vat_rate_bp", sa.Integer(), nullable=True),
        sa.Column("vat", sa.BigInteger(), nullable=False),
        sa.Column("revenue_code", sa.String(length=6), nullable=False),
        sa.CheckConstraint(
            "unit IN ('hour', 'piece', 'trip', 'm2', 'm3', 'km', 'kg', 'tonne', 'month', 'household', 'person')",
            name=op.f("ck_invoice_line_unit_known"),
        ),
        sa.CheckConstraint(
            "(act_id IS NULL) <> (charge_id IS NULL)", name=op.f("ck_invoice_line_one_reason")
        ),
        sa.CheckConstraint(
            "(charge_id IS NULL) = (period IS NULL)", name=op.f("ck_invoice_line_charge_has_period")
        ),
        sa.CheckConstraint(
            "total = amount - benefit AND benefit >= 0 AND total >= 0", name=op.f("ck_invoice_line_adds_up")
        ),
        sa.CheckConstraint("vat >= 0 AND vat <= total", name=op.f("ck_invoice_line_vat_within_total")),
        sa.ForeignKeyConstraint(
            ["district_id", "act_id"],
            ["completion_act.district_id", "completion_act.id"],
            name=op.f("fk_invoice_line_district_id_act_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "charge_id"],
            ["contract_charge.district_id", "contract_charge.id"],
            name=op.f("fk_invoice_line_district_id_charge_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "invoice_id"],
            ["invoice.district_id", "invoice.id"],
            name=op.f("fk_invoice_line_district_id_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "service_id"],
            ["service.district_id", "service.id"],
            name=op.f("fk_invoice_line_district_id_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "tariff_id"],
            ["tariff.district_id", "tariff.id"],
            name=op.f("fk_invoice_line_district_id_tariff_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_invoice_line")),
        sa.UniqueConstraint(
            "district_id",
            "invoice_id",
            "position",
            name=op.f("uq_invoice_line_district_id_invoice_id_position"),
        ),
    )
    op.create_index(
        op.f("ix_invoice_line_district_id_act_id"), "invoice_line", ["district_id", "act_id"], unique=False
    )


def _billed_act() -> None:
    op.create_table(
        "billed_act",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("act_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_line_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_id", "act_id"],
            ["completion_act.district_id", "completion_act.id"],
            name=op.f("fk_billed_act_district_id_act_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "invoice_line_id"],
            ["invoice_line.district_id", "invoice_line.id"],
            name=op.f("fk_billed_act_district_id_invoice_line_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "act_id", name=op.f("pk_billed_act")),
        sa.UniqueConstraint(
            "district_id", "invoice_line_id", name=op.f("uq_billed_act_district_id_invoice_line_id")
        ),
    )


def _billed_period() -> None:
    op.create_table(
        "billed_period",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("invoice_line_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_id", "contract_id"],
            ["contract.district_id", "contract.id"],
            name=op.f("fk_billed_period_district_id_contract_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "invoice_line_id"],
            ["invoice_line.district_id", "invoice_line.id"],
            name=op.f("fk_billed_period_district_id_invoice_line_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "service_id"],
            ["service.district_id", "service.id"],
            name=op.f("fk_billed_period_district_id_service_id"),
        ),
        sa.PrimaryKeyConstraint(
            "district_id", "contract_id", "service_id", "period", name=op.f("pk_billed_period")
        ),
        sa.UniqueConstraint(
            "district_id", "invoice_line_id", name=op.f("uq_billed_period_district_id_invoice_line_id")
        ),
    )


def _credit_note_line() -> None:
    op.create_table(
        "credit_note_line",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("credit_note_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_line_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("vat", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_credit_note_line_amount_positive")),
        sa.CheckConstraint("vat >= 0 AND vat <= amount", name=op.f("ck_credit_note_line_vat_within_amount")),
        sa.ForeignKeyConstraint(
            ["district_id", "credit_note_id"],
            ["credit_note.district_id", "credit_note.id"],
            name=op.f("fk_credit_note_line_district_id_credit_note_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "invoice_line_id"],
            ["invoice_line.district_id", "invoice_line.id"],
            name=op.f("fk_credit_note_line_district_id_invoice_line_id"),
        ),
        sa.PrimaryKeyConstraint(
            "district_id", "credit_note_id", "invoice_line_id", name=op.f("pk_credit_note_line")
        ),
    )
    op.create_index(
        op.f("ix_credit_note_line_district_id_invoice_line_id"),
        "credit_note_line",
        ["district_id", "invoice_line_id"],
        unique=False,
    )


def _receivable() -> None:
    op.create_table(
        "receivable",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("invoice_line_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=True),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("revenue_code", sa.String(length=6), nullable=False),
        sa.Column("invoice_year", sa.SmallInteger(), nullable=False),
        sa.Column("invoice_number", sa.Integer(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("credited", sa.BigInteger(), nullable=False),
        sa.Column("open_amount", sa.BigInteger(), nullable=False),
        sa.Column("open_vat", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "credited >= 0 AND credited <= total", name=op.f("ck_receivable_credited_within_line")
        ),
        sa.CheckConstraint(
            "open_amount >= 0 AND open_amount + credited <= total",
            name=op.f("ck_receivable_open_within_line"),
        ),
        sa.CheckConstraint(
            "open_vat >= 0 AND open_vat <= open_amount", name=op.f("ck_receivable_open_vat_within_open")
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "customer_id"],
            ["customer.district_id", "customer.id"],
            name=op.f("fk_receivable_district_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "invoice_id"],
            ["invoice.district_id", "invoice.id"],
            name=op.f("fk_receivable_district_id_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "invoice_line_id"],
            ["invoice_line.district_id", "invoice_line.id"],
            name=op.f("fk_receivable_district_id_invoice_line_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "payer_id"],
            ["customer.district_id", "customer.id"],
            name=op.f("fk_receivable_district_id_payer_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "invoice_line_id", name=op.f("pk_receivable")),
    )
    op.create_index(
        op.f("ix_receivable_district_id_invoice_id"),
        "receivable",
        ["district_id", "invoice_id"],
        unique=False,
    )
    op.create_index(
        "ix_receivable_open",
        "receivable",
        ["district_id", "customer_id", "due_on"],
        unique=False,
        sqlite_where=sa.text("open_amount > 0"),
        postgresql_where=sa.text("open_amount > 0"),
    )
    op.create_index(
        "ix_receivable_open_of_payer",
        "receivable",
        ["district_id", "payer_id"],
        unique=False,
        sqlite_where=sa.text("open_amount > 0"),
        postgresql_where=sa.text("open_amount > 0"),
    )


def downgrade() -> None:
    """Drop the tables, unless they hold records."""
    _refuse_to_lose_records()
    op.drop_table("receivable")
    op.drop_table("credit_note_line")
    op.drop_table("billed_period")
    op.drop_table("billed_act")
    op.drop_table("invoice_line")
    op.drop_table("credit_note")
    op.drop_table("invoice")


def _refuse_to_lose_records() -> None:
    if op.get_context().as_sql:
        return
    if op.get_bind().execute(sa.text("SELECT count(*) FROM invoice")).scalar_one():
        raise RuntimeError("invoice holds records: back up and empty the database before you go back")
