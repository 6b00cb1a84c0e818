"""Workers are hired once for the same days, and people are found however their names are typed."""

from datetime import date

import pytest
from sqlalchemy import func, select

from billing.catalog.models import Unit
from billing.kernel.checks import EndsBeforeStart, InvalidText
from billing.kernel.errors import AlreadyExists, InvalidInput, NotFound, StaleVersion
from billing.kernel.identifiers import InvalidBIC, InvalidIIN, InvalidIINOrBIN, InvalidPhone
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.kernel.paging import PageRequest
from billing.workforce import service
from billing.workforce.models import Contractor, Engagement, EngagementKind, Worker
from billing.workforce.service import (
    CivilEngagementNeedsEnd,
    EngagementNotInForce,
    EngagementOverlaps,
)
from tests.support.districts import make_enterprise
from tests.support.identifiers import synthetic_bin, synthetic_iin
from tests.support.workforce import make_contractor, make_engagement, make_worker

MARCH_1 = date(2026, 3, 1)
MARCH_31 = date(2026, 3, 31)
APRIL_1 = date(2026, 4, 1)


def count(session, model):
    """Rows of a table in the district."""
    return session.scalar(select(func.count()).select_from(model))


def test_a_worker_is_registered_as_written_in_the_papers(session):
    """Blanks are tidied, the phone is put into its normal form, and the first version is 1."""
    worker = service.register_worker(
        session, iin=f" {synthetic_iin(7)} ", name="  Қалиев   Асқар ", phone="8 (701) 000-09-07"
    )

    assert (worker.iin, worker.name, worker.phone) == (synthetic_iin(7), "Қалиев Асқар", "+77010000907")
    assert worker.version == 1


@pytest.mark.parametrize(
    ("wrong", "refusal", "field"),
    [
        ({"iin": "991231500000"}, InvalidIIN, "iin"),
        ({"phone": "12"}, InvalidPhone, "phone"),
        ({"name": "  "}, InvalidText, "name"),
    ],
)
def test_a_mistyped_worker_is_refused(session, wrong, refusal, field):
    """The field at fault is named and nobody is registered."""
    given = {"iin": synthetic_iin(7), "name": "Асқар", "phone": None} | wrong

    with pytest.raises(refusal) as refused:
        service.register_worker(session, **given)

    assert refused.value.facts["field"] == field
    assert count(session, Worker) == 0


def test_a_person_is_registered_once(session):
    """The same IIN again is refused, and the refusal does not show it."""
    make_worker(session, 901)

    with pytest.raises(AlreadyExists) as refused:
        make_worker(session, 901, name="Басқа")

    iin = synthetic_iin(901)
    assert refused.value.facts == {"kind": "worker", "field": "iin", "value": f"{iin[:4]}******{iin[-2:]}"}
    assert count(session, Worker) == 1


def test_an_edit_of_an_old_version_is_refused(session):
    """Two clerks edit the same worker: the second learns that he must look again."""
    worker = make_worker(session)
    service.edit_worker(session, worker.id, name="Қалиев Асқар Ерланұлы", phone=None, version=1)

    with pytest.raises(StaleVersion) as refused:
        service.edit_worker(session, worker.id, name="Калиев", phone=None, version=1)

    assert refused.value.facts["version"] == 2
    assert service.get_worker(session, worker.id).name == "Қалиев Асқар Ерланұлы"


@pytest.mark.parametrize("search", ["калиев", "ҚАЛИ", "асқар", synthetic_iin(901)])
def test_workers_are_found_without_kazakh_letters(session, search):
    """A part of the name in any letters, or the whole IIN, finds the worker and nobody else."""
    worker = make_worker(session, 901, name="Қалиев Асқар")
    make_worker(session, 902, name="Серіков Дәурен")

    assert service.list_workers(session, PageRequest(), search=search).items == [worker]


def test_a_percent_sign_is_searched_for_as_it_is(session):
    """A search is no pattern."""
    make_worker(session)

    assert service.list_workers(session, PageRequest(), search="%").items == []


def test_workers_stand_in_the_order_of_the_kazakh_alphabet(session):
    """Ә comes after А and before Б, page by page."""
    for serial, name in enumerate(["Берік", "Әсем", "Айдар"], start=901):
        make_worker(session, serial, name=name)

    first = service.list_workers(session, PageRequest(limit=2))
    second = service.list_workers(session, PageRequest(limit=2, cursor=first.next_cursor))

    assert [worker.name for worker in [*first.items, *second.items]] == ["Айдар", "Әсем", "Берік"]
    assert second.next_cursor is None


def test_engagements_are_numbered_by_themselves_around_numbers_given_by_hand(session):
    """A number given by hand is kept; the series steps over it."""
    enterprise = make_enterprise(session)
    numbers = [
        make_engagement(
            session, enterprise.id, make_worker(session, serial).id, starts_on=MARCH_1, number=number
        ).number
        for serial, number in ((901, None), (902, "2/2026"), (903, None))
    ]

    assert numbers == ["1/2026", "2/2026", "3/2026"]


def test_a_number_is_given_once(session):
    """A second engagement with the same number is refused."""
    enterprise = make_enterprise(session)
    make_engagement(session, enterprise.id, number="ТД-1")

    with pytest.raises(AlreadyExists) as refused:
        make_engagement(session, enterprise.id, make_worker(session, 902).id, number="ТД-1")

    assert refused.value.facts == {"kind": "engagement", "field": "number", "value": "ТД-1"}
    assert count(session, Engagement) == 1


@pytest.mark.parametrize(
    ("starts_on", "ends_on"),
    [(MARCH_31, None), (date(2026, 2, 1), MARCH_1), (date(2026, 3, 10), date(2026, 3, 20))],
)
def test_a_worker_is_not_hired_twice_for_a_day(session, starts_on, ends_on):
    """A shared day, the first or the last one too, is refused for the same kind of contract."""
    enterprise = make_enterprise(session)
    first = make_engagement(session, enterprise.id, starts_on=MARCH_1, ends_on=MARCH_31, number="1")

    with pytest.raises(EngagementOverlaps) as refused:
        make_engagement(session, enterprise.id, first.worker_id, starts_on=starts_on, ends_on=ends_on)

    assert refused.value.facts == {"number": "1", "starts_on": MARCH_1, "ends_on": MARCH_31}
    assert count(session, Engagement) == 1


def test_other_days_another_kind_and_another_enterprise_do_not_overlap(session):
    """A worker may go on after a term, do a civil-law job beside, or work for another enterprise."""
    enterprise, other = make_enterprise(session, 1), make_enterprise(session, 2)
    first = make_engagement(session, enterprise.id, starts_on=MARCH_1, ends_on=MARCH_31)

    make_engagement(session, enterprise.id, first.worker_id, starts_on=APRIL_1)
    make_engagement(
        session,
        enterprise.id,
        first.worker_id,
        kind=EngagementKind.CIVIL,
        starts_on=MARCH_1,
        ends_on=MARCH_31,
    )
    make_engagement(session, other.id, first.worker_id, starts_on=MARCH_1, ends_on=MARCH_31)

    assert count(session, Engagement) == 4


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"kind": EngagementKind.CIVIL}, CivilEngagementNeedsEnd),
        ({"starts_on": APRIL_1, "ends_on": MARCH_31}, EndsBeforeStart),
        ({"rate": ZERO}, InvalidInput),
    ],
)
def test_an_engagement_that_makes_no_sense_is_refused(session, wrong, refusal):
    """A civil-law contract has an end, no term ends before it starts, and nobody works for nothing."""
    enterprise = make_enterprise(session)

    with pytest.raises(refusal):
        make_engagement(session, enterprise.id, **wrong)

    assert count(session, Engagement) == 0


def test_nobody_is_hired_by_an_unknown_enterprise(session):
    """An enterprise that the district does not have is not found."""
    with pytest.raises(NotFound) as refused:
        make_engagement(session, new_id())

    assert refused.value.facts["kind"] == "enterprise"


def test_an_engagement_holds_from_its_first_to_its_last_day(session):
    """Both ends count; the days around them do not."""
    enterprise = make_enterprise(session)
    engagement = make_engagement(session, enterprise.id, starts_on=MARCH_1, number="1")
    service.end_engagement(session, engagement.id, ends_on=MARCH_31, version=1)

    service.check_engagement_holds(engagement, MARCH_1)
    service.check_engagement_holds(engagement, MARCH_31)
    for day in (date(2026, 2, 28), APRIL_1):
        with pytest.raises(EngagementNotInForce) as refused:
            service.check_engagement_holds(engagement, day)
        assert refused.value.facts == {"number": "1", "day": day}


def test_an_engagement_is_not_prolonged_into_the_next_one(session):
    """Prolonging into the worker's next engagement is refused and the last day stays."""
    enterprise = make_enterprise(session)
    first = make_engagement(session, enterprise.id, starts_on=MARCH_1, ends_on=MARCH_31)
    make_engagement(session, enterprise.id, first.worker_id, starts_on=APRIL_1)

    with pytest.raises(EngagementOverlaps):
        service.end_engagement(session, first.id, ends_on=APRIL_1)

    assert service.get_engagement(session, first.id).ends_on == MARCH_31


def test_engagements_are_listed_by_worker_and_day(session):
    """The list shows the worker's name and keeps what is in force on the day."""
    enterprise = make_enterprise(session)
    ended = make_engagement(session, enterprise.id, starts_on=MARCH_1, ends_on=MARCH_31)
    current = make_engagement(session, enterprise.id, ended.worker_id, starts_on=APRIL_1)
    make_engagement(session, enterprise.id, make_worker(session, 902, name="Әсем").id)

    everything = service.list_engagements(session, PageRequest(), worker_id=ended.worker_id)
    in_april = service.list_engagements(session, PageRequest(), worker_id=ended.worker_id, on=APRIL_1)

    assert [tuple(row) for row in everything.items] == [(current, "Қалиев Асқар"), (ended, "Қалиев Асқар")]
    assert [tuple(row) for row in in_april.items] == [(current, "Қалиев Асқар")]
    assert in_april.items[0][0].rate == Money.tenge(1500)
    assert in_april.items[0][0].rate_unit == Unit.HOUR


def test_a_contractor_may_be_an_organisation_or_an_entrepreneur(session):
    """A BIN and an IIN are both taken; each only once."""
    organisation = make_contractor(session)
    entrepreneur = service.register_contractor(session, bin=synthetic_iin(905), name="ИП Сералиев")

    assert (organisation.bin, entrepreneur.bin) == (synthetic_bin(9_001), synthetic_iin(905))
    with pytest.raises(AlreadyExists):
        make_contractor(session)
    assert count(session, Contractor) == 2


@pytest.mark.parametrize(
    ("wrong", "refusal", "field"),
    [({"bin": "1"}, InvalidIINOrBIN, "bin"), ({"bic": "?"}, InvalidBIC, "bic")],
)
def test_a_mistyped_contractor_is_refused(session, wrong, refusal, field):
    """The field at fault is named and no contractor is registered."""
    given = {"bin": synthetic_bin(9_002), "name": "ТОО «Су»"} | wrong

    with pytest.raises(refusal) as refused:
        service.register_contractor(session, **given)

    assert refused.value.facts["field"] == field
    assert count(session, Contractor) == 0


def test_a_contractor_is_edited_and_found(session):
    """The new name is found without Kazakh letters; the old one is not."""
    contractor = make_contractor(session, name="ТОО «Жол»")
    service.edit_contractor(
        session, contractor.id, name="ТОО «Ұлы Жол»", address="", iban=None, bic=None, phone=None, version=1
    )

    assert service.list_contractors(session, PageRequest(), search="улы").items == [contractor]
    assert service.list_contractors(session, PageRequest(), search="су").items == []
    assert (contractor.version, contractor.iban, contractor.address) == (2, None, "")
