"""A resident with an invoice, a bank that takes cards, and whoever pays and asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy.orm import Session

from billing.invoicing.models import Invoice
from billing.kernel.clock import ALMATY
from billing.kernel.db import Sessions
from billing.payments.cards import service as cards
from billing.payments.cards.models import CardPayment
from billing.payments.cards.notice_api import GATEWAY
from billing.payments.providers.models import Provider, ProviderDialect
from billing.worker.cards import Asker
from tests.support.billing import Desk, open_desk
from tests.support.districts import DISTRICT_ID
from tests.support.epay import Bank, open_bank
from tests.support.providers import make_provider
from tests.support.web import TODAY

NOW = datetime.combine(TODAY, time(9), ALMATY)
CODE = "halyk"


@dataclass(frozen=True)
class CardDesk:
    """The resident owes 1,160 tenge on one invoice."""

    sessions: Sessions
    desk: Desk
    bank: Bank
    provider: Provider
    invoice_id: UUID

    def begin(self, now: datetime = NOW) -> CardPayment:
        """An order for the invoice, of which the bank knows."""
        with self.sessions.begin(DISTRICT_ID) as session:
            card = cards.begin(session, self.invoice_id, now=now)
        form = {
            "amount": str(card.amount),
            "secret_hash": cards.secret_of(card, "for tests only"),
            "terminal": "t",
        }
        self.bank.token(
            {
                "grant_type": "client_credentials",
                "client_id": "auyl",
                "client_secret": "secret & more",
                "scope": "payment",
                "invoiceID": card.order_number,
                **form,
            }
        )
        return card

    def seen(self, card: CardPayment) -> CardPayment:
        """The card payment as it stands."""
        with self.sessions.begin(DISTRICT_ID, read_only=True) as session:
            return cards.get_card_payment(session, card.id)

    def asker(self, **options: Any) -> Asker:
        """Whoever asks the bank."""
        return Asker(self.sessions, self.bank.gateway(self.desk.enterprise.bin, **options))


def make_card_payment(session: Session, invoice: Invoice) -> CardPayment:
    """An order of an invoice at a bank that its enterprise has an agreement with."""
    make_provider(session, invoice.enterprise_id, CODE, ProviderDialect.EPAY)
    return cards.begin(session, invoice.id, now=NOW)


@contextmanager
def card_desk(sessions: Sessions) -> Iterator[CardDesk]:
    """The desk, with its bank open."""
    with sessions.begin(DISTRICT_ID) as session:
        desk = open_desk(session)
        invoice = desk.issue()
        provider = make_provider(session, desk.enterprise.id, CODE, ProviderDialect.EPAY)
    with open_bank() as bank:
        yield CardDesk(sessions, desk, bank, provider, invoice.id)


@contextmanager
def village_with_cards(app: Flask) -> Iterator[CardDesk]:
    """The same in front of an application, which pays with that bank meanwhile."""
    before = app.extensions[GATEWAY]
    with card_desk(app.extensions["sessions"]) as village:
        app.extensions[GATEWAY] = village.bank.gateway(village.desk.enterprise.bin)
        yield village
    app.extensions[GATEWAY] = before
