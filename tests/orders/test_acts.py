"""Acts say what was done, on paper too, are never changed, and wait for their invoice."""

from datetime import date
from io import BytesIO

import pytest
from pypdf import PdfReader
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from billing.archive.models import DocumentKind
from billing.archive.service import fetch
from billing.kernel.paging import PageRequest
from billing.orders.completion import (
    acts_to_bill,
    list_acts,
)
from billing.orders.models import OrderState
from billing.orders.service import get_order, mark_invoiced, unmark_invoiced
from billing.orders.states import OrderNotInState
from tests.support.districts import make_enterprise
from tests.support.orders import DONE, complete, make_act, make_resident


def test_the_act_keeps_what_could_change(session, trade, order):
    """Names, addresses, who signs: all as on the day of completion."""
    facts = complete(session, order, trade).facts

    assert facts["executor"]["bin"] == trade.enterprise.bin
    assert facts["signatory"]["name"] == "Сынақов Т. Т."
    assert facts["customer"]["name"] == "Есенова Айгүл"
    assert facts["customer"]["address_kk"] == "Боранқұл ауылы, Достық 1"
    assert facts["customer"]["address_ru"] == "с.Боранкул, Достық 1"
    assert facts["service"]["name_ru"] == "Уборка снега"
    assert facts["contract"] is None


def test_the_act_is_archived_as_form_r1_in_both_languages(session, trade, order):
    """The archived PDF names the parties, the work and the sums in Kazakh and in Russian."""
    act = complete(session, order, trade)

    document, content = fetch(session, DocumentKind.COMPLETION_ACT, act.id)
    words = " ".join("\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages).split())

    assert document.file_name == "act-2026-000001.pdf"
    assert document.template_version.startswith("act-r1/")
    for expected in (
        "«Боранқұл Сервис» КМК",
        "КГП «Боранкул Сервис»",
        "Қар тазалау",
        "Уборка снега",
        "Есенова Айгүл",
        trade.customer.iin_bin,
        "Форма Р-1",
        "2,5",
        "Сынақов Т. Т.",
    ):
        assert expected in words
    assert "2 500,00" in words.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_acts_are_numbered_without_gaps_in_the_year_of_completion(session, trade):
    """Orders of one year completed in the next are acts of the next; each year starts at 1."""
    days = [date(2025, 12, 30), date(2025, 12, 31), date(2026, 1, 1)]

    numbers = [(act.year, act.number) for act in (make_act(session, trade, completed_on=day) for day in days)]

    assert numbers == [(2025, 1), (2025, 2), (2026, 1)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE completion_act SET amount = amount + 1",
        "UPDATE work_done SET cost = 0",
        "DELETE FROM completion_act",
        "DELETE FROM order_transition",
    ],
)
def test_not_even_raw_sql_changes_what_was_done(session, trade, order, change):
    """The database itself refuses to change an act, the work or the history."""
    complete(session, order, trade)

    with pytest.raises(DBAPIError, match="append_only"), session.begin_nested():
        session.execute(text(change))


def test_acts_wait_for_their_invoice(session, trade):
    """Completed and not invoiced acts are to be billed, up to a day, of a customer; invoiced ones are not."""
    neighbour = make_resident(session, 2)
    first = make_act(session, trade)
    later = make_act(session, trade, completed_on=date(2026, 3, 20))
    other = make_act(session, trade, customer_id=neighbour.id)

    assert set(acts_to_bill(session)) == {first, later, other}
    assert acts_to_bill(session, customer_id=trade.customer.id) == [first, later]
    assert acts_to_bill(session, customer_id=trade.customer.id, until=DONE) == [first]
    assert acts_to_bill(session, enterprise_id=make_enterprise(session, 2).id) == []

    mark_invoiced(session, [first.id, other.id])
    assert acts_to_bill(session) == [later]
    unmark_invoiced(session, [other.id])
    assert set(acts_to_bill(session)) == {later, other}


def test_an_act_is_invoiced_once(session, trade):
    """A second marking is refused and marks nothing else either."""
    first, second = make_act(session, trade), make_act(session, trade)
    mark_invoiced(session, [first.id])

    with pytest.raises(OrderNotInState):
        mark_invoiced(session, [second.id, first.id])

    assert get_order(session, second.order_id).state == OrderState.COMPLETED
    assert get_order(session, first.order_id).state == OrderState.INVOICED


def test_acts_are_listed_newest_first_by_what_is_asked(session, trade):
    """Dates count on both ends."""
    acts = [make_act(session, trade, completed_on=date(2026, 3, day)) for day in (10, 11, 12)]

    everything = list_acts(session, PageRequest())
    middle = list_acts(
        session, PageRequest(), completed_from=date(2026, 3, 11), completed_to=date(2026, 3, 11)
    )

    assert everything.items == acts[::-1]
    assert middle.items == [acts[1]]
    assert list_acts(session, PageRequest(), customer_id=make_resident(session, 2).id).items == []
