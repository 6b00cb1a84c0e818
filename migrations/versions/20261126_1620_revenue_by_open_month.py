"""Let the open months' revenue be summed from an index, without the rows.

The index that began with the code held neither the sum nor the months of all codes together, so the
execution of the budget read every revenue line of the year, closed months too.
"""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

OLD = "ix_revenue_line_district_id_fiscal_year_code_month"
NEW = "ix_revenue_line_district_id_fiscal_year_month_code_amount"


def upgrade() -> None:
    """Put the new index in the old one's place."""
    op.create_index(op.f(NEW), "revenue_line", ["district_id", "fiscal_year", "month", "code", "amount"])
    op.drop_index(op.f(OLD), "revenue_line")


def downgrade() -> None:
    """Put the old one back."""
    op.create_index(op.f(OLD), "revenue_line", ["district_id", "fiscal_year", "code", "month"])
    op.drop_index(op.f(NEW), "revenue_line")
