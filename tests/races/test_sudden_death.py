"""kill -9 in the middle of billing and collecting: what was not finished never happened."""

import subprocess
import sys
from pathlib import Path
from random import Random

from sqlalchemy import func, select

from billing.invoicing.models import Invoice
from billing.payments.models import Payment
from billing.verification.service import verify
from tests.support.billing import make_contract, make_invoice, open_desk
from tests.support.customers import make_customer
from tests.support.districts import DISTRICT_ID
from tests.support.till import next_month

ROOT = Path(__file__).parents[2]
LIVES = 8
STATEMENTS_MAX = 160  # some four deeds


def test_a_till_killed_at_any_statement_leaves_whole_deeds_only(sessions, database, documents):
    """Eight lives, each killed at another statement or commit: sums agree, no number is missing."""
    with sessions.begin(DISTRICT_ID) as session:
        desk = open_desk(session)
        make_contract(session, desk.enterprise, make_customer(session, 2), (desk.service, "3"))
    deaths = Random(473639000).sample(range(1, STATEMENTS_MAX), LIVES)

    subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.support.till",
            database.url,
            documents.directory,
            *map(str, deaths),
        ],
        cwd=ROOT,
        check=True,
        timeout=120,
    )

    with sessions.begin(DISTRICT_ID) as session:
        assert list(verify(session)) == []
        assert session.scalar(select(func.count()).select_from(Payment))
        numbers = session.execute(
            select(func.count(Invoice.id), func.max(Invoice.number)).group_by(Invoice.year)
        ).all()
        assert numbers and all(count == last for count, last in numbers)
        month = next_month(session, desk.contract)
        before = session.scalar(select(func.count()).select_from(Invoice).where(Invoice.year == month.year))
        assert make_invoice(session, desk.contract, month).number == before + 1
