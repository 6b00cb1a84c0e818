"""What is posted by hand to accounts that are kept by worker or contractor stands under each of them."""

import pytest
from sqlalchemy import select

from billing.kernel.errors import InvalidInput, NotFound
from billing.kernel.money import Money
from billing.ledger.models import SourceKind, Transfer
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matching.decisions import SumsDiffer, decide_entry
from billing.reconciliation.matching.parties import PartyNeeded, Share
from billing.verification.service import verify
from tests.support.bank_desk import NOVEMBER_26, open_bank
from tests.support.bank_rows import NOVEMBER_20, row
from tests.support.workforce import make_contractor, make_worker

T = Money.tenge


@pytest.fixture
def bank(session):
    """An enterprise with a bank account and nothing on it."""
    return open_bank(session)


def test_pay_is_posted_under_whom_it_went_to(bank, session):
    """Two rows of two days over two workers: each posting on its row's day, under its worker."""
    first, second = (make_worker(session, serial, phone=None).id for serial in (901, 902))
    rows = bank.rows(row("60", on=NOVEMBER_20), row("40", on=NOVEMBER_26))
    decide_entry(
        session,
        [each.id for each in rows],
        "3350",
        decided_on=NOVEMBER_26,
        why="по ведомости",
        shares=[Share(first, T(70)), Share(second, T(30))],
    )
    posted = session.execute(
        select(Transfer.posted_on, Transfer.party_id, Transfer.amount)
        .where(Transfer.source_kind == SourceKind.STATEMENT)
        .order_by(Transfer.posted_on, Transfer.id)
    )
    assert [tuple(each) for each in posted] == [
        (NOVEMBER_20, first, T(60)),
        (NOVEMBER_26, first, T(10)),
        (NOVEMBER_26, second, T(30)),
    ]
    assert list(verify(session)) == []


def test_a_contractor_gives_money_back(bank, session):
    """What came in stands under the contractor on 3310."""
    contractor = make_contractor(session)
    [back] = bank.rows(row("5", Direction.IN))
    share = [Share(contractor.id, T(5))]
    decide_entry(session, [back.id], "3310", decided_on=NOVEMBER_26, why="вернул", shares=share)
    posted = select(Transfer.party_id).where(Transfer.source_kind == SourceKind.STATEMENT)
    assert session.scalars(posted).all() == [contractor.id]


@pytest.mark.parametrize(
    ("code", "shares", "refusal"),
    [
        ("3350", [], PartyNeeded),
        ("3310", [], PartyNeeded),
        ("3350", [("contractor", 10)], NotFound),
        ("3310", [("worker", 10)], NotFound),
        ("7210", [("worker", 10)], InvalidInput),
        ("3350", [("worker", 0), ("worker", 10)], InvalidInput),
        ("3350", [("worker", 9)], SumsDiffer),
        ("3350", [("worker", 5), ("worker", 6)], SumsDiffer),
    ],
)
def test_whom_an_account_is_kept_by_must_be_named(bank, session, code, shares, refusal):
    """Nobody, somebody of the other account, a part too little or too much: nothing is posted."""
    ids = {"worker": make_worker(session).id, "contractor": make_contractor(session).id}
    [paid] = bank.rows(row("10"))
    named = [Share(ids[who], T(tenge)) for who, tenge in shares]
    with pytest.raises(refusal):
        decide_entry(session, [paid.id], code, decided_on=NOVEMBER_26, why="x", shares=named)
    assert bank.explained(paid) is None and bank.balances("1030") == {"1030": "0.00"}
