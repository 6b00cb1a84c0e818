"""Statements over HTTP: sent, refused with every line, listed, proved; large ones after the answer."""

from datetime import timedelta
from io import BytesIO
from uuid import UUID

import openpyxl
import pytest
from sqlalchemy import func, select

from billing.access.models import Role
from billing.kernel.clock import now
from billing.reconciliation import uploads
from billing.reconciliation.models import BankStatement, StatementRow, StatementUpload
from billing.worker.uploads import take_up_the_silent, work_off, work_off_what_waits
from tests.support.bank_files import HALYK, document, one_c, section
from tests.support.billing import open_desk
from tests.support.districts import DISTRICT_ID
from tests.support.statements import counted_statements

UPLOADS = "/api/v1/statement-uploads"


@pytest.fixture
def accountant(office):
    """An accountant of a district whose enterprise has the account of the made-up files."""
    with office.sessions.begin(DISTRICT_ID) as session:
        open_desk(session)
    return office.member(Role.ACCOUNTANT)


def send(office, content, name="выписка.txt", **query):
    """Send a file."""
    content = content.encode() if isinstance(content, str) else content
    return office.post(
        UPLOADS,
        data={"file": (BytesIO(content), name)},
        query_string=query,
        content_type="multipart/form-data",
    )


def count(office, model):
    """How many are committed."""
    with office.sessions.begin(DISTRICT_ID, read_only=True) as session:
        return session.scalar(select(func.count()).select_from(model))


def large(rows=10):
    """A statement of some kilobytes: large where the limit is low."""
    sums = ["5.00"] * rows
    parts = [document("5.00", number=str(number), purpose="ұ" * 400) for number in range(rows)]
    return one_c(section(sums), *parts)


def test_a_small_file_is_taken_in_at_once(accountant):
    """The answer says what became of its rows; the statement and its rows can be read."""
    response = send(accountant, HALYK)

    assert response.status_code == 201
    body = response.json
    assert (body["state"], body["file_name"], body["rows_done"], body["is_known"]) == (
        "done",
        "выписка.txt",
        5,
        False,
    )
    assert {each["kind"]: each["count"] for each in body["waiting"]} == {
        "unknown_payer": 4,
        "unexpected_outgoing": 1,
    }
    statement = accountant.get(f"/api/v1/bank-statements/{body['statement_id']}").json
    assert (statement["format"], statement["closing"], statement["new_row_count"]) == (
        "1CClientBankExchange",
        "95000.00",
        5,
    )
    assert statement["problems"] == []
    rows = accountant.get("/api/v1/statement-rows?limit=2&sort=booked_on").json
    assert [(row["amount"], row["direction"], row["state"]) for row in rows["items"]] == [
        ("5000.00", "in", "waiting"),
        ("2500.00", "in", "waiting"),
    ]
    assert rows["next_cursor"] is not None
    assert rows["items"][0]["counterparty_iin_bin"] == "7501******07"


def test_the_same_file_again_adds_nothing(accountant):
    """Sent twice, the second answer says that it is known and names the same statement."""
    first, again = send(accountant, HALYK).json, send(accountant, HALYK).json
    assert (again["is_known"], again["statement_id"], again["rows_done"]) == (True, first["statement_id"], 0)
    assert count(accountant, StatementRow) == 5


def test_a_wrong_file_is_refused_with_its_lines(accountant):
    """Every problem with code, line and sentence in the reader's language; nothing is written."""
    wrong = HALYK.replace("КОНЕЧНЫЙОСТАТОК=95000.00", "КОНЕЧНЫЙОСТАТОК=95000.01")

    response = send(accountant, wrong)

    assert response.status_code == 422
    assert response.json["code"] == "statement_refused"
    [problem] = response.json["facts"]["problems"]
    assert (problem["code"], problem["line"]) == ("totals_do_not_add_up", 25)
    assert problem["detail"].startswith("The sums do not add up, closing balance")
    assert response.json["facts"]["overridable"] is True
    assert [count(accountant, table) for table in (BankStatement, StatementRow, StatementUpload)] == [0, 0, 0]

    assert send(accountant, wrong, override_reason="письмо банка").json["state"] == "done"


@pytest.mark.parametrize(
    "content", [b"", b"no statement", b"PK\x03\x04junk", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>"]
)
def test_anything_else_is_refused(accountant, content):
    """Whatever is sent, the answer is a refusal and nothing is written."""
    response = send(accountant, content)
    assert (response.status_code, response.json["code"]) == (422, "statement_refused")
    assert count(accountant, StatementUpload) == 0


def test_a_large_file_is_taken_in_after_the_answer(accountant, monkeypatch):
    """The answer comes at once; then the upload is done, with all of its rows."""
    monkeypatch.setattr(uploads, "AT_ONCE_BYTES_MAX", 1_000)
    threads = []
    start = accountant.app.extensions["take_up_upload"]
    monkeypatch.setitem(
        accountant.app.extensions, "take_up_upload", lambda *whose: threads.append(start(*whose))
    )

    sent = send(accountant, large())

    assert sent.status_code == 201
    assert (sent.json["state"], sent.json["rows_total"]) == ("waiting", None)
    [thread] = threads
    thread.join()
    done = accountant.get(f"{UPLOADS}/{sent.json['id']}").json
    assert (done["state"], done["rows_done"], done["rows_total"]) == ("done", 10, 10)
    assert count(accountant, StatementRow) == 10
    assert len(threads) == 1  # nobody starts again what is done


def waiting(accountant, monkeypatch, content):
    """An upload that was sent and that nobody works on."""
    monkeypatch.setattr(uploads, "AT_ONCE_BYTES_MAX", 10)
    monkeypatch.setitem(accountant.app.extensions, "take_up_upload", lambda *_: None)
    return UUID(send(accountant, content).json["id"])


def test_a_large_file_that_is_refused_says_why(accountant, monkeypatch):
    """Nothing of it is kept but the reasons, each with its line."""
    upload_id = waiting(accountant, monkeypatch, HALYK[:-400])

    work_off(accountant.sessions, DISTRICT_ID, upload_id)

    refused = accountant.get(f"{UPLOADS}/{upload_id}").json
    assert (refused["state"], refused["refusal"], refused["is_overridable"]) == (
        "refused",
        "statement_refused",
        False,
    )
    assert "cut_off" in {problem["code"] for problem in refused["problems"]}
    with accountant.sessions.begin(DISTRICT_ID, read_only=True) as session:
        assert session.scalars(select(StatementUpload.content)).all() == [None]
    assert count(accountant, BankStatement) == 0


def test_what_a_dead_process_left_is_taken_up(accountant, monkeypatch):
    """A server that starts finds the file that nobody finished; twice the same work is done once."""
    upload_id = waiting(accountant, monkeypatch, HALYK)

    work_off_what_waits(accountant.sessions).join()
    work_off(accountant.sessions, DISTRICT_ID, upload_id)

    done = accountant.get(f"{UPLOADS}/{upload_id}").json
    assert (done["state"], done["is_known"], done["rows_done"]) == ("done", False, 5)
    assert (count(accountant, BankStatement), count(accountant, StatementRow)) == (1, 5)


def test_workers_take_up_what_is_silent(accountant, monkeypatch):
    """Looking round, a worker leaves what another works on, and takes up what nobody does."""
    upload_id = waiting(accountant, monkeypatch, HALYK)
    with accountant.sessions.begin(DISTRICT_ID) as session:
        uploads.say_alive(session, upload_id, now=now(), done=0, total=None)
    take_up_the_silent(accountant.sessions)
    assert count(accountant, BankStatement) == 0

    with accountant.sessions.begin(DISTRICT_ID) as session:
        uploads.say_alive(session, upload_id, now=now() - timedelta(minutes=3), done=0, total=None)
    take_up_the_silent(accountant.sessions)
    assert count(accountant, BankStatement) == 1


def test_an_upload_nobody_is_heard_of_starts_again(accountant, monkeypatch):
    """Who asks for it has it taken up, unless somebody said a moment ago that he works on it."""
    upload_id = waiting(accountant, monkeypatch, HALYK)
    started = []
    monkeypatch.setitem(accountant.app.extensions, "take_up_upload", lambda *whose: started.append(whose[1:]))

    with accountant.sessions.begin(DISTRICT_ID) as session:
        uploads.say_alive(session, upload_id, now=now(), done=3, total=10)
    alive = accountant.get(f"{UPLOADS}/{upload_id}").json
    assert (alive["rows_done"], alive["rows_total"], started) == (3, 10, [])

    with accountant.sessions.begin(DISTRICT_ID) as session:
        uploads.say_alive(session, upload_id, now=now() - timedelta(minutes=3), done=3, total=10)
    accountant.get(f"{UPLOADS}/{upload_id}")
    assert started == [(DISTRICT_ID, upload_id)]


def test_a_spreadsheet_by_a_profile_of_ones_own(accountant):
    """A profile is kept, changed at its version, and reads what nobody could read before."""
    account_id = accountant.get("/api/v1/bank-statements").json["items"]
    assert account_id == []
    content = b"When;How much;Who\n2026-11-02;-5.00;Shop\n"
    with accountant.sessions.begin(DISTRICT_ID, read_only=True) as session:
        from billing.districts.models import BankAccount

        account = session.scalars(select(BankAccount.id)).one()
    assert send(accountant, content, bank_account_id=account).status_code == 422

    kept = accountant.post(
        "/api/v1/column-profiles",
        json={"name": "Village bank", "headings": {"date": ["When"], "credit": ["How much"]}},
    )
    assert kept.status_code == 201
    path = f"/api/v1/column-profiles/{kept.json['id']}"
    better = {
        "name": "Village bank",
        "headings": {"date": ["When"], "amount": ["How much"], "name": ["Who"]},
        "bank_account_id": str(account),
    }
    assert accountant.put(path, json=better, headers={"If-Match": '"2"'}).status_code == 412
    assert accountant.put(path, json=better, headers={"If-Match": kept.headers["ETag"]}).status_code == 200

    assert send(accountant, content, "table.csv").json["rows_done"] == 1


@pytest.mark.parametrize(
    ("headings", "code"),
    [
        ({"date": ["When"]}, "profile_incomplete"),
        ({"amount": ["Sum"]}, "profile_incomplete"),
        ({"date": ["X"], "amount": ["x."]}, "heading_twice"),
    ],
)
def test_a_profile_that_reads_nothing_is_refused(accountant, headings, code):
    """It needs a day and a sum, and no heading twice; nothing is kept."""
    response = accountant.post("/api/v1/column-profiles", json={"name": "Bank", "headings": headings})
    assert (response.status_code, response.json["code"]) == (422, code)
    assert accountant.get("/api/v1/column-profiles").json["items"] == []


def test_the_proof_and_the_transit_are_reports(accountant):
    """As JSON and as a spreadsheet: the balance of the bank, and money on its way to the budget."""
    send(accountant, HALYK)
    with accountant.sessions.begin(DISTRICT_ID, read_only=True) as session:
        from billing.districts.models import Enterprise

        enterprise_id = session.scalars(select(Enterprise.id)).one()

    proof = accountant.get(f"/api/v1/bank-proof?enterprise_id={enterprise_id}").json
    sheet = accountant.get(f"/api/v1/bank-proof.xlsx?enterprise_id={enterprise_id}")

    assert proof["rows"][-2]["values"]["amount"] == "95000.00"
    assert proof["rows"][-1]["values"]["amount"] == "0.00"
    past = accountant.get(f"/api/v1/bank-proof?enterprise_id={enterprise_id}&day=2026-11-01").json
    assert (past["title"], past["rows"][-2]["values"]["amount"]) == (
        "Reconciliation of account 1030 with the bank on 1 Nov 2026",
        "100000.00",
    )
    cells = list(openpyxl.load_workbook(BytesIO(sheet.data)).active.values)
    assert cells[-1][-1] == 0
    assert accountant.get("/api/v1/money-in-transit?grouping=day").json["totals"]["amount"] == "0.00"
    assert accountant.get("/api/v1/money-in-transit.xlsx").status_code == 200
    assert (
        len(list(openpyxl.load_workbook(BytesIO(accountant.get("/api/v1/statement-rows.xlsx").data)).active))
        == 8
    )


def test_rows_are_filtered(accountant):
    """By direction, state, reason, day and statement."""
    statement_id = send(accountant, HALYK).json["statement_id"]

    def amounts(query):
        return [row["amount"] for row in accountant.get(f"/api/v1/statement-rows?{query}").json["items"]]

    assert amounts("direction=out") == ["20000.00"]
    assert amounts("state=matched") == []
    assert amounts("kind=unexpected_outgoing&state=waiting") == ["20000.00"]
    assert amounts("booked_from=2026-11-02&booked_to=2026-11-02") == ["2500.00", "2500.00"]
    assert len(amounts(f"statement_id={statement_id}")) == 5
    assert amounts("sort=amount&limit=1") == ["2500.00"]


def test_a_row_is_shown_as_it_came(accountant):
    """The raw text of the bank, with the middle of every IIN hidden."""
    send(accountant, HALYK)
    row = accountant.get("/api/v1/statement-rows?sort=booked_on&limit=1").json["items"][0]

    raw = accountant.get(f"/api/v1/statement-rows/{row['id']}").json["raw"]

    assert "НазначениеПлатежа=Үлгі ауылы, қар тазалау ақысы, шот 000123" in raw
    assert "БИН_ИИН=7501******07" in raw


@pytest.mark.parametrize(
    ("roles", "status"),
    [((), 401), ((Role.CASHIER,), 403), ((Role.AUDITOR,), 403), ((Role.ACCOUNTANT,), 201)],
)
def test_only_accountants_send_statements(accountant, roles, status):
    """A stranger, another role and an auditor are refused; nothing of theirs is written."""
    caller = accountant.member(*roles) if roles else accountant.stranger
    assert send(caller, HALYK).status_code == status
    assert count(accountant, BankStatement) == (1 if status == 201 else 0)


def test_a_list_of_rows_costs_no_query_per_row(accountant, monkeypatch):
    """One query for the rows, however many there are."""
    send(accountant, one_c(section(["5.00"] * 30), *(document("5.00", number=str(n)) for n in range(30))))
    from billing.kernel.paging import PageRequest
    from billing.reconciliation.listing import RowFilter, list_rows

    with (
        accountant.sessions.begin(DISTRICT_ID, read_only=True) as session,
        counted_statements(session) as sent,
    ):
        assert len(list_rows(session, PageRequest(limit=30), RowFilter()).items) == 30
    assert len(sent) == 1
