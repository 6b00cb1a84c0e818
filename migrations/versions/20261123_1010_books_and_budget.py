"""Hold books, transfers, closed months, and the budget's classification, plan and policies."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _budget_code()
    _planned_revenue()
    _book()
    _posting_policy()
    _account()
    _net_income_step()
    _month_balance()
    _transfer()


def _budget_code() -> None:
    op.create_table(
        "budget_code",
        sa.Column("code", sa.String(length=6), nullable=False),
        sa.Column("valid_from_year", sa.SmallInteger(), nullable=False),
        sa.Column("valid_to_year", sa.SmallInteger(), nullable=True),
        sa.Column("name_kk", sa.String(length=500), nullable=False),
        sa.Column("name_ru", sa.String(length=500), nullable=False),
        sa.Column("is_confirmed", sa.Boolean(), nullable=False),
        sa.CheckConstraint("length(code) = 6", name=op.f("ck_budget_code_code_of_six_digits")),
        sa.CheckConstraint(
            "valid_to_year IS NULL OR valid_to_year >= valid_from_year",
            name=op.f("ck_budget_code_ends_after_start"),
        ),
        sa.PrimaryKeyConstraint("code", "valid_from_year", name=op.f("pk_budget_code")),
    )


def _planned_revenue() -> None:
    op.create_table(
        "planned_revenue",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("fiscal_year", sa.SmallInteger(), nullable=False),
        sa.Column("code", sa.String(length=6), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("decision_number", sa.String(length=50), nullable=False),
        sa.Column("decision_date", sa.Date(), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_planned_revenue_amount_not_negative")),
        sa.ForeignKeyConstraint(
            ["district_id"], ["district.id"], name=op.f("fk_planned_revenue_district_id")
        ),
        sa.PrimaryKeyConstraint("district_id", "fiscal_year", "code", name=op.f("pk_planned_revenue")),
    )


def _book() -> None:
    op.create_table(
        "book",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=True),
        sa.Column("closed_through", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'enterprise') = (enterprise_id IS NOT NULL)",
            name=op.f("ck_book_enterprise_when_its_book"),
        ),
        sa.CheckConstraint("kind IN ('enterprise', 'budget')", name=op.f("ck_book_kind_known")),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_book_district_id_enterprise_id"),
        ),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name=op.f("fk_book_district_id")),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_book")),
        sa.UniqueConstraint("district_id", "enterprise_id", name=op.f("uq_book_district_id_enterprise_id")),
    )
    op.create_index(
        "uq_book_budget",
        "book",
        ["district_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'budget'"),
        postgresql_where=sa.text("kind = 'budget'"),
    )


def _posting_policy() -> None:
    op.create_table(
        "posting_policy",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("revenue_code", sa.String(length=6), nullable=True),
        sa.Column("decision_number", sa.String(length=50), nullable=True),
        sa.Column("decision_date", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'net_income_share') = (revenue_code IS NOT NULL)",
            name=op.f("ck_posting_policy_code_of_the_share"),
        ),
        sa.CheckConstraint(
            "kind IN ('gross', 'net_income_share', 'own_account')", name=op.f("ck_posting_policy_kind_known")
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_posting_policy_district_id_enterprise_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_posting_policy")),
        sa.UniqueConstraint(
            "district_id",
            "enterprise_id",
            "valid_from",
            name=op.f("uq_posting_policy_district_id_enterprise_id_valid_from"),
        ),
    )


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("fiscal_year", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("name_kk", sa.String(length=300), nullable=False),
        sa.Column("name_ru", sa.String(length=300), nullable=False),
        sa.Column("name_en", sa.String(length=300), nullable=False),
        sa.CheckConstraint(
            "kind IN ('asset', 'liability', 'equity', 'income', 'expense')",
            name=op.f("ck_account_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "book_id"],
            ["book.district_id", "book.id"],
            name=op.f("fk_account_district_id_book_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_account")),
        sa.UniqueConstraint(
            "district_id",
            "book_id",
            "code",
            "fiscal_year",
            name=op.f("uq_account_district_id_book_id_code_fiscal_year"),
        ),
        sa.UniqueConstraint("district_id", "book_id", "id", name=op.f("uq_account_district_id_book_id_id")),
    )


def _net_income_step() -> None:
    op.create_table(
        "net_income_step",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("above", sa.BigInteger(), nullable=False),
        sa.Column("fixed", sa.BigInteger(), nullable=False),
        sa.Column("rate_bp", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "above >= 0 AND fixed >= 0 AND rate_bp BETWEEN 0 AND 10000",
            name=op.f("ck_net_income_step_sensible"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "policy_id"],
            ["posting_policy.district_id", "posting_policy.id"],
            name=op.f("fk_net_income_step_district_id_policy_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "policy_id", "above", name=op.f("pk_net_income_step")),
    )


def _month_balance() -> None:
    op.create_table(
        "month_balance",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("debit", sa.BigInteger(), nullable=False),
        sa.Column("credit", sa.BigInteger(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_id", "book_id", "account_id"],
            ["account.district_id", "account.book_id", "account.id"],
            name=op.f("fk_month_balance_district_id_book_id_account_id"),
        ),
        sa.PrimaryKeyConstraint(
            "district_id", "book_id", "month", "account_id", name=op.f("pk_month_balance")
        ),
    )


def _transfer() -> None:
    op.create_table(
        "transfer",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("debit_account_id", sa.Uuid(), nullable=False),
        sa.Column("credit_account_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.Column("source_kind", sa.String(length=30), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("invoice_id", sa.Uuid(), nullable=True),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "source_kind IN ('invoice', 'credit_note', 'payment', 'allocation', 'refund', 'work', 'net_income_share', 'arrival', 'manual')",
            name=op.f("ck_transfer_source_kind_known"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfer_amount_positive")),
        sa.CheckConstraint("debit_account_id <> credit_account_id", name=op.f("ck_transfer_two_accounts")),
        sa.ForeignKeyConstraint(
            ["district_id", "book_id", "credit_account_id"],
            ["account.district_id", "account.book_id", "account.id"],
            name=op.f("fk_transfer_district_id_book_id_credit_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "book_id", "debit_account_id"],
            ["account.district_id", "account.book_id", "account.id"],
            name=op.f("fk_transfer_district_id_book_id_debit_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "reverses_id"],
            ["transfer.district_id", "transfer.id"],
            name=op.f("fk_transfer_district_id_reverses_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_transfer")),
        sa.UniqueConstraint("district_id", "reverses_id", name=op.f("uq_transfer_district_id_reverses_id")),
        sa.UniqueConstraint(
            "district_id",
            "source_id",
            "source_kind",
            "position",
            name=op.f("uq_transfer_district_id_source_id_source_kind_position"),
        ),
    )
    op.create_index(
        op.f("ix_transfer_district_id_book_id_posted_on"),
        "transfer",
        ["district_id", "book_id", "posted_on"],
        unique=False,
    )
    op.create_index(
        op.f("ix_transfer_district_id_party_id_posted_on"),
        "transfer",
        ["district_id", "party_id", "posted_on"],
        unique=False,
    )


def downgrade() -> None:
    """Drop the tables, unless they hold records."""
    _refuse_to_lose_records()
    op.drop_table("transfer")
    op.drop_table("month_balance")
    op.drop_table("net_income_step")
    op.drop_table("account")
    op.drop_table("posting_policy")
    op.drop_table("book")
    op.drop_table("planned_revenue")
    op.drop_table("budget_code")


def _refuse_to_lose_records() -> None:
    if op.get_context().as_sql:
        return
    if op.get_bind().execute(sa.text("SELECT count(*) FROM transfer")).scalar_one():
        raise RuntimeError("transfer holds records: back up and empty the database before you go back")
