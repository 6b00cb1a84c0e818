"""Invoices on paper, alone and in a print file, beside InvoiceGenerator printing the same content."""

import contextlib
import io
import os
import warnings
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from invoices import invoice, print_file
from invoices.values import InvoiceDocument
from tests.bench.measuring import Measurement, at_least, in_turns
from tests.invoices.samples import make_invoice

LINK = "https://billing.example.kz/pay/0195d3a0-0000-7000-8000-{:012d}"
LINES = 3


def documents(count: int) -> list[InvoiceDocument]:
    """Invoices of three lines, each with its own number and link."""
    template = make_invoice(LINES)
    return [
        replace(template, number=f"{place:06d}", payment_link=LINK.format(place))
        for place in range(1, count + 1)
    ]


def print_theirs(document: InvoiceDocument, path: Path) -> None:
    """The same sides, lines and sums by InvoiceGenerator, with its own QR code."""
    from InvoiceGenerator.api import Client, Creator, Invoice, Item, Provider
    from InvoiceGenerator.pdf import SimpleInvoice

    supplier, buyer = document.supplier, document.buyer
    provider = Provider(
        supplier.name.ru, bank_account="2600420569", bank_code="2010", address=supplier.address.ru
    )
    theirs = Invoice(Client(buyer.name.ru, address=buyer.address.ru), provider, Creator("Айгүл"))
    theirs.number = document.number
    theirs.variable_symbol = int(document.number)
    theirs.currency, theirs.currency_locale = "KZT", "en_US.UTF-8"
    theirs.iban, theirs.swift = "CZ9820100000002600420569", "FIOBCZPP"
    theirs.use_tax = True
    theirs.date = theirs.taxable_date = theirs.payback = datetime.combine(
        document.issued_on, datetime.min.time()
    )
    for line in document.lines:
        price = Decimal(line.unit_price or 0) / 100
        theirs.add_item(Item(line.quantity or 1, price, description=line.name.ru, tax=line.vat_rate or 0))
    SimpleInvoice(theirs).gen(str(path), generate_qr_code=True)


def measure(*, printed: int) -> list[Measurement]:
    """One invoice against one of theirs; a file of many against theirs, which are a file each."""
    os.environ["INVOICE_LANG"] = "en"
    one, many = documents(20), documents(printed)
    with TemporaryDirectory() as directory, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(directory) / "theirs.pdf"

        def theirs() -> None:
            with contextlib.redirect_stdout(io.StringIO()):
                for document in one[:5]:
                    print_theirs(document, path)

        ours_seconds, theirs_seconds = in_turns(lambda: [invoice.render(each) for each in one], theirs)
        file_seconds, again_seconds = in_turns(
            lambda: print_file.render(many, title="invoices", language="kk"), theirs, rounds=3
        )
    return [
        at_least(
            "one invoice PDF with QR",
            len(one) / ours_seconds,
            5 / theirs_seconds,
            20,
            unit="/s",
        ),
        at_least(
            f"print file of {printed:,} invoices",
            printed / file_seconds,
            5 / again_seconds,
            60,
            unit="/s",
        ),
    ]
