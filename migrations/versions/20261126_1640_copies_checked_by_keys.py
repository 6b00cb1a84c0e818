"""Let the database refuse a copied column that says something else than the row it was copied from.

A receivable repeats its invoice's customer, day and enterprise, an advance its payment's, an allocation its
line's invoice, a revenue line its allocation's payment and line, a statement's row its statement's account.
Each had a key of its own, so that every copy named something, but not necessarily what the other row names;
and each key is looked up for every row. One key over the copies does both: fewer looks, and no other row.
"""

from typing import NamedTuple

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


class Change(NamedTuple):
    """What becomes of a table's keys.

    Attributes:
        unique: the columns that others point to now, after the district.
        index: the index in whose place the unique key stands: it begins with the same columns.
        target: the table whose row the copies repeat.
        columns: the copies, after the district; the last names the row.
        targets: what each copy repeats.
        single: the keys that stood there: column, table, and its column.
    """

    table: str
    unique: tuple[str, ...] = ()
    index: tuple[str, ...] = ()
    target: str = ""
    columns: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    single: tuple[tuple[str, str, str], ...] = ()


# Whoever is pointed to comes first.
CHANGES = (
    Change(
        "payment",
        unique=("customer_id", "received_on", "enterprise_id", "id"),
        index=("customer_id", "received_on"),
    ),
    Change(
        "invoice",
        unique=("customer_id", "issued_on", "enterprise_id", "id"),
        index=("customer_id", "issued_on"),
    ),
    Change("bank_statement", unique=("bank_account_id", "id")),
    Change(
        "receivable",
        unique=("invoice_id", "invoice_line_id"),
        index=("invoice_id",),
        target="invoice",
        columns=("customer_id", "issued_on", "enterprise_id", "invoice_id"),
        targets=("customer_id", "issued_on", "enterprise_id", "id"),
        single=(
            ("customer_id", "customer", "id"),
            ("enterprise_id", "enterprise", "id"),
            ("invoice_id", "invoice", "id"),
        ),
    ),
    Change(
        "advance",
        target="payment",
        columns=("customer_id", "received_on", "enterprise_id", "payment_id"),
        targets=("customer_id", "received_on", "enterprise_id", "id"),
        single=(
            ("customer_id", "customer", "id"),
            ("enterprise_id", "enterprise", "id"),
            ("payment_id", "payment", "id"),
        ),
    ),
    Change(
        "allocation",
        unique=("payment_id", "invoice_line_id", "id"),
        index=("payment_id",),
        target="receivable",
        columns=("invoice_id", "invoice_line_id"),
        targets=("invoice_id", "invoice_line_id"),
        single=(
            ("invoice_id", "invoice", "id"),
            ("invoice_line_id", "receivable", "invoice_line_id"),
        ),
    ),
    Change(
        "revenue_line",
        target="allocation",
        columns=("payment_id", "invoice_line_id", "allocation_id"),
        targets=("payment_id", "invoice_line_id", "id"),
        single=(
            ("payment_id", "payment", "id"),
            ("invoice_line_id", "invoice_line", "id"),
            ("allocation_id", "allocation", "id"),
        ),
    ),
    Change(
        "statement_row",
        target="bank_statement",
        columns=("bank_account_id", "statement_id"),
        targets=("bank_account_id", "id"),
        single=(
            ("bank_account_id", "bank_account", "id"),
            ("statement_id", "bank_statement", "id"),
        ),
    ),
)


def upgrade() -> None:
    """Put one key in the place of several; a copy that disagrees stops it, and the key says which."""
    for change in CHANGES:
        kept = _triggers(change.table)
        with op.batch_alter_table(change.table) as batch:
            if change.unique:
                batch.create_unique_constraint(
                    _name("uq", change.table, *change.unique), ["district_id", *change.unique]
                )
            if change.index:
                batch.drop_index(_name("ix", change.table, *change.index))
            for column, _, _ in change.single:
                batch.drop_constraint(_name("fk", change.table, column), type_="foreignkey")
            if change.target:
                batch.create_foreign_key(
                    _name("fk", change.table, *change.columns),
                    change.target,
                    ["district_id", *change.columns],
                    ["district_id", *change.targets],
                )
        _restore(kept)


def downgrade() -> None:
    """Put the single keys back."""
    for change in reversed(CHANGES):
        kept = _triggers(change.table)
        with op.batch_alter_table(change.table) as batch:
            if change.target:
                batch.drop_constraint(_name("fk", change.table, *change.columns), type_="foreignkey")
            for column, target, target_column in change.single:
                batch.create_foreign_key(
                    _name("fk", change.table, column),
                    target,
                    ["district_id", column],
                    ["district_id", target_column],
                )
            if change.index:
                batch.create_index(
                    _name("ix", change.table, *change.index), ["district_id", *change.index], unique=False
                )
            if change.unique:
                batch.drop_constraint(_name("uq", change.table, *change.unique), type_="unique")
        _restore(kept)


def _name(kind: str, table: str, *columns: str) -> str:
    return op.f("_".join((kind, table, "district_id", *columns)))


def _triggers(table: str) -> list[str]:
    # SQLite copies the table to change its keys, and the table's triggers do not come along.
    if op.get_bind().dialect.name == "postgresql":
        return []
    of_table = sa.text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :name")
    return list(op.get_bind().scalars(of_table, {"name": table}))


def _restore(triggers: list[str]) -> None:
    for trigger in triggers:
        op.execute(trigger)
