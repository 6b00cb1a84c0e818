"""Loads what the scoring of incoming rows needs to know: for 2,000 rows in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from billing.customers.models import Customer
from billing.districts.models import BankAccount, Enterprise
from billing.invoicing.models import Invoice
from billing.kernel.bulk import among
from billing.kernel.columns import money_sum
from billing.kernel.money import ZERO
from billing.ledger.models import SourceKind, Transfer
from billing.payments.models import Payment, PaymentMethod, PaymentReversal
from billing.payments.providers.models import Provider
from billing.receivables.models import Receivable
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matches import OpenRow
from billing.reconciliation.matching.knowledge import (
    Known,
    KnownCustomer,
    KnownInvoice,
    KnownPayment,
    KnownRule,
    Movement,
    Thresholds,
)
from billing.reconciliation.matching.settings import settings_of
from billing.reconciliation.models import (
    MatchedRow,
    MatchedTransfer,
    MatchingRule,
    SettledPayment,
    StatementRow,
)

# An account that the money of more customers came from is a collector's, and says nothing of one of them.
PAYERS_OF_IBAN_MAX = 3
ROWS_OF_IBAN_MAX = 500
LIMITATION_YEARS = 3  # nobody pays an older invoice without saying of which year it is
FITTING_MAX = 20  # customers shown because a sum fits; of more it says nothing


def load(
    session: Session,
    enterprise_id: UUID,
    rows: Sequence[OpenRow],
    *,
    thorough: bool = False,
    direction: Direction = Direction.IN,
) -> Known:
    """What is known that may explain these rows.

    Args:
        thorough: know also some of those whose recorded payment or open invoice has a row's sum. A sum alone
            books nothing, but a person who decides wants to see them.
    """
    settings = settings_of(session, enterprise_id)
    known = Known(thresholds=Thresholds(settings.threshold, settings.days_around))
    known.nobody = nobody_of(session)
    customers = _named_customers(session, rows)
    known.by_iban = _payers_of_ibans(session, rows, known.nobody)
    known.rules = _rules(session, enterprise_id, direction)
    invoices = _invoices(session, enterprise_id, rows)
    customer_ids = {customer.id for customer in customers}
    customer_ids.update(*known.by_iban.values(), (invoice.customer_id for invoice in invoices))
    customer_ids.update(rule.customer_id for rule in known.rules if rule.customer_id is not None)
    if thorough:
        customer_ids |= _whom_a_sum_fits(session, enterprise_id, rows, settings.days_around)
    rest = customer_ids - {customer.id for customer in customers}
    customers += _customers(session, [among(session, Customer.id, rest)] if rest else [])
    known.customers = {customer.id: customer for customer in customers}
    known.by_account = {customer.account_number: customer.id for customer in customers}
    known.by_iin_bin = {customer.iin_bin: customer.id for customer in customers if customer.iin_bin}
    known.owed = _open_invoices(session, enterprise_id, customer_ids)
    known.debts = _by_debtor(known.owed.values())
    known.invoices = _by_number(invoices)
    known.payments = _payments(session, enterprise_id, customer_ids, rows, settings.days_around)
    return known


def nobody_of(session: Session) -> frozenset[str]:
    """Who is no customer when he pays: our own enterprises moving their money, and providers."""
    ours = session.scalars(select(Enterprise.bin)).all()
    own_ibans = session.scalars(select(BankAccount.iban)).all()
    providers = session.execute(select(Provider.bin, Provider.iban))
    collected = {each for provider in providers for each in provider if each is not None}
    return frozenset({"", *ours, *own_ibans, *collected})


def _named_customers(session: Session, rows: Sequence[OpenRow]) -> list[KnownCustomer]:
    accounts = {account.number for row in rows for account in row.mentions.accounts}
    iin_bins = {iin_bin for row in rows for iin_bin in row.mentions.iin_bins}
    for row in rows:
        iin_bins |= {row.counterparty_iin_bin, row.ultimate_iin_bin}
    named = ((Customer.account_number, accounts), (Customer.iin_bin, iin_bins - {""}))
    return _customers(session, [among(session, column, values) for column, values in named if values])


def _customers(session: Session, conditions: Sequence[ColumnElement[bool]]) -> list[KnownCustomer]:
    found: dict[UUID, KnownCustomer] = {}
    for condition in conditions:
        statement = select(
            Customer.id, Customer.account_number, Customer.iin_bin, Customer.name, Customer.payer_id
        ).where(condition)
        found |= {row[0]: KnownCustomer._make(row) for row in session.execute(statement)}
    return list(found.values())


def _payers_of_ibans(
    session: Session, rows: Sequence[OpenRow], nobody: Collection[str]
) -> Mapping[str, frozenset[UUID]]:
    """Whose money earlier rows from the same accounts were, by the matches that hold."""
    named = {iban for row in rows for iban in (row.counterparty_iban, row.ultimate_iban)}.difference(nobody)
    ibans = named - _collectors(session, named)
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
    return {iban: frozenset(each) for iban, each in payers.items() if len(each) <= PAYERS_OF_IBAN_MAX}


def _collectors(session: Session, ibans: Collection[str]) -> set[str]:
    """The accounts from which more rows came than any one payer sends, counted in their index alone."""
    counted = (
        select(StatementRow.counterparty_iban)
        .where(among(session, StatementRow.counterparty_iban, ibans), StatementRow.counterparty_iban != "")
        .group_by(StatementRow.counterparty_iban)
        .having(func.count() > ROWS_OF_IBAN_MAX)
    )
    return set(session.scalars(counted))


def _rules(session: Session, enterprise_id: UUID, direction: Direction) -> Sequence[KnownRule]:
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


def _invoices(session: Session, enterprise_id: UUID, rows: Sequence[OpenRow]) -> list[KnownInvoice]:
    """The invoices with the numbers that were named, settled or open, of the years they may be of."""
    mentions = [mention for row in rows for mention in row.mentions.invoices]
    if not mentions:
        return []
    first, last = min(row.booked_on.year for row in rows), max(row.booked_on.year for row in rows)
    said = {mention.year for mention in mentions if mention.year is not None}
    years = {*range(first - LIMITATION_YEARS, last + 1), *(year for year in said if 2000 < year <= last + 1)}
    statement = select(
        Invoice.id, Invoice.customer_id, Invoice.year, Invoice.number, Invoice.issued_on, Invoice.due_on
    ).where(
        Invoice.enterprise_id == enterprise_id,
        Invoice.year.in_(sorted(years)),
        among(session, Invoice.number, {mention.number for mention in mentions}),
    )
    return [
        KnownInvoice(row.id, row.customer_id, None, row.year, row.number, row.issued_on, row.due_on, ZERO)
        for row in session.execute(statement)
    ]


def _open_invoices(
    session: Session, enterprise_id: UUID, customer_ids: Collection[UUID]
) -> dict[UUID, KnownInvoice]:
    """What these customers owe or pay for others, by invoice, the earliest due first."""
    columns = (
        Receivable.invoice_id,
        Receivable.customer_id,
        Receivable.payer_id,
        Receivable.invoice_year,
        Receivable.invoice_number,
        Receivable.issued_on,
        Receivable.due_on,
    )
    statement = (
        select(*columns, money_sum(Receivable.open_amount))
        .where(
            Receivable.enterprise_id == enterprise_id,
            Receivable.open_amount > ZERO,
            or_(
                among(session, Receivable.customer_id, customer_ids),
                among(session, Receivable.payer_id, customer_ids),
            ),
        )
        .group_by(*columns)
        .order_by(Receivable.due_on, Receivable.invoice_year, Receivable.invoice_number)
    )
    return {row[0]: KnownInvoice._make(row) for row in session.execute(statement)}


def _by_debtor(owed: Iterable[KnownInvoice]) -> Mapping[UUID, Sequence[UUID]]:
    debts: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for invoice in owed:
        debts[invoice.customer_id].append(invoice.id)
        if invoice.payer_id is not None:
            debts[invoice.payer_id].append(invoice.id)
    return debts


def _by_number(invoices: Iterable[KnownInvoice]) -> Mapping[int, Sequence[KnownInvoice]]:
    numbered: defaultdict[int, list[KnownInvoice]] = defaultdict(list)
    for invoice in invoices:
        numbered[invoice.number].append(invoice)
    return numbered


def _payments(
    session: Session,
    enterprise_id: UUID,
    customer_ids: Collection[UUID],
    rows: Sequence[OpenRow],
    days_around: int,
) -> dict[UUID, list[KnownPayment]]:
    """Payments of these customers near the rows' days that were not reversed, and what showed them."""
    found: dict[UUID, KnownPayment] = {}
    statement = _recorded(enterprise_id, rows, days_around).where(
        among(session, Payment.customer_id, customer_ids)
    )
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


def _recorded(enterprise_id: UUID, rows: Sequence[OpenRow], days_around: int) -> Select[*tuple[Any, ...]]:
    """Payments near the rows' days: each with its posting, its provider's match, the row that showed it."""
    around = timedelta(days=days_around)
    days = [row.booked_on for row in rows]
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
            Payment.received_on.between(min(days) - around, max(days) + around),
        )
    )


def _whom_a_sum_fits(
    session: Session, enterprise_id: UUID, rows: Sequence[OpenRow], days_around: int
) -> set[UUID]:
    """Some customers with a payment or an open invoice of just a row's sum."""
    amounts = sorted({row.amount for row in rows})
    recorded = _recorded(enterprise_id, rows, days_around).where(
        Payment.amount.in_(amounts),
        Payment.method == PaymentMethod.BANK,
        MatchedTransfer.transfer_id.is_(None),
    )
    of_payments = recorded.with_only_columns(Payment.customer_id).distinct().limit(FITTING_MAX)
    of_invoices = (
        select(Receivable.customer_id)
        .where(Receivable.enterprise_id == enterprise_id, Receivable.open_amount > ZERO)
        .group_by(Receivable.invoice_id, Receivable.customer_id)
        .having(func.sum(Receivable.open_amount).in_(amounts))
        .limit(FITTING_MAX)
    )
    return {*session.scalars(of_payments), *session.scalars(of_invoices)}
