"""Let transfers say that the bank's statement showed them first."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

NAME = "ck_transfer_source_kind_known"
BEFORE = (
    "invoice",
    "credit_note",
    "payment",
    "allocation",
    "refund",
    "work",
    "net_income_share",
    "arrival",
    "manual",
)
AFTER = (*BEFORE[:-1], "statement", BEFORE[-1])


def upgrade() -> None:
    """Widen the CHECK."""
    _allow(AFTER)


def downgrade() -> None:
    """Narrow the CHECK; a ledger that has such transfers would lose what they record."""
    held = sa.text("SELECT count(*) FROM transfer WHERE source_kind = 'statement'")
    if op.get_bind().scalar(held):
        raise RuntimeError("transfers shown by statements exist; their record would be lost")
    _allow(BEFORE)


def _allow(kinds: tuple[str, ...]) -> None:
    condition = "source_kind IN ({})".format(", ".join(f"'{kind}'" for kind in kinds))
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f(NAME), "transfer", type_="check")
        op.create_check_constraint(op.f(NAME), "transfer", condition)
        return
    # SQLite copies the table to change a CHECK, and the table's triggers do not come along.
    triggers = op.get_bind().scalars(
        sa.text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'transfer'")
    )
    kept = list(triggers)
    with op.batch_alter_table("transfer") as batch:
        batch.drop_constraint(op.f(NAME), type_="check")
        batch.create_check_constraint(op.f(NAME), condition)
    for trigger in kept:
        op.execute(trigger)
