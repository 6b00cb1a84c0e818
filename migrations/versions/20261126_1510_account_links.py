"""Record who revoked the links to a customer's account page, when and why."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

TABLE = "account_link_revocation"


def upgrade() -> None:
    """Make the table, the triggers that keep it as it is, and the fence between districts."""
    op.create_table(
        TABLE,
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("(CURRENT_TIMESTAMP)"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "serial BETWEEN 1 AND 65535", name=op.f("ck_account_link_revocation_serial_fits_token")
        ),
        sa.ForeignKeyConstraint(
            ["district_id", "customer_id"],
            ["customer.district_id", "customer.id"],
            name=op.f("fk_account_link_revocation_district_id_customer_id"),
        ),
        sa.PrimaryKeyConstraint(
            "district_id", "customer_id", "serial", name=op.f("pk_account_link_revocation")
        ),
    )
    if op.get_bind().dialect.name == "postgresql":
        _keep_and_fence_on_postgresql()
    else:
        for event in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {TABLE}_no_{event} BEFORE {event.upper()} ON {TABLE}"
                f" BEGIN SELECT RAISE(ABORT, 'append_only: {TABLE} is never changed'); END"
            )


def downgrade() -> None:
    """Drop the table, unless a link was revoked: without the row it would open the account again."""
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM account_link_revocation")):
        raise RuntimeError("links were revoked; without the record they would work again")
    op.drop_table(TABLE)


def _keep_and_fence_on_postgresql() -> None:
    op.execute(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {TABLE}"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON {TABLE}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY district_fence ON {TABLE} USING"
        " ((SELECT NULLIF(current_setting('auyl.district_id', true), '')::integer) IN (0, district_id))"
    )
