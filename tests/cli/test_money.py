"""`auyl invoice`, `pay`, `report`, `close-month` and `verify`: a fee's whole way at the terminal."""

import json
import re

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from billing.customers.models import Customer
from billing.invoicing.models import Invoice
from billing.payments.models import Payment, Refund


@pytest.fixture
def account(office, enterprise_id) -> str:
    """The customer's personal account number."""
    with office.work(read_only=True) as session:
        return session.scalars(select(Customer.account_number)).one()


@pytest.fixture
def invoiced(auyl, account) -> str:
    """The account, billed 1,000 tenge for March as invoice 1/2026."""
    result = auyl("invoice", "issue", account, "--month", "2026-03", "--on", "2026-03-31")
    assert (result.exit_code, result.output) == (
        0,
        "Invoice 1/2026 was issued: 1,000.00\u00a0KZT, due on 20 Apr 2026.\n",
    )
    return account


def count(office, model) -> int:
    """How many rows stand in a table of the district."""
    with office.work(read_only=True) as session:
        return session.scalar(select(func.count()).select_from(model))


def test_an_invoice_is_issued_once_for_a_month(auyl, office, invoiced):
    """The second time is refused in one sentence with exit code 1; the PDF comes out as archived."""
    again = auyl("invoice", "issue", invoiced, "--month", "2026-03", "--on", "2026-03-31")
    assert again.exit_code == 1
    assert again.stderr.count("\n") == 1 and "Traceback" not in again.stderr
    assert count(office, Invoice) == 1

    path = office.settings.var / "out.pdf"
    assert auyl("invoice", "pdf", "1/2026", "--output", str(path)).exit_code == 0
    assert path.read_bytes().startswith(b"%PDF")
    assert "1/2026" in auyl("invoice", "list", "--status", "issued").output
    assert "1/2026" not in auyl("invoice", "list", "--status", "paid", "--customer", invoiced).output


def test_without_completed_work_there_is_nothing_to_invoice(auyl, enterprise_id):
    """That is said, and is no refusal."""
    result = auyl("invoice", "issue")
    assert (result.exit_code, result.output) == (0, "There is nothing to invoice.\n")


def test_a_payment_is_previewed_recorded_and_told_with_its_reasons(auyl, office, invoiced):
    """The preview writes nothing; the payment settles the debt and leaves an advance."""
    step = "Invoice 1/2026 (due 20 Apr 2026, open 1,000.00\u00a0KZT): 1,000.00\u00a0KZT — oldest debt first"
    preview = auyl("pay", "preview", invoiced, "1500")
    assert step.split(" — ", maxsplit=1)[0] in preview.output
    assert preview.output.endswith("Stays as an advance: 500.00\u00a0KZT.\n")
    assert count(office, Payment) == 0

    paid = auyl("pay", "bank", invoiced, "1500,00", "--on", "2026-04-10", "--reference", "77")
    again = auyl("pay", "bank", invoiced, "1500", "--on", "2026-04-10", "--reference", "77")

    assert (paid.exit_code, again.exit_code) == (0, 0)
    assert step.split(" — ", maxsplit=1)[0] in paid.output
    assert count(office, Payment) == 1
    revenue = json.loads(auyl("report", "revenue", "--format", "json").output)
    assert revenue["totals"]["collected"] == "862.07"  # 1,000 with 16 % VAT inside


def test_cash_needs_the_receipt_of_the_register(auyl, office, invoiced):
    """Without it the command is wrongly typed; with it a card and a bank payment look alike."""
    assert auyl("pay", "cash", invoiced, "100").exit_code == 2
    assert count(office, Payment) == 0
    receipt = ("--fiscal-number", "123", "--register", "010100000001", "--invoice", "1/2026")
    assert auyl("pay", "cash", invoiced, "100", *receipt).exit_code == 0
    assert auyl("pay", "card", invoiced, "100").exit_code == 0
    assert count(office, Payment) == 2


@pytest.mark.parametrize("amount", ["0", "-5", "1.234", "abc", "1e9"])
def test_what_is_no_sum_is_wrongly_typed(auyl, office, invoiced, amount):
    """Exit code 2, and nothing recorded."""
    assert auyl("pay", "bank", invoiced, amount).exit_code == 2
    assert count(office, Payment) == 0


def test_what_is_still_to_come_is_wrongly_typed(auyl, office, invoiced):
    """A day after today is refused with exit code 2: no invoice, payment, refund or reversal bears it."""
    assert auyl("pay", "bank", invoiced, "1500", "--on", "2026-04-21").exit_code == 2
    assert auyl("invoice", "credit", "1/2026", "--reason", "Қ", "--on", "2027-01-01").exit_code == 2
    assert count(office, Payment) == 0
    assert auyl("pay", "bank", invoiced, "1500", "--on", "2026-04-20").exit_code == 0
    [line] = auyl("pay", "list").output.splitlines()

    late = auyl("pay", "reverse", line.split()[0], "--reason", "Қате", "--on", "2026-04-21")

    assert late.exit_code == 2 and "2026-04-20" in late.stderr
    assert auyl("verify").exit_code == 0


def test_money_is_given_back_and_a_mistake_reversed(auyl, office, invoiced):
    """By the payment's id, as the list shows it; more than the advance is refused."""
    auyl("pay", "bank", invoiced, "1500", "--on", "2026-04-10")
    auyl("pay", "card", invoiced, "300", "--on", "2026-04-11")
    card, bank = [line.split()[0] for line in auyl("pay", "list").output.splitlines()]

    assert auyl("pay", "refund", bank, "501", "--reason", "Артық").exit_code == 1
    assert auyl("pay", "refund", bank, "500", "--reason", "Артық").exit_code == 0
    assert auyl("pay", "reverse", bank, "--reason", "Қате").exit_code == 1  # money of it was given back
    assert auyl("pay", "reverse", card, "--reason", "Қате").exit_code == 0
    assert count(office, Refund) == 1
    assert auyl("pay", "reverse", "no-such-id", "--reason", "Қате").exit_code == 1
    assert auyl("verify").exit_code == 0


def test_an_invoice_is_credited_by_line_and_as_a_whole(auyl, invoiced):
    """More than is left of it is refused."""
    part = auyl("invoice", "credit", "1/2026", "--line", "1", "--sum", "400", "--reason", "Қате")
    assert (part.exit_code, part.output) == (0, "Credit note 1/2026 was issued: 400.00\u00a0KZT.\n")
    assert auyl("invoice", "credit", "1/2026", "--line", "1", "--sum", "601", "--reason", "Қ").exit_code == 1
    assert auyl("invoice", "credit", "1/2026", "--line", "7", "--reason", "Қ").exit_code == 1
    assert auyl("invoice", "credit", "1/2026", "--sum", "1", "--reason", "Қ").exit_code == 2
    assert auyl("invoice", "credit", "1/2026", "--reason", "Қате").exit_code == 0
    assert auyl("invoice", "credit", "9/2026", "--reason", "Қате").exit_code == 1
    assert auyl("invoice", "credit", "nine", "--reason", "Қате").exit_code == 1


@pytest.mark.parametrize(
    "words",
    [
        ("trial-balance", "--from", "2026-03-01"),
        ("account-card", "1210", "--from", "2026-03-01"),
        ("revenue",),
        ("aged-debt",),
        ("statement", "ACCOUNT", "--from", "2026-03-01"),
    ],
    ids=lambda words: words[0],
)
def test_every_report_has_three_forms(auyl, office, invoiced, words):
    """A table for people, JSON for programs, a spreadsheet that opens; without a file it is refused."""
    auyl("pay", "bank", invoiced, "600", "--on", "2026-04-10")
    words = ("report", *(invoiced if word == "ACCOUNT" else word for word in words))
    path = office.settings.var / "report.xlsx"

    table = auyl(*words)
    assert table.exit_code == 0
    assert re.search(r"[1-9][\d,]*\.\d\d", table.output)
    assert "…" not in table.output
    assert json.loads(auyl(*words, "--format", "json").output)["rows"]
    assert auyl(*words, "--format", "xlsx").exit_code == 2
    assert auyl(*words, "--format", "xlsx", "--output", str(path)).exit_code == 0
    assert load_workbook(path).active.max_row > 3


def test_the_table_goes_into_a_file_as_it_stands(auyl, office, invoiced):
    """Without colours."""
    path = office.settings.var / "debts.txt"
    assert auyl("report", "aged-debt", "--output", str(path)).exit_code == 0
    assert "1,000.00" in path.read_text(encoding="utf-8")
    assert "\x1b" not in path.read_text(encoding="utf-8")


def test_months_are_closed_once_and_in_turn(auyl, invoiced):
    """A closed month takes no more documents; a month that is not over is refused."""
    auyl("pay", "bank", invoiced, "600", "--on", "2026-03-31")
    assert auyl("close-month", "2026-04").exit_code == 1
    closed = auyl("close-month", "2026-03")
    assert (closed.exit_code, closed.output) == (0, "March 2026: 2 books closed.\n")
    assert auyl("close-month", "2026-03").output == "March 2026 is closed already (0).\n"
    assert auyl("pay", "bank", invoiced, "100", "--on", "2026-03-31").exit_code == 1
    assert auyl("report", "revenue", "--through", "2026-03").exit_code == 0


def test_verify_names_what_does_not_agree(auyl, office, invoiced):
    """A lost document is found; the exit code is 1. Without a difference it is 0."""
    assert auyl("verify").output == "Everything agrees: no difference was found.\n"
    for path in office.settings.documents.rglob("*"):
        if path.is_file():
            path.unlink()
    for words in (("verify",), ("verify", "--all-districts")):
        result = auyl(*words)
        assert result.exit_code == 1
        assert "invoice-2026-000001.pdf" in result.stdout
        assert result.stderr == "1 difference was found.\n"
