"""Money from cards: in the acquirer's hands until a row of the bank pays it over, less its commission."""

from datetime import datetime, time

from sqlalchemy import select

from billing.kernel.clock import ALMATY
from billing.payments.cards import service as cards
from billing.payments.cards.gateway import CardOutcome, Report
from billing.payments.providers.models import ProviderDialect
from billing.reconciliation.models import SettledPayment
from billing.verification.service import verify
from tests.support.billing import MARCH
from tests.support.provider_money import (
    MONDAY,
    match_batches,
    open_bank_with_provider,
    paid_over,
    pay_through,
)


def test_an_acquirer_pays_over_a_day_of_cards(session):
    """1,160 tenge by card and 10,000 entered by hand on Monday, less 0.95 %, are Tuesday's row."""
    bank, provider = open_bank_with_provider(session, dialect=ProviderDialect.EPAY)
    monday = datetime.combine(MONDAY, time(9), ALMATY)
    card = cards.begin(session, bank.desk.issue(MARCH).id, now=monday)
    card = cards.hear(session, card.id, Report(CardOutcome.CHARGED, card.amount, monday), now=monday)
    by_hand = pay_through(bank.desk, 10_000, channel=provider.code)

    assert match_batches(bank, bank.rows(paid_over("11053.98"))) == {}

    settled = session.scalars(select(SettledPayment.payment_id)).all()
    assert set(settled) == {card.payment_id, by_hand.id}
    assert list(verify(session)) == []
