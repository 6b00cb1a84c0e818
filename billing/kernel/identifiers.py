"""Identifiers of Kazakhstan: IIN, BIN, IBAN, BIC, payment codes, KATO, phones, personal accounts.

Pure checks of form and of check digits; whether somebody bears the number is not known here. Every
``check_*`` returns the normal form to store or raises a subclass of ``InvalidInput`` whose fact ``value`` is
what was written, masked where it may be personal data: a mistyped IIN is still an IIN.
"""

import re
from datetime import date

from billing.kernel.errors import InvalidInput

_ROUND_1 = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
_ROUND_2 = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)
# The seventh digit of an IIN says the century and the sex. 0 is met too and says neither.
_CENTURIES = {
    "0": (1800, 1900, 2000),
    "1": (1800,),
    "2": (1800,),
    "3": (1900,),
    "4": (1900,),
    "5": (2000,),
    "6": (2000,),
}
_TWELVE_DIGITS = re.compile(r"\d{12}", re.ASCII)
_TWELVE_DIGITS_WITHIN = re.compile(r"(?<!\d)\d{12}(?!\d)", re.ASCII)
_BIN = re.compile(r"\d{2}(?:0[1-9]|1[0-2])[456][0-3]\d{6}", re.ASCII)
_IBAN = re.compile(r"KZ\d{2}\d{3}[0-9A-Z]{13}", re.ASCII)
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII)
_KBE = re.compile(r"[12][1-9]", re.ASCII)
_KNP = re.compile(r"\d{3}", re.ASCII)
_KBK = re.compile(r"[1-9]\d{5}", re.ASCII)
_KATO = re.compile(r"[1-9]\d{8}", re.ASCII)
_PHONE = re.compile(r"\+?[0-9\s().–-]{10,24}")  # \s beyond ASCII: spreadsheets bring no-break spaces
_PHONE_DIGITS = re.compile(r"(?:\+7|7|8)?([3-9]\d{9})", re.ASCII)
_ACCOUNT_NUMBER = re.compile(r"[1-9]\d{5}(?:\d{4}|\d{6})\d", re.ASCII)
_SERIAL_SHORT_MAX = 9_999
_SERIAL_MAX = 999_999
_SHOWN_MAX = 40  # a refusal does not carry a whole pasted page into the log


class InvalidIIN(InvalidInput):
    """Not an IIN: wrong length, birth date, century digit or check digit. Facts: ``value``, masked."""

    code = "invalid_iin"


class InvalidBIN(InvalidInput):
    """Not a BIN: wrong length, month, type or check digit. Facts: ``value``, masked."""

    code = "invalid_bin"


class InvalidIINOrBIN(InvalidInput):
    """Neither an IIN nor a BIN. Facts: ``value``, masked."""

    code = "invalid_iin_or_bin"


class InvalidIBAN(InvalidInput):
    """Not a Kazakh account number (ИИК). Facts: ``value``, masked."""

    code = "invalid_iban"


class InvalidBIC(InvalidInput):
    """Not shaped like a bank's BIC. Facts: ``value``."""

    code = "invalid_bic"


class InvalidKBe(InvalidInput):
    """Not a KBe: residency 1 or 2 and sector 1 to 9. Facts: ``value``."""

    code = "invalid_kbe"


class InvalidKNP(InvalidInput):
    """Not a payment purpose code of three digits. Facts: ``value``."""

    code = "invalid_knp"


class InvalidKBK(InvalidInput):
    """Not a budget classification code (КБК) of six digits. Facts: ``value``."""

    code = "invalid_kbk"


class InvalidKATO(InvalidInput):
    """Not a KATO code of nine digits. Facts: ``value``."""

    code = "invalid_kato"


class InvalidPhone(InvalidInput):
    """Not a phone number in the +7 numbering. Facts: ``value``, masked."""

    code = "invalid_phone"


class InvalidAccountNumber(InvalidInput):
    """Not a personal account number: wrong length or check digit. Facts: ``value``."""

    code = "invalid_account_number"


def control_digit(first_11: str) -> int | None:
    """The twelfth digit of an IIN or BIN; None for the 0.83 % of beginnings that are never issued.

    Two rounds of weights modulo 11 (Government resolution No. 565 of 11 June 2003).
    """
    assert len(first_11) == 11 and first_11.isascii() and first_11.isdigit(), "eleven digits"
    digits = [int(character) for character in first_11]
    for weights in (_ROUND_1, _ROUND_2):
        rest = sum(digit * weight for digit, weight in zip(digits, weights, strict=True)) % 11
        if rest < 10:
            return rest
    return None


def is_iin(text: str) -> bool:
    """Whether the text is twelve digits that form a person's IIN, birth date and check digit included."""
    if _TWELVE_DIGITS.fullmatch(text) is None or not _has_birth_date(text):
        return False
    return control_digit(text[:11]) == int(text[11])


def is_bin(text: str) -> bool:
    """Whether the text is twelve digits that form an organisation's BIN. Never true of an IIN."""
    return _BIN.fullmatch(text) is not None and control_digit(text[:11]) == int(text[11])


def check_iin(text: str) -> str:
    """The IIN without surrounding blanks.

    Raises:
        InvalidIIN: not an IIN.
    """
    value = text.strip()
    if not is_iin(value):
        raise InvalidIIN(value=mask_iin(value))
    return value


def check_bin(text: str) -> str:
    """The BIN without surrounding blanks.

    Raises:
        InvalidBIN: not a BIN.
    """
    value = text.strip()
    if not is_bin(value):
        raise InvalidBIN(value=mask_iin(value))
    return value


def check_iin_or_bin(text: str) -> str:
    """The IIN or BIN without surrounding blanks; ``is_bin`` says which it is.

    Raises:
        InvalidIINOrBIN: neither.
    """
    value = text.strip()
    if not (is_iin(value) or is_bin(value)):
        raise InvalidIINOrBIN(value=mask_iin(value))
    return value


def check_iban(text: str) -> str:
    """A Kazakh IBAN (ИИК) in capitals without blanks: ``KZ``, 2 check digits, bank's 3 digits, 13 characters.

    Raises:
        InvalidIBAN: another country's, another length, or a wrong check number (ISO 13616, modulo 97).
    """
    value = _without_blanks(text).upper()
    if _IBAN.fullmatch(value) is None or not _iban_check_number_holds(value):
        raise InvalidIBAN(value=_masked(value, first=4, last=4))
    return value


def check_bic(text: str) -> str:
    """A bank's BIC in capitals, 8 or 11 characters; only its shape is checked.

    Raises:
        InvalidBIC: not of that shape.
    """
    value = text.strip().upper()
    if _BIC.fullmatch(value) is None:
        raise InvalidBIC(value=value[:_SHOWN_MAX])
    return value


def check_kbe(text: str) -> str:
    """A beneficiary code: residency (1 resident, 2 not) and sector of the economy (1 to 9).

    Raises:
        InvalidKBe: anything else.
    """
    return _checked(_KBE, text, InvalidKBe)


def check_knp(text: str) -> str:
    """A payment purpose code of three digits.

    Raises:
        InvalidKNP: anything else.
    """
    return _checked(_KNP, text, InvalidKNP)


def check_kbk(text: str) -> str:
    """A budget classification code (КБК): category, class (2), subclass, specific (2).

    Raises:
        InvalidKBK: anything else.
    """
    return _checked(_KBK, text, InvalidKBK)


def check_kato(text: str) -> str:
    """A KATO code of nine digits; whether the classifier has it is the districts' question.

    Raises:
        InvalidKATO: anything else.
    """
    return _checked(_KATO, text, InvalidKATO)


def check_phone(text: str) -> str:
    """A phone as ``+77011234567``, from any customary writing: ``8 (701) 123-45-67``, ``7011234567``.

    Raises:
        InvalidPhone: another country's code, or not ten national digits.
    """
    value = text.strip()
    digits = re.sub(r"[\s().–-]", "", value)
    match = _PHONE_DIGITS.fullmatch(digits) if _PHONE.fullmatch(value) else None
    if match is None:
        raise InvalidPhone(value=mask_phone(value))
    return f"+7{match[1]}"


def mask_iin(text: str) -> str:
    """An IIN or BIN as people may see it: ``9912******06``. Anything too short to mask shows nothing."""
    return _masked(text, first=4, last=2)


def mask_iins_in(text: str) -> str:
    """A text with the middle of every IIN or BIN in it hidden: purposes of payments name people so."""
    return _TWELVE_DIGITS_WITHIN.sub(lambda found: mask_iin(found.group()), text)


def mask_phone(text: str) -> str:
    """A phone as people may see it: ``+7701*****67``."""
    return _masked(text, first=5, last=2)


def account_check_digit(digits: str) -> str:
    """The check digit after a number of any length, by ISO 7064 MOD 11,10.

    It finds every single wrong digit and nearly every swap of two neighbours, and is always a digit.
    """
    assert digits.isascii() and digits.isdigit(), digits
    product = 10
    for character in digits:
        product = ((product + int(character)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)


def make_account_number(kato: str, serial: int) -> str:
    """A personal account number: 6 digits of the district's KATO, the serial, a check digit.

    Args:
        kato: the rural district's nine digits; the last three (the settlement) are left out.
        serial: 1 to 999,999, the district's own count. Four digits; six from 10,000 on, so that no
            account number has the twelve digits of an IIN.
    """
    assert _KATO.fullmatch(kato), kato
    assert 1 <= serial <= _SERIAL_MAX, serial
    width = 4 if serial <= _SERIAL_SHORT_MAX else 6
    digits = f"{kato[:6]}{serial:0{width}d}"
    return digits + account_check_digit(digits)


def check_account_number(text: str) -> str:
    """A personal account number without the blanks and hyphens people write into it.

    Raises:
        InvalidAccountNumber: another length, a serial no district gave, or a wrong check digit.
    """
    value = _without_blanks(text).replace("-", "")
    if _ACCOUNT_NUMBER.fullmatch(value) is None or not _account_number_holds(value):
        raise InvalidAccountNumber(value=value[:_SHOWN_MAX])
    return value


def _has_birth_date(iin: str) -> bool:
    return any(
        _is_date(century + int(iin[:2]), int(iin[2:4]), int(iin[4:6]))
        for century in _CENTURIES.get(iin[6], ())
    )


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _iban_check_number_holds(iban: str) -> bool:
    # Computed and compared, not only `mod 97 == 1`: that would also pass 00, 01 and 99.
    digits = "".join(str(int(character, 36)) for character in f"{iban[4:]}{iban[:2]}00")
    return int(iban[2:4]) == 98 - int(digits) % 97


def _account_number_holds(number: str) -> bool:
    serial = int(number[6:-1])
    lowest = 1 if len(number) == 11 else _SERIAL_SHORT_MAX + 1
    return serial >= lowest and account_check_digit(number[:-1]) == number[-1]


def _checked(pattern: re.Pattern[str], text: str, refusal: type[InvalidInput]) -> str:
    value = text.strip()
    if pattern.fullmatch(value) is None:
        raise refusal(value=value[:_SHOWN_MAX])
    return value


def _without_blanks(text: str) -> str:
    return "".join(text.split())


def _masked(text: str, *, first: int, last: int) -> str:
    # Fewer than four hidden characters could be guessed through the check digit.
    hidden = len(text) - first - last
    if hidden < 4:
        return "*" * len(text)
    return f"{text[:first]}{'*' * min(hidden, _SHOWN_MAX)}{text[-last:]}"
