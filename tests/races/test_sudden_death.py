"""kill -9 in the middle of billing and collecting: what was not finished never happened."""

import subprocess
import sys
from datetime import date
from pathlib import Path
from random import Random

from sqlalchemy import func, select

from billing.invoicing.models import Invoice
from billing.payments.models import Payment
from billing.reconciliation import uploads
from billing.reconciliation.models import BankStatement, MatchedRow, StatementRow, StatementUpload
from billing.verification.service import verify
from billing.worker.uploads import work_off_what_waits
from tests.support.bank_files import document, one_c, section
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


def test_a_large_statement_outlives_whoever_takes_it_in(sessions, database, documents, monkeypatch):
    """Six are killed, each at another statement, and leave nothing; the next server does it once."""
    monkeypatch.setattr(uploads, "AT_ONCE_BYTES_MAX", 100)
    with sessions.begin(DISTRICT_ID) as session:
        desk = open_desk(session)
        make_invoice(session, desk.contract)
        named = {"iin_bin": desk.customer.iin_bin, "purpose": f"л/с {desk.customer.account_number}"}
        rows = [document("1160.00", day="02.11.2026", **named)]
        rows += [document("5.00", day="03.11.2026", number=str(number)) for number in range(20)]
        content = one_c(section(["1160.00", *["5.00"] * 20]), *rows).encode()
        upload_id = uploads.receive(
            session, content, file_name="large.txt", received_on=date(2026, 11, 26)
        ).id

    subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.support.dying_upload",
            database.url,
            documents.directory,
            str(upload_id),
            *map(str, (4, 9, 15, 22, 30, 38)),
        ],
        cwd=ROOT,
        check=True,
        timeout=120,
    )
    tables = (BankStatement, StatementRow, MatchedRow, Payment)
    with sessions.begin(DISTRICT_ID) as session:
        assert [session.scalar(select(func.count()).select_from(table)) for table in tables] == [0, 0, 0, 0]

    work_off_what_waits(sessions).join()

    with sessions.begin(DISTRICT_ID) as session:
        assert session.scalars(select(StatementUpload.state)).all() == ["done"]
        assert [session.scalar(select(func.count()).select_from(table)) for table in tables] == [1, 21, 1, 1]
        assert list(verify(session)) == []
