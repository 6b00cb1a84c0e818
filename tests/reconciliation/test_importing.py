"""Files taken in: once, overlapping, in parts, refused with nothing written."""

import json
from datetime import date
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from sqlalchemy import func, select

from billing.districts import service as districts
from billing.districts.models import BankAccountKind
from billing.kernel.money import Money
from billing.reconciliation.column_profiles import save_profile
from billing.reconciliation.formats.reading import read_statement
from billing.reconciliation.formats.statement import Party
from billing.reconciliation.importing import (
    AccountNotHeld,
    AnotherAccount,
    StatementRefused,
    accept_statement,
)
from billing.reconciliation.matches import open_rows
from billing.reconciliation.models import BankStatement, StatementRow
from billing.reconciliation.new_rows import NewRow, keep
from tests.support.bank_files import CAMT, HALYK, OTHER, OWN, SHEET, SWIFT, csv_of, document, one_c, section
from tests.support.districts import make_enterprise
from tests.support.statements import counted_statements

T = Money.tenge


@pytest.fixture
def account(session):
    """The account that the made-up files are of."""
    [account] = districts.list_bank_accounts(session, make_enterprise(session).id)
    assert account.iban == OWN
    return account


def add_account(session, enterprise_id, iban, kind=BankAccountKind.BANK):
    """An account of the enterprise with this IBAN."""
    return districts.add_bank_account(
        session,
        enterprise_id,
        kind=kind,
        iban=iban,
        bic="HSBKKZKX",
        bank_name_kk="«Қазақстан Халық Банкі» АҚ",
        bank_name_ru="АО «Народный Банк Казахстана»",
        kbe="16",
    )


def take(session, text, **options):
    """Take a file in; options as of the service."""
    content = text.encode() if isinstance(text, str) else text
    accepted = accept_statement(session, content, file_name="выписка.txt", **options)
    keep(session, accepted.statement, accepted.new_rows)
    return accepted


def rows(session):
    """All rows there are: day, sum with its sign, which of several alike."""
    found = session.scalars(select(StatementRow).order_by(StatementRow.booked_on, StatementRow.id))
    return [
        (f"{row.booked_on:%d.%m}", str(row.amount if row.direction == "in" else -row.amount), row.occurrence)
        for row in found
    ]


def count(session, model):
    """How many there are."""
    return session.scalar(select(func.count()).select_from(model))


def test_a_file_is_kept_as_it_came(session, account):
    """The statement keeps what the bank stated; a row keeps its parties, its place and its raw text."""
    imported = take(session, HALYK.encode("kz1048"))

    statement = imported.statement
    assert (statement.format, statement.date_from, statement.date_to) == (
        "1CClientBankExchange",
        date(2026, 11, 1),
        date(2026, 11, 3),
    )
    assert (statement.opening, statement.credited, statement.debited, statement.closing) == (
        T(100_000),
        T(15_000),
        T(20_000),
        T(95_000),
    )
    assert (statement.row_count, statement.new_row_count, statement.problems) == (5, 5, [])
    assert statement.override_reason is None
    first = session.scalars(select(StatementRow).order_by(StatementRow.position)).first()
    assert (first.counterparty_name, first.counterparty_iin_bin) == ("Әлімбаева Гүлнұр", "750115400007")
    assert (first.purpose, first.knp) == ("Үлгі ауылы, қар тазалау ақысы, шот 000123", "859")
    assert "НазначениеПлатежа=Үлгі ауылы" in first.raw
    assert rows(session) == [
        ("01.11", "5000.00", 1),
        ("02.11", "2500.00", 1),
        ("02.11", "2500.00", 2),
        ("03.11", "5000.00", 1),
        ("03.11", "-20000.00", 1),
    ]


def test_the_same_file_again_is_the_same_statement(session, account):
    """Taken in twice, a file is there once."""
    first = take(session, HALYK)
    again = take(session, HALYK)

    assert (first.is_known, again.is_known) == (False, True)
    assert again.statement.id == first.statement.id
    assert (count(session, BankStatement), count(session, StatementRow)) == (1, 5)


def test_the_same_days_in_other_bytes_add_no_row(session, account):
    """Another encoding is another file, and none of its rows is new."""
    take(session, HALYK.encode("utf-8-sig"))
    again = take(session, HALYK.encode("kz1048"))

    assert (again.is_known, again.statement.row_count, again.statement.new_row_count) == (False, 5, 0)
    assert count(session, StatementRow) == 5


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_overlapping_file_adds_only_its_own_rows(session, account, order):
    """Two files share a day: each of its rows is there once, look-alikes too, in whatever order they come."""
    files = [
        one_c(
            section(["10.00", "5.00", "5.00"], last="02.11.2026"),
            doc("10.00", 1),
            doc("5.00", 2),
            doc("5.00", 2),
            last="02.11.2026",
        ),
        one_c(
            section(["5.00", "5.00", "7.00"], opening="110.00", first="02.11.2026"),
            doc("5.00", 2),
            doc("5.00", 2),
            doc("7.00", 3),
            first="02.11.2026",
        ),
    ]
    added = [take(session, files[number]).statement.new_row_count for number in order]

    assert sum(added) == 4
    assert rows(session) == [
        ("01.11", "10.00", 1),
        ("02.11", "5.00", 1),
        ("02.11", "5.00", 2),
        ("03.11", "7.00", 1),
    ]


def doc(amount, day, **options):
    """A payment without a number on a day of November: nothing but balances tells two of them apart."""
    return document(amount, day=f"{day:02}.11.2026", number="", **options)


def of_day(day, *amounts, opening):
    """A file of one day, or of a part of it."""
    text = f"{day:02}.11.2026"
    part = section(list(amounts), first=text, last=text, opening=opening)
    return one_c(part, *(doc(amount, day) for amount in amounts), first=text, last=text)


def test_a_day_in_two_parts_loses_no_look_alike(session, account):
    """The bank's balances tell that the afternoon's payment is another one than the morning's."""
    take(session, of_day(2, "5.00", "8.00", opening="100.00"))
    afternoon = of_day(2, "5.00", opening="113.00")

    assert take(session, afternoon).statement.new_row_count == 1
    assert take(session, f"{afternoon}\n").statement.new_row_count == 0
    assert take(session, of_day(2, "5.00", "8.00", "5.00", opening="100.00")).statement.new_row_count == 0
    assert rows(session) == [("02.11", "5.00", 1), ("02.11", "8.00", 1), ("02.11", "5.00", 2)]


def test_days_told_otherwise_are_refused(session, account):
    """The same payment told in other words would be booked twice; the closing balance gives it away."""
    take(session, of_day(2, "5.00", opening="100.00"))
    told = of_day(2, "5.00", opening="100.00").replace("=оплата", "=за уборку снега")

    with pytest.raises(StatementRefused) as refusal:
        take(session, told)

    [problem] = refusal.value.facts["problems"]
    assert (problem.code, problem.facts) == ("days_disagree", {"stated": T(105), "counted": T(110)})
    assert refusal.value.facts["overridable"] is True
    assert rows(session) == [("02.11", "5.00", 1)]

    kept = take(session, told, override_reason="Банк исправил назначение").statement
    assert (kept.override_reason, kept.accepted_difference) == ("Банк исправил назначение", T(-5))
    assert count(session, StatementRow) == 2


def test_sums_that_do_not_add_up_need_a_reason(session, account):
    """Refused with each problem's line; with a reason taken in, and the reason kept."""
    wrong = one_c(
        section(["5.00"]).replace("КонечныйОстаток=105.00", "КонечныйОстаток=106.00"), doc("5.00", 2)
    )

    with pytest.raises(StatementRefused) as refusal:
        take(session, wrong)

    [problem] = refusal.value.facts["problems"]
    assert (problem.code, problem.line) == ("totals_do_not_add_up", 7)
    assert count(session, BankStatement) == 0

    kept = take(session, wrong, override_reason=" Банк  подтвердил письмом ").statement
    assert kept.override_reason == "Банк подтвердил письмом"
    assert kept.accepted_difference == T(1)
    assert [(each["code"], each["line"]) for each in kept.problems] == [("totals_do_not_add_up", 7)]
    json.dumps(kept.problems)


def test_a_reason_that_nothing_needs_is_not_kept(session, account):
    """A clean statement was not overridden, whatever was typed."""
    assert take(session, HALYK, override_reason="на всякий случай").statement.override_reason is None


@pytest.mark.parametrize("text", ["no statement", HALYK[:-400], one_c(section(["5.00"]), doc("x", 2))])
def test_nothing_else_can_be_overridden(session, account, text):
    """A file that is cut off or cannot be read stays out, with every reason."""
    with pytest.raises(StatementRefused) as refusal:
        take(session, text, override_reason="Очень нужно")

    assert refusal.value.facts["overridable"] is False
    assert refusal.value.facts["count"] == len(refusal.value.facts["problems"]) > 0
    assert (count(session, BankStatement), count(session, StatementRow)) == (0, 0)


def test_another_ones_account_is_refused(session):
    """A statement of an account that nobody of the district holds is not ours to book."""
    make_enterprise(session, 2)

    with pytest.raises(AccountNotHeld) as refusal:
        take(session, HALYK)

    assert refusal.value.facts == {"iban": OWN}
    assert count(session, BankStatement) == 0


def test_the_file_knows_better_whose_it_is(session, account):
    """Named another account than the file does: refused, rather than booked to either."""
    other = add_account(session, account.enterprise_id, OTHER)

    with pytest.raises(AnotherAccount) as refusal:
        take(session, HALYK, bank_account_id=other.id)

    assert refusal.value.facts == {"iban": OWN, "named": other.iban}
    assert count(session, BankStatement) == 0


def test_a_spreadsheet_without_an_account_is_of_the_named_one(session, account):
    """Who takes it in says whose it is."""
    bare = csv_of([SHEET[3], SHEET[4], SHEET[5]]).encode()
    with pytest.raises(StatementRefused):
        take(session, bare)

    statement = take(session, bare, bank_account_id=account.id).statement

    assert (statement.bank_account_id, statement.format, statement.opening) == (account.id, "CSV", None)
    assert [each["code"] for each in statement.problems] == ["balances_missing"]
    assert rows(session) == [("02.11", "5000.50", 1), ("03.11", "-250.00", 1)]


def test_a_saved_profile_reads_a_bank_nobody_knew(session, account):
    """The accountant's own headings, and the account that such files are of."""
    content = b"When;How much;Who\n2026-11-02;-5.00;Shop\n"
    with pytest.raises(StatementRefused):
        take(session, content)

    save_profile(
        session,
        name="Village bank",
        headings={"date": ["When"], "amount": ["How much"], "name": ["Who"]},
        bank_account_id=account.id,
    )

    assert take(session, content).account.id == account.id
    assert rows(session) == [("02.11", "-5.00", 1)]


def test_every_format_comes_in(session, account):
    """1C, MT940, camt.053 and a table, each with the rows it has."""
    add_account(session, account.enterprise_id, OTHER)
    texts = (HALYK, SWIFT, CAMT, csv_of(SHEET).replace(OTHER, "").replace(OWN, OTHER))

    assert [take(session, text).statement.new_row_count for text in texts] == [5, 2, 3, 2]


def test_what_no_column_takes_is_kept_in_the_raw_row(session, account):
    """A name of any length, half of a character, a number that is none: stored without failing."""
    text = one_c(
        section(["5.00"]),
        document("5.00", name="Ұ" * 900, iin_bin="1234567890123456", iban="KZ" + "9" * 60, number="N" * 90),
    )
    take(session, text)

    [row] = session.scalars(select(StatementRow))
    assert row.counterparty_name == "Ұ" * 300
    assert (row.counterparty_iin_bin, row.counterparty_iban) == ("", "")
    assert row.document_number == "N" * 50
    assert "1234567890123456" in row.raw


def test_a_long_file_costs_no_more_statements(session, account):
    """Two hundred rows are taken in with as many statements as ten."""

    def statements(day, count):
        content = of_day(day, *["5.00"] * count, opening=f"{day * 10_000}.00")
        with counted_statements(session) as sent:
            assert take(session, content).statement.new_row_count == count
        return len(sent)

    assert statements(1, 10) == statements(5, 200)


def test_rows_are_looked_at_as_they_are_stored(session, account):
    """NUL, half of a character, too long: what the matchers see is what anybody reads later."""
    [row] = read_statement(one_c(section(["5.00"]), document("5.00")).encode()).statement.rows
    odd = Party("\0" * 400, "1" * 13, "K" * 35, "HSBKKZ\ud800")
    kept = take(session, one_c(section(["7.00"]), document("7.00"))).statement
    told = row._replace(
        counterparty=odd,
        ultimate=odd,
        purpose="\ud800" + "а" * 6_000,
        knp="8590",
        document_number="\0" + "9" * 60,
        budget_code="\0",
        bank_reference="\ud800" * 60,
        raw="\0",
    )

    looked_at = keep(session, kept, [NewRow(told, "0" * 64, 1), NewRow(row, "1" * 64, 1)])

    assert looked_at == open_rows(session, [each.id for each in looked_at])
    first = looked_at[0]
    assert (first.counterparty_name, first.ultimate_name) == ("�" * 300, "�" * 300)
    assert (first.counterparty_iin_bin, first.ultimate_iban, first.knp) == ("", "", "")
    assert (first.counterparty_bic, first.document_number) == ("HSBKKZ?", "�" + "9" * 49)
    assert first.purpose == "?" + "а" * 4_999


def test_bombs_are_refused(session, account):
    """A small file that would unfold to a giant stays out, XML or ZIP, and leaves nothing."""
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(9))
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 300_000_000)
    for bomb in (f"<!DOCTYPE Document [{laughs}]><Document>&l8;</Document>".encode(), packed.getvalue()):
        with pytest.raises(StatementRefused):
            take(session, bomb)
    assert count(session, BankStatement) == 0
