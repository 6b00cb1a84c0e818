"""The slip with the code to log in: the upper third of a sheet, cut off and handed over with the contract."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from invoices import blocks, labels, numbers
from invoices.blocks import joined
from invoices.checks import require, require_ascii, require_document
from invoices.page import HINT, SMALL, Sheet, Style
from invoices.values import BOTH, ContractReference, LocalText, Party

__all__ = ["AccessSlipDocument", "render"]

_CODE = Style(20, "bold")
_QR_SIZE = 78.0
_GROUP = re.compile(r"(?<=\w)(?=(?:\w{5})+$)")  # five and five are read without losing the place


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSlipDocument:
    """A slip handed over with a contract: the personal account and the code to log in with."""

    made_on: date
    organisation: Party
    customer: LocalText
    contract: ContractReference
    account_number: str
    code: str
    address: str = ""  # where to log in; ASCII, drawn as a QR code too
    languages: tuple[str, ...] = BOTH

    def __post_init__(self) -> None:
        require_document(self.account_number, self.languages)
        require(bool(self.code), "a slip without a code opens nothing")
        require_ascii(self.address)


def render(document: AccessSlipDocument) -> bytes:
    """Return the slip as PDF."""
    languages = document.languages
    sheet = Sheet(joined(labels.ACCESS_SLIP_TITLE, languages), languages[0])
    blocks.title(sheet, labels.ACCESS_SLIP_TITLE.each(languages))
    top, right = sheet.y, sheet.right
    if document.address:
        left = right - _QR_SIZE
        caption = labels.ACCESS_ADDRESS
        blocks.qr_code(sheet, document.address, caption, languages, x=left, y=top - _QR_SIZE, size=_QR_SIZE)
        sheet.right = left - 12
        sheet.width = sheet.right - sheet.left
    blocks.particulars(sheet, _particulars(document))
    sheet.y -= 6
    sheet.paragraph((joined(labels.ACCESS_CODE, languages),), SMALL, gap=2)
    sheet.paragraph((_GROUP.sub(" ", document.code),), _CODE, gap=8)
    sheet.right = right
    sheet.width = right - sheet.left
    if document.address:
        sheet.y = min(sheet.y, top - _QR_SIZE - 24)
    sheet.paragraph(labels.ACCESS_NOTICE.each(languages), HINT, gap=10)
    sheet.dashes(sheet.left, sheet.y, right, sheet.y)
    sheet.text((sheet.left + right) / 2, sheet.y + 3, joined(labels.CUT_LINE, languages), HINT, "center")
    return sheet.finish(languages)


def _particulars(document: AccessSlipDocument) -> list[tuple[str, tuple[str, ...]]]:
    languages = document.languages
    rows = [
        (labels.ORGANISATION, document.organisation.name.each(languages)),
        (labels.CUSTOMER, document.customer.each(languages)),
        (labels.CONTRACT, blocks.contract_lines(document.contract, languages)),
        (labels.PERSONAL_ACCOUNT, (document.account_number,)),
        (labels.MADE_ON, (numbers.short_date(document.made_on),)),
    ]
    if document.address:
        rows.append((labels.ACCESS_ADDRESS, (document.address,)))
    return [(joined(label, languages), texts) for label, texts in rows]
