"""Exact money: whole tiyn, one rounding rule (half-up, once per line), splits that always add up."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Self

TIYN_PER_TENGE = 100
MONEY_MAX_TIYN = 10**17 - 1  # fits BIGINT with room for sums of a whole country's year
BASIS_POINTS = 10_000  # 100.00 %

_TENGE = re.compile(r"(-?)(\d{1,13})(?:\.(\d{1,2}))?", re.ASCII)
_QUANTITY = re.compile(r"(\d{1,9})(?:\.(\d{1,3}))?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An exact amount in tenge, held as an integer count of tiyn. May be negative in differences."""

    tiyn: int

    def __post_init__(self) -> None:
        assert type(self.tiyn) is int, self.tiyn

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``"1250"``, ``"1250.5"`` or ``"1250.00"`` (tenge).

        Raises:
            ValueError: any other text. The length is bounded on purpose: ``Decimal("1E+999999")`` is a valid
                number and a denial of service.
        """
        match = _TENGE.fullmatch(text)
        if match is None:
            raise ValueError(text)
        sign, tenge, tiyn = match.groups()
        amount = int(tenge) * TIYN_PER_TENGE + int((tiyn or "0").ljust(2, "0"))
        return cls(-amount if sign else amount)

    @classmethod
    def tenge(cls, amount: int | str) -> Self:
        """An amount written in tenge: ``Money.tenge(100)``, ``Money.tenge("100.01")``."""
        return cls.parse(str(amount))

    def __str__(self) -> str:
        """Tenge with two decimals and a dot, as on the wire: ``"1250.00"``."""
        whole, rest = divmod(abs(self.tiyn), TIYN_PER_TENGE)
        return f"{'-' if self.tiyn < 0 else ''}{whole}.{rest:02d}"

    def __add__(self, other: "Money") -> "Money":
        return Money(self.tiyn + other.tiyn)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.tiyn - other.tiyn)

    def __neg__(self) -> "Money":
        return Money(-self.tiyn)

    def __bool__(self) -> bool:
        return self.tiyn != 0

    def times(self, quantity: Decimal) -> "Money":
        """This price for a quantity, rounded half-up to the tiyn: the only place that rounds a product."""
        product = Decimal(self.tiyn) * quantity
        return Money(int(product.quantize(Decimal(1), rounding=ROUND_HALF_UP)))

    def share(self, numerator: int, denominator: int) -> "Money":
        """``self × numerator / denominator``, rounded half-up away from zero, in whole numbers only."""
        assert denominator > 0, denominator
        product = self.tiyn * numerator
        magnitude = (abs(product) * 2 + denominator) // (2 * denominator)
        return Money(magnitude if product >= 0 else -magnitude)


ZERO = Money(0)


def total(amounts: Iterable[Money]) -> Money:
    """The sum of amounts; zero for none."""
    return Money(sum(amount.tiyn for amount in amounts))


def included_vat(gross: Money, rate_bp: int) -> Money:
    """The VAT inside an amount that includes it: ``gross × rate / (100 % + rate)``, in basis points."""
    return gross.share(rate_bp, BASIS_POINTS + rate_bp)


def split(amount: Money, weights: Sequence[Money]) -> list[Money]:
    """Split an amount in proportion to weights by largest remainder; the parts add up exactly.

    Args:
        amount: not negative.
        weights: not negative, not all zero. Ties go to the earlier weight, so the result never varies.
    """
    whole = sum(weight.tiyn for weight in weights)
    assert amount.tiyn >= 0 and whole > 0, (amount, weights)
    shares = [divmod(amount.tiyn * weight.tiyn, whole) for weight in weights]
    left = amount.tiyn - sum(quotient for quotient, _ in shares)
    largest = sorted(range(len(shares)), key=lambda i: (-shares[i][1], i))[:left]
    extra = set(largest)
    return [Money(quotient + (i in extra)) for i, (quotient, _) in enumerate(shares)]


def parse_quantity(text: str) -> Decimal:
    """Read a quantity with at most three decimals, ``"2.5"``; not negative.

    Raises:
        ValueError: any other text.
    """
    if _QUANTITY.fullmatch(text) is None:
        raise ValueError(text)
    return Decimal(text)
