"""How evidence is weighed, by example: values in, verdicts out, and every reason in three languages."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.kernel.i18n import Language
from billing.kernel.ids import new_id
from billing.kernel.money import ZERO, Money
from billing.payments.models import PaymentMethod
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matches import OpenRow, Reason
from billing.reconciliation.matching.knowledge import (
    Known,
    KnownCustomer,
    KnownInvoice,
    KnownPayment,
    KnownRule,
    Movement,
)
from billing.reconciliation.matching.purpose import read_purpose
from billing.reconciliation.matching.scoring import POINTS, Evidence, ReasonCode, candidates_of
from billing.reconciliation.matching.verdict import EVIDENCE_MIN, judge
from billing.reconciliation.matching.wording import sentence
from billing.reconciliation.models import ExceptionKind, MatchKind
from tests.support.identifiers import synthetic_iban, synthetic_iin

T = Money.tenge
DAY = date(2026, 4, 12)
ASAN = KnownCustomer(new_id(), "47363900019", synthetic_iin(1), "Асан")
BEKET = KnownCustomer(new_id(), "47363900027", synthetic_iin(2), "Бекет")
MOTHER = KnownCustomer(new_id(), "47363900035", synthetic_iin(3), "Шеше", payer_id=BEKET.id)
IBAN = synthetic_iban(800)
EMPTY = OpenRow(new_id(), DAY, T(1160), Direction.IN, *([""] * 11))


def invoice(customer, number, tenge="1160", year=2026):
    """An open invoice of March, due on 20 April."""
    return KnownInvoice(
        new_id(),
        customer.id,
        customer.payer_id,
        year,
        number,
        date(year, 3, 31),
        date(year, 4, 20),
        T(tenge),
    )


ASANS = invoice(ASAN, 1)
BEKETS = invoice(BEKET, 2)
MOTHERS = invoice(MOTHER, 3, "500")
ASANS_OLD = invoice(ASAN, 2, year=2025)._replace(open_amount=ZERO)
ASANS_PAID = invoice(ASAN, 4)._replace(open_amount=ZERO)
BEKETS_OLD, BEKETS_NEXT = (invoice(BEKET, 4, year=year) for year in (2022, 2027))


def known(**more):
    """Three customers with their invoices; the mother's is paid by Beket."""
    invoices = (ASANS, BEKETS, MOTHERS)
    customers = (ASAN, BEKET, MOTHER)
    return Known(
        customers={each.id: each for each in customers},
        by_account={each.account_number: each.id for each in customers},
        by_iin_bin={each.iin_bin: each.id for each in customers},
        invoices={1: [ASANS], 2: [ASANS_OLD, BEKETS], 3: [MOTHERS], 4: [BEKETS_OLD, ASANS_PAID, BEKETS_NEXT]},
        owed={each.id: each for each in invoices},
        debts={ASAN.id: [ASANS.id], BEKET.id: [BEKETS.id, MOTHERS.id], MOTHER.id: [MOTHERS.id]},
        **more,
    )


def payment(customer, method=PaymentMethod.BANK, **more):
    """A recorded payment of 1,160 tenge."""
    return KnownPayment(new_id(), new_id(), customer.id, T(1160), DAY, method, None, **more)


def row(purpose="", tenge="1160", **more):
    """An incoming row."""
    return EMPTY._replace(purpose=purpose, amount=T(tenge), **more)


def verdict(given_row, knowledge=None):
    """Customer and exception of the verdict."""
    found = judge(given_row, read_purpose(given_row.purpose), knowledge or known())
    return (found.candidate.customer if found.candidate else None), found.exception


def reasons(given_row, knowledge=None):
    """Codes of the likeliest candidate's reasons."""
    found = candidates_of(given_row, read_purpose(given_row.purpose), knowledge or known())
    return [reason.code for reason in found[0].reasons]


A, B, M = (f"л/с {each.account_number}" for each in (ASAN, BEKET, MOTHER))
PAYER_A, PAYER_B = ({"counterparty_iin_bin": each.iin_bin} for each in (ASAN, BEKET))


@pytest.mark.parametrize(
    ("given_row", "customer", "exception"),
    [
        (row(A), ASAN, None),
        (row(**PAYER_A), ASAN, None),
        (row(A, "1", **PAYER_A), ASAN, None),
        (row("шот 1"), ASAN, None),
        (row("шот 2"), BEKET, None),  # of this year; last year's is settled
        (row("шот 2/2025", **PAYER_A), ASAN, None),
        (row("шот 4", **PAYER_A), ASAN, None),  # not of a year that another row of the file has named
        (row("шот 4/2022", **PAYER_A), ASAN, ExceptionKind.AMBIGUOUS),
        (row("шот 2/2025", **PAYER_B), BEKET, ExceptionKind.AMBIGUOUS),
        (row(M, "500", **PAYER_B), MOTHER, None),
        (row("шот 3", "500", **PAYER_B), MOTHER, None),
        (row("", "1660", **PAYER_B), BEKET, None),  # all that he owes and pays for
        (row(A, **PAYER_B), ASAN, ExceptionKind.AMBIGUOUS),
        (row(f"{A}, шот 2"), ASAN, ExceptionKind.AMBIGUOUS),
        (row(f"{A} {B}"), ASAN, ExceptionKind.AMBIGUOUS),
        (row(A, "1"), ASAN, ExceptionKind.AMOUNT_DIFFERS),
        (row("", "1", **PAYER_A), ASAN, ExceptionKind.AMOUNT_DIFFERS),
        (row("шот 1", "1"), ASAN, ExceptionKind.AMOUNT_DIFFERS),
        (row("шот 9"), None, ExceptionKind.UNKNOWN_PAYER),
        (row(), None, ExceptionKind.UNKNOWN_PAYER),
        (row(f"л/с {ASAN.account_number[:10]}"), ASAN, ExceptionKind.UNKNOWN_PAYER),
        (row(f"ЖСН {ASAN.iin_bin}"), ASAN, ExceptionKind.UNKNOWN_PAYER),
        (row(f"шот 1, ЖСН {ASAN.iin_bin}"), ASAN, None),
        (row(ultimate_iin_bin=ASAN.iin_bin, **PAYER_B), ASAN, None),
    ],
)
def test_who_paid_is_decided_or_asked(given_row, customer, exception):
    """Two kinds of evidence that agree are booked; everything else is a question with a name."""
    found, why = verdict(given_row)
    assert (found and found.name, why) == (customer and customer.name, exception)


def test_what_was_recorded_before_decides_between_confirmation_and_doubt():
    """A payment that awaits its row is it; one that came another way is a doubt; a settled one is past."""
    asked = row(A, **PAYER_A)
    waiting = payment(ASAN)
    found = judge(asked, read_purpose(A), known(payments={ASAN.id: [waiting]}))
    assert (found.confirms, found.exception) == (waiting, None)
    shown, doubt = Movement.of(asked), ExceptionKind.DUPLICATE_SUSPECTED
    for other, why in (
        (payment(ASAN, PaymentMethod.PROVIDER), doubt),
        (payment(ASAN, PaymentMethod.PROVIDER, settled=True), None),
        (payment(ASAN, shown_by=shown), None),
        (payment(ASAN, shown_by=shown._replace(purpose="иначе")), doubt),
        (payment(ASAN, shown_by=shown._replace(document_number="7")), doubt),
        (payment(ASAN, shown_by=shown._replace(booked_on=DAY - timedelta(days=1))), None),
    ):
        assert verdict(asked, known(payments={ASAN.id: [other]})) == (ASAN, why)


def test_a_rule_and_its_own_iban_are_one_piece_of_evidence():
    """The rule came from a row of that IBAN: both together only propose."""
    rule = KnownRule(new_id(), MatchKind.PAYMENT, ASAN.id, None, IBAN, "", "", "сын платит")
    knowledge = known(by_iban={IBAN: frozenset({ASAN.id})}, rules=[rule])
    asked = row("", "7", counterparty_iban=IBAN)
    assert reasons(asked, knowledge) == ["iban", "rule"]
    assert verdict(asked, knowledge) == (ASAN, ExceptionKind.UNKNOWN_PAYER)
    assert verdict(asked._replace(amount=T(1160)), knowledge) == (ASAN, None)


EVERY_REASON = [
    (row(A), known()),
    (row(f"л/с {ASAN.account_number[:10]}"), known()),
    (row("шот 1"), known()),
    (row("000001"), known()),
    (row(ultimate_iin_bin=ASAN.iin_bin), known()),
    (row("", "1660", **PAYER_B), known()),
    (row(f"ЖСН {ASAN.iin_bin}"), known()),
    (row(M, "500", **PAYER_B), known()),
    (row(counterparty_iban=IBAN), known(by_iban={IBAN: frozenset({ASAN.id})})),
    (
        row(counterparty_iban=IBAN),
        known(rules=[KnownRule(new_id(), MatchKind.PAYMENT, ASAN.id, None, IBAN, "", "", "сын")]),
    ),
    (
        row(A, document_number="0012"),
        known(payments={ASAN.id: [payment(ASAN)._replace(outside_id="12")]}),
    ),
]


@pytest.mark.parametrize("language", list(Language))
def test_every_reason_is_read_in_every_language(language):
    """Each reason there is becomes a sentence with its facts; no number of a person stands in it whole."""
    said = {}
    for given_row, knowledge in EVERY_REASON:
        for candidate in candidates_of(given_row, read_purpose(given_row.purpose), knowledge):
            for reason in candidate.reasons:
                said[reason.code] = sentence(reason.stored(), language)
    assert set(said) == {code.value for code in ReasonCode}
    for told in said.values():
        assert told
        assert not re.search(r"[{}]", told)
        assert not re.search(r"\d{12}", told)


def test_no_single_reason_is_ever_enough():
    """The lowest threshold lies above the strongest reason."""
    assert max(POINTS.values()) == 60
    assert set(POINTS) == set(ReasonCode)
    assert EVIDENCE_MIN == 2


NAMED = st.sampled_from(["", A, B, M, "шот 1", "шот 2", "шот 3", "000001", f"ЖСН {MOTHER.iin_bin}", "қар"])
WHO = st.sampled_from(["", ASAN.iin_bin, BEKET.iin_bin, MOTHER.iin_bin, synthetic_iin(99)])


def test_sums_in_reasons_of_batches_are_written_as_everywhere_else():
    """With the currency and the signs of the reader's language, which no catalogue adds a second time."""
    batch = Reason("batch_put_together", 0, {"count": 2, "gross": "4010.00", "commission": "40.10"})
    difference = Reason("batch_difference", 0, {"difference": "-1.00", "reason": "терминал"})
    owed = Reason("payee_is_owed_it", 40, {"owed": "1250000.00"})
    covered = Reason("covered_by_transit", 40, {"in_transit": "1464386.59"})

    said = [sentence(each, Language.RU).replace("\u00a0", " ") for each in (batch, difference, owed, covered)]

    assert said == [
        "собрано бухгалтером: платежей 2 на 4 010,00 ₸, комиссия 40,10 ₸",
        "разница -1,00 ₸: терминал",
        "ему должны 1 250 000,00 ₸",
        "Покрывается поступлениями в пути: 1 464 386,59 ₸",
    ]
    assert sentence(owed, Language.EN).replace("\u00a0", " ") == "1,250,000.00 KZT is owed to them"


@given(st.tuples(NAMED, NAMED), WHO, WHO, st.sampled_from(["1160", "500", "1660", "3"]), st.booleans())
def test_a_booked_row_always_has_two_kinds_of_evidence_and_no_rival(words, payer, ultimate, tenge, seen):
    """Whatever comes together: what is booked by itself is sure, uncontradicted and alone at the top."""
    knowledge = known(by_iban={IBAN: frozenset({ASAN.id, BEKET.id})} if seen else {})
    asked = row(
        ", ".join(words), tenge, counterparty_iin_bin=payer, ultimate_iin_bin=ultimate, counterparty_iban=IBAN
    )
    mentions = read_purpose(asked.purpose)
    found = judge(asked, mentions, knowledge)
    if found.exception is not None:
        return
    best, *others = candidates_of(asked, mentions, knowledge)
    assert found.candidate == best
    assert not best.contradicted
    assert best.score >= knowledge.thresholds.points
    assert len(best.evidence - {Evidence.DAY}) >= 2
    assert all(other.points < best.points for other in others)
    for account in mentions.accounts:  # who is named is never passed over
        owner = knowledge.customers[knowledge.by_account[account.number]]
        assert best.customer.id in {owner.id, owner.payer_id} or best.customer.payer_id == owner.id
