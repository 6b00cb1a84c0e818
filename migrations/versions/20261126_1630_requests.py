"""Hold what residents ask for, what was decided about it, and which contacts changed for it."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

FACTS = ("resident_request", "request_decision", "wanted_contact", "contact_change")
TABLES = (*FACTS, "request_term")
KINDS = "kind IN ('service', 'problem', 'contacts')"
FIELDS = "field IN ('phone', 'email', 'place_code', 'street', 'house', 'flat')"

EVENT_CHECK = "ck_outbox_event_kind_known"
EVENTS_BEFORE = ("invoice.issued", "payment.received", "payment.reversed", "statement.reconciled")
EVENTS_AFTER = (*EVENTS_BEFORE, "request.decided")


def upgrade() -> None:
    """Make the tables, keep their facts, fence them by districts, and let the outbox tell of decisions."""
    _resident_request()
    _request_decision()
    _wanted_contact()
    _contact_change()
    _request_term()
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for table in FACTS:
        (_keep_on_postgresql if on_postgresql else _keep_on_sqlite)(table)
    for table in TABLES if on_postgresql else ():
        _fence(table)
    _allow(EVENTS_AFTER)


def downgrade() -> None:
    """Drop the tables and forget their events: orders and contacts stay as they are now."""
    event = sa.table("outbox_event", sa.column("district_id"), sa.column("id"), sa.column("kind"))
    delivery = sa.table("delivery", sa.column("district_id"), sa.column("event_id"))
    told = sa.exists().where(
        event.c.district_id == delivery.c.district_id,
        event.c.id == delivery.c.event_id,
        event.c.kind == EVENTS_AFTER[-1],
    )
    op.execute(sa.delete(delivery).where(told))
    op.execute(sa.delete(event).where(event.c.kind == EVENTS_AFTER[-1]))
    _allow(EVENTS_BEFORE)
    for table in reversed(TABLES):
        op.drop_table(table)


def _resident_request() -> None:
    op.create_table(
        "resident_request",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("words", sa.String(length=2000), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.CheckConstraint(KINDS, name=op.f("ck_resident_request_kind_known")),
        sa.CheckConstraint(
            "(kind = 'problem') = (invoice_id IS NOT NULL)",
            name=op.f("ck_resident_request_problem_names_invoice"),
        ),
        sa.CheckConstraint(
            "(kind = 'service') = (order_id IS NOT NULL)", name=op.f("ck_resident_request_service_has_order")
        ),
        sa.CheckConstraint("due_on > received_on", name=op.f("ck_resident_request_due_after_received")),
        _key("resident_request", "customer_id", "customer"),
        _key("resident_request", "invoice_id", "invoice"),
        _key("resident_request", "order_id", "service_order"),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_resident_request")),
    )
    for columns in (("customer_id",), ("due_on", "id"), ("order_id",), ("invoice_id",)):
        name = "_".join(("ix_resident_request_district_id", *columns))
        op.create_index(op.f(name), "resident_request", ["district_id", *columns])


def _request_decision() -> None:
    op.create_table(
        "request_decision",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=30), nullable=False),
        sa.Column("words", sa.String(length=2000), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('accepted', 'declined', 'answered')", name=op.f("ck_request_decision_outcome_known")
        ),
        _key("request_decision", "request_id", "resident_request"),
        sa.ForeignKeyConstraint(["decided_by"], ["user.id"], name=op.f("fk_request_decision_decided_by")),
        sa.PrimaryKeyConstraint("district_id", "request_id", name=op.f("pk_request_decision")),
    )


def _wanted_contact() -> None:
    op.create_table(
        "wanted_contact",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.String(length=30), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.CheckConstraint(FIELDS, name=op.f("ck_wanted_contact_field_known")),
        _key("wanted_contact", "request_id", "resident_request"),
        sa.PrimaryKeyConstraint("district_id", "request_id", "field", name=op.f("pk_wanted_contact")),
    )


def _contact_change() -> None:
    op.create_table(
        "contact_change",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.String(length=30), nullable=False),
        sa.Column("before", sa.String(length=200), nullable=False),
        sa.Column("after", sa.String(length=200), nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=False),
        sa.CheckConstraint(FIELDS, name=op.f("ck_contact_change_field_known")),
        sa.CheckConstraint("before <> after", name=op.f("ck_contact_change_something_changed")),
        _key("contact_change", "customer_id", "customer"),
        _key("contact_change", "request_id", "resident_request"),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_contact_change")),
    )
    op.create_index(
        op.f("ix_contact_change_district_id_customer_id"), "contact_change", ["district_id", "customer_id"]
    )


def _request_term() -> None:
    op.create_table(
        "request_term",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("working_days", sa.Integer(), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_request_term_kind_known")),
        sa.CheckConstraint(
            "working_days BETWEEN 1 AND 30", name=op.f("ck_request_term_working_days_bounded")
        ),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name=op.f("fk_request_term_district_id")),
        sa.PrimaryKeyConstraint("district_id", "kind", name=op.f("pk_request_term")),
    )


def _key(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["district_id", column],
        [f"{target}.district_id", f"{target}.id"],
        name=op.f(f"fk_{table}_district_id_{column}"),
    )


def _allow(kinds: tuple[str, ...]) -> None:
    condition = "kind IN ({})".format(", ".join(f"'{kind}'" for kind in kinds))
    with op.batch_alter_table("outbox_event") as batch:
        batch.drop_constraint(op.f(EVENT_CHECK), type_="check")
        batch.create_check_constraint(op.f(EVENT_CHECK), condition)


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
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY district_fence ON {table} USING"
        " ((SELECT NULLIF(current_setting('auyl.district_id', true), '')::integer) IN (0, district_id))"
    )
