"""A run whose invoices go by e-mail and on paper: who gets which, how far it came, who was not reached."""

import io
import re
from datetime import UTC, datetime

import pytest
import time_machine
from openpyxl import load_workbook
from pypdf import PdfReader

from billing.customers import service as customers
from billing.customers.models import Customer
from billing.invoicing.runs import mailing
from billing.invoicing.runs.delivery import deliveries, delivery_list
from billing.invoicing.runs.documents import NothingToPrint, print_run
from billing.invoicing.runs.models import InvoiceWay
from billing.kernel.money import Money, total
from billing.kernel.paging import FIRST_PAGE, PageRequest
from billing.kernel.reporting import to_xlsx
from billing.worker.mail import FileMailer, MailboxRefused
from billing.worker.outbox import Sender
from tests.support.customers import make_charge, make_contract, make_customer
from tests.support.districts import DISTRICT_ID
from tests.support.statements import counted_statements
from tests.support.village import bill, make_village
from tests.support.workbooks import first_sheet

NOON = datetime(2026, 11, 30, 7, tzinfo=UTC)
GONE = "550 5.1.1 User unknown"
PAPER, WAITING, SENT, GIVEN_UP, BOUNCED = InvoiceWay


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOON, tick=False):
        yield


class PickyMailer(FileMailer):
    """Puts letters into a directory; mailboxes that begin with ``gone`` it refuses for good."""

    def send(self, message, name):
        if message["To"].startswith("gone"):
            raise MailboxRefused(GONE)
        super().send(message, name)


@pytest.fixture
def sender(sessions, tmp_path):
    """Whoever sends."""
    return Sender(sessions, "for tests only", PickyMailer(tmp_path / "mail"), "auyl@example.kz")


def settle(sessions, *mailboxes):
    """A village with water in every house; a house without a mailbox gets its invoice on paper."""
    with sessions.begin(DISTRICT_ID) as session:
        village = make_village(session)
        for serial, mailbox in enumerate(mailboxes, start=1):
            customer = make_customer(
                session,
                serial,
                name=f"Тұрғын {serial}",
                email=mailbox,
                invoices_by_email=mailbox is not None,
            )
            make_charge(session, make_contract(session, village.enterprise.id, customer.id), village.water.id)
    return village


def ways(sessions, run):
    """How many go which way."""
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        return mailing.count_ways(session, run.id)


def printed(content):
    """Whose invoices stand in a file, by the numbers in their names."""
    pages = PdfReader(io.BytesIO(content)).pages
    return [int(re.search(r"Тұрғын (\d)", page.extract_text())[1]) for page in pages]


def test_what_is_sent_is_not_carried_and_what_came_back_is(sessions, sender, tmp_path):
    """Two on paper, one sent, one sent back: file and list have three houses, and the list says why."""
    run = bill(sessions, settle(sessions, None, "a@example.kz", "gone@example.kz", None))
    assert ways(sessions, run) == {PAPER: 2, WAITING: 2, SENT: 0, GIVEN_UP: 0, BOUNCED: 0}

    assert sender.send_due(DISTRICT_ID) == (1, 0)

    assert ways(sessions, run) == {PAPER: 2, WAITING: 0, SENT: 1, GIVEN_UP: 0, BOUNCED: 1}
    assert len(list((tmp_path / "mail").iterdir())) == 1
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        carried = deliveries(session, run.id)
        everybody = deliveries(session, run.id, mailed=True)
        sheet = load_workbook(io.BytesIO(to_xlsx(delivery_list(run, carried), "ru"))).worksheets[0]
        assert printed(print_run(session, run.id)) == [1, 3, 4]
        assert printed(print_run(session, run.id, mailed=True)) == [1, 2, 3, 4]
    assert [(each.name, each.remark) for each in carried] == [
        ("Тұрғын 1", None),
        ("Тұрғын 3", GONE),
        ("Тұрғын 4", None),
    ]
    assert total(each.total for each in everybody) == run.total
    assert [sheet.cell(3, 10).value, sheet.cell(5, 10).value] == ["Примечание", GONE]


def test_the_undelivered_are_listed_with_their_reason(sessions, sender):
    """Each with invoice, account, sum and the server's words, in pages by number; the list adds them up."""
    run = bill(sessions, settle(sessions, "gone1@example.kz", "a@example.kz", "gone2@example.kz"))
    sender.send_due(DISTRICT_ID)

    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        first = mailing.list_undelivered(session, run.id, PageRequest(limit=1))
        second = mailing.list_undelivered(session, run.id, PageRequest(first.next_cursor, 1))
        table = mailing.undelivered_list(session, run)
    found = [*first.items, *second.items]
    assert second.next_cursor is None
    assert [(each.number, each.customer_name, each.way, each.reason) for each in found] == [
        (1, "Тұрғын 1", BOUNCED, GONE),
        (3, "Тұрғын 3", BOUNCED, GONE),
    ]
    assert table.totals == {"total": Money.tenge("746.66")}


def test_a_known_bounce_goes_on_paper_at_once(sessions, sender):
    """Before anything is sent the file has his invoice; when he is trusted again the next one is mailed."""
    village = settle(sessions, "gone@example.kz")
    bill(sessions, village)
    sender.send_due(DISTRICT_ID)
    with sessions.begin(DISTRICT_ID) as session:
        customer = session.query(Customer).one()
        make_charge(session, customers.list_contracts(session).items[0], village.snow.id)
    run = bill(sessions, village)

    assert ways(sessions, run)[BOUNCED] == run.invoices == 1
    with sessions.begin(DISTRICT_ID) as session:
        customers.trust_mailbox(session, customer.id)
    assert ways(sessions, run)[WAITING] == 1


def test_a_run_that_is_mailed_whole_has_nothing_to_print(sessions, sender):
    """That is said rather than an empty file made."""
    run = bill(sessions, settle(sessions, "a@example.kz"))
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        with pytest.raises(NothingToPrint):
            print_run(session, run.id)
        assert printed(print_run(session, run.id, mailed=True)) == [1]


def test_more_invoices_need_no_more_queries(sessions, sender):
    """Counts, the carried and the undelivered of five houses come in as many statements as of one."""
    village = settle(sessions, "gone1@example.kz")
    one = bill(sessions, village)
    with sessions.begin(DISTRICT_ID) as session:
        for serial in range(2, 7):
            customer = make_customer(
                session, serial, email=f"gone{serial}@example.kz", invoices_by_email=True
            )
            make_charge(session, make_contract(session, village.enterprise.id, customer.id), village.water.id)
    five = bill(sessions, village)
    sender.send_due(DISTRICT_ID)

    counted = []
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        for run in (one, five):
            with counted_statements(session) as statements:
                mailing.count_ways(session, run.id)
                assert len(deliveries(session, run.id)) == run.invoices
                found = mailing.list_undelivered(session, run.id, FIRST_PAGE)
                assert len(found.items) == run.invoices
            counted.append(len(statements))
    assert (one.invoices, five.invoices, counted[1]) == (1, 5, counted[0])


def test_progress_and_the_undelivered_over_http(office):
    """Counts and list; the spreadsheet has the reason; an unknown run is not found."""
    run = bill(office.sessions, settle(office.sessions, None, "gone@example.kz"))
    path = f"/api/v1/billing-runs/{run.id}"
    waiting = {"paper": 1, "waiting": 1, "sent": 0, "given_up": 0, "bounced": 0}
    assert office.get(f"{path}/delivery").json == waiting
    Sender(office.sessions, "x", PickyMailer(None), "auyl@example.kz").send_due(DISTRICT_ID)

    assert office.get(f"{path}/delivery").json == waiting | {"waiting": 0, "bounced": 1}
    [item] = office.get(f"{path}/undelivered").json["items"]
    assert (item["number"], item["total"], item["way"], item["reason"]) == (2, "373.33", "bounced", GONE)
    assert first_sheet(office.get(f"{path}/delivery-list.xlsx")).cell(5, 10).value == GONE
    assert office.get(f"/api/v1/billing-runs/{item['customer_id']}/delivery").status_code == 404

    card = f"/api/v1/customers/{item['customer_id']}/mailbox"
    shown = office.get(card).json
    assert (shown["email"], shown["invoices_by_email"]) == ("gone@example.kz", True)
    assert (shown["bounce"]["reason"], shown["bounce"]["bounced_at"][:10]) == (GONE, "2026-11-23")
    assert office.post(f"{card}/trust").json["bounce"] is None
    assert office.get(card).json["bounce"] is None
