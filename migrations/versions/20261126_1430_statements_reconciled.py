"""Let the outbox tell that a statement is reconciled."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

NAME = "ck_outbox_event_kind_known"
BEFORE = ("invoice.issued", "payment.received", "payment.reversed")
AFTER = (*BEFORE, "statement.reconciled")


def upgrade() -> None:
    """Widen the CHECK."""
    _allow(AFTER)


def downgrade() -> None:
    """Narrow the CHECK; such events are forgotten, whether they were told or not: they moved no money."""
    event = sa.table("outbox_event", sa.column("district_id"), sa.column("id"), sa.column("kind"))
    delivery = sa.table("delivery", sa.column("district_id"), sa.column("event_id"))
    told = sa.exists().where(
        event.c.district_id == delivery.c.district_id,
        event.c.id == delivery.c.event_id,
        event.c.kind == AFTER[-1],
    )
    op.execute(sa.delete(delivery).where(told))
    op.execute(sa.delete(event).where(event.c.kind == AFTER[-1]))
    _allow(BEFORE)


def _allow(kinds: tuple[str, ...]) -> None:
    condition = "kind IN ({})".format(", ".join(f"'{kind}'" for kind in kinds))
    with op.batch_alter_table("outbox_event") as batch:
        batch.drop_constraint(op.f(NAME), type_="check")
        batch.create_check_constraint(op.f(NAME), condition)
