"""Whatever the bytes are, there is a reading: never a traceback, never a hang."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from billing.kernel.i18n import Language
from billing.reconciliation.formats.identity import identities
from billing.reconciliation.formats.reading import read_statement
from billing.reconciliation.formats.statement import ProblemCode, Reading
from tests.support.bank_files import CAMT, HALYK, SHEET, SWIFT, csv_of
from tests.support.xlsx import spreadsheet

SEEDS = {
    "1C": HALYK.encode(),
    "1C in kz1048": HALYK.encode("kz1048"),
    "MT940": SWIFT.encode(),
    "camt.053": CAMT.encode(),
    "CSV": csv_of(SHEET).encode(),
    "XLSX": spreadsheet(*map(list, SHEET)),
}
PIECES = [
    b"=",
    b"\n",
    b"\r",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"9" * 50,
    b"1E+999999",
    b"-",
    b",",
    b";",
    b'"',
    b"<",
    b"&#55296;",
    b"</Ntry>",
    b"<Ntry>",
    b":20:",
    b":61:",
    b":86:",
    b"-}",
    "КонецДокумента\n".encode(),
    "СекцияДокумент\n".encode(),
    "КонецФайла\n".encode(),
    "СекцияРасчСчет\n".encode(),
    "٣".encode(),
]


def hold(reading: Reading) -> None:
    """Everything a reading promises, whatever was read."""
    for problem in reading.problems:
        for language in Language:
            assert problem.sentence(language)
    if reading.statement is None:
        assert reading.refused and reading.problems
        return
    statement = reading.statement
    assert [row.position for row in statement.rows] == list(range(1, len(statement.rows) + 1))
    assert all(row.amount.tiyn > 0 for row in statement.rows)
    assert sum(1 for _ in identities(statement)) == len(statement.rows)
    if not reading.problems:
        assert statement.account and statement.opening is not None and statement.closing is not None
        assert statement.opening + statement.credited - statement.debited == statement.closing


@given(st.binary(max_size=2_000))
@example(b"1CClientBankExchange")
@example("1CClientBankExchange\nКонецФайла".encode())
@example(b"<?xml")
@example(b"{1:")
@example(b":20:\n:61:")
@example(b"\xff\xfe\x00")
def test_any_bytes_give_a_reading(content):
    """Noise is refused with a reason."""
    hold(read_statement(content))


@pytest.mark.parametrize("seed", SEEDS)
@settings(max_examples=150)
@given(data=st.data())
def test_damaged_statements_give_a_reading(seed, data):
    """A statement that was cut, doubled, or had something put in is read or refused, and stays consistent."""
    content = SEEDS[seed]
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 300)))
        between = data.draw(st.sampled_from([b"", content[start:end] * 2, *PIECES]) | st.binary(max_size=8))
        content = content[:start] + between + content[end:]
    hold(read_statement(content))


@pytest.mark.parametrize("beginning", ["1CClientBankExchange\n", "<Document>", ":20:A\n", "Дата;Сумма\n"])
@pytest.mark.parametrize("unit", ["а", "а\n", "=\n", "<a>", "<a/>", ":86:", '"', ";", "(" * 9])
def test_a_great_deal_of_the_same_ends(beginning, unit):
    """Half a million characters of nonsense are given up, in whatever format they pretend to be."""
    reading = read_statement((beginning + unit * (500_000 // len(unit))).encode())
    assert reading.refused
    assert len(reading.problems) <= 201


def test_a_file_beyond_the_limit_is_not_read(monkeypatch):
    """Too many bytes are refused before anything looks at them."""
    monkeypatch.setattr("billing.reconciliation.formats.reading.BYTES_MAX", 1_000)
    reading = read_statement(HALYK.encode())
    assert [problem.code for problem in reading.problems] == [ProblemCode.TOO_LARGE]


def test_too_many_rows_are_given_up(monkeypatch):
    """Rows beyond the limit are not kept, and the file is refused."""
    monkeypatch.setattr("billing.reconciliation.formats.draft.ROWS_MAX", 3)
    reading = read_statement(HALYK.encode())
    assert len(reading.statement.rows) == 3
    assert ProblemCode.TOO_MANY_ROWS in [problem.code for problem in reading.errors]
