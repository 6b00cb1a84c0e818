"""Customers who may be the same household twice: like names, like addresses."""

from dataclasses import dataclass
from difflib import SequenceMatcher

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from billing.customers.models import Customer
from billing.kernel.alphabet import fold

LIKE_ENOUGH_PERCENT = 80  # of letters in common: «Ахметов Болат» and «Ахметова Болат» are 96
CANDIDATES_MAX = 200  # a name half the village bears proves nothing


@dataclass(frozen=True, slots=True)
class Likeness:
    """A customer who may be the one looked for.

    Attributes:
        same_address: he lives at the same address.
        name_percent: how much of the names' letters agree, words in any order; 100 is the same name.
    """

    customer: Customer
    same_address: bool
    name_percent: int


def find_duplicates(
    session: Session,
    *,
    name: str,
    place_code: str | None = None,
    street: str = "",
    house: str = "",
    flat: str = "",
) -> list[Likeness]:
    """Customers with the same name, or with a like name at the same address; the likest first.

    A hint for the clerk, not a refusal: father and son may live in one house. Kazakh letters, case, and the
    order of the name's words do not count.
    """
    address, folded = fold(f"{street} {house} {flat}"), fold(name)
    # Words in another order keep their letters' number; the longest word cuts the rest down.
    like_name = and_(
        func.length(Customer.name_folded) == len(folded),
        Customer.name_folded.contains(max(folded.split(), key=len, default=""), autoescape=True),
    )
    at_address = and_(Customer.place_code == place_code, Customer.address_folded == address)
    statement = select(Customer).where(or_(like_name, at_address) if address and place_code else like_name)
    found = []
    for customer in session.scalars(statement.order_by(Customer.id).limit(CANDIDATES_MAX)):
        lives_at = (customer.place_code, customer.address_folded)
        same_address = bool(address) and lives_at == (place_code, address)
        percent = _like_percent(name, customer.name)
        if percent == 100 or (same_address and percent >= LIKE_ENOUGH_PERCENT):
            found.append(Likeness(customer, same_address, percent))
    return sorted(found, key=lambda each: (not each.same_address, -each.name_percent, each.customer.id))


def _like_percent(first: str, second: str) -> int:
    # The matcher is not symmetric; sorting the two names makes the answer the same from both sides.
    one, other = sorted(" ".join(sorted(fold(name).split())) for name in (first, second))
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return 200 * sum(block.size for block in blocks) // max(len(one) + len(other), 1)
