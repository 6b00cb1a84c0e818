"""The accountant takes a statement in, sees what waits, and proves the balance; a wrong file says where."""

from io import BytesIO

import pytest
from sqlalchemy import func, select

from billing.access.models import Role
from billing.reconciliation import uploads
from billing.reconciliation.models import BankStatement, StatementUpload
from tests.support.bank_files import HALYK, OWN
from tests.support.billing import open_desk
from tests.support.districts import DISTRICT_ID
from tests.support.pages import text_of


@pytest.fixture
def accountant(desk):
    """An accountant whose enterprise has the account of the made-up files."""
    with desk.sessions.begin(DISTRICT_ID) as session:
        open_desk(session)
    return desk.seat(Role.ACCOUNTANT)


def send(reader, content, **typed):
    """Choose a file and send the form."""
    file = (BytesIO(content.encode()), "november.txt")
    return reader.send("/statements/new", file=file, **typed)


def test_a_statement_is_taken_in_and_its_rows_wait(accountant):
    """From the file to the rows that wait, the proof and the look again."""
    answer = send(accountant, HALYK)
    assert answer.status_code == 303
    page = text_of(accountant.read(answer.location))
    assert "The file was sent." in page
    assert "unknown payer: 4" in page

    desk = text_of(accountant.read("/statements/"))
    assert "november.txt" in desk
    assert "unexpected outgoing payment: 1" in desk

    rows = text_of(accountant.read("/statements/rows?state=waiting&kind=unexpected_outgoing"))
    assert "ИП Жөндеуші" in rows
    assert "7907******02" in rows
    assert "Әлімбаева" not in rows

    assert "95,000.00" in text_of(accountant.read("/reports/bank-proof")).replace("\N{NO-BREAK SPACE}", " ")
    past = text_of(accountant.read("/reports/bank-proof?day=02.11.2026"))
    assert "with the bank on 2 Nov 2026" in past and "777" not in past
    again = accountant.send("/statements/", "rematch")
    assert "looked at again" in text_of(accountant.read(again.location))


def test_a_wrong_file_says_where_and_keeps_what_was_typed(accountant, desk):
    """Each problem with its line; the account and the reason are still there, nothing was written."""
    wrong = HALYK.replace("КОНЕЧНЫЙОСТАТОК=95000.00", "КОНЕЧНЫЙОСТАТОК=95000.01").replace("=101\n", "=102\n")
    with desk.sessions.begin(DISTRICT_ID, read_only=True) as session:
        from billing.districts.models import BankAccount

        account_id = str(session.scalars(select(BankAccount.id)).one())

    answer = send(accountant, wrong, bank_account_id=account_id)

    assert answer.status_code == 422
    page = text_of(answer.text)
    assert "The statement is refused: 1 problem." in page
    assert "25 The sums do not add up, closing balance" in page
    assert f'<option value="{account_id}" selected>{OWN}</option>' in answer.text
    with desk.sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert session.scalar(select(func.count()).select_from(StatementUpload)) == 0

    taken = send(accountant, wrong, override_reason="письмо банка № 7")
    assert taken.status_code == 303
    with desk.sessions.begin(DISTRICT_ID, read_only=True) as session:
        statement = session.scalars(select(BankStatement)).one()
    page = text_of(accountant.read(f"/statements/{statement.id}"))
    assert "письмо банка № 7" in page
    assert "The sums do not add up" in page


def test_no_file_is_said_at_the_field(accountant):
    """Who forgets to choose a file is told so."""
    answer = accountant.send("/statements/new")
    assert answer.status_code == 422
    assert "No file was chosen." in text_of(answer.text)


def test_a_large_file_can_be_left_alone(accountant, desk, monkeypatch):
    """The page says that it is being worked on, and how far it is when it is asked again."""
    monkeypatch.setattr(uploads, "AT_ONCE_BYTES_MAX", 1_000)
    threads = []
    start = desk.app.extensions["take_up_upload"]
    monkeypatch.setitem(desk.app.extensions, "take_up_upload", lambda *whose: threads.append(start(*whose)))

    answer = send(accountant, HALYK)
    for thread in threads:
        thread.join()

    page = text_of(accountant.read(answer.location))
    assert "taken in · 5 of 5 rows" in page
    assert len(threads) == 1
