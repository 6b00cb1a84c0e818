"""Reads a payment's purpose: which personal accounts, invoices and people the payer named.

People write «шот 000123», «сч.№123», «л/с 473 639 …», with Latin letters that look like Cyrillic ones, with
Kazakh letters or without, and banks put ``?`` where a letter was lost. The text is folded first, so that the
patterns below need to know one spelling of each letter. Nothing here knows whether a number exists.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from billing.kernel.alphabet import fold, replaced
from billing.kernel.errors import Refusal
from billing.kernel.identifiers import account_check_digit, check_account_number, is_bin, is_iin

PURPOSE_LENGTH_MAX = 2_000  # characters looked at; banks send up to some hundreds
MENTIONS_MAX = 20  # of each kind; a purpose with more is a list of something else
_ALIKE = tuple(zip("aceopxytkmhb\\_", "асеорхуткмнв/ ", strict=True))
_PLAIN = tuple(zip("№‐‑‒–—−", "#------", strict=True))


class AccountMention(NamedTuple):
    """A personal account that the payer named.

    Attributes:
        number: with its check digit.
        complete: whether the payer wrote the check digit; without it a wrong digit goes unnoticed.
        named: whether it was called an account, and is not just such a number.
    """

    number: str
    complete: bool = True
    named: bool = True


class InvoiceMention(NamedTuple):
    """An invoice that the payer named.

    Attributes:
        year: None where he did not say.
        named: whether it was called an invoice; a bare «000123» was not.
    """

    number: int
    year: int | None = None
    named: bool = True


class Mentions(NamedTuple):
    """What the payer named, each thing once, in the purpose's order."""

    accounts: tuple[AccountMention, ...] = ()
    invoices: tuple[InvoiceMention, ...] = ()
    iin_bins: tuple[str, ...] = ()


NOTHING = Mentions()


def folded(text: str) -> str:
    """The text in one spelling: small letters, Kazakh and look-alike Latin ones as Russian, plain digits."""
    plain = unicodedata.normalize("NFKC", replaced(text[:PURPOSE_LENGTH_MAX], _PLAIN))
    return replaced(fold(plain[: 2 * PURPOSE_LENGTH_MAX]), _ALIKE)


def _words(*spellings: str) -> str:
    """An alternative of words, folded as the text is; ``*`` stands for an ending."""
    return "|".join(
        re.escape(folded(each)).replace(r"\*", r"[а-яa-z?]{0,8}").replace(r"\ ", r"[ .-]{0,3}")
        for each in spellings
    )


_BEFORE = r"(?<![а-яa-z])"
_MARK = r"[ .,:;#?=\"'«»()/-]{0,6}"
_NUMBER_WORD = (
    rf"(?:(?:{_words('номер*', 'нөмір*', 'ном', 'n', 'no', 'nr')}|н[о?]м[и?]р[а-я?]{{0,3}}){_MARK})?"
)
_DAY = r"\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d{2})(?!\d)"
_SPOKEN_DAY = r"\d{1,2}[ .-]{1,2}[а-я?]{3,12}[ .-]{1,2}(20\d\d)(?!\d)"
_YEAR_WORD = r" ?(?:г(?:од[а-я]?)?|ж(?:ыл[а-я?]{0,4})?)?(?![а-я])\.?"
_MONEY = rf" ?(?:{_words('тг', 'тнг', 'теңге*', 'тенге*', 'kzt', 'т')}|₸)(?![а-я])"
_INVOICE_NUMBER = rf"(?<![0-9])([0-9]{{1,9}})(?![0-9])(?!\.[0-9])(?!,[0-9]{{2}}(?![0-9]))(?!{_MONEY})"

# Numbers that are called something else: other papers, other people's accounts.
_ANOTHERS = re.compile(
    rf"{_BEFORE}(?:сч[а-я]{{0,4}} ?[/-]? ?ф(?:акт[а-я]{{0,5}})?|шот[а-я]{{0,4}} ?-? ?факт[а-я]{{0,6}}|эсф|с/ф"
    rf"|(?:р|{_words('расч*', 'кор*', 'банк*', 'карт*')})[ ./-]{{0,3}}с(?:ч[а-я]{{0,4}})?"
    rf"|{_words('акт*', 'дог', 'договор*', 'шарт*', 'келісім*', 'чек*', 'телефон*', 'кбк', 'кнп', 'бик')})"
    rf"{_MARK}{_NUMBER_WORD}[a-z0-9][a-z0-9/-]*"
)
_ACCOUNT = re.compile(
    rf"{_BEFORE}(?:л[./ -]{{0,2}}с(?:ч[а-я]{{0,4}})?|(?:лиц|личн)[а-я]{{0,5}}[ ./-]{{0,3}}сч?[а-я]{{0,4}}"
    rf"|{_words('дербес* шот*', 'дербес* есепшот*', 'дербес* есеп шот*', 'жеке шот*', 'д/ш', 'абонент*')})"
    rf"{_MARK}{_NUMBER_WORD}{_MARK}(?P<run>[0-9][0-9 -]{{0,30}})"
)
_INVOICE_WORD = (
    rf"(?:сче?т?[а-я]{{0,3}}|{_words('шот*', 'есепшот*', 'есеп шот*', 'инвойс*', 'invoice', 'schet*')})"
)
_INVOICE = re.compile(
    rf"{_BEFORE}{_INVOICE_WORD}"
    rf"(?: ?[/-]? ?(?:{_words('на оплату', 'на опл', 'к оплате', 'на предоплату', 'бойынша', 'квитанци*')}))?"
    rf"(?:{_MARK}(?:{_words('от')})? ?(?:{_DAY}|{_SPOKEN_DAY}){_YEAR_WORD})?"
    rf"{_MARK}{_NUMBER_WORD}{_INVOICE_NUMBER}"
)
_AND_ANOTHER = re.compile(rf" ?(?:[,;+]|и|мен|жане) ?#? ?{_INVOICE_NUMBER}")
# «2026 жылғы 5 наурыздағы № 123 төлем шоты»
_NUMBER_FIRST = re.compile(
    r"(?:(20\d\d) ?ж[а-я?]{0,6}[^0-9#]{0,24}[0-9]{0,2}[^0-9#]{0,24})?"
    rf"#{_MARK}{_INVOICE_NUMBER}[ -]{{1,3}}(?:т[о?]лем[а-я?]{{0,4}} )?{_INVOICE_WORD}(?!{_MARK}[0-9])"
)
_BARE_INVOICE = re.compile(r"(?<![0-9a-zа-я./,:-])(0[0-9]{5})(?![0-9a-zа-я]|[./,:-][0-9])")
_YEAR_AFTER = re.compile(
    rf" ?(?:[/-] ?(20\d\d)(?!\d)|[ ,(]{{0,3}}(?:{_words('от')})?[ ,(]{{0,2}}(?:{_DAY}|{_SPOKEN_DAY}))"
)
_DIGIT = re.compile("[0-9]")
_DIGITS = re.compile(r"(?<![0-9])[0-9]+(?:[ -][0-9]+)*(?![0-9])")
_TWELVE_DIGITS = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")
_ZERO_WRITTEN_O = re.compile(r"(?<=[0-9])о(?=[0-9о])|(?<![а-яa-z0-9])о(?=[0-9о]{2})|(?<=[0-9]о)о(?=[0-9])")


def read_purpose(text: str) -> Mentions:
    """What a purpose names; nothing is never an error, whatever the text."""
    line = folded(text)
    if _DIGIT.search(line) is None:
        return NOTHING
    line = _ZERO_WRITTEN_O.sub("0", line)
    accounts: dict[str, AccountMention] = {}

    def take_account(match: re.Match[str]) -> str:
        found = _account_in(match["run"])
        if found is not None:
            accounts.setdefault(found.number, found)
        return " | "

    line = _ACCOUNT.sub(take_account, line)
    if _DIGIT.search(line) is None:  # most people write an account and a service, and no other number
        return Mentions(tuple(accounts.values())[:MENTIONS_MAX])
    for number in _bare_accounts(line):
        accounts.setdefault(number, AccountMention(number, named=False))
    iin_bins = dict.fromkeys(each for each in _TWELVE_DIGITS.findall(line) if is_iin(each) or is_bin(each))
    return Mentions(
        tuple(accounts.values())[:MENTIONS_MAX],
        tuple(_each_once(_invoices_in(_ANOTHERS.sub(" | ", line))))[:MENTIONS_MAX],
        tuple(iin_bins)[:MENTIONS_MAX],
    )


def _account_in(run: str) -> AccountMention | None:
    """The account at the beginning of digits that may be grouped, and followed by other numbers."""
    incomplete = None
    for digits in _joined(run):
        if _is_account(digits):
            return AccountMention(digits)
        if len(digits) in {10, 12} and incomplete is None:
            with_digit = digits + account_check_digit(digits)
            incomplete = AccountMention(with_digit, complete=False) if _is_account(with_digit) else None
    return incomplete


def _bare_accounts(line: str) -> Iterator[str]:
    for run in _DIGITS.findall(line):
        groups = re.split("[ -]", run)
        for start in range(len(groups)):
            for digits in _joined(" ".join(groups[start : start + 13])):
                if _is_account(digits):
                    yield digits


def _joined(run: str) -> Iterator[str]:
    """The first group of digits, the first two together, and so on, while they may be an account."""
    digits = ""
    for group in re.split("[ -]+", run.strip(" -")):
        digits += group
        if len(digits) > 13:
            return
        yield digits


def _is_account(digits: str) -> bool:
    if len(digits) not in {11, 13}:
        return False
    try:
        return check_account_number(digits) == digits
    except Refusal:
        return False


def _invoices_in(line: str) -> Iterator[InvoiceMention]:
    for match in _INVOICE.finditer(line):
        number, said = int(match.groups()[-1]), _first_year(match.groups()[:-1])
        yield InvoiceMention(number, said or _year_after(line, match.end()))
        end = match.end()
        while (another := _AND_ANOTHER.match(line, end)) is not None:
            end = another.end()
            yield InvoiceMention(int(another[1]), said or _year_after(line, end))
    for match in _NUMBER_FIRST.finditer(line):
        yield InvoiceMention(int(match[2]), int(match[1]) if match[1] else None)
    for match in _BARE_INVOICE.finditer(line):
        yield InvoiceMention(int(match[1]), named=False)


def _each_once(mentions: Iterable[InvoiceMention]) -> list[InvoiceMention]:
    """Without the repetitions: a number that was named, or said with its year, stands so and not barer."""
    found = dict.fromkeys(mention for mention in mentions if mention.number > 0)
    dated = {mention.number for mention in found if mention.year is not None}
    named = {mention.number for mention in found if mention.named}
    return [
        mention
        for mention in found
        if (mention.named or mention.number not in named)
        and (mention.year is not None or mention.number not in dated)
    ]


def _year_after(line: str, end: int) -> int | None:
    match = _YEAR_AFTER.match(line, end)
    return _first_year(match.groups()) if match is not None else None


def _first_year(groups: tuple[str | None, ...]) -> int | None:
    year = next((each for each in groups if each), None)
    if year is None:
        return None
    return int(year) if len(year) == 4 else 2000 + int(year)
