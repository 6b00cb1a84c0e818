"""A list of orders: taken down as drafts, once, by the rules of single orders."""

from datetime import date
from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy import func, select

from billing.catalog import service as catalog
from billing.customers import service as customers
from billing.kernel.i18n import Language
from billing.kernel.imports import ImportMode
from billing.kernel.spreadsheets import sentence
from billing.orders import lists
from billing.orders.models import OrderState, OrderTransition, ServiceOrder
from billing.orders.service import confirm_order, take_order
from tests.support.catalog import make_service
from tests.support.customers import make_contract, make_customer, make_organisation
from tests.support.districts import make_enterprise
from tests.support.identifiers import synthetic_bin, synthetic_iin
from tests.support.statements import counted_statements

HEADING = "Аты-жөні;ЖСН;Қызмет;Күні;Саны;Мерзімі;Шарт;Мекенжайы;Ескерту\n"

import_orders = partial(lists.import_orders, today=date(2026, 12, 31))


@pytest.fixture
def office(session):
    """An enterprise with a service SNOW, two residents and an organisation with a contract."""
    enterprise = make_enterprise(session)
    make_service(session, enterprise.id)
    make_customer(session, 1, name="Қалиев Асқар")
    make_customer(session, 2, name="Өтегенов Үміт")
    organisation = make_organisation(session, 1)
    make_contract(session, enterprise.id, organisation.id, number="7/2026", ends_on=date(2026, 3, 31))
    return enterprise


def stored(session):
    """All orders by number."""
    return list(session.scalars(select(ServiceOrder).order_by(ServiceOrder.year, ServiceOrder.number)))


def rows(*lines: str) -> bytes:
    """A list with these rows."""
    return (HEADING + "".join(f"{line}\n" for line in lines)).encode()


def test_a_list_is_taken_down_once(session, office):
    """Drafts with numbers in the order of the list, each year counting for itself; again adds nothing."""
    content = rows(
        "Калиев Аскар;;қар тазалау;05.01.2026;2,5;;;Абай 12;",
        f";{synthetic_bin(1)};snow;2025-12-30;1;31.12.2025;;;шұғыл",
        f";{synthetic_bin(1)};SNOW;2026-01-06;3;;7/2026;;",
        "Калиев Аскар;;Уборка снега;05.01.2026;2,500;;;АБАЙ 12;",
    )

    report = import_orders(session, content)
    again = import_orders(session, content)

    assert (report.added, report.unchanged, report.problems, report.written) == (4, 0, (), True)
    assert (again.added, again.unchanged) == (0, 4)
    assert [
        (order.year, order.number, order.quantity, order.state, order.planned_on, order.place, order.note)
        for order in stored(session)
    ] == [
        (2025, 1, Decimal(1), OrderState.DRAFT, date(2025, 12, 31), "", "шұғыл"),
        (2026, 1, Decimal("2.5"), OrderState.DRAFT, None, "Абай 12", ""),
        (2026, 2, Decimal(3), OrderState.DRAFT, None, "", ""),
        (2026, 3, Decimal("2.5"), OrderState.DRAFT, None, "АБАЙ 12", ""),
    ]
    assert [order.contract_id is not None for order in stored(session)] == [False, False, True, False]
    assert session.scalar(select(func.count()).select_from(OrderTransition)) == 4


def test_the_same_row_twice_is_two_orders_however_the_list_is_saved_again(session, office):
    """Sorted, in another encoding, with a row added: only the added row is new."""
    first = rows("Қалиев Асқар;;SNOW;05.01.2026;1;;;;", "Қалиев Асқар;;SNOW;05.01.2026;1;;;;")
    assert import_orders(session, first).added == 2
    later = (
        "Дата,Услуга,Кол-во,ФИО\n"
        "2026-01-07,SNOW,1,Отегенов Умит\n"
        "2026-01-05,SNOW,1.000,Калиев Аскар\n"
        "2026-01-05,SNOW,1,Калиев Аскар\n"
    ).encode("cp1251")

    report = import_orders(session, later)

    assert (report.added, report.unchanged) == (1, 2)
    assert len(stored(session)) == 3


def test_an_order_taken_from_a_list_lives_like_any_other(session, office):
    """It has its history, is confirmed, and the next order takes the next number."""
    import_orders(session, rows("Қалиев Асқар;;SNOW;05.01.2026;1;;;;"))
    (order,) = stored(session)
    confirm_order(session, order.id)
    following = take_order(
        session,
        customer_id=order.customer_id,
        service_id=order.service_id,
        requested_on=date(2026, 1, 6),
        quantity=Decimal(1),
    )
    assert (order.number, following.number) == (1, 2)


def test_one_wrong_row_keeps_the_whole_list_out(session, office):
    """Every wrong cell is named with its row and column, in three languages."""
    make_customer(session, 3, name="Қалиев Асқар", house="99")
    content = rows(
        "Қалиев Асқар;;SNOW;05.01.2026;1;;;;",
        f";{synthetic_iin(9)};SNOW;05.01.2026;1;;;;",
        ";;қазу;завтра;0;;;;",
        "Өтегенов Үміт;;SNOW;05.01.2026;1;04.01.2026;7/2026;;",
        f";{synthetic_bin(1)};SNOW;05.04.2026;1;;7/2026;;",
        f";{synthetic_bin(1)};SNOW;05.03.2026;1;;8/2026;;",
        "Өтегенов Үміт;;SNOW;05.01.2026;1;;;;",
    )

    report = import_orders(session, content)

    assert [(found.row, found.column, found.code) for found in report.problems] == [
        (2, "Аты-жөні", "refusal.customer_unclear"),
        (3, "ЖСН", "refusal.customer_unknown"),
        (4, "Аты-жөні", "refusal.customer_unknown"),
        (4, "Қызмет", "refusal.unknown_word"),
        (4, "Күні", "refusal.invalid_date"),
        (4, "Саны", "refusal.invalid_quantity"),
        (5, "Мерзімі", "refusal.ends_before_start"),
        (5, "Шарт", "refusal.contract_of_another"),
        (6, "Шарт", "refusal.contract_ended"),
        (7, "Шарт", "refusal.not_found"),
    ]
    assert all(sentence(problem, language) for problem in report.problems for language in Language)
    assert (report.added, report.refused, report.written) == (1, 6, False)
    assert stored(session) == []


def test_good_rows_are_taken_down_when_asked_for_and_a_dry_run_writes_nothing(session, office):
    """No number is taken for what is not written."""
    content = rows("Қалиев Асқар;;SNOW;05.01.2026;1;;;;", "Жоқ Адам;;SNOW;05.01.2026;1;;;;")
    assert import_orders(session, content, ImportMode(dry_run=True, skip_bad=True)).written is False
    assert stored(session) == []

    report = import_orders(session, content, ImportMode(skip_bad=True))

    assert (report.added, report.refused, report.written) == (1, 1, True)
    assert [order.number for order in stored(session)] == [1]


def test_what_was_taken_off_the_books_takes_no_orders(session, office):
    """Neither a customer nor a service."""
    customer = make_customer(session, 5, name="Кеткен Адам")
    customers.deactivate_customer(session, customer.id, on=date(2026, 1, 1))
    digging = make_service(session, office.id, code="DIG")
    catalog.deactivate_service(session, digging.id, version=None)

    report = import_orders(
        session, rows("Кеткен Адам;;SNOW;05.01.2026;1;;;;", "Қалиев Асқар;;DIG;05.01.2026;1;;;;")
    )

    assert [found.code for found in report.problems] == [
        "refusal.customer_inactive",
        "refusal.service_inactive",
    ]


def test_three_hundred_rows_take_as_many_statements_as_three(session, office):
    """No statement per row."""

    def statements(count: int, month: int) -> int:
        lines = [f"Қалиев Асқар;;SNOW;05.{month:02d}.2026;{n};;;;" for n in range(1, count + 1)]
        with counted_statements(session) as sent:
            assert import_orders(session, rows(*lines)).added == count
        return len(sent)

    assert statements(300, 1) == statements(3, 2) < 12


def test_a_request_of_a_day_to_come_is_refused_with_its_row(session, office):
    """A mistyped year is told with row and column, and nothing is taken down; today itself is right."""
    content = rows("Қалиев Асқар;;SNOW;06.01.2026;1;;;;", "Қалиев Асқар;;SNOW;07.01.2026;1;;;;")

    report = lists.import_orders(session, content, today=date(2026, 1, 6))

    (problem,) = report.problems
    assert (problem.row, problem.column, report.written) == (3, "Күні", False)
    assert sentence(problem, Language.EN) == "7 Jan 2026 is still to come: today is 6 Jan 2026."
    assert stored(session) == []
