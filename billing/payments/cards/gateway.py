"""What a bank that takes cards can do for us, whichever it is. It knows no database."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from billing.kernel.errors import InvalidInput, Refusal
from billing.kernel.money import Money
from billing.kernel.shown import Language


class GatewayUnavailable(Refusal):
    """The bank's service does not answer, or not in a way that can be understood. Facts: ``reason``."""

    code = "card_gateway_unavailable"


class MalformedNotice(InvalidInput):
    """What came as the bank's notice is none. Facts: ``field``."""

    code = "malformed_card_notice"


class CardOutcome(StrEnum):
    """What the bank says of an order."""

    UNKNOWN = "unknown"  # nobody has typed a card for it
    PENDING = "pending"  # on its way, or the sum is held on the card and not taken
    CHARGED = "charged"
    REFUSED = "refused"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Report:
    """What the bank says of an order, by itself or asked.

    Attributes:
        amount: what it took, or would have; None where it does not say, or not in tenge.
        at: when, by its clock.
        reference: its own name of the transaction.
        reason: its words.
    """

    outcome: CardOutcome
    amount: Money | None = None
    at: datetime | None = None
    reference: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A report as it came in, of which it is not known yet whether the bank sent it."""

    order_number: str
    secret: str = field(repr=False)
    report: Report


@dataclass(frozen=True, slots=True)
class Order:
    """What the bank's page is to ask the resident for.

    Attributes:
        merchant: BIN of the enterprise that the money is for.
        secret: told to the bank alone, and by the bank in its notice.
        back_link: where the bank leads the resident afterwards, whatever became of it.
        notice_link: where it tells us.
        account: the personal account, for people who look at the bank's lists.
    """

    merchant: str
    number: str
    amount: Money
    secret: str = field(repr=False)
    back_link: str
    notice_link: str
    account: str
    description: str
    language: Language


@dataclass(frozen=True, slots=True)
class HandOver:
    """How a browser gets to the bank's page.

    Attributes:
        script: the address of the bank's own script.
        parameters: what it is called with; texts, and objects of texts.
    """

    script: str
    parameters: dict[str, Any] = field(repr=False)


class CardGateway(Protocol):
    """A bank that takes cards."""

    def serves(self, merchant: str) -> bool:
        """Whether the enterprise with this BIN has an agreement with it."""

    def hand_over(self, order: Order) -> HandOver:
        """Announce an order, and say how its page is opened.

        Raises:
            GatewayUnavailable: it cannot be opened now; nothing can be paid for this order yet.
        """

    def ask(self, merchant: str, order_number: str) -> Report:
        """What became of an order.

        Raises:
            GatewayUnavailable: the bank does not say.
        """

    def read_notice(self, body: bytes) -> Notice:
        """Understand what came as the bank's notice.

        Raises:
            MalformedNotice: it is none.
        """
