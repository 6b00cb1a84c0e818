"""1CClientBankExchange in the manner of each bank, and what is wrong with a file."""

from datetime import date

import pytest

from billing.kernel.money import Money
from billing.reconciliation.formats.reading import read_statement
from billing.reconciliation.formats.statement import (
    Direction,
    Party,
    ProblemCode,
    Severity,
    Statement,
    StatementFormat,
)
from tests.support.bank_files import HALYK, OTHER, OWN, document, one_c, section

P = ProblemCode


def clean(content: bytes) -> Statement:
    """A file's statement, which must have no problem."""
    reading = read_statement(content)
    assert reading.problems == ()
    assert not reading.refused
    assert reading.statement is not None
    return reading.statement


def problems(text: str) -> list[tuple[ProblemCode, int, str]]:
    """Code, line and key of everything that is wrong."""
    return [(each.code, each.line, each.key) for each in read_statement(text.encode()).problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "kz1048", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_halyk_with_a_section_a_day(encoding, line_end):
    """Upper-case keys and three sections are one statement, in every encoding that has Kazakh letters."""
    statement = clean(HALYK.replace("\n", line_end).encode(encoding))

    assert statement.format is StatementFormat.ONE_C
    assert (statement.account, statement.currency) == (OWN, "KZT")
    assert (statement.date_from, statement.date_to) == (date(2026, 11, 1), date(2026, 11, 3))
    assert (statement.opening, statement.closing) == (Money.tenge(100_000), Money.tenge(95_000))
    assert (statement.credited, statement.debited) == (Money.tenge(15_000), Money.tenge(20_000))
    assert [(s.line, s.opening, s.closing) for s in statement.sections] == [
        (7, Money.tenge(100_000), Money.tenge(105_000)),
        (16, Money.tenge(105_000), Money.tenge(110_000)),
        (25, Money.tenge(110_000), Money.tenge(95_000)),
    ]
    first, *_, last = statement.rows
    assert len(statement.rows) == 5
    assert (first.position, first.line, first.date) == (1, 34, date(2026, 11, 1))
    assert (first.amount, first.direction) == (Money.tenge(5_000), Direction.IN)
    assert first.counterparty == Party("Әлімбаева Гүлнұр", "750115400007", OTHER)
    assert first.purpose == "Үлгі ауылы, қар тазалау ақысы, шот 000123"
    assert (first.knp, first.document_number, first.ultimate) == ("859", "101", None)
    assert first.raw.startswith("СЕКЦИЯДОКУМЕНТ=выписка\nНомерДокумента=101\n")
    assert first.raw.endswith("КОНЕЦДОКУМЕНТА\n")
    assert (last.direction, last.counterparty.name) == (Direction.OUT, "ИП Жөндеуші")


def test_every_document_of_a_large_file_is_read_as_the_first(monkeypatch):
    """Documents of changing keys in one long file come out in order, each with its own line and values."""
    monkeypatch.setattr("billing.reconciliation.formats.one_c.PIECE", 3_000)
    monkeypatch.setattr("billing.reconciliation.formats.one_c.PIECE_REST", 1_000)
    sums = [f"{number}.0{number % 10}" for number in range(1, 400)]
    documents = [
        document(
            amount,
            number=str(place),
            out=place % 3 == 0,
            purpose=f"шот {place}" + ("\nекінші жол" if place % 7 == 0 else ""),
            **({"КодБК": "201904"} if place % 5 == 0 else {}),
        )
        for place, amount in enumerate(sums, start=1)
    ]
    came = [amount for place, amount in enumerate(sums, start=1) if place % 3]
    text = one_c(section(came, sums[2::3], opening="1000000.00"), *documents)

    rows = clean(text.encode()).rows

    assert [(row.position, row.document_number, str(row.amount)) for row in rows] == [
        (place, str(place), amount) for place, amount in enumerate(sums, start=1)
    ]
    assert [row.line for row in rows] == [
        number for number, line in enumerate(text.split("\n"), 1) if line.startswith("СекцияДокумент")
    ]
    assert [row.raw for row in rows] == documents
    assert {row.purpose for row in rows if row.position % 7 == 0} >= {"шот 7 екінші жол"}
    assert [row.budget_code for row in rows] == ["" if n % 5 else "201904" for n in range(1, 400)]
    assert [row.direction for row in rows] == [
        Direction.IN if n % 3 else Direction.OUT for n in range(1, 400)
    ]


def test_kazpost_with_indentation_and_purposes_of_several_lines():
    """Blanks before keys do not count, and lines without a key go on with the purpose, even with an «=»."""
    purpose = "Абаттандыру қызметі\n  Благоустройство улицы\n  счет=000124, ЖСН 750115400007"
    text = one_c(section(["1500"]), document("1500", purpose=purpose))
    indented = "\ufeff" + "\n".join(f"  {line}" for line in text.split("\n"))

    (row,) = clean(indented.encode()).rows

    assert row.purpose == "Абаттандыру қызметі Благоустройство улицы счет=000124, ЖСН 750115400007"
    assert row.knp == "859"


def test_bcc_with_sums_without_zeros_and_quotes_in_names():
    """A file in cp1251 that declares UTF-8 is read, and «202742.8» is 202,742.80 tenge."""
    name = 'ТОО "Ремонт "Сервис" плюс"'
    text = one_c(section(["202742.8"], opening="10"), document("202742.8", name=name)).replace(
        "Windows", "UTF-8"
    )
    statement = clean(text.translate(str.maketrans("ҮүҚқҰұ", "УуКкУу")).encode("cp1251"))

    assert statement.closing == Money.tenge("202752.80")
    assert (statement.rows[0].amount, statement.rows[0].counterparty.name) == (Money.tenge("202742.80"), name)


def test_russian_names_of_keys():
    """A file of the Russian edition is read: one key has the sum, and whose account is whose its way."""
    paid = "СекцияДокумент=Платежное поручение\nНомер=7\nДата=02.11.2026\nСумма=250.00\n"
    paid += (
        f"ПлательщикСчет={OTHER}\nПлательщик1=Иванов\nПлательщикИНН=820301300007\nДатаПоступило=03.11.2026\n"
    )
    paid += f"ПолучательСчет={OWN}\nНазначениеПлатежа=за воду\nКодНазПлатежа=859\nКонецДокумента\n"
    spent = (
        paid.replace(OTHER, "X").replace(OWN, OTHER).replace("=X", f"={OWN}").replace("Номер=7", "Номер=8")
    )
    rows = clean(one_c(section(["250.00"], ["250.00"]), paid, spent).encode()).rows

    assert [(row.direction, row.document_number) for row in rows] == [
        (Direction.IN, "7"),
        (Direction.OUT, "8"),
    ]
    assert rows[0].counterparty == Party("Иванов", "820301300007", OTHER)
    assert (rows[0].date, rows[0].knp) == (date(2026, 11, 3), "859")


def test_who_really_paid_is_told_from_who_sent_the_money():
    """The actual payer of ISO 20022 stands beside the counterparty."""
    actual = {"ФактическийПлательщикНаименование": "Өмір", "ФактическийПлательщикБИН_ИИН": "901124300005"}
    (row,) = clean(one_c(section(["5.00"]), document("5.00", **actual)).encode()).rows

    assert row.ultimate == Party("Өмір", "901124300005")
    assert row.counterparty.name == "Қожахмет Ұлан"


def test_a_statement_without_movements_is_clean():
    """A quiet day has balances and no rows."""
    statement = clean(one_c(section()).encode())
    assert (statement.rows, statement.opening, statement.closing) == ((), Money.tenge(100), Money.tenge(100))


def test_totals_that_do_not_add_up_are_two_problems_an_accountant_may_override():
    """The stated turnover is not that of the rows, and the balances do not follow from it."""
    text = one_c(section(["202742.80"]), document("202742.80"))
    reading = read_statement(text.replace("ВсегоПоступило=202742.80", "ВсегоПоступило=202742.9").encode())

    assert [(p.code, p.severity, p.line, p.key) for p in reading.problems] == [
        (P.TOTALS_DO_NOT_ADD_UP, Severity.ERROR, 7, "credited"),
        (P.TOTALS_DO_NOT_ADD_UP, Severity.ERROR, 7, "closing"),
    ]
    assert reading.problems[0].facts["stated"] == Money.tenge("202742.90")
    assert reading.problems[0].facts["counted"] == Money.tenge("202742.80")
    assert (reading.refused, reading.overridable) == (True, True)


def test_sections_must_follow_from_each_other():
    """A day that does not begin with what the day before ended with is named by its own line."""
    days = [
        section(first="01.11.2026", last="01.11.2026", opening="100.00"),
        section(first="02.11.2026", last="02.11.2026", opening="90.00"),
    ]
    assert problems(one_c(*days)) == [(P.TOTALS_DO_NOT_ADD_UP, 16, "opening")]


def test_a_file_cut_off_anywhere_is_noticed():
    """Whatever number of letters is missing at the end, the file is not clean, and nobody may override it."""
    text = one_c(section(["5.00", "7.00"]), document("5.00"), document("7.00"))
    for length in range(len(text.removesuffix("КонецФайла\n")) - 1):
        reading = read_statement(text[:length].encode())
        assert reading.refused, length
        assert not reading.overridable, length


def test_a_document_that_is_cut_off_is_the_only_problem():
    """Sums that cannot fit any more are not complained about as well."""
    text = one_c(section(["5.00", "7.00"]), document("5.00"), document("7.00"))
    cut = text[: text.rindex("СуммаПриход")]
    assert problems(cut) == [(P.CUT_OFF, len(cut.splitlines()), "ПлательщикИИК=KZ41722C000000000001")]


def test_only_the_mark_of_the_end_is_missing():
    """Where the balances prove every row, a missing last line is a warning; where they do not, an error."""
    text = one_c(section(["5.00"]), document("5.00"), end="")
    reading = read_statement(text.encode())
    assert [(p.code, p.severity) for p in reading.problems] == [(P.END_MARKER_MISSING, Severity.WARNING)]
    assert not reading.refused

    less = read_statement(one_c(section(["5.00", "7.00"]), document("5.00"), end="").encode())
    assert P.CUT_OFF in [problem.code for problem in less.errors]
    assert not less.overridable


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "key"),
    [
        ("СуммаПриход=5.00", "СуммаПриход=5.001", P.INVALID_AMOUNT, 25, "СуммаПриход"),
        ("СуммаПриход=5.00", "СуммаПриход=-5", P.INVALID_AMOUNT, 25, "СуммаПриход"),
        ("СуммаПриход=5.00", "СуммаПриход=1E+9", P.INVALID_AMOUNT, 25, "СуммаПриход"),
        ("СуммаПриход=5.00\n", "", P.AMOUNT_MISSING, 16, ""),
        ("СуммаПриход=5.00", "СуммаПриход=5\nСуммаРасход=5", P.DIRECTION_UNCLEAR, 25, "СуммаПриход"),
        ("ДатаОперации=02.11.2026", "ДатаОперации=31.02.2026", P.INVALID_DATE, 26, "ДатаОперации"),
        ("ДатаОперации=02.11.2026\n", "", P.DATE_MISSING, 16, ""),
        ("ДатаОперации=02.11.2026", "ДатаОперации=02.12.2026", P.DATE_OUTSIDE_PERIOD, 16, ""),
        ("ДатаОперации=02", "Валюта=USD\nДатаОперации=02", P.FOREIGN_CURRENCY, 26, "Валюта"),
        ("КонечныйОстаток=105.00", "КонечныйОстаток=сто", P.INVALID_AMOUNT, 14, "КонечныйОстаток"),
        ("КонечныйОстаток=105.00\n", "", P.BALANCES_MISSING, 7, ""),
        ("КонецФайла", "КонецФайла\nСекцияДокумент=выписка", P.OUT_OF_PLACE, 31, ""),
        ("КонецРасчСчет\n", "", P.OUT_OF_PLACE, 15, ""),
    ],
)
def test_every_problem_has_its_line_and_key(old, new, code, line, key):
    """What is wrong is named where it stands, and keeps the statement out for good."""
    text = one_c(section(["5.00"]), document("5.00"))
    assert old in text
    assert text.split("\n")[15] == "СекцияДокумент=выписка"

    reading = read_statement(text.replace(old, new).encode())

    assert (code, line) in [(each.code, each.line) for each in reading.problems]
    (found,) = [each for each in reading.problems if each.code is code]
    assert found.key == key or code is P.OUT_OF_PLACE
    assert reading.refused
    assert not reading.overridable


@pytest.mark.parametrize(
    ("own", "code"),
    [("KZ466010000000000001", P.INVALID_ACCOUNT), ("", P.ACCOUNT_MISSING)],
)
def test_the_account_must_be_one(own, code):
    """A mistyped account and a missing one are problems of their own."""
    assert code in [each[0] for each in problems(one_c(section(own=own), own=own))]


def test_two_accounts_in_one_file_are_refused():
    """Each account has its own statement."""
    reading = read_statement(one_c(section(), section(own=OTHER)).encode())
    assert [(each.code, each.facts["count"]) for each in reading.problems] == [(P.SEVERAL_ACCOUNTS, 2)]


def test_two_documents_run_into_one_are_noticed():
    """The end of a document and the beginning of the next are missing: neither sum is taken for the other."""
    text = one_c(section(["5.00", "7.00"]), document("5.00"), document("7.00"))
    glued = text.replace("КонецДокумента\nСекцияДокумент=выписка\n", "")
    assert P.OUT_OF_PLACE in [each[0] for each in problems(glued)]


def test_a_file_of_nothing_but_problems_is_given_up():
    """After two hundred problems reading ends, with one more that says so."""
    text = one_c(section(), *[document("x") for _ in range(500)])
    reading = read_statement(text.encode())
    assert len(reading.problems) == 201
    assert reading.problems[-1].code is P.TOO_MANY_PROBLEMS


def test_endless_lines_and_documents_are_given_up():
    """Neither a line nor a document without an end is followed."""
    long = one_c(section(["5.00"]), document("5.00", purpose="а" * 20_000))
    assert P.LINE_TOO_LONG in [each[0] for each in problems(long)]
    endless = one_c(section(["5.00"]), document("5.00", purpose="а\n" * 500))
    assert P.OUT_OF_PLACE in [each[0] for each in problems(endless)]
