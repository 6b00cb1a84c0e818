"""Keep the orders under which residents pay by card, and let a bank that takes cards be a provider."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

DIALECTS = ("kaspi", "osmp")
KINDS = ("txn_reused", "not_booked", "cancel_refused")
STATES = ("pending", "paid", "charged", "refused", "expired", "returned")


def upgrade() -> None:
    """Widen the CHECKs, make the table and fence it."""
    _allow("provider", "dialect", (*DIALECTS, "epay"))
    _allow("provider_incident", "kind", (*KINDS, "sum_differs", "returned"))
    _card_payment()
    if op.get_bind().dialect.name == "postgresql":
        _fence("card_payment")


def downgrade() -> None:
    """Drop the table, unless something was paid by card: the bank may tell of it again."""
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM card_payment WHERE state <> 'expired'")):
        raise RuntimeError("residents paid by card; what the bank tells of it could not be booked")
    op.drop_table("card_payment")
    _allow("provider_incident", "kind", KINDS)
    _allow("provider", "dialect", DIALECTS)


def _allow(table: str, column: str, values: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    name = op.f(f"ck_{table}_{column}_known")
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, f"{column} IN ({listed})")


def _card_payment() -> None:
    states = ", ".join(f"'{state}'" for state in STATES)
    op.create_table(
        "card_payment",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("order_number", sa.String(length=15), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("told_amount", sa.BigInteger(), nullable=True),
        sa.Column("reference", sa.String(length=60), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_card_payment_amount_positive")),
        sa.CheckConstraint("looks >= 0", name=op.f("ck_card_payment_looks_not_negative")),
        sa.CheckConstraint(
            "state <> 'paid' OR payment_id IS NOT NULL", name=op.f("ck_card_payment_paid_has_payment")
        ),
        sa.CheckConstraint(
            "payment_id IS NULL OR state IN ('paid', 'returned')",
            name=op.f("ck_card_payment_payment_is_paid"),
        ),
        sa.CheckConstraint(f"state IN ({states})", name=op.f("ck_card_payment_state_known")),
        *(
            sa.ForeignKeyConstraint(
                ["district_id", f"{target}_id"],
                [f"{target}.district_id", f"{target}.id"],
                name=op.f(f"fk_card_payment_district_id_{target}_id"),
            )
            for target in ("provider", "invoice", "customer", "payment")
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_card_payment")),
        sa.UniqueConstraint(
            "district_id",
            "provider_id",
            "order_number",
            name=op.f("uq_card_payment_district_id_provider_id_order_number"),
        ),
        sa.UniqueConstraint("district_id", "payment_id", name=op.f("uq_card_payment_district_id_payment_id")),
    )
    pending = sa.text("state = 'pending'")
    op.create_index(
        "uq_card_payment_pending",
        "card_payment",
        ["district_id", "invoice_id"],
        unique=True,
        sqlite_where=pending,
        postgresql_where=pending,
    )
    due = sa.text("next_look_at IS NOT NULL")
    op.create_index(
        "ix_card_payment_due",
        "card_payment",
        ["district_id", "next_look_at"],
        sqlite_where=due,
        postgresql_where=due,
    )
    op.create_index(
        op.f("ix_card_payment_district_id_made_at_id"), "card_payment", ["district_id", "made_at", "id"]
    )


def _fence(table: str) -> None:
    op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
    op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
    op.execute(
        f'CREATE POLICY district_fence ON "{table}" USING'
        " ((SELECT NULLIF(current_setting('auyl.district_id', true), '')::integer) IN (0, district_id))"
    )
