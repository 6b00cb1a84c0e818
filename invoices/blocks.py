"""Parts that several forms share: captions in languages, parties, particulars, totals, signatures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from invoices import labels, numbers, qr
from invoices.page import BODY, BOLD, HINT, SMALL, TITLE, Sheet, Style, text_width, wrap
from invoices.values import ContractReference, FiscalReceipt, LocalText, Party, Signatory
from invoices.words import amount_in_words

Languages = tuple[str, ...]

_CAPTION_WIDTH = 120.0
_SIGNATURE_HEIGHT = 44.0
_QR_CAPTION = Style(6.2, grey=0.25)


def joined(text: LocalText, languages: Languages, mark: str = " / ") -> str:
    """Return the different texts of `languages` on one line: «Барлығы / Итого»."""
    return mark.join(text.each(languages))


def filled(label: LocalText, languages: Languages, **facts: object) -> tuple[str, ...]:
    """Return the caption in each language with `facts` put in: dates written out, texts translated."""
    return tuple(
        dict.fromkeys(
            label.get(language).format(**{name: _spoken(fact, language) for name, fact in facts.items()})
            for language in languages
        )
    )


def _spoken(fact: object, language: str) -> object:
    if isinstance(fact, date):
        return numbers.long_date(fact, language)
    return fact.get(language) if isinstance(fact, LocalText) else fact


def title(sheet: Sheet, texts: tuple[str, ...], *, rule: bool = True) -> None:
    """Draw the document's title, the first language larger, over a rule."""
    sheet.paragraph(texts, TITLE, after=Style(10.5, "bold", 0.2), gap=3)
    if rule:
        sheet.rule(sheet.left, sheet.y, sheet.right, sheet.y, 1.2)
        sheet.y -= 7


def tax_id(party: Party, language: str) -> str:
    """Return «БИН 991240000003», or nothing if the number may not be printed."""
    if not party.tax_id:
        return ""
    return f"{(labels.IIN if party.is_person else labels.BIN).get(language)} {party.tax_id}"


def address_line(party: Party, language: str) -> str:
    """Return the address and the phone of a side."""
    phone = f"{labels.PHONE.get(language)} {party.phone}" if party.phone else ""
    return _listed(party.address.get(language), phone)


@lru_cache(maxsize=4096)
def party_lines(party: Party, languages: Languages) -> tuple[str, ...]:
    """Return a side in each language: tax number, name, address, phone.

    The first language's name stands alone, so that it can be set in bold.
    """
    texts: list[str] = []
    for language in languages:
        name = _listed(tax_id(party, language), party.name.get(language))
        address = address_line(party, language)
        texts += [_listed(name, address)] if texts else [name, address]
    return tuple(dict.fromkeys(text for text in texts if text))


def _listed(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def contract_lines(contract: ContractReference | None, languages: Languages) -> tuple[str, ...]:
    """Return «№ 15 от 1 марта 2026 г.» in each language, or that there is no contract."""
    if contract is None:
        return labels.NO_CONTRACT.each(languages)
    return filled(labels.CONTRACT_OF, languages, number=contract.number, date=contract.signed_on)


def particulars(sheet: Sheet, rows: Sequence[tuple[str, tuple[str, ...]]], *, gap: float = 3.0) -> None:
    """Draw captions on the left and what they say on the right, row by row."""
    for caption, texts in rows:
        value_width = sheet.width - _CAPTION_WIDTH
        caption_lines = len(wrap(caption + ":", SMALL, _CAPTION_WIDTH - 6)) * SMALL.leading
        value_lines = sum(
            len(wrap(text, BODY if index else BOLD, value_width)) for index, text in enumerate(texts)
        )
        height = max(caption_lines, value_lines * BODY.leading)
        sheet.need(height)
        sheet.lines(sheet.left, _CAPTION_WIDTH - 6, (caption + ":",), SMALL)
        sheet.lines(sheet.left + _CAPTION_WIDTH, value_width, texts, BOLD, after=BODY)
        sheet.y -= height + gap


def totals(sheet: Sheet, rows: Sequence[tuple[str, str]], value_width: float) -> None:
    """Draw captions and sums flush right under a table's last column; the first row is bold."""
    right = sheet.right - 3
    for index, (caption, value) in enumerate(rows):
        style = BODY if index else BOLD
        left = right - max(value_width - 3, text_width(value, BOLD) + 9)
        sheet.need(style.leading + 1)
        sheet.y -= style.leading + 1
        sheet.text(left, sheet.y, caption + ":", style, "right")
        sheet.text(right, sheet.y, value, style, "right")


def fiscal_line(fiscal: FiscalReceipt, languages: Languages) -> str:
    """Return what the cash register printed, on one line."""
    parts = [
        f"{joined(labels.FISCAL_NUMBER, languages)} {fiscal.fiscal_number}",
        f"{joined(labels.REGISTER_NUMBER, languages)} {fiscal.register_number}",
    ]
    if fiscal.issued_at is not None:
        parts.append(numbers.moment(fiscal.issued_at))
    return ", ".join(parts)


def words_lines(caption: LocalText, tiyn: int, languages: Languages) -> tuple[str, ...]:
    """Return «Всего к оплате: Десять тысяч … тенге 00 тиын» in each language."""
    return tuple(f"{caption.get(one)}: {amount_in_words(tiyn, one)}" for one in languages)


def signature(
    sheet: Sheet, caption: str, signatory: Signatory, languages: Languages, *, x: float, width: float
) -> None:
    """Draw one place to sign at the cursor, without moving it: who, a line, the name, the seal."""
    y = sheet.y
    sheet.lines(x, width, (caption,), BOLD)
    position = joined(signatory.position, languages)
    if position:
        sheet.y -= len(wrap(caption, BOLD, width)) * BOLD.leading
        sheet.lines(x, width, wrap(position, SMALL, width)[:2], SMALL)
    line = y - _SIGNATURE_HEIGHT + 12
    middle = x + width * 0.4
    sheet.rule(x, line, middle - 6, line)
    sheet.rule(middle, line, x + width, line)
    sheet.fit(middle, line + 2.5, x + width - middle, signatory.name)
    sheet.y = line - 1
    sheet.lines(x, middle - 6 - x, labels.SIGNATURE.each(languages), HINT, align="center")
    sheet.lines(middle, x + width - middle, labels.FULL_NAME.each(languages), HINT, align="center")
    sheet.y = y


def signatures(
    sheet: Sheet, places: Sequence[tuple[LocalText, Signatory]], languages: Languages, *, seal: bool = True
) -> None:
    """Draw places to sign beside each other, the seal's place under each, and move under them."""
    height = _SIGNATURE_HEIGHT + HINT.leading * len(languages) + 4
    sheet.need(height + 14)
    width = (sheet.width - 24 * (len(places) - 1)) / max(len(places), 2)
    for index, (caption, signatory) in enumerate(places):
        x = sheet.left + index * (width + 24)
        signature(sheet, joined(caption, languages), signatory, languages, x=x, width=width)
        if seal:
            sheet.text(x, sheet.y - height - 4, joined(labels.SEAL, languages), SMALL)
    sheet.y -= height + (14 if seal else 0)


def qr_code(
    sheet: Sheet, payload: str, caption: LocalText, languages: Languages, *, x: float, y: float, size: float
) -> None:
    """Draw a QR code into the square whose lower left corner is (x, y), its caption below."""
    sheet.draw(qr.image(payload, x, y, size))
    below = y - _QR_CAPTION.size + 3
    for text in caption.each(languages):
        sheet.text(x + size / 2, below, text, _QR_CAPTION, "center")
        below -= _QR_CAPTION.leading
