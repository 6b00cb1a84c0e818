"""The banks' samples, where they lie beside the repository; what they show is tested without them as well."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from billing.districts.bank_accounts import add_bank_account
from billing.kernel.money import ZERO
from billing.reconciliation.formats.reading import read_statement
from billing.reconciliation.formats.statement import ProblemCode
from billing.reconciliation.importing import StatementRefused
from billing.reconciliation.models import BankStatement, StatementRow
from billing.reconciliation.proof import bank_proof
from billing.reconciliation.service import take_in
from billing.verification.service import verify
from tests.support.billing import open_for_business
from tests.support.identifiers import synthetic_iban

SAMPLES = Path(__file__).parents[3] / "shared" / "data" / "statements"

# Account, first and last day, opening, closing; then sum, direction, name and a word of the purpose per row.
EXPECTED = {
    "bcc_v2_cp1251_says_utf8.txt": (
        ("KZ918560000000000004", "2026-11-06", "2026-11-06", "10.00", "202752.80"),
        [("202742.80", "in", 'ТОО "Ремонт "Сервис" плюс"', "000125")],
    ),
    "camt053.xml": (
        ("KZ456010000000000001", "2026-11-08", "2026-11-08", "102500.00", "106500.00"),
        [("4000.00", "in", 'АО "KASPI BANK"', "қар тазалау, шот 000127")],
    ),
    "halyk.sta": (
        ("KZ456010000000000001", "2026-11-07", "2026-11-07", "95000.00", "102500.00"),
        [("7500.00", "in", "Қожахмет Ұлан", "000126")],
    ),
    "halyk_daily_sections_kz1048.txt": (
        ("KZ456010000000000001", "2026-11-01", "2026-11-03", "100000.00", "95000.00"),
        [
            ("5000.00", "in", "Әлімбаева Гүлнұр", "қар тазалау ақысы, шот 000123"),
            ("2500.00", "in", "Қожахмет Ұлан", "оплата"),
            ("2500.00", "in", "Қожахмет Ұлан", "оплата"),
            ("5000.00", "in", "Нұрғалиев Өмір", "лиц. счет 4736390001"),
            ("20000.00", "out", "ИП Жөндеуші", "подряда № 4"),
        ],
    ),
    "kaspi_aggregate.txt": (
        ("KZ73722C000000000007", "2026-11-02", "2026-11-03", "0.00", "40196.25"),
        [
            ("27500.00", "in", 'АО "KASPI BANK"', "количество 6"),
            ("13000.00", "in", 'АО "KASPI BANK"', "количество 3"),
            ("303.75", "out", 'АО "KASPI BANK"', "Комиссия"),
        ],
    ),
    "kazpost_multiline_purpose.txt": (
        ("KZ555630000000000003", "2026-11-05", "2026-11-05", "0.00", "1500.00"),
        [("1500.00", "in", "Әлімбаева Гүлнұр", "Благоустройство улицы шот № 000124, ЖСН 750115400007")],
    ),
}
REFUSED = {
    "totals_do_not_add_up.txt": ({ProblemCode.TOTALS_DO_NOT_ADD_UP}, True),
    "truncated.txt": ({ProblemCode.CUT_OFF}, False),
}


def test_every_sample_is_read_exactly_or_refused():
    """Good samples give their rows without a problem; the two bad ones are refused for what is wrong."""
    for path in sorted(SAMPLES.glob("*")):
        reading = read_statement(path.read_bytes())
        if path.name in REFUSED:
            codes, overridable = REFUSED[path.name]
            assert {problem.code for problem in reading.errors} == codes, path.name
            assert reading.overridable is overridable, path.name
            continue
        about, rows = EXPECTED[path.name]
        statement = reading.statement
        assert reading.problems == (), path.name
        days = statement.date_from.isoformat(), statement.date_to.isoformat()
        assert (statement.account, *days, str(statement.opening), str(statement.closing)) == about
        assert len(statement.rows) == len(rows), path.name
        for row, (amount, direction, name, words) in zip(statement.rows, rows, strict=True):
            assert (str(row.amount), row.direction.value, row.counterparty.name) == (amount, direction, name)
            assert words in row.purpose, path.name


def test_every_sample_is_taken_in_or_refused(session):
    """The good ones are taken in once, in any order; of the bad ones nothing is written; all agrees."""
    enterprise = open_for_business(session)
    for iban in sorted({about[0] for about, _ in EXPECTED.values()}):
        if iban != synthetic_iban(1):
            add_bank_account(
                session,
                enterprise.id,
                iban=iban,
                bic="HSBKKZKX",
                bank_name_kk="Банк",
                bank_name_ru="Банк",
                kbe="16",
            )
    for path in [*sorted(SAMPLES.glob("*")), *sorted(SAMPLES.glob("*"), reverse=True)]:
        content = path.read_bytes()
        if path.name in REFUSED:
            with pytest.raises(StatementRefused):
                take_in(session, content, file_name=path.name, taken_in_on=date(2026, 11, 26))
            continue
        take_in(session, content, file_name=path.name, taken_in_on=date(2026, 11, 26))
    found = len(list(SAMPLES.glob("*")))
    assert session.scalar(select(func.count()).select_from(BankStatement)) == max(0, found - len(REFUSED))
    rows = sum(len(rows) for _, rows in EXPECTED.values()) if found else 0
    assert session.scalar(select(func.count()).select_from(StatementRow)) == rows
    proof = bank_proof(session, enterprise.id)
    assert proof.difference == ZERO
    assert list(verify(session)) == []
