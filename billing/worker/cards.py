"""Asks banks what became of card payments that they have not told of; no transaction is open meanwhile."""

import logging
from dataclasses import dataclass

from sqlalchemy import select

from billing.districts.models import District
from billing.kernel.clock import now
from billing.kernel.db import Sessions
from billing.payments.cards import service as cards
from billing.payments.cards.gateway import CardGateway, GatewayUnavailable

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asker:
    """Whoever asks."""

    sessions: Sessions
    gateway: CardGateway

    def ask_all(self) -> tuple[int, int]:
        """Ask about every card payment of all districts that is due.

        Returns:
            How many the bank spoke of, and how many it will be asked about again, because it did not.
        """
        with self.sessions.begin(None, read_only=True) as session:
            districts = session.scalars(select(District.id).order_by(District.id)).all()
        outcomes = [self.ask_due(district_id) for district_id in districts]
        return sum(told for told, _ in outcomes), sum(silent for _, silent in outcomes)

    def ask_due(self, district_id: int) -> tuple[int, int]:
        """Ask about every card payment of a district that is due.

        Returns:
            How many the bank spoke of, and how many it will be asked about again, because it did not.
        """
        told = silent = 0
        while questions := self._claim(district_id):
            for question in questions:
                heard = self._ask(district_id, question)
                told, silent = told + heard, silent + (not heard)
            if silent:
                break  # whoever waits for a silent bank keeps others waiting: the next round tries again
        return told, silent

    def _claim(self, district_id: int) -> list[cards.Question]:
        with self.sessions.begin(district_id) as session:
            return cards.claim_due(session, now=now())

    def _ask(self, district_id: int, question: cards.Question) -> bool:
        try:
            report = self.gateway.ask(question.merchant, question.order_number)
        except GatewayUnavailable as refusal:
            _logger.warning("order %s: the bank does not say: %s", question.order_number, refusal)
            return False
        with self.sessions.begin(district_id) as session:
            cards.hear(session, question.card_payment_id, report, now=now())
        return True
