"""Hold service orders, their history, the work done and the acts of completed work."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _service_order()
    _completion_act()
    _order_assignment()
    _order_transition()
    _work_done()


def _service_order() -> None:
    op.create_table(
        "service_order",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=True),
        sa.Column("requested_on", sa.Date(), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.String(length=300), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("completed_on", sa.Date(), nullable=True),
        sa.Column("cancel_reason", sa.String(length=300), nullable=True),
        sa.Column("outside_reference", sa.String(length=100), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(state = 'cancelled') = (cancel_reason IS NOT NULL)",
            name=op.f("ck_service_order_cancelled_has_reason"),
        ),
        sa.CheckConstraint(
            "(state IN ('completed', 'invoiced')) = (completed_on IS NOT NULL)",
            name=op.f("ck_service_order_completed_dated"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'confirmed', 'assigned', 'completed', 'invoiced', 'cancelled')",
            name=op.f("ck_service_order_state_known"),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_service_order_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["district_id", "contract_id"],
            ["contract.district_id", "contract.id"],
            name=op.f("fk_service_order_district_id_contract_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "customer_id"],
            ["customer.district_id", "customer.id"],
            name=op.f("fk_service_order_district_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_service_order_district_id_enterprise_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "service_id"],
            ["service.district_id", "service.id"],
            name=op.f("fk_service_order_district_id_service_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_service_order")),
        sa.UniqueConstraint(
            "district_id",
            "enterprise_id",
            "outside_reference",
            name=op.f("uq_service_order_district_id_enterprise_id_outside_reference"),
        ),
        sa.UniqueConstraint(
            "district_id",
            "enterprise_id",
            "year",
            "number",
            name=op.f("uq_service_order_district_id_enterprise_id_year_number"),
        ),
    )
    op.create_index(
        op.f("ix_service_order_district_id_customer_id"),
        "service_order",
        ["district_id", "customer_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_service_order_district_id_state_requested_on"),
        "service_order",
        ["district_id", "state", "requested_on"],
        unique=False,
    )


def _completion_act() -> None:
    op.create_table(
        "completion_act",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("tariff_id", sa.Uuid(), nullable=False),
        sa.Column("completed_on", sa.Date(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(length=30), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "unit IN ('hour', 'piece', 'trip', 'm2', 'm3', 'km', 'kg', 'tonne', 'month', 'household', 'person')",
            name=op.f("ck_completion_act_unit_known"),
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_completion_act_amount_not_negative")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_completion_act_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["district_id", "customer_id"],
            ["customer.district_id", "customer.id"],
            name=op.f("fk_completion_act_district_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_completion_act_district_id_enterprise_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "order_id"],
            ["service_order.district_id", "service_order.id"],
            name=op.f("fk_completion_act_district_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "tariff_id"],
            ["tariff.district_id", "tariff.id"],
            name=op.f("fk_completion_act_district_id_tariff_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_completion_act")),
        sa.UniqueConstraint(
            "district_id",
            "enterprise_id",
            "year",
            "number",
            name=op.f("uq_completion_act_district_id_enterprise_id_year_number"),
        ),
        sa.UniqueConstraint("district_id", "order_id", name=op.f("uq_completion_act_district_id_order_id")),
    )


def _order_assignment() -> None:
    op.create_table(
        "order_assignment",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("engagement_id", sa.Uuid(), nullable=True),
        sa.Column("contractor_contract_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(engagement_id IS NULL) <> (contractor_contract_id IS NULL)",
            name=op.f("ck_order_assignment_one_doer"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "contractor_contract_id"],
            ["contractor_contract.district_id", "contractor_contract.id"],
            name=op.f("fk_order_assignment_district_id_contractor_contract_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "engagement_id"],
            ["engagement.district_id", "engagement.id"],
            name=op.f("fk_order_assignment_district_id_engagement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "order_id"],
            ["service_order.district_id", "service_order.id"],
            name=op.f("fk_order_assignment_district_id_order_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "order_id", "position", name=op.f("pk_order_assignment")),
    )


def _order_transition() -> None:
    op.create_table(
        "order_transition",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("from_state", sa.String(length=30), nullable=True),
        sa.Column("to_state", sa.String(length=30), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "to_state IN ('draft', 'confirmed', 'assigned', 'completed', 'invoiced', 'cancelled')",
            name=op.f("ck_order_transition_to_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "order_id"],
            ["service_order.district_id", "service_order.id"],
            name=op.f("fk_order_transition_district_id_order_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_order_transition")),
    )
    op.create_index(
        op.f("ix_order_transition_district_id_order_id"),
        "order_transition",
        ["district_id", "order_id"],
        unique=False,
    )


def _work_done() -> None:
    op.create_table(
        "work_done",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("engagement_id", sa.Uuid(), nullable=True),
        sa.Column("contractor_contract_id", sa.Uuid(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(length=30), nullable=False),
        sa.Column("rate", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "unit IN ('hour', 'piece', 'trip', 'm2', 'm3', 'km', 'kg', 'tonne', 'month', 'household', 'person')",
            name=op.f("ck_work_done_unit_known"),
        ),
        sa.CheckConstraint(
            "(engagement_id IS NULL) <> (contractor_contract_id IS NULL)", name=op.f("ck_work_done_one_doer")
        ),
        sa.CheckConstraint("cost >= 0", name=op.f("ck_work_done_cost_not_negative")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_work_done_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["district_id", "contractor_contract_id"],
            ["contractor_contract.district_id", "contractor_contract.id"],
            name=op.f("fk_work_done_district_id_contractor_contract_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "engagement_id"],
            ["engagement.district_id", "engagement.id"],
            name=op.f("fk_work_done_district_id_engagement_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "order_id"],
            ["service_order.district_id", "service_order.id"],
            name=op.f("fk_work_done_district_id_order_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_work_done")),
    )
    op.create_index(
        op.f("ix_work_done_district_id_contractor_contract_id"),
        "work_done",
        ["district_id", "contractor_contract_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_work_done_district_id_order_id"), "work_done", ["district_id", "order_id"], unique=False
    )


def downgrade() -> None:
    """Drop the tables, unless they hold records."""
    _refuse_to_lose_records()
    op.drop_table("work_done")
    op.drop_table("order_transition")
    op.drop_table("order_assignment")
    op.drop_table("completion_act")
    op.drop_table("service_order")


def _refuse_to_lose_records() -> None:
    if op.get_context().as_sql:
        return
    if op.get_bind().execute(sa.text("SELECT count(*) FROM completion_act")).scalar_one():
        raise RuntimeError("completion_act holds records: back up and empty the database before you go back")
