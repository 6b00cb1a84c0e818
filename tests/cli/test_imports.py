"""`auyl import`: reports, exit codes, and that a refused list leaves nothing."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from billing.budget.models import BudgetCode
from billing.customers.models import Customer
from billing.districts.models import KatoPlace
from billing.ledger.models import Account
from billing.orders.models import ServiceOrder
from tests.support.identifiers import synthetic_iin
from tests.support.xlsx import spreadsheet

GOOD = f"ФИО;ИИН;Село\nҮлгібаев Асан;{synthetic_iin(11)};Боранкул\n"


def count(office, model) -> int:
    """How many rows stand in a table."""
    with office.sessions.begin(0, read_only=True) as session:
        return session.scalar(select(func.count()).select_from(model))


def written(tmp_path: Path, content: bytes, name: str = "list.csv") -> str:
    """A file with this content."""
    path = tmp_path / name
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "kz1048"])
def test_a_list_of_customers_is_taken_in_once(auyl, office, enterprise_id, tmp_path, encoding):
    """The second time nothing is added; both times the exit code is 0."""
    file = written(tmp_path, GOOD.encode(encoding))

    first, second = auyl("import", "customers", file), auyl("import", "customers", file)

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.output.endswith("Added: 1, changed: 0, unchanged: 0, refused: 0.\n")
    assert second.output.endswith("Added: 0, changed: 0, unchanged: 1, refused: 0.\n")
    assert count(office, Customer) == 2


def test_an_excel_list_is_taken_in(auyl, office, enterprise_id, tmp_path):
    """Numbers that lost their zeros are IINs again."""
    content = spreadsheet(["Аты-жөні", "БСН"], ["«Үлгі» ЖШС", 140002217])
    result = auyl("import", "customers", written(tmp_path, content, "list.xlsx"))
    assert result.exit_code == 0
    with office.work() as session:
        assert session.scalar(select(Customer.iin_bin).where(Customer.name == "«Үлгі» ЖШС")) == "000140002217"


def test_a_wrong_row_keeps_the_list_out_and_is_named(auyl, office, enterprise_id, tmp_path):
    """Row, column and reason are printed; the exit code is 1; --skip-bad takes the good rows in."""
    file = written(tmp_path, f"{GOOD}Қате;991231500007;\n".encode())

    refused = auyl("import", "customers", file)

    assert refused.exit_code == 1
    assert "3    ИИН     9912******07  Neither an IIN nor a BIN: 9912******07." in refused.output
    assert "Nothing was written" in refused.output
    assert count(office, Customer) == 1

    skipped = auyl("import", "customers", file, "--skip-bad")
    assert skipped.exit_code == 1
    assert skipped.output.endswith("Added: 1, changed: 0, unchanged: 0, refused: 1.\n")
    assert count(office, Customer) == 2


def test_a_dry_run_writes_nothing(auyl, office, enterprise_id, tmp_path):
    """It says what would happen."""
    result = auyl("import", "customers", written(tmp_path, GOOD.encode()), "--dry-run")
    assert result.exit_code == 0
    assert "Would be added: 1" in result.output
    assert count(office, Customer) == 1


def test_orders_are_taken_down_from_a_list(auyl, office, enterprise_id, tmp_path):
    """By IIN and the service's code."""
    content = f"ИИН;Услуга;Дата;Кол-во\n{synthetic_iin(1)};waste;20.04.2026;2\n".encode("cp1251")
    result = auyl("import", "orders", written(tmp_path, content))
    assert result.exit_code == 0
    assert count(office, ServiceOrder) == 1


def test_reference_lists_are_taken_in_without_a_district(auyl, office, tmp_path):
    """Places and the classification belong to the whole database."""
    places = "code;name_kk;name_ru\n470000000;Маңғыстау облысы;Мангистауская область\n".encode()
    codes = "code;name_kk;name_ru;valid_from_year\n202102;Түсімдер;Поступления;2026\n".encode()

    assert auyl("import", "places", written(tmp_path, places), "--edition", "2022-10-17").exit_code == 0
    assert auyl("import", "classification", written(tmp_path, codes)).exit_code == 0

    assert (count(office, KatoPlace), count(office, BudgetCode)) == (1, 1)


def test_a_wrong_place_is_named_and_keeps_the_classifier_out(auyl, office, tmp_path):
    """With its row; nothing is taken in, nor in a dry run."""
    places = "code;name_ru\n47;Мангистауская область\n710000000;г.Астана\n".encode()
    result = auyl("import", "places", written(tmp_path, places))
    assert result.exit_code == 1
    assert "Rows with problems 1" in result.output or "rows with problems 1" in result.output
    good = written(tmp_path, "code;name_ru\n710000000;г.Астана\n".encode())
    assert auyl("import", "places", good, "--dry-run").exit_code == 0
    assert count(office, KatoPlace) == 0


def test_accounts_are_opened_in_the_enterprise_chart(auyl, office, enterprise_id, tmp_path):
    """In its book, not the budget's."""
    before = count(office, Account)
    content = "code;kind;name_kk;name_ru\n1030.01;asset;Шот;Счет\n".encode()
    assert auyl("import", "accounts", written(tmp_path, content)).exit_code == 0
    assert count(office, Account) == before + 1


def test_what_cannot_be_opened_is_wrongly_typed(auyl, tmp_path):
    """A missing file is a matter of typing: 2. A directory too."""
    assert auyl("import", "customers", str(tmp_path / "nothing.csv")).exit_code == 2
    assert auyl("import", "customers", str(tmp_path)).exit_code == 2
