"""Attach papers to letters, and keep which mailboxes take none."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

STATES = ("waiting", "sent", "given_up")
KINDS = ("invoice", "credit_note", "completion_act", "cash_order")
SENT = "(state = 'sent') = (sent_at IS NOT NULL)"
WAITING = sa.text("state = 'waiting' AND mailbox IS NOT NULL")


def upgrade() -> None:
    """Add a state, the kind of paper, and the mailboxes; and what finds a letter by its invoice."""
    with op.batch_alter_table("delivery") as batch:
        batch.add_column(sa.Column("document_kind", sa.String(length=30), nullable=True))
        batch.create_check_constraint(
            op.f("ck_delivery_document_kind_known"), _within("document_kind", KINDS)
        )
        batch.create_check_constraint(
            op.f("ck_delivery_attached_to_mail"), "document_kind IS NULL OR mailbox IS NOT NULL"
        )
    _allow((*STATES, "bounced"), f"state = 'bounced' OR {SENT}")
    op.create_index(
        "ix_delivery_mailbox_waiting",
        "delivery",
        ["district_id", "mailbox"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    op.create_index(
        op.f("ix_outbox_event_district_id_subject_id"), "outbox_event", ["district_id", "subject_id"]
    )
    op.create_table(
        "bouncing_mailbox",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("mailbox", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["district_id"], ["district.id"], name=op.f("fk_bouncing_mailbox_district_id")
        ),
        sa.PrimaryKeyConstraint("district_id", "mailbox", name=op.f("pk_bouncing_mailbox")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE bouncing_mailbox ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE bouncing_mailbox FORCE ROW LEVEL SECURITY")
        op.execute(
            "CREATE POLICY district_fence ON bouncing_mailbox USING"
            " ((SELECT NULLIF(current_setting('auyl.district_id', true), '')::integer) IN (0, district_id))"
        )


def downgrade() -> None:
    """Take all that away; letters that came back count as given up."""
    op.drop_table("bouncing_mailbox")
    op.drop_index(op.f("ix_outbox_event_district_id_subject_id"), "outbox_event")
    op.drop_index("ix_delivery_mailbox_waiting", "delivery")
    op.execute("UPDATE delivery SET state = 'given_up', sent_at = NULL WHERE state = 'bounced'")
    _allow(STATES, SENT)
    with op.batch_alter_table("delivery") as batch:
        batch.drop_constraint(op.f("ck_delivery_attached_to_mail"), type_="check")
        batch.drop_constraint(op.f("ck_delivery_document_kind_known"), type_="check")
        batch.drop_column("document_kind")


def _allow(states: tuple[str, ...], sent: str) -> None:
    with op.batch_alter_table("delivery") as batch:
        batch.drop_constraint(op.f("ck_delivery_state_known"), type_="check")
        batch.create_check_constraint(op.f("ck_delivery_state_known"), _within("state", states))
        batch.drop_constraint(op.f("ck_delivery_sent_has_time"), type_="check")
        batch.create_check_constraint(op.f("ck_delivery_sent_has_time"), sent)


def _within(column: str, values: tuple[str, ...]) -> str:
    return "{} IN ({})".format(column, ", ".join(f"'{value}'" for value in values))
