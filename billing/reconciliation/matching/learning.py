"""Learns what the scoring of incoming rows needs to know: part by part, and asks for nothing twice."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, timedelta
from functools import partial
from operator import attrgetter
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from billing.customers.models import Customer
from billing.kernel.bulk import among
from billing.receivables import service as receivables
from billing.receivables.allocation import OpenLine
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matches import OpenRow
from billing.reconciliation.matching.candidates import (
    Days,
    customers_where,
    nobody_of,
    numbered_invoices,
    payers_of_ibans,
    payments_between,
    rules_of,
    whom_a_sum_fits,
)
from billing.reconciliation.matching.knowledge import (
    LIMITATION_YEARS,
    Known,
    KnownCustomer,
    KnownInvoice,
    Thresholds,
)
from billing.reconciliation.matching.settings import settings_of

Debts = Callable[[Collection[UUID]], receivables.OpenLines]
T = TypeVar("T")


class Learning:
    """Learns part by part what may explain rows of an account; what it has asked once it does not ask again.

    Attributes:
        known: all that was learnt.
    """

    def __init__(
        self,
        session: Session,
        enterprise_id: UUID,
        days: Days,
        debts: Debts,
        *,
        direction: Direction = Direction.IN,
    ) -> None:
        """Begin with what is known of the enterprise.

        Args:
            days: between which all rows lie.
            debts: tells what customers owe, and holds them if they are to be held.
        """
        settings = settings_of(session, enterprise_id)
        self._session, self._enterprise_id = session, enterprise_id
        self._days, self._debts = days, debts
        self._earliest = date.min
        self._asked: defaultdict[str, set[Any]] = defaultdict(set)
        self.known = Known(
            rules=rules_of(session, enterprise_id, direction),
            nobody=nobody_of(session),
            thresholds=Thresholds(settings.threshold, settings.days_around),
        )

    def learn(self, rows: Sequence[OpenRow], also: Collection[UUID] = ()) -> None:
        """Learn what may explain some more rows, in a number of queries that is fixed.

        Args:
            rows: none of them of a day before the first of the rows learnt before.
            also: customers to know of whom no row says anything.
        """
        session, known = self._session, self.known
        around = timedelta(days=known.thresholds.days_around)
        earliest = min(row.booked_on for row in rows) - around
        # Of earlier days the recorded payments are forgotten: a row that shows one would be booked again.
        assert earliest >= self._earliest, (earliest, self._earliest)
        self._earliest = earliest
        known.forget_payments(before=earliest)
        found = self._named_customers(rows)
        payers = self._payers_of_ibans(rows)
        invoices = self._invoices(rows)
        known.by_iban |= payers
        for invoice in invoices:
            numbered = known.invoices.setdefault(invoice.number, [])
            if invoice not in numbered:
                numbered.append(invoice)
        ids = {*also, *(customer.id for customer in found), *(invoice.customer_id for invoice in invoices)}
        ids.update(*payers.values(), (rule.customer_id for rule in known.rules if rule.customer_id))
        ids -= known.customers.keys()
        if not ids:
            return
        rest = ids - {customer.id for customer in found}
        found += customers_where(session, [among(session, Customer.id, rest)] if rest else [])
        new = [customer for customer in found if customer.id in ids]
        known.customers |= {customer.id: customer for customer in new}
        known.by_account |= {customer.account_number: customer.id for customer in new}
        known.by_iin_bin |= {customer.iin_bin: customer.id for customer in new if customer.iin_bin}
        self._learn_debts(ids)
        days = (earliest, self._days[1] + around)
        known.payments |= payments_between(session, self._enterprise_id, ids, days)

    def _learn_debts(self, customer_ids: Collection[UUID]) -> None:
        known = self.known
        lines = self._debts(customer_ids)
        for customer_id in customer_ids:
            owed = _invoices_of(lines.of(customer_id))
            known.debts[customer_id] = [invoice.id for invoice in owed]
            for invoice in owed:
                # Of one that another customer brought along, it is known what is left of it.
                known.owed.setdefault(invoice.id, invoice)

    def _unasked(self, kind: str, values: set[T]) -> set[T]:
        new = values - self._asked[kind]
        self._asked[kind] |= new
        return new

    def _named_customers(self, rows: Sequence[OpenRow]) -> list[KnownCustomer]:
        accounts = {account.number for row in rows for account in row.mentions.accounts}
        iin_bins = {iin_bin for row in rows for iin_bin in row.mentions.iin_bins}
        for row in rows:
            iin_bins |= {row.counterparty_iin_bin, row.ultimate_iin_bin}
        named = (
            (Customer.account_number, self._unasked("account", accounts)),
            (Customer.iin_bin, self._unasked("iin_bin", iin_bins - {""})),
        )
        conditions = [among(self._session, column, values) for column, values in named if values]
        return customers_where(self._session, conditions)

    def _payers_of_ibans(self, rows: Sequence[OpenRow]) -> dict[str, frozenset[UUID]]:
        named = {iban for row in rows for iban in (row.counterparty_iban, row.ultimate_iban)}
        ibans = self._unasked("iban", named - self.known.nobody)
        return payers_of_ibans(self._session, ibans) if ibans else {}

    def _invoices(self, rows: Sequence[OpenRow]) -> list[KnownInvoice]:
        """The invoices with the numbers that were named, settled or open, of the years they may be of."""
        mentions = {mention for row in rows for mention in row.mentions.invoices}
        new = self._unasked("invoice", {(mention.number, mention.year) for mention in mentions})
        if not new:
            return []
        first, last = self._days[0].year, self._days[1].year
        said = {year for _, year in new if year is not None and 2000 < year <= last + 1}
        years = {*range(first - LIMITATION_YEARS, last + 1), *said}
        return numbered_invoices(self._session, self._enterprise_id, years, {number for number, _ in new})


def debts_seen(session: Session, enterprise_id: UUID) -> Debts:
    """Tells what customers owe without holding them."""
    return partial(receivables.load_open_lines, session, enterprise_id)


def load(
    session: Session, enterprise_id: UUID, row: OpenRow, *, direction: Direction = Direction.IN
) -> Known:
    """What is known that may explain a row, for a person who decides.

    It is known too of some whose recorded payment or open invoice has the row's sum. A sum alone books
    nothing, but a person wants to see them.
    """
    days = (row.booked_on, row.booked_on)
    learning = Learning(session, enterprise_id, days, debts_seen(session, enterprise_id), direction=direction)
    around = timedelta(days=learning.known.thresholds.days_around)
    near = (row.booked_on - around, row.booked_on + around)
    learning.learn([row], also=whom_a_sum_fits(session, enterprise_id, row, near))
    return learning.known


def _invoices_of(lines: Iterable[OpenLine]) -> list[KnownInvoice]:
    """The invoices that open lines are of, the earliest due first."""
    invoices: dict[UUID, KnownInvoice] = {}
    for line in lines:
        before = invoices.get(line.invoice_id)
        invoices[line.invoice_id] = KnownInvoice(
            line.invoice_id,
            line.customer_id,
            line.payer_id,
            line.invoice_year,
            line.invoice_number,
            line.issued_on,
            line.due_on,
            line.open_amount if before is None else before.open_amount + line.open_amount,
        )
    return sorted(invoices.values(), key=attrgetter("due_on", "year", "number"))
