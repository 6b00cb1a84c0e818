"""A provider's registry comes in whole or not at all, once, whatever its columns and encoding."""

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from billing.kernel.errors import InvalidInput, NotFound, StaleVersion
from billing.kernel.ids import new_id
from billing.kernel.imports import ImportMode
from billing.kernel.money import Money
from billing.kernel.spreadsheets import Column, read_list
from billing.reconciliation.three_way.models import ProviderRegistry, RegistryRow
from billing.reconciliation.three_way.profile import InvalidRegistryProfile, get_profile, save_profile
from billing.reconciliation.three_way.registry import import_registry
from billing.reconciliation.three_way.registry_reading import read_moment, read_registry
from tests.support.provider_money import open_bank_with_provider
from tests.support.xlsx import spreadsheet

T = Money.tenge
HEAD = "Номер транзакции;Лицевой счет;Дата и время платежа;Сумма"
ROWS = (
    "7001;4736390001;16.11.2026 14:05:33;1 000,00",
    "7002;4736390001;16.11.2026 23:59;2500.50",
    "7003;;17.11.2026;300",
)


@pytest.fixture
def provider(session):
    """The provider whose registries these are."""
    return open_bank_with_provider(session)[1]


def csv_of(*rows, head=HEAD):
    """A registry as CSV."""
    return "\n".join((head, *rows)).encode()


def take_in(session, provider, content, **options):
    """Take a registry in."""
    return import_registry(session, provider.id, content, file_name="реестр.csv", **options)


def stored(session):
    """Rows of registries as they are stored."""
    rows = session.scalars(select(RegistryRow).order_by(RegistryRow.outside_id))
    return [(row.outside_id, row.account, row.amount, row.paid_on, row.paid_at) for row in rows]


def test_every_payment_of_a_registry_is_kept(session, provider):
    """Transaction, account, sum, day and time as the provider tells them, with the raw cells."""
    report = take_in(session, provider, csv_of(*ROWS))

    assert (report.rows.added, report.rows.unchanged, report.rows.written) == (3, 0, True)
    assert (report.first_day, report.last_day) == (date(2026, 11, 16), date(2026, 11, 17))
    assert report.amount == T("3800.50")
    assert stored(session) == [
        ("7001", "4736390001", T(1000), date(2026, 11, 16), time(14, 5, 33)),
        ("7002", "4736390001", T("2500.50"), date(2026, 11, 16), time(23, 59)),
        ("7003", "", T(300), date(2026, 11, 17), None),
    ]
    raw = session.scalars(select(RegistryRow.raw).where(RegistryRow.outside_id == "7001")).one()
    assert raw == {
        "outside_id": "7001",
        "account": "4736390001",
        "date": "16.11.2026 14:05:33",
        "amount": "1 000,00",
    }


def test_the_same_file_adds_nothing(session, provider):
    """Taken in twice it is one registry; another file with the same rows adds none of them."""
    first = take_in(session, provider, csv_of(*ROWS))
    again = take_in(session, provider, csv_of(*ROWS))
    overlapping = take_in(session, provider, csv_of(*ROWS[1:], "7004;;18.11.2026;1"))

    assert again.registry_id == first.registry_id
    assert (again.rows.added, again.rows.unchanged, again.rows.written) == (0, 3, True)
    assert (overlapping.rows.added, overlapping.rows.unchanged) == (1, 2)
    assert len(stored(session)) == 4
    assert session.scalar(select(func.count()).select_from(ProviderRegistry)) == 2


def test_a_dry_run_writes_nothing(session, provider):
    """It says what would happen."""
    report = take_in(session, provider, csv_of(*ROWS), mode=ImportMode(dry_run=True))

    assert (report.rows.added, report.rows.written, report.registry_id) == (3, False, None)
    assert stored(session) == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1251", "utf-16"])
def test_encodings_of_offices_are_read(session, provider, encoding):
    """UTF-8 with a mark, cp1251 and Excel's UTF-16 are told from the bytes."""
    take_in(session, provider, "\n".join((HEAD, *ROWS)).encode(encoding))
    assert len(stored(session)) == 3


def test_kazakh_headings_in_kz1048_are_read(session, provider):
    """«Төлем нөмірі» in the encoding that declares itself as nothing."""
    head = "Төлем нөмірі;Дербес шот;Төлем күні;Төлем уақыты;Төлем сомасы, тг"
    content = f"{head}\n7001;4736390001;16.11.2026;14:05;1000".replace("Төлем сомасы, тг", "Төлем сомасы")
    take_in(session, provider, content.encode("kz1048"))
    assert stored(session) == [("7001", "4736390001", T(1000), date(2026, 11, 16), time(14, 5))]


def test_excel_keeps_the_time_of_day(session, provider):
    """A date cell with a time, a number for the transaction, a title above."""
    content = spreadsheet(
        ["Реестр платежей"],
        ["Номер транзакции", "Лицевой счет", "Дата", "Сумма"],
        [7001, 4736390001, datetime(2026, 11, 16, 14, 5, 33), 1000.5],  # noqa: DTZ001
    )
    take_in(session, provider, content)
    assert stored(session) == [("7001", "4736390001", T("1000.50"), date(2026, 11, 16), time(14, 5, 33))]


def test_a_profile_names_the_columns_of_an_unusual_list(session, provider):
    """What a provider calls its columns is kept for it and found before the usual names."""
    head = "Код;Сумма;Зачислено;Когда"
    row = "7001;990,50;1000,00;16.11.2026"
    refused = take_in(session, provider, csv_of(row, head=head))
    assert not refused.rows.written

    profile = save_profile(
        session,
        provider.id,
        {"outside_id": ["Код"], "amount": ["Зачислено"], "date": ["Когда"]},
    )
    assert get_profile(session, provider.id) is profile

    take_in(session, provider, csv_of(row, head=head))
    assert [(row[0], row[2]) for row in stored(session)] == [("7001", T(1000))]


@pytest.mark.parametrize(
    "headings",
    [{"sum": ["Сумма"]}, {"amount": ["Сумма"], "account": ["сумма *"]}, {"amount": ["!!"]}, {"amount": [""]}],
)
def test_profiles_that_cannot_be_are_refused(session, provider, headings):
    """An unknown column, one name for two, a name without a letter."""
    with pytest.raises(InvalidInput):
        save_profile(session, provider.id, headings)
    assert get_profile(session, provider.id) is None


def test_two_edits_of_a_profile_never_both_win(session, provider):
    """Who saves over a version he has not seen is refused."""
    profile = save_profile(session, provider.id, {"amount": ["Итого"]})
    save_profile(session, provider.id, {"amount": ["Брутто"]}, version=profile.version)
    with pytest.raises(StaleVersion):
        save_profile(session, provider.id, {"amount": ["Нетто"]}, version=1)
    assert issubclass(InvalidRegistryProfile, InvalidInput)


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        (";4736390001;16.11.2026;1000", "Номер транзакции", "refusal.missing_value"),
        ("7009;4736390001;;1000", "Дата и время платежа", "refusal.missing_value"),
        ("7009;4736390001;31.11.2026;1000", "Дата и время платежа", "refusal.invalid_date"),
        ("7009;4736390001;16.11.2026 25:00;1000", "Дата и время платежа", "refusal.invalid_date"),
        ("7009;4736390001;16.11.2026;-5", "Сумма", "refusal.invalid_sum"),
        ("7009;4736390001;16.11.2026;много", "Сумма", "refusal.invalid_sum"),
        ("7009;4736390001;16.11.2026;", "Сумма", "refusal.missing_value"),
        ("7001;4736390001;16.11.2026;1000", "Номер транзакции", "refusal.registry_row_repeated"),
    ],
)
def test_one_wrong_row_keeps_the_file_out(session, provider, row, column, code):
    """The problem has its row and column, and none of the good rows is written."""
    report = take_in(session, provider, csv_of(*ROWS, row, "7010;;18.11.2026;5"))

    assert [(each.row, each.column, each.code) for each in report.rows.problems] == [(5, column, code)]
    assert not report.rows.written
    assert stored(session) == []


def test_a_transaction_that_was_told_otherwise_is_refused(session, provider):
    """Another sum for a known transaction: nothing is changed, and people see what it was."""
    take_in(session, provider, csv_of(*ROWS))
    report = take_in(session, provider, csv_of("7001;4736390001;16.11.2026;999", "7010;;18.11.2026;5"))

    [problem] = report.rows.problems
    assert (problem.row, problem.code) == (2, "refusal.registry_row_changed")
    assert problem.facts == {"amount": T(1000), "day": date(2026, 11, 16)}
    assert len(stored(session)) == 3


@pytest.mark.parametrize(
    ("last", "taken"), [(";;;3800,50", True), (";Итого;;3800.50", True), (";;;3800", False)]
)
def test_the_total_in_the_last_row_must_be_right(session, provider, last, taken):
    """It is no payment; a wrong one says that the file is not whole."""
    report = take_in(session, provider, csv_of(*ROWS, last))

    assert report.rows.written is taken
    assert len(stored(session)) == (3 if taken else 0)
    assert taken or report.rows.problems[0].code == "refusal.registry_total_differs"


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01", HEAD.encode(), b"PK\x03\x04 broken", b"\xff\xd8picture"]
)
def test_what_is_no_registry_is_refused(session, provider, content):
    """Nothing, a picture, a heading alone: a problem of the file, never a failure."""
    report = take_in(session, provider, content)
    assert report.rows.problems
    assert not report.rows.written


def test_a_registry_needs_its_provider(session, provider):
    """A registry of nobody is refused."""
    with pytest.raises(NotFound):
        import_registry(session, new_id(), csv_of(*ROWS), file_name="r.csv")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("25.11.2026", (date(2026, 11, 25), None)),
        ("25/11/2026 7:05", (date(2026, 11, 25), time(7, 5))),
        ("2026-11-25T14:05:33", (date(2026, 11, 25), time(14, 5, 33))),
        ("20261125140533", (date(2026, 11, 25), time(14, 5, 33))),
        ("20261125", (date(2026, 11, 25), None)),
    ],
)
def test_moments_as_providers_write_them(text, expected):
    """Day first, year first, or as in the check/pay protocol."""
    assert read_moment(text) == expected


@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: f"{HEAD}\n{text}".encode()))
def test_no_bytes_break_the_reader(content):
    """Whatever a file holds, there are payments or problems, and never a failure."""
    columns = [
        Column("outside_id", ("Номер транзакции",), required=True),
        Column("account", ("Лицевой счет",)),
        Column("amount", ("Сумма",), required=True),
        Column("date", ("Дата и время платежа",), required=True),
        Column("time", ("Время",)),
    ]
    found = read_registry(content, columns)
    assert found.told or found.problems
    assert {each.line for each in found.told}.isdisjoint({each.row for each in found.problems} - {0})
    assert read_list(content, columns).rows is not None
