"""Nonsense is refused when a value is made, before anything is drawn."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from invoices.values import ActLine, BankDetails, ContractReference, LocalText, Party, ReconciliationRow
from tests.invoices.samples import (
    BANK,
    make_account,
    make_act,
    make_cash_order,
    make_credit_note,
    make_invoice,
    make_line,
    make_payment_receipt,
    make_reconciliation,
)


@pytest.mark.parametrize("make", [make_invoice, make_act, make_credit_note])
def test_a_document_without_lines_is_refused(make):
    """There is no invoice, act or credit note of nothing."""
    with pytest.raises(ValueError, match="at least one line"):
        make(lines=())


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": -1},
        {"benefit": -1},
        {"unit_price": -1},
        {"quantity": Decimal(-1)},
        {"quantity": Decimal("0.0001")},
        {"quantity": Decimal("NaN")},
        {"quantity": Decimal("Infinity")},
        {"vat": 1},
        {"vat": 1090001, "vat_rate": Decimal(16)},
        {"name": LocalText()},
    ],
    ids=str,
)
def test_impossible_lines_are_refused(changes):
    """Negative sums, quantities finer than thousandths, VAT without a rate or above the amount."""
    with pytest.raises(ValueError):
        make_line(**changes)


@pytest.mark.parametrize("amount", [10.0, Decimal(10), True, "10"])
def test_only_whole_tiyn_are_money(amount):
    """A float, a decimal, a truth value or a text is not money."""
    with pytest.raises(TypeError, match="whole tiyn"):
        make_line(amount=amount)


def test_an_account_that_does_not_add_up_is_refused():
    """Closing debt must follow from the other sums, to the tiyn."""
    with pytest.raises(ValueError, match="closing debt 1090001 is not 1090000"):
        replace(make_account(), closing=1090001)

    assert replace(make_account(), adjusted=-1000000, closing=90000).closing == 90000


def test_a_receipt_that_does_not_add_up_is_refused():
    """Settled lines and advance must make the payment, to the tiyn."""
    with pytest.raises(ValueError, match="received 1140001"):
        make_payment_receipt(1, amount=1140001)


def test_a_credit_note_cannot_take_more_than_the_invoice():
    """More than what is left of the invoice is refused; all of it is not."""
    with pytest.raises(ValueError, match="more is credited"):
        make_credit_note(1, invoice_total_before=1089999)

    assert make_credit_note(1, invoice_total_before=1090000).total == 1090000


@pytest.mark.parametrize(
    "make",
    [
        lambda: make_cash_order(amount=0),
        lambda: make_cash_order(amount=-100),
        lambda: make_cash_order(basis=LocalText()),
        lambda: make_cash_order(received_from=LocalText()),
        lambda: make_credit_note(reason=LocalText()),
        lambda: make_credit_note(invoice_number=""),
        lambda: make_payment_receipt(0, amount=0, advance=0),
        lambda: make_reconciliation(period_to=date(2026, 8, 31)),
        lambda: ReconciliationRow(date(2026, 1, 1), LocalText("а"), LocalText("а"), debit=-1),
        lambda: replace(make_account(), period_to=date(2026, 10, 31)),
        lambda: Party(LocalText()),
        lambda: BankDetails("", "HSBKKZKX", BANK.bank_name, "16"),
        lambda: ContractReference("", date(2026, 1, 1)),
        lambda: ActLine(
            LocalText("а"), date(2026, 1, 2), LocalText("а"), Decimal(1), 1, 1, performed_to=date(2026, 1, 1)
        ),
    ],
)
def test_other_nonsense_is_refused(make):
    """Empty names and reasons, sums of zero, periods that end before they start."""
    with pytest.raises(ValueError):
        make()


def test_a_payment_link_must_be_ascii():
    """Readers took Cyrillic in a QR code for Chinese, so it is refused."""
    with pytest.raises(ValueError, match="ASCII"):
        make_invoice(payment_link="https://pay.example.kz/төлем")
    with pytest.raises(ValueError, match="ASCII"):
        make_payment_receipt(link="https://pay.example.kz/төлем")
