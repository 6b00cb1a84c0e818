"""Enter the country's VAT rates: 12 % until 2025-12-31, 16 % from 2026-01-01 (Tax Code № 214-VIII)."""

from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

RATES = (
    (date(2009, 1, 1), 1200, "Tax Code № 99-IV, then № 120-VI of 25.12.2017"),
    (date(2026, 1, 1), 1600, "Tax Code № 214-VIII of 18.07.2025"),
)


def upgrade() -> None:
    """Enter the rates."""
    vat_rate = sa.table(
        "vat_rate", sa.column("valid_from", sa.Date), sa.column("rate_bp"), sa.column("source")
    )
    op.bulk_insert(
        vat_rate,
        [{"valid_from": day, "rate_bp": rate, "source": source} for day, rate, source in RATES],
    )


def downgrade() -> None:
    """Take the rates out."""
    op.execute("DELETE FROM vat_rate WHERE valid_from IN ('2009-01-01', '2026-01-01')")
