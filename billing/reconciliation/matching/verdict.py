"""Decides what to do with an incoming row by itself: book it, find it in the books, or leave it to a person.

Pure. A program that books money by itself must rather ask once too often: one kind of evidence, however
strong, two equally good customers, or anything that points elsewhere is a question for a person.
"""

from datetime import timedelta
from typing import NamedTuple

from billing.kernel.alphabet import fold
from billing.payments.models import PaymentMethod
from billing.reconciliation.matches import OpenRow
from billing.reconciliation.matching.knowledge import Known, KnownPayment, Movement
from billing.reconciliation.matching.purpose import Mentions
from billing.reconciliation.matching.scoring import (
    Candidate,
    Evidence,
    ReasonCode,
    candidates_of,
    same_document,
)
from billing.reconciliation.models import ExceptionKind

EVIDENCE_MIN = 2  # kinds; the day is none of them

# Reasons that tell whose money it is by themselves, though not surely enough to book it.
WHOSE = frozenset({ReasonCode.ACCOUNT, ReasonCode.ULTIMATE_PAYER, ReasonCode.PAYER, ReasonCode.PERSON_NAMED})


class Verdict(NamedTuple):
    """What a row is taken for.

    Attributes:
        candidate: the likeliest customer; None where nothing points to anybody.
        exception: why a person must decide; None where the row is booked.
        confirms: the recorded payment that the row shows; None where it is to be recorded.
    """

    candidate: Candidate | None
    exception: ExceptionKind | None
    confirms: KnownPayment | None = None


def judge(row: OpenRow, mentions: Mentions, known: Known) -> Verdict:
    """What an incoming row of an enterprise's account is, by all that is known."""
    candidates = candidates_of(row, mentions, known)
    if not candidates:
        return Verdict(None, _of_nobody(mentions))
    best = candidates[0]
    if best.contradicted or (len(candidates) > 1 and candidates[1].points == best.points):
        return Verdict(best, ExceptionKind.AMBIGUOUS)
    if not is_sure(best, known):
        return Verdict(best, _unsure(row, best, known))
    if best.recorded is not None:
        return Verdict(best, None, best.recorded)
    return Verdict(best, _doubt(row, best, known))


def is_sure(candidate: Candidate, known: Known) -> bool:
    """Whether a candidate has points enough, from more than one kind of evidence."""
    kinds = candidate.evidence - {Evidence.DAY}
    return candidate.score >= known.thresholds.points and len(kinds) >= EVIDENCE_MIN


def _of_nobody(mentions: Mentions) -> ExceptionKind:
    # A right number that is nobody's here: the payer meant an account of another district.
    if any(account.named and account.complete for account in mentions.accounts):
        return ExceptionKind.WRONG_ACCOUNT
    return ExceptionKind.UNKNOWN_PAYER


def _unsure(row: OpenRow, candidate: Candidate, known: Known) -> ExceptionKind:
    codes = {reason.code for reason in candidate.reasons}
    sum_fits = Evidence.AMOUNT in candidate.evidence
    if ReasonCode.INVOICE in codes and not sum_fits:
        return ExceptionKind.AMOUNT_DIFFERS
    # Who paid is clear, and what for is not: that is not an unknown payer.
    unclear = ExceptionKind.AMOUNT_DIFFERS if codes & WHOSE and not sum_fits else ExceptionKind.UNKNOWN_PAYER
    return _doubt(row, candidate, known) or unclear


def _doubt(row: OpenRow, candidate: Candidate, known: Known) -> ExceptionKind | None:
    """What keeps a row from being recorded although it is clear whose it is."""
    payments = known.payments.get(candidate.customer.id)
    if not payments:
        return None
    around = timedelta(days=known.thresholds.days_around)
    near = [payment for payment in payments if abs(payment.received_on - row.booked_on) <= around]
    if any(payment.awaits_statement and same_document(row, payment) for payment in near):
        return ExceptionKind.AMOUNT_DIFFERS
    if any(payment.amount == row.amount and _may_be(row, payment) for payment in near):
        return ExceptionKind.DUPLICATE_SUSPECTED
    return None


def _may_be(row: OpenRow, payment: KnownPayment) -> bool:
    """Whether a row may show once more the money of a payment of the same customer, sum and time.

    Two movements that the bank itself tells apart are two: only one that another file may have told in
    other words is suspected. The answer does not depend on the order in which files are taken in.
    """
    if payment.shown_by is None:
        return not payment.settled and payment.method is not PaymentMethod.BANK
    mine, other = Movement.of(row), payment.shown_by
    if mine.booked_on != other.booked_on or _same_words(mine, other):
        return False  # another day, or a second one that looks the same: the bank counted both
    numbers = {mine.document_number.lstrip("0"), other.document_number.lstrip("0")}
    return len(numbers) == 1 or "" in numbers


def _same_words(mine: Movement, other: Movement) -> bool:
    return (mine.document_number, mine.iin_bin, mine.iban, fold(mine.purpose)) == (
        other.document_number,
        other.iin_bin,
        other.iban,
        fold(other.purpose),
    )
