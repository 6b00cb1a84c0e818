"""Keep the receipt books of cashiers, every number of them, and numbers that were told twice."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

TABLES = ("receipt_book", "receipt_leaf", "receipt_double")


def upgrade() -> None:
    """Make the tables, and fence them by districts."""
    _receipt_book()
    _receipt_leaf()
    _receipt_double()
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            _fence(table)


def downgrade() -> None:
    """Drop the tables, unless a number was accounted for."""
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM receipt_leaf WHERE settled_at IS NOT NULL")):
        raise RuntimeError("receipts of books were entered; which number was whose would be lost")
    for table in reversed(TABLES):
        op.drop_table(table)


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["district_id", column],
        [f"{target}.district_id", f"{target}.id"],
        name=op.f(f"fk_{table}_district_id_{column}"),
    )


def _receipt_book() -> None:
    op.create_table(
        "receipt_book",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("series", sa.String(length=10), nullable=False),
        sa.Column("first_number", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("held_by", sa.Uuid(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=True),
        sa.Column("returned_on", sa.Date(), nullable=True),
        sa.Column("returned_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("first_number > 0", name=op.f("ck_receipt_book_first_number_positive")),
        sa.CheckConstraint("last_number >= first_number", name=op.f("ck_receipt_book_numbers_in_order")),
        sa.CheckConstraint(
            "returned_on IS NULL OR returned_on >= issued_on",
            name=op.f("ck_receipt_book_returned_after_issue"),
        ),
        _key("receipt_book", "enterprise_id", "enterprise"),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_receipt_book")),
        sa.UniqueConstraint(
            "district_id",
            "id",
            "enterprise_id",
            "series",
            name=op.f("uq_receipt_book_district_id_id_enterprise_id_series"),
        ),
    )
    op.create_index(
        op.f("ix_receipt_book_district_id_enterprise_id_series_first_number"),
        "receipt_book",
        ["district_id", "enterprise_id", "series", "first_number"],
    )


def _receipt_leaf() -> None:
    op.create_table(
        "receipt_leaf",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("series", sa.String(length=10), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("spoiled_reason", sa.String(length=300), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "payment_id IS NULL OR spoiled_reason IS NULL", name=op.f("ck_receipt_leaf_used_or_spoiled")
        ),
        sa.CheckConstraint(
            "(settled_at IS NULL) = (payment_id IS NULL AND spoiled_reason IS NULL)",
            name=op.f("ck_receipt_leaf_settled_once"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "book_id", "enterprise_id", "series"],
            [
                "receipt_book.district_id",
                "receipt_book.id",
                "receipt_book.enterprise_id",
                "receipt_book.series",
            ],
            name=op.f("fk_receipt_leaf_district_id_book_id_enterprise_id_series"),
        ),
        _key("receipt_leaf", "payment_id", "payment"),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_receipt_leaf")),
        sa.UniqueConstraint(
            "district_id",
            "enterprise_id",
            "series",
            "number",
            name=op.f("uq_receipt_leaf_district_id_enterprise_id_series_number"),
        ),
        sa.UniqueConstraint("district_id", "payment_id", name=op.f("uq_receipt_leaf_district_id_payment_id")),
    )
    op.create_index(
        op.f("ix_receipt_leaf_district_id_book_id_number"),
        "receipt_leaf",
        ["district_id", "book_id", "number"],
    )


def _receipt_double() -> None:
    op.create_table(
        "receipt_double",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("leaf_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fiscal_number", sa.String(length=50), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_by", sa.Uuid(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Uuid(), nullable=True),
        sa.Column("resolution", sa.String(length=300), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_receipt_double_amount_positive")),
        sa.CheckConstraint(
            "(resolved_at IS NULL) = (resolution IS NULL)",
            name=op.f("ck_receipt_double_resolved_with_words"),
        ),
        _key("receipt_double", "leaf_id", "receipt_leaf"),
        _key("receipt_double", "customer_id", "customer"),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_receipt_double")),
        sa.UniqueConstraint(
            "district_id",
            "leaf_id",
            "customer_id",
            "amount",
            "fiscal_number",
            name=op.f("uq_receipt_double_district_id_leaf_id_customer_id_amount_fiscal_number"),
        ),
    )


def _fence(table: str) -> None:
    op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
    op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
    op.execute(
        f'CREATE POLICY district_fence ON "{table}" USING'
        " ((SELECT NULLIF(current_setting('auyl.district_id', true), '')::integer) IN (0, district_id))"
    )
