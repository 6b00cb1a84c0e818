"""Keep no index entries of columns that most rows leave empty.

Of a payment's dozen rows only a correction names the row it takes back, only cash has a number of a cash order,
and the budget's postings have no party; each of these rows stood in those indexes all the same.
"""

from typing import NamedTuple

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


class Change(NamedTuple):
    """An index that will hold only the rows which have something in its last column.

    Attributes:
        name: of the new index.
        columns: after the district.
        filled: the column that must have a value.
        is_unique: whether a UNIQUE constraint stands there now, and not a plain index.
    """

    table: str
    name: str
    columns: tuple[str, ...]
    filled: str
    is_unique: bool = True

    @property
    def before(self) -> str:
        """The name of what stands there now."""
        return "_".join(("uq" if self.is_unique else "ix", self.table, "district_id", *self.columns))


CHANGES = (
    Change("transfer", "uq_transfer_reverses_id", ("reverses_id",), "reverses_id"),
    Change("transfer", "ix_transfer_party_id_posted_on", ("party_id", "posted_on"), "party_id", False),
    Change("allocation", "uq_allocation_reverses_id", ("reverses_id",), "reverses_id"),
    Change(
        "payment",
        "uq_payment_cash_order",
        ("enterprise_id", "cash_order_year", "cash_order_number"),
        "cash_order_number",
    ),
)


def upgrade() -> None:
    """Put an index of the rows concerned in the place of one of all rows."""
    for change in CHANGES:
        if change.is_unique:
            _change_unique(change, is_there=False)
        else:
            op.drop_index(change.before, change.table)
        there = sa.text(f"{change.filled} IS NOT NULL")
        op.create_index(
            change.name,
            change.table,
            ["district_id", *change.columns],
            unique=change.is_unique,
            sqlite_where=there,
            postgresql_where=there,
        )


def downgrade() -> None:
    """Put the indexes of all rows back."""
    for change in reversed(CHANGES):
        op.drop_index(change.name, change.table)
        if change.is_unique:
            _change_unique(change, is_there=True)
        else:
            op.create_index(change.before, change.table, ["district_id", *change.columns])


def _change_unique(change: Change, *, is_there: bool) -> None:
    """Make the UNIQUE constraint that stood there before, or drop it."""
    kept = _triggers(change.table)
    with op.batch_alter_table(change.table) as batch:
        if is_there:
            batch.create_unique_constraint(op.f(change.before), ["district_id", *change.columns])
        else:
            batch.drop_constraint(op.f(change.before), type_="unique")
    for trigger in kept:
        op.execute(trigger)


def _triggers(table: str) -> list[str]:
    # SQLite copies the table to change its keys, and the table's triggers do not come along.
    if op.get_bind().dialect.name == "postgresql":
        return []
    of_table = sa.text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :name")
    return list(op.get_bind().scalars(of_table, {"name": table}))
