"""Rules that decisions taught: rows like this one are that. A rule proposes; alone it books nothing."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.customers.service import get_customer
from billing.kernel.checks import line
from billing.kernel.db import actor_of, district_of
from billing.kernel.errors import AlreadyExists, InvalidInput, RuleViolation
from billing.kernel.paging import Page, PageRequest, Sorts, page_of
from billing.kernel.rows import check_version, get_row
from billing.ledger import service as ledger
from billing.ledger.chart import BANK
from billing.ledger.entries import SUB_LEDGER_ACCOUNTS, ControlAccount, SameAccount
from billing.ledger.reports import get_account
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matching.candidates import nobody_of
from billing.reconciliation.matching.purpose import folded
from billing.reconciliation.models import MatchingRule, MatchKind

PURPOSE_PART_MIN = 4  # letters; fewer stand in every purpose
SORTS: Sorts = {"-recorded_at": (MatchingRule.recorded_at, MatchingRule.id)}


class RuleTooWide(RuleViolation):
    """A rule that asks for a provider's or our own number, or for next to nothing. Facts: ``field``."""

    code = "rule_too_wide"


@dataclass(frozen=True, slots=True)
class Asks:
    """What a rule asks of a row; the empty text where it may be anything."""

    iban: str = ""
    iin_bin: str = ""
    purpose_part: str = ""

    @property
    def anything(self) -> bool:
        """Whether it asks for nothing at all."""
        return not (self.iban or self.iin_bin or self.purpose_part)


def add_rule(
    session: Session,
    enterprise_id: UUID,
    direction: Direction,
    asks: Asks,
    *,
    why: str,
    customer_id: UUID | None = None,
    account: str | None = None,
) -> MatchingRule:
    """Teach the program what rows like these are: a customer's money, or an entry to an account.

    Args:
        customer_id: whose money it is; or ``account``, the code of the other side. One of the two.
        why: in the words of who teaches.

    Raises:
        InvalidInput: neither or both are given, or a customer for money that goes out.
        InvalidText: no reason.
        NotFound: no such customer, or the enterprise's book lacks the account.
        ControlAccount, SameAccount: no row is ever posted to the account by hand.
        RuleTooWide: it would hold for everybody's rows.
        AlreadyExists: such a rule is active already.
    """
    why = line(why, field="why", length_max=300)
    asks = _checked(session, asks)
    _check_target(session, enterprise_id, direction, customer_id, account)
    same = select(MatchingRule.id).where(
        MatchingRule.enterprise_id == enterprise_id,
        MatchingRule.direction == direction,
        MatchingRule.iban == asks.iban,
        MatchingRule.iin_bin == asks.iin_bin,
        MatchingRule.purpose_part == asks.purpose_part,
        MatchingRule.is_active,
        MatchingRule.customer_id == customer_id if customer_id else MatchingRule.account == account,
    )
    if session.scalar(same.limit(1)) is not None:
        raise AlreadyExists(kind="matching_rule", field="iban", value=f"…{asks.iban[-4:]}")
    rule = MatchingRule(
        district_id=district_of(session),
        enterprise_id=enterprise_id,
        direction=direction,
        iban=asks.iban,
        iin_bin=asks.iin_bin,
        purpose_part=asks.purpose_part,
        kind=MatchKind.PAYMENT if customer_id is not None else MatchKind.ENTRY,
        customer_id=customer_id,
        account=account,
        why=why,
        recorded_by=actor_of(session),
    )
    session.add(rule)
    session.flush()
    return rule


def _check_target(
    session: Session, enterprise_id: UUID, direction: Direction, customer_id: UUID | None, account: str | None
) -> None:
    """Refuse a rule that says nothing, or two things, or what cannot be of rows that go this way."""
    if (customer_id is None) == (account is None):
        raise InvalidInput(field="customer_id")
    if customer_id is not None:
        if direction is not Direction.IN:
            raise InvalidInput(field="customer_id")
        get_customer(session, customer_id)
    if account is not None:
        refuse_unpostable(account)
        get_account(session, ledger.enterprise_book_id(session, enterprise_id), account)


def refuse_unpostable(account: str) -> None:
    """Refuse an account to which no row of the bank is posted by hand.

    Raises:
        ControlAccount: it moves only by its own documents.
        SameAccount: it is the bank's own.
    """
    if account == BANK:
        raise SameAccount(account=account)
    if account in SUB_LEDGER_ACCOUNTS:
        raise ControlAccount(account=account)


def _checked(session: Session, asks: Asks) -> Asks:
    purpose_part = folded(asks.purpose_part)[:100]
    checked = Asks(asks.iban.strip().upper(), asks.iin_bin.strip(), purpose_part)
    if checked.anything:
        raise RuleTooWide(field="iban")
    nobody = nobody_of(session)
    for field in ("iban", "iin_bin"):
        value = getattr(checked, field)
        if value and value in nobody:
            raise RuleTooWide(field=field)
    if purpose_part and len(purpose_part) < PURPOSE_PART_MIN:
        raise RuleTooWide(field="purpose_part")
    return checked


def list_rules(
    session: Session,
    request: PageRequest,
    *,
    enterprise_id: UUID | None = None,
    customer_id: UUID | None = None,
    active: bool | None = None,
) -> Page[MatchingRule]:
    """Rules, the newest first.

    Raises:
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    statement = select(MatchingRule)
    if enterprise_id is not None:
        statement = statement.where(MatchingRule.enterprise_id == enterprise_id)
    if customer_id is not None:
        statement = statement.where(MatchingRule.customer_id == customer_id)
    if active is not None:
        statement = statement.where(MatchingRule.is_active == active)
    return page_of(session, statement, SORTS, request)


def get_rule(session: Session, rule_id: UUID) -> MatchingRule:
    """A rule of the district.

    Raises:
        NotFound: no such rule.
    """
    return get_row(session, MatchingRule, rule_id, kind="matching_rule")


def deactivate_rule(session: Session, rule_id: UUID, *, version: int | None = None) -> MatchingRule:
    """Let a rule propose no more; what it proposed stays as it was decided.

    Raises:
        NotFound: no such rule.
        StaleVersion: somebody changed it meanwhile.
    """
    rule = get_row(session, MatchingRule, rule_id, kind="matching_rule", lock=True)
    check_version(rule, version, kind="matching_rule")
    rule.is_active = False
    session.flush()
    return rule
