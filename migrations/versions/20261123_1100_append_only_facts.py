"""Refuse to change or delete what is a fact, and to post into a closed month.

The services never do either; these triggers are the wall behind them, for a hand in the database.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "transfer",
    "revenue_line",
    "completion_act",
    "work_done",
    "order_transition",
    "invoice",
    "invoice_line",
    "credit_note",
    "credit_note_line",
    "payment",
    "allocation",
    "refund",
    "payment_reversal",
    "archived_document",
    "contractor_version",
    "contractor_price",
    "personal_data_access",
)


def upgrade() -> None:
    """Make the triggers."""
    if op.get_bind().dialect.name == "postgresql":
        _upgrade_postgresql()
    else:
        _upgrade_sqlite()


def downgrade() -> None:
    """Drop the triggers."""
    if op.get_bind().dialect.name == "postgresql":
        for table in APPEND_ONLY:
            op.execute(f"DROP TRIGGER append_only ON {table}")
            op.execute(f"DROP TRIGGER append_only_whole ON {table}")
        op.execute("DROP TRIGGER month_open ON transfer")
        op.execute("DROP FUNCTION refuse_change()")
        op.execute("DROP FUNCTION refuse_closed_month()")
        return
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER {table}_no_update")
        op.execute(f"DROP TRIGGER {table}_no_delete")
    op.execute("DROP TRIGGER transfer_month_open")


def _upgrade_postgresql() -> None:
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'append_only: % is never changed', TG_TABLE_NAME USING ERRCODE = 'check_violation';
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION refuse_closed_month() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (
                SELECT FROM book
                WHERE district_id = NEW.district_id AND id = NEW.book_id AND closed_through >= NEW.posted_on
            ) THEN
                RAISE EXCEPTION 'month_closed: %', NEW.posted_on USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE TRIGGER month_open BEFORE INSERT ON transfer FOR EACH ROW EXECUTE FUNCTION refuse_closed_month()"
    )


def _upgrade_sqlite() -> None:
    for table in APPEND_ONLY:
        for event in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{event} BEFORE {event.upper()} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, 'append_only: {table} is never changed'); END"
            )
    op.execute(
        """
        CREATE TRIGGER transfer_month_open BEFORE INSERT ON transfer
        WHEN EXISTS (
            SELECT 1 FROM book
            WHERE district_id = NEW.district_id AND id = NEW.book_id AND closed_through >= NEW.posted_on
        )
        BEGIN SELECT RAISE(ABORT, 'month_closed'); END
        """
    )
