"""``auyl statement import``: booked with a summary, or refused with every problem and exit code 1."""

import json

import pytest
from sqlalchemy import func, select

from billing.reconciliation.models import BankStatement, RowException, SavedProfile, StatementRow
from tests.support.bank_files import HALYK, OTHER, OWN, SHEET, csv_of, document, one_c, section


@pytest.fixture
def file(tmp_path):
    """Writes a file with this content, and says where."""

    def write(content, name="november.txt"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return write


def count(office, model):
    """How many are committed."""
    with office.work(read_only=True) as session:
        return session.scalar(select(func.count()).select_from(model))


def test_a_statement_is_taken_in(auyl, office, enterprise_id, file):
    """People read what the file was, how many rows are new, and what became of them."""
    result = auyl("statement", "import", file(HALYK.encode("kz1048")))

    assert result.exit_code == 0
    assert f"Taken in: 1CClientBankExchange, account {OWN}, 1 Nov 2026" in result.output
    assert "5 new rows." in result.output
    assert "5 rows wait for a person:" in result.output
    assert [line.split() for line in result.output.splitlines()[-2:]] == [
        ["unknown", "payer", "4"],
        ["unexpected", "outgoing", "payment", "1"],
    ]
    assert (count(office, BankStatement), count(office, StatementRow), count(office, RowException)) == (
        1,
        5,
        5,
    )


def test_the_same_file_again_says_so(auyl, office, enterprise_id, file):
    """Nothing is added, and nobody is alarmed: exit code 0."""
    path = file(HALYK)
    auyl("statement", "import", path)

    again = auyl("statement", "import", path)

    assert again.exit_code == 0
    assert again.output == f"The file november.txt was taken in before (account {OWN}); nothing is new.\n"
    assert count(office, StatementRow) == 5


def test_a_dry_run_writes_nothing(auyl, office, enterprise_id, file):
    """The same summary, and an empty database."""
    result = auyl("statement", "import", file(HALYK), "--dry-run")

    assert result.exit_code == 0
    assert "5 new rows." in result.output
    assert result.output.endswith("This was a dry run: nothing was written.\n")
    assert count(office, BankStatement) == 0


def test_a_refused_file_names_its_problems(auyl, office, enterprise_id, file):
    """Each problem with its line, exit code 1, nothing written; a reason overrides sums and is kept."""
    path = file(HALYK.replace("КОНЕЧНЫЙОСТАТОК=95000.00", "КОНЕЧНЫЙОСТАТОК=95000.01"))

    refused = auyl("statement", "import", path)

    assert refused.exit_code == 1
    assert "closing balance: the file says" in refused.output
    assert "Such a statement is not taken in." in refused.stderr
    assert "--override" in refused.stderr
    assert count(office, BankStatement) == 0

    assert auyl("statement", "import", path, "--override", "Letter of the bank").exit_code == 0
    with office.work(read_only=True) as session:
        assert session.scalars(select(BankStatement.override_reason)).all() == ["Letter of the bank"]


def test_a_file_cut_off_cannot_be_overridden(auyl, office, enterprise_id, file):
    """A reason does not bring back what is missing."""
    result = auyl("statement", "import", file(HALYK[:-400]), "--override", "in a hurry")

    assert result.exit_code == 1
    assert "--override" not in result.stderr
    assert count(office, BankStatement) == 0


def test_an_account_of_others_is_refused(auyl, office, enterprise_id, file):
    """The IBAN is named; nothing is written."""
    other = "KZ555630000000000003"
    result = auyl(
        "statement",
        "import",
        file(one_c(section(["5.00"], own=other), document("5.00", own=other), own=other)),
    )

    assert result.exit_code == 1
    assert result.stderr == (
        f"Nobody in this district holds the account {other}. The statement is refused.\n"
    )
    assert count(office, BankStatement) == 0


def test_a_spreadsheet_is_of_the_named_account(auyl, office, enterprise_id, file):
    """A table that names no account is taken in for the one that is typed, blanks or not."""
    path = file(csv_of([SHEET[3], SHEET[4], SHEET[5]]), "table.csv")

    assert auyl("statement", "import", path).exit_code == 1
    result = auyl("statement", "import", path, "--account", f" {OWN[:4]} {OWN[4:].lower()}")

    assert result.exit_code == 0
    assert "2 new rows." in result.output


def test_rematching_looks_again(auyl, office, enterprise_id, file):
    """The rows that wait are looked at once more; what is not explained waits on as it did."""
    auyl("statement", "import", file(HALYK))

    result = auyl("statement", "rematch")

    assert result.exit_code == 0
    assert "5 rows wait for a person:" in result.output
    with office.work(read_only=True) as session:
        assert set(session.scalars(select(RowException.version))) == {1}


def test_what_was_taken_in_can_be_read(auyl, office, enterprise_id, file, tmp_path):
    """Statements, the rows that wait and the proof: in the terminal, as JSON, as a spreadsheet."""
    auyl("statement", "import", file(HALYK))

    listed = json.loads(auyl("statement", "list", "--format", "json").stdout)
    assert [(row["values"]["iban"], row["values"]["closing"]) for row in listed["rows"]] == [
        (OWN, "95000.00")
    ]
    waiting = json.loads(
        auyl("statement", "rows", "--waiting", "--from", "2026-11-03", "--format", "json").stdout
    )
    assert [(row["values"]["amount"], row["values"]["row_state"]) for row in waiting["rows"]] == [
        ("5000.00", "unknown_payer"),
        ("-20000.00", "unexpected_outgoing"),
    ]
    proof = auyl("statement", "proof")
    assert proof.exit_code == 0
    assert "Balance by the bank" in proof.output
    assert "95,000.00" in proof.output.replace("\N{NO-BREAK SPACE}", " ")
    past = auyl("statement", "proof", "--on", "2026-11-02")
    assert (past.exit_code, "with the bank on 2 Nov 2026" in past.output) == (0, True)
    sheet = tmp_path / "proof.xlsx"
    assert auyl("statement", "proof", "--format", "xlsx", "--output", str(sheet)).exit_code == 0
    assert sheet.read_bytes()[:2] == b"PK"
    assert "in transit" in auyl("report", "in-transit", "--by", "channel").output.lower()


def test_a_profile_goes_from_one_office_to_another_as_a_file(auyl, office, enterprise_id, file):
    """Imported, listed, exported as it came; imported again under its name it is changed, not doubled."""
    told = {"name": "Ауыл банкі", "account": OWN, "headings": {"date": ["Күні"], "amount": ["Сомасы"]}}
    imported = auyl("statement", "profile", "import", file(json.dumps(told), "bank.json"))
    assert (imported.exit_code, imported.output) == (0, "The profile “Ауыл банкі” is kept.\n")
    assert auyl("statement", "profile", "list").output == "Ауыл банкі\n"
    assert json.loads(auyl("statement", "profile", "export", "Ауыл банкі").output) == told

    told["headings"]["knp"] = ["ТМК"]
    assert auyl("statement", "profile", "import", file(json.dumps(told), "bank.json")).exit_code == 0
    path = file("", "exported.json")
    assert auyl("statement", "profile", "export", "Ауыл банкі", "--output", path).exit_code == 0
    with open(path, encoding="utf-8") as exported:
        assert json.load(exported) == told
    assert count(office, SavedProfile) == 1


def test_a_profile_of_an_account_we_do_not_hold_is_refused(auyl, office, enterprise_id, file):
    """Nothing is kept; a name that nobody gave is not found either."""
    told = {"name": "x", "account": OTHER, "headings": {"date": ["Күні"], "amount": ["Сомасы"]}}
    assert auyl("statement", "profile", "import", file(json.dumps(told))).exit_code == 1
    assert auyl("statement", "profile", "export", "x").exit_code == 1
    assert count(office, SavedProfile) == 0
