"""camt.053: who really paid, bundled entries, and hostile XML."""

from datetime import date

import pytest

from billing.kernel.money import Money
from billing.reconciliation.formats.reading import read_statement
from billing.reconciliation.formats.statement import (
    Direction,
    Party,
    ProblemCode,
    Severity,
    StatementFormat,
)
from tests.support.bank_files import CAMT, OTHER, OWN

P = ProblemCode


def problems(text: str) -> list[tuple[ProblemCode, int, str]]:
    """Code, line and key of everything that is wrong."""
    return [(each.code, each.line, each.key) for each in read_statement(text.encode()).problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "kz1048", "utf-16"])
@pytest.mark.parametrize("version", ["02", "08"])
def test_entries_with_several_transactions(encoding, version):
    """Each transaction is a row, with ultimate debtor and both kinds of remittance, in any encoding."""
    text = CAMT.replace("camt.053.001.08", f"camt.053.001.{version}")
    if version == "02":
        text = text.replace("<Pty>", "").replace("</Pty>", "")
    reading = read_statement(text.encode(encoding))
    statement = reading.statement

    assert reading.problems == ()
    assert (statement.format, statement.account) == (StatementFormat.CAMT_053, OWN)
    assert (statement.date_from, statement.date_to) == (date(2026, 11, 8), date(2026, 11, 8))
    assert (statement.opening, statement.closing) == (Money.tenge(102_500), Money.tenge(106_000))
    first, second, fee = statement.rows
    assert (str(first.amount), first.direction, first.line) == ("1500.00", Direction.IN, 11)
    assert first.counterparty == Party('АО "KASPI BANK"', "", OTHER)
    assert first.ultimate == Party("Нұрғалиев Өмір", "901124300005")
    assert (first.purpose, first.document_number) == ("қар тазалау, шот 000127", "E2E-1")
    assert (second.purpose, second.knp, second.document_number) == ("000128", "859", "REF-900")
    assert (str(fee.amount), fee.direction, fee.purpose) == ("500.00", Direction.OUT, "Комиссия")
    assert "RltdPties/UltmtDbtr/" in first.raw and "Нұрғалиев Өмір" in first.raw


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (">2500.00<", ">2500.01<", [(P.DETAILS_DO_NOT_ADD_UP, 9, "TxDtls")]),
        (">106000.00<", ">106000.01<", [(P.TOTALS_DO_NOT_ADD_UP, 4, "closing")]),
        (">500.00<", ">5e2<", [(P.INVALID_AMOUNT, 19, "Amt")]),
        ("<CdtDbtInd>DBIT</CdtDbtInd>", "", [(P.DIRECTION_UNCLEAR, 19, "CdtDbtInd")]),
        ("2026-11-08T18", "2026-11-09T18", [(P.DATE_OUTSIDE_PERIOD, 19, "")]),
        ('Ccy="KZT">500', 'Ccy="EUR">500', [(P.FOREIGN_CURRENCY, 19, "Ccy")]),
        ("CLBD", "ITAV", [(P.BALANCES_MISSING, 4, "")]),
        ("BkToCstmrStmt", "Other", [(P.UNKNOWN_FORMAT, 0, "")]),
    ],
)
def test_what_is_wrong_has_its_line(old, new, expected):
    """Each problem names the line and the element it stands in."""
    assert old in CAMT
    assert problems(CAMT.replace(old, new)) == expected


def test_an_entry_not_booked_yet_is_left_out_and_named():
    """A pending entry is a warning, and counts in no sum."""
    pending = CAMT.replace("<Sts>BOOK</Sts>", "<Sts>PDNG</Sts>").replace("106000.00", "106500.00")
    reading = read_statement(pending.encode())
    assert [(p.code, p.severity) for p in reading.problems] == [(P.NOT_BOOKED, Severity.WARNING)]
    assert (len(reading.statement.rows), reading.refused) == (2, False)


def test_an_xml_cut_off_anywhere_is_refused():
    """Half a document is not a statement, whatever rows it had."""
    for length in range(1, len(CAMT.rstrip()) - 1, 7):
        reading = read_statement(CAMT[:length].encode())
        assert reading.refused, length
        assert not reading.overridable, length


@pytest.mark.parametrize(
    "prologue",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x SYSTEM "http://localhost/x.dtd">',
    ],
)
def test_document_types_are_refused(prologue):
    """Entities that multiply, or fetch files, need a document type: none is allowed."""
    reading = read_statement(CAMT.replace("<Document", f"{prologue}<Document").encode())
    assert [problem.code for problem in reading.problems] == [P.UNREADABLE]
    assert reading.statement is None


def test_endless_depth_is_refused():
    """A hundred thousand elements within each other are not followed."""
    text = CAMT.replace("<NtryDtls>", "<NtryDtls>" + "<a>" * 100_000)
    assert P.UNREADABLE in [each[0] for each in problems(text)]
