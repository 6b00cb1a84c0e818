"""The village's list of customers: taken in whole, once, with every wrong cell named."""

import pytest
from sqlalchemy import select

from billing.catalog.models import PayerCategory
from billing.customers.lists import import_customers, split_address
from billing.customers.models import Customer
from billing.districts.models import District
from billing.kernel.i18n import Language
from billing.kernel.identifiers import check_account_number
from billing.kernel.imports import ImportMode
from billing.kernel.spreadsheets import sentence
from tests.support.customers import VILLAGE, make_customer
from tests.support.identifiers import synthetic_bin, synthetic_iin
from tests.support.statements import counted_statements

HEADING = "Аты-жөні;ЖСН/БСН;Ауыл;Мекенжайы;Телефон;Тілі\n"
LIST = (
    "Боранқұл ауылының тұрғындары\n"
    f"{HEADING}"
    f"Әлімбай Үміт;{synthetic_iin(1)};Боранқұл;Абай көшесі, 12, пәтер 3;8 (701) 000-00-01;қаз\n"
    f"«Сынақ» ЖШС;{synthetic_bin(1)};;;;орысша\n"
    ";;;;;\n"
    "Нөмірсіз Нұрлан;;473639100;Достық 5;;\n"
)


def stored(session):
    """All customers, in the order they were taken on."""
    return list(session.scalars(select(Customer).order_by(Customer.account_number)))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "kz1048"])
def test_a_list_is_taken_in_once(session, encoding):
    """Everybody gets his account in the order of the list; the same list again adds nobody."""
    report = import_customers(session, LIST.encode(encoding))
    assert (report.added, report.unchanged, report.problems, report.written) == (3, 0, (), True)

    again = import_customers(session, LIST.encode(encoding))

    assert (again.added, again.unchanged, again.refused) == (0, 3, 0)
    first, organisation, unnumbered = stored(session)
    assert (first.name, first.category, first.iin_bin) == (
        "Әлімбай Үміт",
        PayerCategory.RESIDENT,
        synthetic_iin(1),
    )
    assert (first.place_code, first.street, first.house, first.flat) == (VILLAGE, "Абай көшесі", "12", "3")
    assert (first.phone, first.language) == ("+77010000001", Language.KK)
    assert (organisation.category, organisation.language) == (PayerCategory.ORGANISATION, Language.RU)
    assert (unnumbered.iin_bin, unnumbered.place_code, unnumbered.street) == (None, VILLAGE, "Достық")
    assert [customer.account_number for customer in stored(session)] == [
        check_account_number(customer.account_number) for customer in stored(session)
    ]
    assert session.scalar(select(District.last_account_serial).where(District.id == 1)) == 3


def test_customers_taken_on_by_hand_are_known_again(session):
    """By number, or by name and address without Kazakh letters; their details stay as they are."""
    make_customer(session, 1, name="Басқаша Аталған")
    make_customer(session, 2, iin_bin=None, name="Құрман Өтеген", street="Абай", house="7")
    content = (
        f"ФИО,ИИН,Село,Улица,Дом\nИначе Записан,{synthetic_iin(1)},,,\nКурман Отеген,,Боранкул,АБАЙ,7\n"
    ).encode("cp1251")

    report = import_customers(session, content)

    assert (report.added, report.unchanged, report.refused) == (0, 2, 0)
    assert {customer.name for customer in stored(session)} == {"Басқаша Аталған", "Құрман Өтеген"}


def test_one_wrong_row_keeps_the_whole_list_out(session):
    """Every wrong cell is named with its row and column, in three languages, personal ones masked."""
    content = (
        f"{HEADING}"
        f"Дұрыс Жазылған;{synthetic_iin(1)};;;;\n"
        ";991231500007;Ақтау;;12;неміс\n"
        f"Қайталанған;{synthetic_iin(1)};;;;\n"
        f"{'Ұ' * 301};;;;;\n"
    )

    report = import_customers(session, content.encode())

    assert [(found.row, found.column, found.code, found.value) for found in report.problems] == [
        (3, "Аты-жөні", "refusal.missing_value", ""),
        (3, "ЖСН/БСН", "refusal.invalid_iin_or_bin", "9912******07"),
        (3, "Ауыл", "refusal.unknown_word", "Ақтау"),
        (3, "Тілі", "refusal.unknown_word", "неміс"),
        (3, "Телефон", "refusal.invalid_phone", "**"),
        (4, "ЖСН/БСН", "refusal.row_repeated", f"{synthetic_iin(1)[:4]}******{synthetic_iin(1)[-2:]}"),
        (5, "Аты-жөні", "refusal.invalid_text", "Ұ" * 40),
    ]
    place, language = (problem.facts["allowed"] for problem in report.problems[2:4])
    assert "Боранқұл ауылы" in place.split(", ") and "орысша" in language.split(", ")
    assert all(sentence(problem, language) for problem in report.problems for language in Language)
    assert (report.added, report.refused, report.written) == (1, 3, False)
    assert stored(session) == []
    assert session.scalar(select(District.last_account_serial).where(District.id == 1)) == 0


def test_good_rows_are_taken_in_when_asked_for(session):
    """The others are named all the same, and take no account number."""
    content = f"{HEADING}Бірінші;{synthetic_iin(1)};;;;\nҚате;1;;;;\nЕкінші;{synthetic_iin(2)};;;;\n".encode()

    report = import_customers(session, content, ImportMode(skip_bad=True))

    assert (report.added, report.refused, report.written) == (2, 1, True)
    assert [customer.name for customer in stored(session)] == ["Бірінші", "Екінші"]


def test_a_dry_run_writes_nothing(session):
    """It says what would be added."""
    report = import_customers(session, LIST.encode(), ImportMode(dry_run=True))
    assert (report.added, report.written) == (3, False)
    assert stored(session) == []


def test_a_number_that_comes_later_is_entered_by_hand(session):
    """A row with an IIN for somebody known without one would make him twice, so it is refused."""
    known = make_customer(session, 2, iin_bin=None, name="Құрман Өтеген", street="Абай", house="7")
    content = f"ФИО;ИИН;Село;Улица;Дом\nҚұрман Өтеген;{synthetic_iin(2)};Боранқұл;Абай;7\n".encode()

    report = import_customers(session, content)

    (problem,) = report.problems
    assert (problem.row, problem.column, problem.code) == (2, "ФИО", "refusal.known_without_number")
    assert problem.facts == {"account_number": known.account_number}


def test_a_category_that_contradicts_the_number_is_refused(session):
    """A resident has no BIN; an organisation may be a sole entrepreneur with an IIN."""
    content = f"ФИО;ИИН;Категория\nА;{synthetic_bin(1)};Житель\nБ;{synthetic_iin(1)};организация\n".encode()
    report = import_customers(session, content)
    assert [(found.row, found.column, found.code) for found in report.problems] == [
        (2, "Категория", "refusal.category_contradicts")
    ]


def test_three_hundred_rows_take_as_many_statements_as_three(session):
    """No statement per row."""

    def statements(count: int, first: int) -> int:
        rows = "".join(f"Аты {n};{synthetic_iin(n)};;;;\n" for n in range(first, first + count))
        with counted_statements(session) as sent:
            assert import_customers(session, (HEADING + rows).encode()).added == count
        return len(sent)

    assert statements(300, 100) == statements(3, 1) < 10


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ул. Абая, д. 12/1, кв. 3", ("ул. Абая", "12/1", "3")),
        ("Абай көшесі 12 үй, пәтер 3", ("Абай көшесі", "12", "3")),
        ("ул. Достык 5А", ("ул. Достык", "5А", "")),
        ("ул. 30 лет Победы, 7", ("ул. 30 лет Победы", "7", "")),
        ("ферма Жаңа жол", ("ферма Жаңа жол", "", "")),
        ("", ("", "", "")),
    ],
)
def test_an_address_in_one_cell_is_taken_apart(text, parts):
    """What cannot be told apart stays in the street."""
    assert split_address(text) == parts
