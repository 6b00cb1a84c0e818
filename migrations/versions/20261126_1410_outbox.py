"""Keep what others are to be told, who they are, and what was sent to them."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TABLES = ("outbox_event", "webhook", "delivery")


def upgrade() -> None:
    """Make the tables, and fence them by districts."""
    _outbox_event()
    _webhook()
    _delivery()
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            _fence(table)


def downgrade() -> None:
    """Drop the tables: what was not sent is not sent any more."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _outbox_event() -> None:
    op.create_table(
        "outbox_event",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column(
            "occurred_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('invoice.issued', 'payment.received', 'payment.reversed')",
            name=op.f("ck_outbox_event_kind_known"),
        ),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name=op.f("fk_outbox_event_district_id")),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_outbox_event")),
    )
    op.create_index(
        "ix_outbox_event_waiting",
        "outbox_event",
        ["district_id", "id"],
        sqlite_where=sa.text("dispatched_at IS NULL"),
        postgresql_where=sa.text("dispatched_at IS NULL"),
    )


def _webhook() -> None:
    op.create_table(
        "webhook",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("secret_generation", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("secret_generation > 0", name=op.f("ck_webhook_secret_generation_positive")),
        sa.ForeignKeyConstraint(["district_id"], ["district.id"], name=op.f("fk_webhook_district_id")),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_webhook")),
    )


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=True),
        sa.Column("mailbox", sa.String(length=200), nullable=True),
        sa.Column("subject", sa.String(length=200), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(webhook_id IS NULL) <> (mailbox IS NULL)", name=op.f("ck_delivery_one_addressee")
        ),
        sa.CheckConstraint(
            "(mailbox IS NULL) = (subject IS NULL)", name=op.f("ck_delivery_mail_has_subject")
        ),
        sa.CheckConstraint(
            "(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_delivery_sent_has_time")
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_delivery_attempts_not_negative")),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'given_up')", name=op.f("ck_delivery_state_known")),
        sa.ForeignKeyConstraint(
            ["district_id", "event_id"],
            ["outbox_event.district_id", "outbox_event.id"],
            name=op.f("fk_delivery_district_id_event_id"),
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "webhook_id"],
            ["webhook.district_id", "webhook.id"],
            name=op.f("fk_delivery_district_id_webhook_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_delivery")),
        sa.UniqueConstraint(
            "district_id", "event_id", "webhook_id", name=op.f("uq_delivery_district_id_event_id_webhook_id")
        ),
        sa.UniqueConstraint(
            "district_id", "event_id", "mailbox", name=op.f("uq_delivery_district_id_event_id_mailbox")
        ),
    )
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["district_id", "due_at"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )


def _fence(table: str) -> None:
    op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
    op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
    op.execute(
        f'CREATE POLICY district_fence ON "{table}" USING'
        " ((SELECT NULLIF(current_setting('auyl.district_id', true), '')::integer) IN (0, district_id))"
    )
