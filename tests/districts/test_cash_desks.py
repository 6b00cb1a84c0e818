"""Cash desks and their hours: entered, checked, edited, given up, and shown as on a door."""

from dataclasses import replace
from datetime import time

import pytest
from sqlalchemy import func, select

from billing.access.models import Role
from billing.districts.cash_desks import (
    DaysAlike,
    edit_cash_desk,
    list_cash_desks,
    open_cash_desk,
    set_cash_desk_open,
    week_of,
)
from billing.districts.models import CashDesk, Opening, Weekday
from billing.districts.refusals import InvalidHours
from billing.kernel.checks import InvalidText
from billing.kernel.errors import NotFound, StaleVersion
from billing.kernel.ids import new_id
from tests.support.districts import (
    CASH_DESK,
    DISTRICT_ID,
    OTHER_DISTRICT_ID,
    OTHER_DISTRICT_KATO,
    make_cash_desk,
    make_district,
    make_enterprise,
)

MORNING, AFTERNOON = (time(9), time(13)), (time(14), time(18))
BODY = {
    "name_kk": "Касса",
    "name_ru": "Касса",
    "address_kk": "Боранқұл, 1",
    "address_ru": "Боранкул, 1",
    "hours": [
        {"weekday": "saturday", "opens_at": "10:00", "closes_at": "12:30"},
        {"weekday": "monday", "opens_at": "14:00", "closes_at": "18:00"},
        {"weekday": "monday", "opens_at": "09:00", "closes_at": "13:00"},
    ],
}


def desks(session):
    """How many cash desks are kept."""
    return session.scalar(select(func.count()).select_from(CashDesk))


def test_hours_are_kept_in_the_order_of_the_week(session):
    """However they were typed; a break is two times of one day, and one may begin as the other ends."""
    enterprise = make_enterprise(session)
    hours = [
        Opening(Weekday.SATURDAY, time(10), time(12, 30)),
        Opening(Weekday.MONDAY, *AFTERNOON),
        Opening(Weekday.MONDAY, time(13), time(14)),
        Opening(Weekday.MONDAY, *MORNING),
    ]

    desk = open_cash_desk(session, enterprise.id, replace(CASH_DESK, hours=hours))

    session.expire(desk)
    assert desk.openings == [hours[3], hours[2], hours[1], hours[0]]


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "hours",
    [
        [(Weekday.SUNDAY, time(13), time(9))],
        [(Weekday.SUNDAY, time(9), time(9))],
        [(Weekday.SUNDAY, time(14), time(18)), (Weekday.SUNDAY, time(9), time(14, 1))],
    ],
    ids=["backwards", "nothing", "overlapping"],
)
def test_impossible_hours_are_refused(session, hours):
    """The day is named; neither a new cash desk nor an edited one has them."""
    enterprise = make_enterprise(session)
    desk = make_cash_desk(session, enterprise.id)
    known = desk.openings
    wrong = replace(CASH_DESK, hours=[Opening(*each) for each in hours])

    with pytest.raises(InvalidHours) as refusal:
        open_cash_desk(session, enterprise.id, wrong)
    with pytest.raises(InvalidHours):
        edit_cash_desk(session, desk.id, wrong, version=None)

    assert refusal.value.facts == {"field": "hours", "weekday": Weekday.SUNDAY}
    assert desks(session) == 1 and desk.openings == known and desk.version == 1


def test_a_cash_desk_is_edited_and_given_up(session):
    """Who did not see the last edit is refused; only those in use are listed for residents."""
    enterprise = make_enterprise(session)
    desk = make_cash_desk(session, enterprise.id)

    edit_cash_desk(session, desk.id, replace(CASH_DESK, name_ru="Касса № 2"), version=1)
    with pytest.raises(StaleVersion):
        edit_cash_desk(session, desk.id, CASH_DESK, version=1)
    assert (desk.name_ru, desk.version) == ("Касса № 2", 2)

    set_cash_desk_open(session, desk.id, is_open=False)
    assert list_cash_desks(session, is_open=True).items == []
    assert list_cash_desks(session, enterprise_id=enterprise.id).items == [desk]
    assert list_cash_desks(session, enterprise_id=new_id()).items == []
    set_cash_desk_open(session, desk.id, is_open=True)
    assert list_cash_desks(session, is_open=True).items == [desk]


@pytest.mark.sqlite_only
def test_what_is_not_there_is_refused(session):
    """An unknown enterprise, an unknown cash desk, a name of blanks."""
    enterprise = make_enterprise(session)
    with pytest.raises(NotFound):
        open_cash_desk(session, new_id(), CASH_DESK)
    with pytest.raises(NotFound):
        edit_cash_desk(session, new_id(), CASH_DESK, version=None)
    with pytest.raises(InvalidText) as refusal:
        open_cash_desk(session, enterprise.id, replace(CASH_DESK, address_kk=" "))
    assert refusal.value.facts["field"] == "address_kk"
    assert desks(session) == 0


def test_a_week_is_written_as_on_a_door():
    """Neighbouring days alike are one line; a day without hours is one too."""
    usual = [Opening(day, *span) for day in list(Weekday)[:5] for span in (MORNING, AFTERNOON)]
    saturday = Opening(Weekday.SATURDAY, *MORNING)

    assert week_of([*usual, saturday]) == [
        DaysAlike(Weekday.MONDAY, Weekday.FRIDAY, (MORNING, AFTERNOON)),
        DaysAlike(Weekday.SATURDAY, Weekday.SATURDAY, (MORNING,)),
        DaysAlike(Weekday.SUNDAY, Weekday.SUNDAY, ()),
    ]
    assert week_of([]) == [DaysAlike(Weekday.MONDAY, Weekday.SUNDAY, ())]


def test_cash_desks_over_the_api(office):
    """Entered, read, edited with the ETag that was read, given up; hours come back in order."""
    with office.sessions.begin(DISTRICT_ID) as session:
        enterprise_id = make_enterprise(session).id

    entered = office.post(f"/api/v1/enterprises/{enterprise_id}/cash-desks", json=BODY)

    assert entered.status_code == 201
    assert entered.json["hours"] == [BODY["hours"][2], BODY["hours"][1], BODY["hours"][0]]
    path = f"/api/v1/cash-desks/{entered.json['id']}"
    edit = BODY | {"hours": []}
    assert office.put(path, json=edit).status_code == 428
    assert office.put(path, json=edit, headers={"If-Match": '"9"'}).status_code == 412
    edited = office.put(path, json=edit, headers={"If-Match": entered.headers["ETag"]})
    assert edited.json == entered.json | {"hours": [], "version": 2}
    assert office.post(f"{path}/close").json["is_open"] is False
    assert office.get("/api/v1/cash-desks?is_open=true").json["items"] == []
    assert office.post(f"{path}/reopen").json == office.get(path).json
    assert office.get("/api/v1/cash-desks?is_open=true").json["items"] == [office.get(path).json]


def test_who_may_write_hours(office):
    """Clerk, accountant and administrator; everybody of the district reads; nobody of another one does."""
    with office.sessions.begin(None) as session:
        make_district(session, OTHER_DISTRICT_ID, OTHER_DISTRICT_KATO)
    with office.sessions.begin(DISTRICT_ID) as session:
        enterprise_id = make_enterprise(session).id
        desk_id = make_cash_desk(session, enterprise_id).id
    for role in Role:
        member = office.member(role)
        allowed = role in {Role.CLERK, Role.ACCOUNTANT, Role.ADMIN}
        entered = member.post(f"/api/v1/enterprises/{enterprise_id}/cash-desks", json=BODY)
        assert entered.status_code == (201 if allowed else 403), role
        assert member.get(f"/api/v1/cash-desks/{desk_id}").status_code == 200, role
    foreign = office.member(Role.ADMIN, login="foreign", district_id=OTHER_DISTRICT_ID)
    assert foreign.get(f"/api/v1/cash-desks/{desk_id}").status_code == 404
    assert foreign.post(f"/api/v1/cash-desks/{desk_id}/close").status_code == 404
    assert foreign.post(f"/api/v1/enterprises/{enterprise_id}/cash-desks", json=BODY).status_code == 404
    assert office.stranger.get("/api/v1/cash-desks").status_code == 401
    assert len(office.get("/api/v1/cash-desks").json["items"]) == 4


@pytest.mark.sqlite_only
@pytest.mark.parametrize("clock", ["9:00", "24:00", "09:60", "09:00:00", "", None, 9])
def test_a_time_of_the_wrong_form_is_refused(office, clock):
    """Hours and minutes with two digits each; nothing is kept."""
    with office.sessions.begin(DISTRICT_ID) as session:
        enterprise_id = make_enterprise(session).id
    body = BODY | {"hours": [{"weekday": "monday", "opens_at": clock, "closes_at": "18:00"}]}

    answer = office.post(f"/api/v1/enterprises/{enterprise_id}/cash-desks", json=body)

    assert answer.status_code == 422 and "opens_at" in answer.text
    assert office.get("/api/v1/cash-desks").json["items"] == []
