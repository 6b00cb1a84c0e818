"""Look for closed months once per statement: it used to be once per transfer, and bulk work posts thousands.

PostgreSQL only. SQLite has no triggers on statements, and none of its own to save: it runs in our process.
"""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One look at all transfers of the statement."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DROP TRIGGER month_open ON transfer")
    op.execute(
        """
        CREATE OR REPLACE FUNCTION refuse_closed_month() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE closed date;
        BEGIN
            SELECT posted.posted_on INTO closed
            FROM book JOIN posted
                ON posted.district_id = book.district_id AND posted.book_id = book.id
                AND posted.posted_on <= book.closed_through
            LIMIT 1;
            IF FOUND THEN
                RAISE EXCEPTION 'month_closed: %', closed USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER month_open AFTER INSERT ON transfer REFERENCING NEW TABLE AS posted"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_closed_month()"
    )


def downgrade() -> None:
    """One look for each transfer."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DROP TRIGGER month_open ON transfer")
    op.execute(
        """
        CREATE OR REPLACE FUNCTION refuse_closed_month() RETURNS trigger LANGUAGE plpgsql AS $$
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
    op.execute(
        "CREATE TRIGGER month_open BEFORE INSERT ON transfer"
        " FOR EACH ROW EXECUTE FUNCTION refuse_closed_month()"
    )
