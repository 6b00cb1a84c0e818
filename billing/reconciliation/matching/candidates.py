"""Looks up what may explain incoming rows: for thousands of them with one query of each kind."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session

from billing.customers.models import Customer
from billing.districts.models import BankAccount, Enterprise
from billing.invoicing.models import Invoice
from billing.kernel.bulk import among
from billing.kernel.money import ZERO
from billing.ledger.models import SourceKind, Transfer
from billing.payments.models import Payment, PaymentMethod, PaymentReversal
from billing.payments.providers.models import Provider
from billing.receivables.models import Receivable
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matches import OpenRow
from billing.reconciliation.matching.knowledge import (
    KnownCustomer,
    KnownInvoice,
    KnownPayment,
    KnownRule,
    Movement,
    seen_behind,
)
from billing.reconciliation.models import (
    MatchedRow,
    MatchedTransfer,
    MatchingRule,
    SettledPayment,
    StatementRow,
)

ROWS_OF_IBAN_MAX = 500  # of an account that more rows came from it is not asked whose they were
FITTING_MAX = 20  # customers shown because a sum fits; of more it says nothing

Days = tuple[date, date]  # the first and the last


def nobody_of(session: Session) -> frozenset[str]:
    """Who is no customer when he pays: our own enterprises moving their money, and providers."""
    ours = session.scalars(select(Enterprise.bin)).all()
    own_ibans = session.scalars(select(BankAccount.iban)).all()
    providers = session.execute(select(Provider.bin, Provider.iban))
    collected = {each for provider in providers for each in provider if each is not None}
    return frozenset({"", *ours, *own_ibans, *collected})


def customers_where(session: Session, conditions: Sequence[ColumnElement[bool]]) -> list[KnownCustomer]:
    """Customers for whom one of the conditions holds, each once."""
    found: dict[UUID, KnownCustomer] = {}
    for condition in conditions:
        statement = select(
            Customer.id, Customer.account_number, Customer.iin_bin, Customer.name, Customer.payer_id
        ).where(condition)
        found |= {row[0]: KnownCustomer._make(row) for row in session.execute(statement)}
    return list(found.values())


def payers_of_ibans(session: Session, named: Collection[str]) -> dict[str, frozenset[UUID]]:
    """Whose money earlier rows from the same accounts were, by the matches that hold."""
    collectors = _collectors(session, named)
    ibans = set(named) - collectors
    payers: defaultdict[str, set[UUID]] = defaultdict(set)
    statement = (
        select(StatementRow.counterparty_iban, Transfer.party_id)
        .join(
            MatchedRow,
            and_(MatchedRow.district_id == StatementRow.district_id, MatchedRow.row_id == StatementRow.id),
        )
        .join(
            MatchedTransfer,
            and_(
                MatchedTransfer.district_id == MatchedRow.district_id,
                MatchedTransfer.match_id == MatchedRow.match_id,
            ),
        )
        .join(
            Transfer,
            and_(
                Transfer.district_id == MatchedTransfer.district_id,
                Transfer.id == MatchedTransfer.transfer_id,
            ),
        )
        .where(
            among(session, StatementRow.counterparty_iban, sorted(ibans)),
            StatementRow.counterparty_iban != "",  # the index leaves these out
            StatementRow.direction == Direction.IN,
            # Behind another's account somebody else may have paid every time.
            StatementRow.ultimate_name == "",
            StatementRow.ultimate_iin_bin == "",
            Transfer.source_kind == SourceKind.PAYMENT,
            Transfer.party_id.is_not(None),
        )
        .distinct()
    )
    for iban, customer_id in session.execute(statement):
        assert customer_id is not None  # the query asks for those that have one
        payers[iban].add(customer_id)
    seen = {iban: seen_behind(each) for iban, each in payers.items()}
    return seen | dict.fromkeys(collectors, seen_behind())


def _collectors(session: Session, ibans: Collection[str]) -> set[str]:
    """The accounts from which more rows came than any one payer sends, counted in their index alone."""
    counted = (
        select(StatementRow.counterparty_iban)
        .where(among(session, StatementRow.counterparty_iban, ibans), StatementRow.counterparty_iban != "")
        .group_by(StatementRow.counterparty_iban)
        .having(func.count() > ROWS_OF_IBAN_MAX)
    )
    return set(session.scalars(counted))


def rules_of(session: Session, enterprise_id: UUID, direction: Direction) -> Sequence[KnownRule]:
    """The rules of an enterprise for money of one direction, as they were made."""
    statement = (
        select(MatchingRule)
        .where(
            MatchingRule.enterprise_id == enterprise_id,
            MatchingRule.direction == direction,
            MatchingRule.is_active,
        )
        .order_by(MatchingRule.id)
    )
    return [
        KnownRule(
            rule.id,
            rule.kind,
            rule.customer_id,
            rule.account,
            rule.iban,
            rule.iin_bin,
            rule.purpose_part,
            rule.why,
        )
        for rule in session.scalars(statement)
    ]


def numbered_invoices(
    session: Session, enterprise_id: UUID, years: Collection[int], numbers: Collection[int]
) -> list[KnownInvoice]:
    """An enterprise's invoices with these numbers, settled or open; none of them is said to be open."""
    statement = select(
        Invoice.id, Invoice.customer_id, Invoice.year, Invoice.number, Invoice.issued_on, Invoice.due_on
    ).where(
        Invoice.enterprise_id == enterprise_id,
        Invoice.year.in_(sorted(years)),
        among(session, Invoice.number, numbers),
    )
    return [
        KnownInvoice(row.id, row.customer_id, None, row.year, row.number, row.issued_on, row.due_on, ZERO)
        for row in session.execute(statement)
    ]


def payments_between(
    session: Session,
    enterprise_id: UUID,
    customer_ids: Collection[UUID],
    days: Days,
) -> dict[UUID, list[KnownPayment]]:
    """Payments of these customers between two days that were not reversed, and what showed them."""
    found: dict[UUID, KnownPayment] = {}
    statement = _recorded(enterprise_id, days).where(among(session, Payment.customer_id, customer_ids))
    for payment, transfer_id, settled, *shown in session.execute(statement):
        found[payment.id] = KnownPayment(
            payment.id,
            transfer_id,
            payment.customer_id,
            payment.amount,
            payment.received_on,
            payment.method,
            payment.outside_id,
            Movement(*shown) if shown[0] is not None else None,
            settled is not None,
        )
    by_customer: dict[UUID, list[KnownPayment]] = {}
    for each in found.values():
        by_customer.setdefault(each.customer_id, []).append(each)
    return by_customer


def _recorded(enterprise_id: UUID, days: Days) -> Select[*tuple[Any, ...]]:
    """Payments between two days: each with its posting, its provider's match, the row that showed it."""
    district = Payment.district_id
    shown = (
        StatementRow.booked_on,
        StatementRow.document_number,
        StatementRow.purpose,
        StatementRow.counterparty_iin_bin,
        StatementRow.counterparty_iban,
    )
    return (
        select(Payment, Transfer.id, SettledPayment.match_id, *shown)
        .join(
            Transfer,
            and_(
                Transfer.district_id == district,
                Transfer.source_id == Payment.id,
                Transfer.source_kind == SourceKind.PAYMENT,
                Transfer.position == 0,
            ),
        )
        .outerjoin(
            PaymentReversal,
            and_(PaymentReversal.district_id == district, PaymentReversal.payment_id == Payment.id),
        )
        .outerjoin(
            SettledPayment,
            and_(SettledPayment.district_id == district, SettledPayment.payment_id == Payment.id),
        )
        .outerjoin(
            MatchedTransfer,
            and_(MatchedTransfer.district_id == district, MatchedTransfer.transfer_id == Transfer.id),
        )
        .outerjoin(
            MatchedRow,
            and_(MatchedRow.district_id == district, MatchedRow.match_id == MatchedTransfer.match_id),
        )
        .outerjoin(
            StatementRow, and_(StatementRow.district_id == district, StatementRow.id == MatchedRow.row_id)
        )
        .where(
            Payment.enterprise_id == enterprise_id,
            PaymentReversal.payment_id.is_(None),
            Payment.received_on.between(*days),
        )
    )


def whom_a_sum_fits(session: Session, enterprise_id: UUID, row: OpenRow, days: Days) -> set[UUID]:
    """Some customers with an open invoice, or a payment between two days, of just the row's sum."""
    recorded = _recorded(enterprise_id, days).where(
        Payment.amount == row.amount,
        Payment.method == PaymentMethod.BANK,
        MatchedTransfer.transfer_id.is_(None),
    )
    of_payments = recorded.with_only_columns(Payment.customer_id).distinct().limit(FITTING_MAX)
    of_invoices = (
        select(Receivable.customer_id)
        .where(Receivable.enterprise_id == enterprise_id, Receivable.open_amount > ZERO)
        .group_by(Receivable.invoice_id, Receivable.customer_id)
        .having(func.sum(Receivable.open_amount) == row.amount)
        .limit(FITTING_MAX)
    )
    return {*session.scalars(of_payments), *session.scalars(of_invoices)}
