"""`auyl statement registry | three-way | book-missing | sign-off | unsign`."""

import json
from datetime import date

import pytest
from sqlalchemy import func, select

from billing.customers.models import Customer
from billing.districts.models import Enterprise
from billing.kernel.i18n import Language
from billing.payments.models import Payment, SignedDay
from billing.reconciliation.three_way.models import RegistryRow
from tests.support.providers import make_provider
from tests.support.xlsx import spreadsheet

DAY = "2026-04-15"


@pytest.fixture
def account(office, enterprise_id):
    """The account number of a resident who may pay through Kaspi."""
    with office.work() as session:
        make_provider(session, session.scalars(select(Enterprise.id)).one())
        return session.scalars(select(Customer.account_number)).one()


@pytest.fixture
def registry(tmp_path, account):
    """Two payments, of which the second is nobody's."""
    path = tmp_path / "kaspi.xlsx"
    path.write_bytes(
        spreadsheet(
            ["Номер транзакции", "Лицевой счет", "Дата", "Сумма"],
            [7001, account, date(2026, 4, 15), 1000],
            [7002, "000", date(2026, 4, 15), "500,50"],
        )
    )
    return str(path)


def count(office, model):
    """How many there are."""
    with office.work(read_only=True) as session:
        return session.scalar(select(func.count()).select_from(model))


def test_a_registry_is_taken_in_once(auyl, office, registry):
    """A dry run writes nothing; the same file twice adds nothing."""
    dry = auyl("statement", "registry", registry, "--provider", "kaspi", "--dry-run")
    assert (dry.exit_code, count(office, RegistryRow)) == (0, 0)

    first = auyl("statement", "registry", registry, "--provider", "kaspi")
    again = auyl("statement", "registry", registry, "--provider", "kaspi")

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "Added: 2, changed: 0, unchanged: 0" in first.output
    assert "Added: 0, changed: 0, unchanged: 2" in again.output
    assert count(office, RegistryRow) == 2


def test_a_wrong_registry_is_named_and_kept_out(auyl, office, account, tmp_path):
    """Row, column and reason are printed; the exit code is 1."""
    path = tmp_path / "kaspi.csv"
    path.write_text("Номер транзакции;Дата;Сумма\n1;15.04.2026;100\n2;31.04.2026;100\n", encoding="utf-8")

    result = auyl("statement", "registry", str(path), "--provider", "kaspi")

    assert result.exit_code == 1
    assert "31.04.2026" in result.output
    assert count(office, RegistryRow) == 0


def test_the_comparison_is_shown_and_exported(auyl, registry, tmp_path):
    """A table for people, JSON for programs, a spreadsheet in a file; payment by payment on demand."""
    auyl("statement", "registry", registry, "--provider", "kaspi")
    days = ("statement", "three-way", "--from", DAY, "--to", DAY)

    shown = json.loads(auyl(*days, "--format", "json").output)
    by_payment = json.loads(auyl(*days, "--payments", "--provider", "kaspi", "--format", "json").output)

    [row] = shown["rows"]
    assert (row["values"]["registry_sum"], row["values"]["receipt_sum"]) == ("1500.50", "0.00")
    assert row["values"]["difference_count"] == 2
    assert [each["values"]["difference_kind"] for each in by_payment["rows"]] == ["not_recorded"] * 2
    assert "1,500.50" in auyl(*days).output
    file = tmp_path / "three-way.xlsx"
    assert auyl(*days, "--format", "xlsx", "--output", str(file)).exit_code == 0
    assert file.read_bytes().startswith(b"PK")


@pytest.mark.parametrize("language", list(Language))
def test_a_comparison_wider_than_the_terminal_is_cut_nowhere(auyl, office, registry, language):
    """Day, channel, every head and every sum stand whole: it is the heads that are broken into lines."""
    auyl("statement", "registry", registry, "--provider", "kaspi")

    office.language = language
    shown = auyl("statement", "three-way", "--from", DAY, "--to", DAY).output

    day, amount = ("15 Apr 2026", "1,500.50 KZT") if language is Language.EN else ("15.04.2026", "1 500,50 ₸")
    [row] = [line for line in shown.splitlines() if day in line and "kaspi" in line]
    assert amount in row.replace("\u00a0", " ")
    assert "…" not in shown


def test_missing_payments_are_booked_and_the_others_named(auyl, office, registry):
    """What has a customer is booked; what has none is named, with exit code 1."""
    auyl("statement", "registry", registry, "--provider", "kaspi")

    result = auyl("statement", "book-missing", "--provider", "kaspi", "--from", DAY, "--to", DAY)

    assert result.exit_code == 1
    assert "1 payment was booked late." in result.output
    assert "7002" in result.output
    assert count(office, Payment) == 1


def test_a_day_is_signed_and_unsigned(auyl, office, registry):
    """A day that differs needs a word, a sign-off taken back a reason."""
    auyl("statement", "registry", registry, "--provider", "kaspi")
    sign = ("statement", "sign-off", DAY, "--provider", "kaspi")

    assert auyl(*sign).exit_code == 1
    assert count(office, SignedDay) == 0
    assert auyl(*sign, "--why", "dispute").exit_code == 0
    assert count(office, SignedDay) == 1
    assert auyl(*sign, "--why", "again").exit_code == 1
    unsigned = auyl("statement", "unsign", DAY, "--provider", "kaspi", "--why", "mistake")
    assert unsigned.exit_code == 0
    assert count(office, SignedDay) == 0
    assert auyl("statement", "unsign", "2026-04-14", "--provider", "kaspi", "--reason", "?").exit_code == 1


def test_an_unknown_provider_is_refused(auyl, registry):
    """Nobody has this code."""
    assert auyl("statement", "registry", registry, "--provider", "nobody").exit_code == 1
