"""Synthetic IIN, BIN and IBAN that pass the checks and belong to nobody."""

from datetime import date, timedelta

from billing.kernel.identifiers import control_digit

LAST_BIRTHDAY = date(1999, 12, 31)


def synthetic_iin(serial: int) -> str:
    """The IIN of an invented person; from the serial 1,000 on they are older."""
    days, of_day = divmod(serial, 1_000)
    return _first_issued(f"{LAST_BIRTHDAY - timedelta(days):%y%m%d}5{of_day:03d}")


def synthetic_bin(serial: int) -> str:
    """The BIN of an invented organisation registered in December 1999; the serials go from 0 to 9,999."""
    assert 0 <= serial <= 9_999, serial
    return _first_issued(f"991240{serial:04d}")


def synthetic_iban(serial: int, bank: str = "601") -> str:
    """An invented account in a bank."""
    account = f"{serial:013d}"
    # K is 20, Z is 35 in the check of ISO 13616; two zeros stand for the check digits.
    check = 98 - int(f"{bank}{account}203500") % 97
    return f"KZ{check:02d}{bank}{account}"


def _first_issued(beginning: str) -> str:
    # 0.83 % of beginnings have no check digit and are never issued.
    digits = ((last, control_digit(f"{beginning}{last}")) for last in range(10))
    return next(f"{beginning}{last}{digit}" for last, digit in digits if digit is not None)
