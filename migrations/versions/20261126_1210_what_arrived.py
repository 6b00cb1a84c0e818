"""Let a share of net income arrive on the budget's account, and a payment that came straight to it."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLE = "revenue_arrival"
TARGETS = (
    ("allocation_id", "allocation"),
    ("revenue_line_id", "revenue_line"),
    ("payment_id", "payment"),
)
ONE_OF_THEM = " + ".join(f"(CASE WHEN {column} IS NULL THEN 0 ELSE 1 END)" for column, _ in TARGETS) + " = 1"


def upgrade() -> None:
    """Make the table anew: nothing wrote to it yet."""
    _replace(TARGETS, required=False)


def downgrade() -> None:
    """Make the table as it was, unless it holds something."""
    _replace(TARGETS[:1], required=True)


def _replace(targets: tuple[tuple[str, str], ...], *, required: bool) -> None:
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM revenue_arrival")):
        raise RuntimeError("revenue has arrived; the record of it would be lost")
    op.drop_table(TABLE)
    checks = [sa.CheckConstraint("amount <> 0", name=op.f("ck_revenue_arrival_amount_not_zero"))]
    if not required:
        checks.append(sa.CheckConstraint(ONE_OF_THEM, name=op.f("ck_revenue_arrival_of_one_thing")))
    op.create_table(
        TABLE,
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("match_id", sa.Uuid(), nullable=False),
        *(sa.Column(column, sa.Uuid(), nullable=not required) for column, _ in targets),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("arrived_on", sa.Date(), nullable=False),
        *checks,
        *(
            sa.ForeignKeyConstraint(
                ["district_id", column],
                [f"{table}.district_id", f"{table}.id"],
                name=op.f(f"fk_revenue_arrival_district_id_{column}"),
            )
            for column, table in (("match_id", "statement_match"), *targets)
        ),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_revenue_arrival")),
    )
    for column in (*(column for column, _ in targets), "match_id"):
        op.create_index(op.f(f"ix_revenue_arrival_district_id_{column}"), TABLE, ["district_id", column])
    if op.get_bind().dialect.name == "postgresql":
        _wall_on_postgresql()
    else:
        for event in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {TABLE}_no_{event} BEFORE {event.upper()} ON {TABLE}"
                f" BEGIN SELECT RAISE(ABORT, 'append_only: {TABLE} is never changed'); END"
            )


def _wall_on_postgresql() -> None:
    op.execute(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {TABLE}"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON {TABLE}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(f'ALTER TABLE "{TABLE}" ENABLE ROW LEVEL SECURITY')
    op.execute(f'ALTER TABLE "{TABLE}" FORCE ROW LEVEL SECURITY')
    op.execute(
        f'CREATE POLICY district_fence ON "{TABLE}" USING'
        " ((SELECT NULLIF(current_setting('auyl.district_id', true), '')::integer) IN (0, district_id))"
    )
