"""Forms: what was typed stays, what is wrong is said at its field, and a form does its work once."""

import re

import pytest
from sqlalchemy import func, select

from billing.access.models import Role
from billing.customers.models import Contract, Customer
from billing.ledger.models import Transfer
from billing.orders.models import OrderState, ServiceOrder
from billing.payments.models import Payment
from billing.web.models import IdempotentAnswer
from tests.support.addresses import address
from tests.support.billing import pay
from tests.support.customers import make_customer
from tests.support.districts import DISTRICT_ID
from tests.support.identifiers import synthetic_iin
from tests.support.pages import form_of, text_of
from tests.support.season import make_season
from tests.support.web import TODAY


@pytest.fixture
def season(sessions):
    """One of everything, until today."""
    with sessions.begin(DISTRICT_ID) as session:
        return make_season(session, TODAY)


@pytest.fixture
def clerk(desk):
    """The clerk, who reads Russian."""
    return desk.seat(Role.CLERK, language="ru")


def count(sessions, model):
    """How many rows there are."""
    with sessions.begin(DISTRICT_ID) as session:
        return session.scalar(select(func.count()).select_from(model))


def said_at(page, field):
    """The sentence at a field."""
    found = re.search(rf'id="{field}-wrong">([^<]*)<', page)
    return found and found[1]


def test_a_refused_form_keeps_what_was_typed(clerk, sessions):
    """A wrong IIN is named at its field in Russian; the rest stays; nobody is taken on, nothing is noted."""
    typed = {"name": "Әлімбаева Гүлнұр", "iin_bin": "123", "street": "Достық", "phone": "87011234567"}
    answer = clerk.send("/customers/new", **typed)

    assert answer.status_code == 422
    assert "ИИН" in said_at(answer.text, "iin_bin")
    _, fields = form_of(answer.text, "/customers/new", None)
    assert fields | typed == fields
    assert count(sessions, Customer) == count(sessions, IdempotentAnswer) == 0


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": ""}, "name"),
        ({"phone": "12"}, "phone"),
        ({"email": "nobody"}, "email"),
        ({"payer": "1"}, "payer"),
        ({"payer": "47363900018"}, "payer"),
        ({"name": "x" * 301}, "name"),
        ({"category": "nobody"}, "category"),
    ],
)
@pytest.mark.sqlite_only
def test_every_wrong_field_is_named(clerk, sessions, typed, field):
    """Form and truth are refused alike: at the field, with a sentence, and nothing is written."""
    answer = clerk.send("/customers/new", **{"name": "Есенова Айгүл", **typed})

    assert answer.status_code == 422
    assert said_at(answer.text, field)
    assert count(sessions, Customer) == 0


def test_a_form_sent_twice_does_its_work_once(clerk, sessions):
    """A double click leads to the same customer; a changed form sent again is told so."""
    page = clerk.read("/customers/new")
    first = clerk.send_from(page, "/customers/new", name="Есенова Айгүл")
    again = clerk.send_from(page, "/customers/new", name="Есенова Айгүл")
    changed = clerk.send_from(page, "/customers/new", name="Другая Фамилия")

    assert first.status_code == again.status_code == changed.status_code == 303
    assert first.headers["Location"] == again.headers["Location"] == changed.headers["Location"]
    said = text_of(clerk.read(first.headers["Location"]))
    assert "второй раз она не записана" in said and "с другими значениями" in said
    assert count(sessions, Customer) == 1


def test_a_refused_form_may_be_sent_again(clerk, sessions):
    """The mark that makes a form count once is not spent by a refusal."""
    page = clerk.read("/customers/new")
    assert clerk.send_from(page, "/customers/new", name="Есенова", iin_bin="123").status_code == 422
    assert clerk.send_from(page, "/customers/new", name="Есенова").status_code == 303
    assert count(sessions, Customer) == 1


def test_two_edits_never_both_win(clerk, sessions):
    """Whoever saves second is told that somebody was faster, and may open the card anew."""
    with sessions.begin(DISTRICT_ID) as session:
        card = f"/customers/{make_customer(session, iin_bin=synthetic_iin(5)).id}"
    page = clerk.read(f"{card}/edit")
    assert clerk.send_from(page, f"{card}/edit", house="7").status_code == 303

    late = clerk.send(f"{card}/edit", version="1", house="8")
    assert late.status_code == 422 and f'href="{card}/edit"' in late.text
    with sessions.begin(DISTRICT_ID) as session:
        assert session.scalar(select(Customer.house)) == "7"


@pytest.mark.sqlite_only
def test_an_order_needs_doers_and_quantities(clerk, sessions, season):
    """Nobody ticked, or a quantity that is none: said at its place, and the order stands where it stood."""
    confirmed = f"/orders/{season.orders[OrderState.CONFIRMED]}"
    assert clerk.send(confirmed, "/assign").status_code == 422

    assigned = f"/orders/{season.orders[OrderState.ASSIGNED]}"
    box = re.search(r'name="(hours-[^"]+)"', clerk.read(assigned))[1]
    answer = clerk.send(assigned, "/complete", fields={box: "два"})
    assert answer.status_code == 422
    assert said_at(answer.text, box) == "Количество пишется так: 2,5 (не больше трёх знаков после запятой)"
    assert 'value="два"' in answer.text
    with sessions.begin(DISTRICT_ID) as session:
        order = session.get(ServiceOrder, (DISTRICT_ID, season.orders[OrderState.ASSIGNED]))
        assert order.state is OrderState.ASSIGNED


@pytest.mark.sqlite_only
def test_a_contract_number_is_taken_once(clerk, sessions, season):
    """The service's refusal stands at the field of the form."""
    path = f"/contracts/new/{season.customer}"
    assert clerk.send(path, number="А-1").status_code == 303
    answer = clerk.send(path, number="А-1")

    assert answer.status_code == 422 and said_at(answer.text, "number")
    assert count(sessions, Contract) == 2


@pytest.mark.sqlite_only
def test_cash_needs_its_receipt(desk, sessions, season):
    """Cash without the fiscal receipt is refused; a bank transfer needs none."""
    cashier = desk.seat(Role.CASHIER, language="ru")
    path = f"/payments/new/{season.customer}"
    answer = cashier.send(path, amount="100")

    assert answer.status_code == 422
    assert said_at(answer.text, "fiscal_number") == "Для наличных нужен фискальный чек."
    shown = cashier.send(path, amount="100", method="bank")
    assert shown.status_code == 200
    assert count(sessions, Payment) == 1
    assert cashier.send_from(shown.text, path).status_code == 303
    assert count(sessions, Payment) == 2


@pytest.mark.sqlite_only
def test_a_month_is_closed_once_and_in_order(desk, sessions, season):
    """This month is not over yet: refused above the books, with the month still in its field."""
    accountant = desk.seat(Role.ACCOUNTANT)
    answer = accountant.send("/months/", month=f"{TODAY:%Y-%m}")

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text and f'value="{TODAY:%Y-%m}"' in answer.text


@pytest.mark.sqlite_only
def test_a_wrong_filter_is_said_and_does_not_filter(clerk, season):
    """A list opens in spite of it."""
    page = clerk.read("/orders/?state=nowhere&requested_from=yesterday")
    assert said_at(page, "state") and said_at(page, "requested_from")
    assert "/orders/" + str(season.orders[OrderState.DRAFT]) in page


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/orders/new/{customer}", "requested_on"),
        ("/invoices/new/{customer}", "issued_on"),
        ("/invoices/issue", "issued_on"),
        ("/invoices/{invoice}/credit", "issued_on"),
        ("/payments/new/{customer}", "received_on"),
        ("/payments/{over}", "refunded_on"),
        ("/payments/{over}", "reversed_on"),
    ],
)
@pytest.mark.sqlite_only
def test_what_has_happened_has_no_day_to_come(desk, sessions, season, path, field):
    """A mistyped year is said at its field; no number is taken and nothing is posted."""
    accountant = desk.seat(Role.ACCOUNTANT, language="ru")
    with sessions.begin(DISTRICT_ID) as session:
        over = pay(session, season.enterprise, season.customer, 5000, received_on=TODAY).id
    before = count(sessions, Transfer), count(sessions, ServiceOrder)

    page = address(path.replace("{over}", str(over)), season)
    action = {"refunded_on": "/refund", "reversed_on": "/reverse"}.get(field)
    answer = accountant.send(page, action, **{field: "24.11.2062"})
    assert answer.status_code == 422
    assert said_at(answer.text, field) == "Не больше 23.11.2026."
    assert (count(sessions, Transfer), count(sessions, ServiceOrder)) == before
