"""MT940 with and without the envelope of SWIFT."""

from datetime import date

import pytest

from billing.kernel.money import Money
from billing.reconciliation.formats.reading import read_statement
from billing.reconciliation.formats.statement import Direction, Party, ProblemCode, StatementFormat
from tests.support.bank_files import OWN, SWIFT

P = ProblemCode


def problems(text: str) -> list[tuple[ProblemCode, int, str]]:
    """Code, line and key of everything that is wrong."""
    return [(each.code, each.line, each.key) for each in read_statement(text.encode()).problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "kz1048"])
@pytest.mark.parametrize("envelope", [True, False])
def test_a_day_of_mt940(encoding, envelope):
    """Balances, movements and what is packed into their details are read."""
    text = SWIFT if envelope else "\n".join(SWIFT.split("\n")[1:-2]) + "\n"
    reading = read_statement(text.encode(encoding))
    statement = reading.statement

    assert reading.problems == ()
    assert (statement.format, statement.account) == (StatementFormat.MT940, OWN)
    assert (statement.date_from, statement.date_to) == (date(2026, 11, 7), date(2026, 11, 7))
    assert (statement.opening, statement.closing) == (Money.tenge(95_000), Money.tenge("102249.50"))
    paid, fee = statement.rows
    assert (paid.line, paid.date) == (6 if envelope else 5, date(2026, 11, 7))
    assert (paid.amount, paid.direction) == (Money.tenge(7_500), Direction.IN)
    assert paid.counterparty == Party("Қожахмет Ұлан", "820301300007")
    assert (paid.purpose, paid.knp) == ("Оплата по счету 000126", "859")
    assert (paid.document_number, paid.bank_reference) == ("000126", "REF778")
    assert (fee.amount, fee.direction) == (Money.tenge("250.50"), Direction.OUT)
    assert (fee.purpose, fee.document_number) == ("Комиссия банка", "REF779")
    assert fee.raw == ":61:2611071107D250,5NCHGNONREF//REF779\n:86:Комиссия банка"


def test_pages_of_a_statement_follow_from_each_other():
    """Intermediate balances join messages; a gap between them is a totals problem at the later one."""
    first = f":20:A\n:25:{OWN}\n:60F:C261106KZT100,\n:61:261107C50,NTRFNONREF\n:62M:C261107KZT150,\n"
    second = f":20:B\n:25:{OWN}\n:60M:C261107KZT150,\n:61:261107RC20,NTRFNONREF\n:62F:C261107KZT130,\n"
    statement = read_statement((first + second).encode()).statement
    assert [(str(row.amount), row.direction) for row in statement.rows] == [
        ("50.00", Direction.IN),
        ("20.00", Direction.OUT),
    ]
    assert (statement.opening, statement.closing) == (Money.tenge(100), Money.tenge(130))

    gap = (first + second).replace(":60M:C261107KZT150,", ":60M:C261107KZT151,").replace("KZT130,", "KZT131,")
    assert problems(gap) == [(P.TOTALS_DO_NOT_ADD_UP, 6, "opening")]


def test_the_day_of_booking_may_lie_in_the_next_year():
    """A movement valued on 31 December and booked on 2 January has the later year."""
    text = f":20:A\n:25:{OWN}\n:60F:C261231KZT0,\n:61:2612310102C5,NTRFNONREF\n:62F:C270102KZT5,\n"
    (row,) = read_statement(text.encode()).statement.rows
    assert row.date == date(2027, 1, 2)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("102249,50", "102250,50", [(P.TOTALS_DO_NOT_ADD_UP, 2, "closing")]),
        (":61:2611071107D250,5N", ":61:2611071107X250,5N", [(P.OUT_OF_PLACE, 9, ":61:")]),
        (":61:2611071107D250,5", ":61:2611071107D0,0", [(P.INVALID_AMOUNT, 9, ":61:")]),
        (":61:2611071107D250,5", ":61:2613071107D250,5", [(P.INVALID_DATE, 9, ":61:")]),
        (":61:2611071107D", ":61:2611081108D", [(P.DATE_OUTSIDE_PERIOD, 9, "")]),
        (":62F:C261107KZT102249,50\n-}\n", "", [(P.CUT_OFF, 10, ":62F:")]),
        ("-}\n", "", [(P.CUT_OFF, 11, "-}")]),
        (":60F:C261106KZT95000,00\n", "", [(P.BALANCES_MISSING, 2, "")]),
        (f":25:{OWN}\n", "", [(P.ACCOUNT_MISSING, 0, "")]),
        ("KZT", "USD", [(P.FOREIGN_CURRENCY, 0, "")]),
    ],
)
def test_what_is_wrong_has_its_line(old, new, expected):
    """Each problem names the line and the tag it stands in."""
    assert old in SWIFT
    assert problems(SWIFT.replace(old, new)) == expected
