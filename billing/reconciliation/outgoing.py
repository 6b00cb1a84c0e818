"""What went out of an enterprise's bank account: charges of the bank, refunds, pay, money sent to the budget.

A sum alone explains nothing here: who was paid must be known as well, and two explanations are none.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from billing.districts.models import BankAccount, BankAccountKind
from billing.kernel.alphabet import fold
from billing.kernel.identifiers import mask_iin
from billing.kernel.ids import new_id
from billing.kernel.money import Money
from billing.ledger import service as ledger
from billing.ledger.chart import ADMINISTRATION, BANK, BUDGET_OBLIGATIONS, WORKERS
from billing.reconciliation.booking import Booking, Leg, book_matches
from billing.reconciliation.expectations import (
    Expectations,
    ExpectedRefund,
    Payee,
    load_expectations,
)
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matches import (
    NOTHING_SEEN,
    Look,
    MatchDraft,
    OpenRow,
    Reason,
    kinds_of,
    record_matches,
)
from billing.reconciliation.models import ExceptionKind, MatchKind
from billing.reconciliation.pay_lists import PayList, is_pay_list, less, lists_of

KNP_BUDGET = "911"  # a payment to the budget, with its code

# Folded: «қызмет» is «кызмет», and banks put it on their charges in Kazakh.
_CHARGE = re.compile(r"комисси|commission|\bкызмет")
_BANK_NAME = re.compile(r"банк|\bbank")


@dataclass(frozen=True, slots=True)
class Explanation:
    """One thing that a row may be.

    Attributes:
        debit: code of the account that the money went to; None where the books know the money already.
        refund: the refund it is.
        payee: who is paid what he is owed.
        pay_list: of whom several are.
    """

    kind: MatchKind
    reasons: tuple[Reason, ...]
    debit: str | None = None
    refund: ExpectedRefund | None = None
    payee: Payee | None = None
    pay_list: PayList | None = None


def match_outgoing(
    session: Session, account: BankAccount, rows: Sequence[OpenRow], *, decided_on: date
) -> Look:
    """Book the outgoing rows of an enterprise's own account that can be one thing only (see ``Matcher``).

    An accountant's own entry of the same sum is never confirmed here: a row that may be one is left to him,
    and so is one whose month is closed.
    """
    out = [row for row in rows if row.direction is Direction.OUT]
    if not out or account.kind is not BankAccountKind.BANK:
        return NOTHING_SEEN
    expected = load_expectations(session, account, out)
    book = ledger.get_book(session, ledger.enterprise_book_id(session, account.enterprise_id))
    decisions = decide(expected, out)
    bookings: list[Booking] = []
    confirmations: list[MatchDraft] = []
    left: dict[UUID, ExceptionKind] = {}
    for row, decision in zip(out, decisions, strict=True):
        if isinstance(decision, ExceptionKind):
            left[row.id] = decision
        elif decision.refund is not None:
            confirmations.append(_confirmation(row, decision, decision.refund))
        elif book.closed_through is not None and row.booked_on <= book.closed_through:
            left[row.id] = ExceptionKind.NOT_BOOKABLE
        else:
            bookings.append(_booking(row, decision))
    explained = book_matches(session, account, bookings, decided_on=decided_on)
    record_matches(session, account.id, confirmations, decided_on=decided_on)
    return Look({**explained, **kinds_of(confirmations)}, left)


def decide(expected: Expectations, rows: Sequence[OpenRow]) -> list[Explanation | ExceptionKind]:
    """What each row is, or why it is left open: pure, so that every case can be told by example.

    What somebody is owed becomes less with every row that pays him, and a refund is one row's only.
    """
    refunds = {row.id: _refunds_of(expected, row) for row in rows}
    asked = Counter(refund.transfer_id for found in refunds.values() for refund in found)
    owed = {payee.party_id: payee.owed for payee in expected.payees}
    decisions: list[Explanation | ExceptionKind] = []
    for row in rows:
        explanations = [*_charges(expected, row), *_to_the_budget(expected, row)]
        explanations += [_as_refund(row, refund) for refund in refunds[row.id]]
        payees = _payees_of(expected, row)
        explanations += [_as_payout(payee) for payee in payees if row.amount <= owed[payee.party_id]]
        decision = _only(explanations)
        if isinstance(decision, Explanation) and decision.refund and asked[decision.refund.transfer_id] > 1:
            decision = ExceptionKind.AMBIGUOUS
        if decision is ExceptionKind.UNEXPECTED_OUTGOING and payees:
            decision = ExceptionKind.AMOUNT_DIFFERS
        if _may_be_by_hand(expected, row):
            decision = ExceptionKind.DUPLICATE_SUSPECTED
        if isinstance(decision, Explanation) and decision.payee:
            owed[decision.payee.party_id] -= row.amount
        decisions.append(decision)
    return _with_pay_lists(expected, rows, decisions)


def _with_pay_lists(
    expected: Expectations, rows: Sequence[OpenRow], decisions: Sequence[Explanation | ExceptionKind]
) -> list[Explanation | ExceptionKind]:
    """The same, with lists of pay: of what is left when everybody was paid whom a row names."""
    open_pay = list(expected.open_pay)
    for row, decision in zip(rows, decisions, strict=True):
        if isinstance(decision, Explanation) and decision.payee:
            open_pay = less(open_pay, decision.payee.party_id, row.amount)
    decided = list(decisions)
    for place, row in enumerate(rows):
        if decided[place] is not ExceptionKind.UNEXPECTED_OUTGOING or not open_pay or not is_pay_list(row):
            continue
        lists = lists_of(row.amount, open_pay, row.booked_on)
        decided[place] = _only([_as_pay_list(each) for each in lists])
        if not lists:
            decided[place] = ExceptionKind.AMOUNT_DIFFERS
        elif len(lists) == 1:
            for party_id, amount in lists[0].shares:
                open_pay = less(open_pay, party_id, amount, lists[0].first_day)
    return decided


def _only(explanations: Sequence[Explanation]) -> Explanation | ExceptionKind:
    if len(explanations) > 1:
        return ExceptionKind.AMBIGUOUS
    return explanations[0] if explanations else ExceptionKind.UNEXPECTED_OUTGOING


def _charges(expected: Expectations, row: OpenRow) -> list[Explanation]:
    """The bank's own charge, or a provider's: who was paid, and a word for it in the purpose."""
    purpose = fold(row.purpose)
    if not _CHARGE.search(purpose):
        return []
    if row.counterparty_iin_bin in expected.provider_bins:
        who = "charged_by_provider"
    elif _is_own_bank(expected.bank_account, row):
        who = "charged_by_bank"
    else:
        return []
    reasons = (Reason(who, 50), Reason("charge_in_purpose", 50))
    return [Explanation(MatchKind.COMMISSION, reasons, debit=ADMINISTRATION)]


def _is_own_bank(account: BankAccount, row: OpenRow) -> bool:
    """Whether the account's bank was paid; the words alone stand in purposes of its other customers too."""
    if not (row.counterparty_name or row.counterparty_iban or row.counterparty_iin_bin):
        # Some banks name nobody on their own charges.
        return True
    name = fold(row.counterparty_name)
    called = _BANK_NAME.search(name) or name in {fold(account.bank_name_kk), fold(account.bank_name_ru)}
    same_bank = row.counterparty_bic == account.bic or (
        not row.counterparty_bic and _bank_code(row.counterparty_iban) == _bank_code(account.iban)
    )
    return bool(called) and same_bank


def _bank_code(iban: str) -> str:
    return iban[4:7]


def _to_the_budget(expected: Expectations, row: OpenRow) -> list[Explanation]:
    """Collected fees sent on: to an account of the district in the treasury, or under a fee's code."""
    if row.counterparty_iban in expected.budget_ibans:
        reasons = (
            Reason("paid_to_treasury_account", 60, {"iban": row.counterparty_iban}),
            Reason("account_is_the_districts", 40),
        )
    elif row.knp == KNP_BUDGET and row.budget_code in expected.budget_codes:
        reasons = (
            Reason("paid_to_budget", 40, {"knp": row.knp}),
            Reason("budget_code_of_fees", 60, {"code": row.budget_code}),
        )
    else:
        return []
    return [Explanation(MatchKind.BUDGET_TRANSFER, reasons, debit=BUDGET_OBLIGATIONS)]


def _refunds_of(expected: Expectations, row: OpenRow) -> list[ExpectedRefund]:
    """Refunds of this sum to this payee; the one of the same day where there are several."""
    found = [
        refund
        for refund in expected.refunds
        if refund.amount == row.amount
        and (
            (refund.iin_bin is not None and refund.iin_bin in _numbers(row))
            or bool(refund.ibans & _ibans(row))
        )
    ]
    same_day = [refund for refund in found if refund.refunded_on == row.booked_on]
    return same_day if len(same_day) == 1 else found


def _as_refund(row: OpenRow, refund: ExpectedRefund) -> Explanation:
    if refund.iin_bin is not None and refund.iin_bin in _numbers(row):
        who = Reason("refunded_to_customer", 60, {"iin_bin": mask_iin(refund.iin_bin)})
    else:
        who = Reason("refunded_where_it_came_from", 60)
    what = Reason("refund_of_this_sum", 40, {"day": refund.refunded_on.isoformat()})
    return Explanation(MatchKind.CONFIRMATION, (who, what), refund=refund)


def _payees_of(expected: Expectations, row: OpenRow) -> list[Payee]:
    numbers, ibans = _numbers(row), _ibans(row)
    return [payee for payee in expected.payees if payee.iin_bin in numbers or payee.iban in ibans]


def _as_payout(payee: Payee) -> Explanation:
    reasons = (
        Reason("payee_known", 60, {"iin_bin": mask_iin(payee.iin_bin)}),
        Reason("payee_is_owed_it", 40, {"owed": str(payee.owed)}),
    )
    return Explanation(MatchKind.PAYOUT, reasons, debit=payee.account, payee=payee)


def _as_pay_list(pay_list: PayList) -> Explanation:
    facts = {
        "count": len(pay_list.shares),
        "first_day": pay_list.first_day.isoformat(),
        "last_day": pay_list.last_day.isoformat(),
    }
    reasons = (Reason("pay_in_purpose", 40), Reason("pay_of_all_workers", 60, facts))
    return Explanation(MatchKind.PAYOUT, reasons, debit=WORKERS, pay_list=pay_list)


def _numbers(row: OpenRow) -> set[str]:
    return {row.counterparty_iin_bin, row.ultimate_iin_bin} - {""}


def _ibans(row: OpenRow) -> set[str]:
    return {row.counterparty_iban, row.ultimate_iban} - {""}


def _may_be_by_hand(expected: Expectations, row: OpenRow) -> bool:
    around = timedelta(days=expected.days_around)
    return any(abs(day - row.booked_on) <= around for day in expected.by_hand.get(row.amount, ()))


def _booking(row: OpenRow, explanation: Explanation) -> Booking:
    assert explanation.debit is not None, explanation
    shares: Sequence[tuple[UUID | None, Money]]
    if explanation.pay_list:
        shares = explanation.pay_list.shares
    else:
        shares = [(explanation.payee.party_id if explanation.payee else None, row.amount)]
    legs = [Leg(row.booked_on, explanation.debit, BANK, amount, party_id) for party_id, amount in shares]
    return Booking(new_id(), explanation.kind, (row.id,), legs, explanation.reasons)


def _confirmation(row: OpenRow, explanation: Explanation, refund: ExpectedRefund) -> MatchDraft:
    return MatchDraft(
        id=new_id(),
        kind=explanation.kind,
        row_ids=(row.id,),
        transfer_ids=(refund.transfer_id,),
        matched_on=row.booked_on,
        score=sum(reason.points for reason in explanation.reasons),
        reasons=explanation.reasons,
    )
