"""Decisions, rules, settings and waiting rows over HTTP: form, roles, statuses."""

from io import BytesIO

import openpyxl
import pytest
from sqlalchemy import func, select

from billing.access.models import Role
from billing.access.service import find_user
from billing.districts.models import BankAccount
from billing.kernel.ids import new_id
from billing.payments.models import Payment
from billing.reconciliation.matches import open_exceptions
from billing.reconciliation.models import ExceptionKind
from tests.support.bank_rows import take_in_rows
from tests.support.billing import open_desk
from tests.support.districts import DISTRICT_ID, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO, make_district
from tests.support.identifiers import synthetic_iban, synthetic_iin
from tests.support.resident_rows import APRIL_12, came
from tests.support.workforce import make_worker

API = "/api/v1"
EXCEPTIONS = f"{API}/statement-exceptions"
RULES = f"{API}/matching-rules"
IBAN = synthetic_iban(800)


@pytest.fixture
def desk(office):
    """A resident who owes March, committed."""
    with office.sessions.begin(DISTRICT_ID) as session:
        desk = open_desk(session)
        desk.issue()
        return desk


def row_in(office, tenge="1160.00", **named):
    """An incoming row that waits since 12 April; its id."""
    with office.sessions.begin(DISTRICT_ID) as session:
        account = session.scalars(select(BankAccount)).one()
        [taken] = take_in_rows(session, account, came(tenge, **named))
        open_exceptions(session, {taken.id: ExceptionKind.UNKNOWN_PAYER}, opened_on=APRIL_12)
        return str(taken.id)


def payments_in(office):
    """How many payments are recorded."""
    with office.sessions.begin(DISTRICT_ID) as session:
        return session.scalar(select(func.count()).select_from(Payment))


def to_payments(desk, *row_ids, amount="1160.00", **given):
    """A decision that rows were the customer's money."""
    parts = [{"customer_id": str(desk.customer.id), "amount": amount}]
    return {"row_ids": list(row_ids), "parts": parts, "why": "по телефону"} | given


def test_a_row_is_weighed_decided_and_undone(office, desk):
    """From candidates with reasons in words, over a decision that makes a rule, to its undoing."""
    row_id = row_in(office, counterparty_iin_bin=synthetic_iin(1), counterparty_iban=IBAN)

    weighed = office.get(f"{API}/statement-rows/{row_id}/candidates").json
    [candidate] = weighed["candidates"]
    assert (candidate["customer_id"], candidate["score"], candidate["is_contradicted"]) == (
        str(desk.customer.id),
        90,
        False,
    )
    assert [reason["code"] for reason in candidate["reasons"]] == ["payer", "invoice_amount", "day"]
    assert candidate["sentences"] == [
        "he is the payer: IIN/BIN 9912******05",
        "1,160.00\N{NO-BREAK SPACE}KZT is what is open on invoice № 000001",
        "the day fits: 12 Apr 2026",
    ]

    answer = office.post(
        f"{API}/statement-decisions/payments", json=to_payments(desk, row_id, lesson={"iban": True})
    )
    assert answer.status_code == 201, answer.json
    match = answer.json
    assert (match["kind"], match["score"], match["why"], match["row_ids"]) == (
        "payment",
        90,
        "по телефону",
        [row_id],
    )
    assert payments_in(office) == 1
    assert office.get(EXCEPTIONS).json["items"] == []
    [rule] = office.get(RULES).json["items"]
    assert (rule["iban"], rule["customer_id"], rule["is_active"]) == (IBAN, str(desk.customer.id), True)
    assert office.get(f"{API}/statement-rows/{row_id}/candidates").status_code == 422

    undone = office.post(
        f"{API}/statement-matches/{match['id']}/undo", json={"undone_on": "2026-04-15", "reason": "қате"}
    )
    assert undone.status_code == 201
    shown = office.get(f"{API}/statement-matches/{match['id']}").json
    assert (shown["undone_on"], shown["undo_reason"], shown["row_ids"]) == ("2026-04-15", "қате", [row_id])
    again = office.post(
        f"{API}/statement-matches/{match['id']}/undo", json={"undone_on": "2026-04-15", "reason": "қате"}
    )
    assert (again.status_code, again.json["code"]) == (422, "match_undone")
    assert [item["row_id"] for item in office.get(EXCEPTIONS).json["items"]] == [row_id]


def test_decisions_are_listed_with_who_when_and_why(office, desk):
    """The last first, undone ones too; filtered by kind, by whose word it was, by whether it was undone."""
    to_payment, elsewhere = row_in(office), row_in(office, "10")
    paid = office.post(f"{API}/statement-decisions/payments", json=to_payments(desk, to_payment)).json
    entry = {"row_ids": [elsewhere], "account": "7210", "why": "возврат"}
    posted = office.post(f"{API}/statement-decisions/entries", json=entry).json
    undo = {"undone_on": "2026-04-15", "reason": "қате"}
    assert office.post(f"{API}/statement-matches/{paid['id']}/undo", json=undo).status_code == 201

    def listed(query=""):
        return office.get(f"{API}/statement-matches{query}").json["items"]

    assert [(each["id"], each["why"], each["undo_reason"]) for each in listed()] == [
        (posted["id"], "возврат", None),
        (paid["id"], paid["why"], "қате"),
    ]
    assert {each["decided_by"] for each in listed()} == {paid["decided_by"]} != {None}
    assert [each["id"] for each in listed("?kind=entry&by_person=true&undone=false")] == [posted["id"]]
    assert [each["id"] for each in listed("?undone=true")] == [paid["id"]]
    assert listed("?by_person=false") == []
    assert len(listed(f"?limit=1&decided_by={paid['decided_by']}")) == 1


def test_the_same_key_decides_once(office, desk):
    """A repeated request gets the first answer; nothing is recorded twice."""
    row_id = row_in(office)
    send = lambda: office.post(  # noqa: E731
        f"{API}/statement-decisions/payments",
        json=to_payments(desk, row_id),
        headers={"Idempotency-Key": "decision-1"},
    )
    first, second = send(), send()
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json == second.json
    assert payments_in(office) == 1


def test_entries_and_confirmations(office, desk):
    """A row posted to an account, and a row found in the books."""
    row_id = row_in(office, "10")
    entry = office.post(
        f"{API}/statement-decisions/entries",
        json={
            "row_ids": [row_id],
            "account": "7210",
            "why": "возврат",
            "lesson": {"purpose_part": "возврат"},
        },
    )
    assert (entry.status_code, entry.json["kind"]) == (201, "entry")
    with office.sessions.begin(DISTRICT_ID) as session:
        worker_id = str(make_worker(session).id)
    pay = {"row_ids": [row_in(office, "10")], "account": "3350", "why": "қайтарды"}
    unnamed = office.post(f"{API}/statement-decisions/entries", json=pay)
    assert (unnamed.status_code, unnamed.json["code"]) == (422, "party_needed")
    named = pay | {"parties": [{"party_id": worker_id, "amount": "10.00"}]}
    assert office.post(f"{API}/statement-decisions/entries", json=named).status_code == 201
    with office.sessions.begin(DISTRICT_ID) as session:
        desk.at(session).pay("77", received_on=APRIL_12)
    row_id = row_in(office, "77", purpose="возврат чего-то")
    weighed = office.get(f"{API}/statement-rows/{row_id}/candidates").json
    [posting] = weighed["postings"]
    assert [rule["account"] for rule in weighed["entry_rules"]] == ["7210"]
    confirmation = office.post(
        f"{API}/statement-decisions/confirmations",
        json={"row_ids": [row_id], "transfer_ids": [posting["id"]], "why": "тот самый"},
    )
    assert (confirmation.status_code, confirmation.json["kind"]) == (201, "confirmation")
    assert payments_in(office) == 1


@pytest.mark.parametrize(
    ("path", "wrong", "code"),
    [
        ("payments", {"parts": []}, "invalid_fields"),
        ("payments", {"why": ""}, "invalid_fields"),
        ("payments", {"row_ids": []}, "invalid_fields"),
        ("payments", {"parts": [{"customer_id": str(new_id()), "amount": "1160.00"}]}, "not_found"),
        ("payments", {"row_ids": [str(new_id())]}, "not_found"),
        ("payments", {"lesson": {}}, "rule_too_wide"),
        ("payments", {"lesson": {"iban": True}}, "rule_too_wide"),
    ],
)
def test_wrong_decisions_are_refused_and_leave_the_row_open(office, desk, path, wrong, code):
    """The refusal has its code; nothing is recorded."""
    row_id = row_in(office)
    answer = office.post(f"{API}/statement-decisions/{path}", json=to_payments(desk, row_id) | wrong)
    assert answer.json["code"] == code
    assert payments_in(office) == 0
    assert len(office.get(EXCEPTIONS).json["items"]) == 1


def test_the_sums_of_a_refused_split_are_told(office, desk):
    """The facts say both sums."""
    answer = office.post(
        f"{API}/statement-decisions/payments", json=to_payments(desk, row_in(office), amount="1159.99")
    )
    assert (answer.status_code, answer.json["code"]) == (422, "sums_differ")
    assert "1,160.00" in answer.json["detail"]
    assert "1,159.99" in answer.json["detail"]


def test_waiting_rows_are_listed_filtered_paged_and_exported(office, desk):
    """By reason, owner, age and sum, in pages; the same as a spreadsheet with masked numbers."""
    first = row_in(
        office,
        "10",
        counterparty_iin_bin=synthetic_iin(600),
        counterparty_name="Асан",
        purpose=f"ЖСН {synthetic_iin(600)}",
    )
    second = row_in(office, "20")
    marked = office.post(f"{API}/statement-rows/{second}/wrong-account", json={"note": "для школы"})
    assert (marked.status_code, marked.json["kind"]) == (200, "wrong_account")

    def ids(query):
        return [item["row_id"] for item in office.get(f"{EXCEPTIONS}?{query}").json["items"]]

    assert ids("kind=wrong_account") == [second]
    assert ids("kind=ambiguous") == []
    assert ids("sort=-amount") == [second, first]
    assert ids("sort=amount") == [first, second]
    assert set(ids("age_days_min=225")) == {first, second}
    assert ids("age_days_min=226") == []
    assert ids("direction=out") == []
    page = office.get(f"{EXCEPTIONS}?limit=1&sort=-amount").json
    assert ids(f"limit=1&sort=-amount&cursor={page['next_cursor']}") == [first]
    [item] = office.get(f"{EXCEPTIONS}?kind=unknown_payer").json["items"]
    assert synthetic_iin(600) not in str(item)
    assert (item["age_days"], item["counterparty_iin_bin"]) == (
        225,
        "9912******00"[:4] + "******" + synthetic_iin(600)[-2:],
    )

    sheet = office.get(f"{EXCEPTIONS}.xlsx?enterprise_id={desk.enterprise.id}")
    rows = list(openpyxl.load_workbook(BytesIO(sheet.data)).active.values)
    cells = [cell for line in rows for cell in line]
    assert {"unknown payer", "Асан", "для школы"} <= set(cells)
    assert synthetic_iin(600) not in str(cells)


def test_a_row_gets_an_owner_and_two_edits_never_both_win(office, desk):
    """Who looks after a row is somebody of the district; a stale edit is refused."""
    row_id = row_in(office)
    own = f"{EXCEPTIONS}/{row_id}"
    shown = office.get(own)
    with office.sessions.begin(DISTRICT_ID) as session:
        member = find_user(session, "office")
        user_id = str(member.id)
    body = {"owner_id": user_id, "note": "позвоню"}
    tag = {"If-Match": shown.headers["ETag"]}
    edited = office.patch(own, json=body, headers=tag)
    assert (edited.status_code, edited.json["owner_name"], edited.json["note"]) == (200, "Айгүл", "позвоню")
    assert office.patch(own, json=body, headers=tag).status_code == 412
    assert office.patch(own, json=body).status_code == 428
    stranger = office.patch(
        own, json=body | {"owner_id": str(new_id())}, headers={"If-Match": edited.headers["ETag"]}
    )
    assert stranger.status_code == 422
    assert [item["row_id"] for item in office.get(f"{EXCEPTIONS}?owner_id={user_id}").json["items"]] == [
        row_id
    ]
    assert office.get(f"{EXCEPTIONS}?without_owner=true").json["items"] == []


def test_rules_are_added_listed_and_ended(office, desk):
    """A rule by hand; the same again is refused, an ended one proposes no more and may be made anew."""
    body = {
        "enterprise_id": str(desk.enterprise.id),
        "direction": "in",
        "iban": IBAN,
        "customer_id": str(desk.customer.id),
        "why": "платит сын",
    }
    made = office.post(RULES, json=body)
    assert (made.status_code, made.json["kind"]) == (201, "payment")
    assert office.post(RULES, json=body).json["code"] == "already_exists"
    own = f"{RULES}/{made.json['id']}"
    ended = office.delete(own, headers={"If-Match": made.headers["ETag"]})
    assert (ended.status_code, ended.json["is_active"]) == (200, False)
    assert office.delete(own, headers={"If-Match": made.headers["ETag"]}).status_code == 412
    assert office.get(f"{RULES}?active=true").json["items"] == []
    assert office.post(RULES, json=body).status_code == 201
    assert office.post(RULES, json=body | {"account": "7210"}).status_code == 422
    assert office.post(RULES, json=body | {"direction": "out"}).status_code == 422
    assert len(office.get(f"{RULES}?customer_id={desk.customer.id}&active=true").json["items"]) == 1


def test_settings_are_read_and_changed_at_the_version_last_seen(office, desk):
    """What the program comes with; then the accountant's own; two changes of one version never both win."""
    own = f"{API}/enterprises/{desk.enterprise.id}/matching-settings"
    shown = office.get(own)
    assert (shown.json["threshold"], shown.json["days_around"]) == (80, 5)
    tag = {"If-Match": shown.headers["ETag"]}
    changed = office.put(own, json={"threshold": 95, "days_around": 3}, headers=tag)
    assert (changed.status_code, changed.json["threshold"]) == (200, 95)
    assert office.put(own, json={"threshold": 70, "days_around": 3}, headers=tag).status_code == 412
    for wrong in ({"threshold": 60, "days_around": 3}, {"threshold": 80, "days_around": 61}):
        answer = office.put(own, json=wrong, headers={"If-Match": changed.headers["ETag"]})
        assert answer.status_code == 422
    assert office.get(own).json["threshold"] == 95
    unknown = f"{API}/enterprises/{new_id()}/matching-settings"
    assert office.get(unknown).status_code == 404


@pytest.mark.parametrize("role", list(Role))
def test_who_may_do_what(office, desk, role):
    """Accountant and auditor read; the accountant decides."""
    row_id = row_in(office, counterparty_iban=IBAN)
    member = office.member(role)
    reading = 200 if role in {Role.ACCOUNTANT, Role.AUDITOR} else 403
    writing = role is Role.ACCOUNTANT
    settings = f"{API}/enterprises/{desk.enterprise.id}/matching-settings"
    paths = (
        f"{API}/statement-rows/{row_id}/candidates",
        EXCEPTIONS,
        f"{EXCEPTIONS}.xlsx",
        f"{EXCEPTIONS}/{row_id}",
        RULES,
        settings,
    )
    assert [member.get(path).status_code for path in paths] == [reading] * len(paths)
    tag = {"If-Match": '"1"'}
    seen = {"If-Match": office.get(f"{EXCEPTIONS}/{row_id}").headers["ETag"]}
    care = member.patch(f"{EXCEPTIONS}/{row_id}", json={"owner_id": None, "note": "x"}, headers=seen)
    assert care.status_code == (200 if writing else 403)
    changed = member.put(settings, json={"threshold": 81, "days_around": 5}, headers=tag)
    assert changed.status_code == (200 if writing else 403)
    rule = {"enterprise_id": str(desk.enterprise.id), "direction": "in", "iban": IBAN, "why": "x"}
    made = member.post(RULES, json=rule | {"account": "7210"})
    assert made.status_code == (201 if writing else 403)
    marked = member.post(f"{API}/statement-rows/{row_id}/wrong-account", json={"note": "x"})
    assert marked.status_code == (200 if writing else 403)
    decided = member.post(f"{API}/statement-decisions/payments", json=to_payments(desk, row_id))
    assert decided.status_code == (201 if writing else 403)
    assert payments_in(office) == writing
    assert office.stranger.get(EXCEPTIONS).status_code == 401


def test_another_district_s_rows_are_not_there(office, desk):
    """A row of this district is unknown in another one, to read and to decide."""
    row_id = row_in(office)
    with office.sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    other = office.member(*Role, login="other", district_id=OTHER_DISTRICT_ID)
    assert other.get(f"{API}/statement-rows/{row_id}/candidates").status_code == 404
    assert other.get(f"{EXCEPTIONS}/{row_id}").status_code == 404
    answer = other.post(f"{API}/statement-decisions/payments", json=to_payments(desk, row_id))
    assert answer.status_code == 404
    assert other.get(EXCEPTIONS).json["items"] == []
    assert payments_in(office) == 0
