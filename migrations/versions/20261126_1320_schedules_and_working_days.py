"""Hold when months are billed by themselves, and the days that are not what their weekday says."""

from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# Days off of 2026 beside weekends; those after a holiday on a weekend are the days it moves to. The
# government shifts days by decree: administrators enter that, and the years to come.
DAYS_OFF = (
    (date(2026, 1, 1), "Жаңа жыл"),
    (date(2026, 1, 2), "Жаңа жыл"),
    (date(2026, 1, 7), "Рождество"),
    (date(2026, 3, 9), "8 наурыздан ауысқан"),
    (date(2026, 3, 23), "Наурыз мейрамы"),
    (date(2026, 3, 24), "Наурыз мейрамынан ауысқан"),
    (date(2026, 3, 25), "Наурыз мейрамынан ауысқан"),
    (date(2026, 5, 1), "Қазақстан халқының бірлігі мерекесі"),
    (date(2026, 5, 7), "Отан қорғаушы күні"),
    (date(2026, 5, 11), "9 мамырдан ауысқан"),
    (date(2026, 5, 27), "Құрбан айт"),
    (date(2026, 7, 6), "Астана күні"),
    (date(2026, 8, 31), "30 тамыздан ауысқан"),
    (date(2026, 10, 26), "25 қазаннан ауысқан"),
    (date(2026, 12, 16), "Тәуелсіздік күні"),
)


def upgrade() -> None:
    """Make the tables, enter the days off of 2026, and fence the districts' schedules off."""
    calendar_day = op.create_table(
        "calendar_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("is_working", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_day")),
    )
    op.bulk_insert(
        calendar_day, [{"day": day, "is_working": False, "reason": reason} for day, reason in DAYS_OFF]
    )
    op.create_table(
        "billing_schedule",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("day_of_month", sa.SmallInteger(), nullable=False),
        sa.Column("hour", sa.SmallInteger(), nullable=False),
        sa.Column("bills_previous_month", sa.Boolean(), nullable=False),
        sa.Column("include_orders", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("last_month", sa.String(length=7), nullable=False),
        sa.CheckConstraint(
            "day_of_month BETWEEN 1 AND 28", name=op.f("ck_billing_schedule_day_in_every_month")
        ),
        sa.CheckConstraint("hour BETWEEN 0 AND 23", name=op.f("ck_billing_schedule_hour_of_day")),
        sa.ForeignKeyConstraint(
            ["district_id", "enterprise_id"],
            ["enterprise.district_id", "enterprise.id"],
            name=op.f("fk_billing_schedule_district_id_enterprise_id"),
        ),
        sa.PrimaryKeyConstraint("district_id", "enterprise_id", name=op.f("pk_billing_schedule")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE "billing_schedule" ENABLE ROW LEVEL SECURITY')
        op.execute('ALTER TABLE "billing_schedule" FORCE ROW LEVEL SECURITY')
        op.execute(
            'CREATE POLICY district_fence ON "billing_schedule" USING'
            " ((SELECT NULLIF(current_setting('auyl.district_id', true), '')::integer) IN (0, district_id))"
        )


def downgrade() -> None:
    """Drop the tables; runs are then started by people."""
    op.drop_table("billing_schedule")
    op.drop_table("calendar_day")
