"""``auyl statement check``: for people, for programs, and without a database."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from billing.cli import main
from billing.cli.office import Office
from billing.config import Settings
from billing.kernel.i18n import Language, messages
from billing.reconciliation.formats.statement import Direction, ProblemCode, StatementTotal
from tests.support.bank_files import CAMT, HALYK, OTHER, OWN


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """An office whose database cannot be reached."""
    settings = {"AUYL_DATABASE_URL": "sqlite:////nowhere/at/all.db", "AUYL_VAR": str(tmp_path / "var")}
    return Office(Settings.from_environment(settings), Language.EN)


def check(office: Office, content: bytes, *options: str) -> Result:
    """Type the command for a file with this content, called what no reader would guess."""
    path = office.settings.var.parent / "picture.jpg"
    path.write_bytes(content)
    return CliRunner().invoke(main, ["statement", "check", str(path), *options], obj=office)


def test_json_of_a_clean_statement(office):
    """Programs get days as ISO text, sums with two decimals, and exit code 0."""
    result = check(office, HALYK.encode("kz1048"), "--json")
    read = json.loads(result.stdout_bytes.decode())

    assert result.exit_code == 0
    rows = read.pop("rows")
    assert read == {
        "format": "1CClientBankExchange",
        "account": OWN,
        "from": "2026-11-01",
        "to": "2026-11-03",
        "opening": "100000.00",
        "closing": "95000.00",
        "problems": [],
    }
    assert len(rows) == 5
    assert rows[0] == {
        "date": "2026-11-01",
        "amount": "5000.00",
        "direction": "in",
        "counterparty": {"name": "Әлімбаева Гүлнұр", "iin_bin": "750115400007", "iban": OTHER},
        "ultimate": None,
        "purpose": "Үлгі ауылы, қар тазалау ақысы, шот 000123",
        "knp": "859",
        "document_number": "101",
    }


def test_json_names_who_really_paid(office):
    """The ultimate debtor stands beside the counterparty."""
    read = json.loads(check(office, CAMT.encode(), "--json").stdout_bytes)
    assert read["rows"][0]["ultimate"] == {"name": "Нұрғалиев Өмір", "iin_bin": "901124300005", "iban": ""}


@pytest.mark.parametrize("content", [b"", b"\0\1\2", b"PK\x03\x04", HALYK.encode()[:900]])
def test_json_whatever_the_file_holds(office, content):
    """A file that is no statement gives JSON with its problems, and exit code 1."""
    result = check(office, content, "--json")
    read = json.loads(result.stdout_bytes)

    assert result.exit_code == 1
    assert list(read) == ["format", "account", "from", "to", "opening", "closing", "rows", "problems"]
    assert all(problem["message"] for problem in read["problems"])
    assert len(read["problems"]) >= 1


def test_people_read_a_table(office):
    """Rows and balances are shown in local form, and that nothing is wrong."""
    result = check(office, HALYK.encode())
    assert result.exit_code == 0
    assert "Opening 100,000.00" in result.output
    assert "Әлімбаева Гүлнұр" in result.output
    assert result.output.rstrip().endswith("No problems.")


def test_people_read_what_is_wrong(office):
    """A wrong total is named with its line and both sums."""
    result = check(office, HALYK.replace("КОНЕЧНЫЙОСТАТОК=95000.00", "КОНЕЧНЫЙОСТАТОК=95000.01").encode())
    assert result.exit_code == 1
    assert "closing balance: the file says 95,000.01" in result.output.replace("\N{NO-BREAK SPACE}", " ")
    assert result.output.rstrip().endswith("Such a statement is not taken in.")


@pytest.mark.parametrize("language", list(Language))
def test_every_problem_has_a_sentence(language):
    """All problems, directions and totals have words in all three languages."""
    needed = {f"statement_problem.{code}" for code in ProblemCode}
    needed |= {value.message for value in (*Direction, *StatementTotal)}
    assert needed - set(messages(language)) == set()


def test_a_table_nobody_knows_is_read_by_a_profile_from_a_file(office):
    """Without the profile it is of no known form; with it, it is clean, and no database is asked."""
    rows = ("Входящий остаток;1,00", "Күні;Сомасы;Бағыты", "02.11.2026;5,00;кіріс", "Исходящий остаток;6,00")
    table = "\n".join([*rows, ""]).encode()
    unknown = check(office, table, "--json")
    assert (unknown.exit_code, json.loads(unknown.stdout_bytes)["rows"]) == (1, [])

    headings = {"date": ["Күні"], "amount": ["Сомасы"], "direction": ["Бағыты"]}
    profile = office.settings.var.parent / "village-bank.json"
    profile.write_text(json.dumps({"name": "Ауыл банкі", "headings": headings}), encoding="utf-8")
    known = check(office, table, "--profile", str(profile), "--account", OWN, "--json")
    read = json.loads(known.stdout_bytes)
    assert (read["account"], read["rows"][0]["amount"], read["problems"]) == (OWN, "5.00", [])
    assert known.exit_code == 0


def test_a_profile_that_is_none_is_refused(office):
    """A sentence, and exit code 1."""
    profile = office.settings.var.parent / "village-bank.json"
    profile.write_bytes(b"{}")
    refused = check(office, HALYK.encode(), "--profile", str(profile))
    assert refused.exit_code == 1
    assert "The profile cannot be read." in refused.stderr and "wrong is: name" in refused.stderr
