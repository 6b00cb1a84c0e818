"""Takes in a list of what customers asked for, as drafts of orders: set by set, however long it is.

A row is known again by what it says: the hash of its values and, where the list says the same twice, which
of them it is. That is the order's ``outside_reference``, so the same list taken in twice adds nothing, and
neither does the same list saved again in another format, sorted, or with rows added.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from billing.catalog.models import Service
from billing.catalog.refusals import ServiceInactive
from billing.customers.models import Contract, Customer
from billing.customers.refusals import CustomerInactive
from billing.customers.service import check_contract_allows
from billing.districts.numbering import lock_district, take_numbers
from billing.kernel.alphabet import fold
from billing.kernel.cells import RowReader, UnknownWord, read_date, read_identifier, read_quantity
from billing.kernel.checks import check_range, line
from billing.kernel.db import district_of
from billing.kernel.errors import InvalidInput, NotFound, Refusal
from billing.kernel.identifiers import check_account_number
from billing.kernel.ids import new_id
from billing.kernel.imports import ALL_OR_NOTHING, ImportMode, ImportReport
from billing.kernel.spreadsheets import Column, ListRow, read_list
from billing.orders.models import OrderState, ServiceOrder
from billing.orders.service import NOTE_LENGTH_MAX, NUMBER_SERIES, ContractOfAnother, record_steps

COLUMNS = (
    Column(
        "account_number",
        ("Лицевой счет", "Лицевой счёт", "Л/с", "Дербес шот", "Есепшот", "Account", "Account number"),
    ),
    Column(
        "iin_bin", ("ИИН", "БИН", "ИИН/БИН", "ЖСН", "БСН", "ЖСН/БСН", "IIN", "BIN", "IIN/BIN"), personal=True
    ),
    Column("name", ("ФИО", "Заказчик", "Абонент", "Аты-жөні", "Тапсырыс беруші", "Customer", "Name")),
    Column("service", ("Услуга", "Вид услуги", "Работа", "Қызмет", "Қызмет түрі", "Service"), required=True),
    Column(
        "requested_on",
        ("Дата", "Дата заявки", "Күні", "Өтінім күні", "Date", "Requested on"),
        required=True,
    ),
    Column(
        "quantity", ("Количество", "Кол-во", "Объем", "Объём", "Саны", "Көлемі", "Quantity"), required=True
    ),
    Column(
        "planned_on", ("Срок", "Плановая дата", "Выполнить до", "Мерзімі", "Жоспарланған күні", "Planned on")
    ),
    Column("contract", ("Договор", "№ договора", "Номер договора", "Шарт", "Шарт №", "Contract")),
    Column("place", ("Место", "Место работ", "Адрес", "Орны", "Мекенжайы", "Place", "Address")),
    Column("note", ("Примечание", "Комментарий", "Ескерту", "Ескертпе", "Note")),
)
REFERENCE_PREFIX = "list"

_QUERY_VALUES_MAX = 5_000  # SQLite takes no more than 32,766 in one statement

T = TypeVar("T")


class RequestedInFuture(InvalidInput):
    """Nobody has asked for anything on a day still to come. Facts: ``requested_on``, ``today``."""

    code = "requested_in_future"


class CustomerUnclear(InvalidInput):
    """Several customers bear this name: the account number or IIN must say which. Facts: ``value``."""

    code = "customer_unclear"


class CustomerUnknown(InvalidInput):
    """Nobody in the district has this account number, IIN, BIN or name. Facts: ``value``, masked."""

    code = "customer_unknown"


@dataclass(frozen=True, slots=True)
class _Row:
    """A row as it would be stored."""

    customer: Customer
    service: Service
    contract_id: UUID | None
    requested_on: date
    planned_on: date | None
    quantity: Decimal
    place: str
    note: str

    @property
    def fingerprint(self) -> str:
        """The hash of what the row says, whatever letters and number formats it says it in."""
        said = (
            self.customer.account_number,
            self.service.code,
            str(self.contract_id or ""),
            self.requested_on.isoformat(),
            self.planned_on.isoformat() if self.planned_on else "",
            str(self.quantity.quantize(Decimal("0.001"))),
            fold(self.place),
            fold(self.note),
        )
        return hashlib.sha256("\x1f".join(said).encode()).hexdigest()[:40]


class _Lookup:
    """Customers, services and contracts of the district, loaded once."""

    def __init__(self, session: Session, rows: Iterable[ListRow]) -> None:
        customers = list(session.scalars(select(Customer)))
        self.by_account = {customer.account_number: customer for customer in customers}
        self.by_number = {customer.iin_bin: customer for customer in customers if customer.iin_bin}
        self.by_name = _unique((customer.name_folded, customer) for customer in customers)
        services = list(session.scalars(select(Service)))
        self.services = _unique(
            (fold(name), service)
            for service in services
            for name in {service.code, service.name_kk, service.name_ru, service.name_en}
        )
        numbers = sorted({row.cells["contract"] for row in rows} - {""})
        self.contracts: dict[str, list[Contract]] = {}
        for some in _chunks(numbers):
            for contract in session.scalars(select(Contract).where(Contract.number.in_(some))):
                self.contracts.setdefault(contract.number, []).append(contract)


def import_orders(
    session: Session, content: bytes, mode: ImportMode = ALL_OR_NOTHING, *, today: date
) -> ImportReport:
    """Take down the orders of a list (CSV or XLSX) as drafts, in its order.

    Columns: customer by account number, IIN, BIN or name; service by code or name; date and quantity; and
    where there are any: planned date, contract number, place, note. The same rules hold as for one order.
    """
    # Locked first, so that the same list taken in twice at once does not take numbers twice.
    lock_district(session)
    reading = read_list(content, COLUMNS)
    problems = list(reading.problems)
    lookup = _Lookup(session, reading.rows)
    rows: dict[tuple[UUID, str], _Row] = {}
    seen: Counter[str] = Counter()
    for cells in reading.rows:
        reader = RowReader(cells, reading, COLUMNS)
        row = _read_row(reader, lookup, today)
        if row is None or reader.problems:
            problems += reader.problems
            continue
        seen[row.fingerprint] += 1
        reference = f"{REFERENCE_PREFIX}:{row.fingerprint}#{seen[row.fingerprint]}"
        rows[row.service.enterprise_id, reference] = row
    known = _known(session, rows)
    new = {key: row for key, row in rows.items() if key not in known}
    written = mode.writes(problems)
    if written:
        _write(session, new)
    return ImportReport(len(new), 0, len(rows) - len(new), tuple(problems), written)


def _read_row(reader: RowReader, lookup: _Lookup, today: date) -> _Row | None:
    customer = _customer(reader, lookup)
    service = reader.required("service", partial(_find_service, lookup=lookup))
    requested_on = reader.required("requested_on", partial(_requested_on, today=today))
    quantity = reader.required("quantity", read_quantity)
    planned_on = reader.optional("planned_on", read_date)
    place = reader.optional("place", partial(line, field="place", length_max=300))
    note = reader.optional("note", partial(line, field="note", length_max=NOTE_LENGTH_MAX))
    if customer is None or service is None or requested_on is None or quantity is None:
        return None
    try:
        check_range(requested_on, planned_on, field="planned_on")
    except Refusal as refusal:
        reader.refuse("planned_on", refusal)
    contract = reader.optional(
        "contract",
        partial(_find_contract, lookup=lookup, customer=customer, service=service, day=requested_on),
    )
    contract_id = contract.id if contract else None
    return _Row(customer, service, contract_id, requested_on, planned_on, quantity, place or "", note or "")


def _requested_on(text: str, today: date) -> date:
    day = read_date(text)
    if day > today:
        raise RequestedInFuture(requested_on=day, today=today)
    return day


def _customer(reader: RowReader, lookup: _Lookup) -> Customer | None:
    """By the surest of what the row gives: account number, then IIN or BIN, then name."""
    for field, read in (
        ("account_number", lambda text: lookup.by_account.get(check_account_number(text))),
        ("iin_bin", lambda text: lookup.by_number.get(read_identifier(text))),
        ("name", lambda text: _find_by_name(text, lookup)),
    ):
        if reader.text(field):
            return reader.optional(field, partial(_found, find=read))
    reader.refuse("name", CustomerUnknown(value=""))
    return None


def _found(text: str, find: Any) -> Customer:
    customer: Customer | None = find(text)
    if customer is None:
        raise CustomerUnknown
    if not customer.is_active:
        raise CustomerInactive(customer=customer.account_number)
    return customer


def _find_by_name(text: str, lookup: _Lookup) -> Customer | None:
    name = fold(text)
    if name in lookup.by_name and lookup.by_name[name] is None:
        raise CustomerUnclear
    return lookup.by_name.get(name)


def _find_service(text: str, lookup: _Lookup) -> Service:
    service = lookup.services.get(fold(text))
    if service is None:
        raise UnknownWord(allowed=", ".join(sorted({s.code for s in lookup.services.values() if s})))
    if not service.is_active:
        raise ServiceInactive(service=service.code)
    return service


def _find_contract(text: str, lookup: _Lookup, customer: Customer, service: Service, day: date) -> Contract:
    candidates = lookup.contracts.get(text, [])
    for contract in candidates:
        if (contract.customer_id, contract.enterprise_id) == (customer.id, service.enterprise_id):
            check_contract_allows(contract, day)
            return contract
    raise ContractOfAnother(number=text) if candidates else NotFound(kind="contract", id=text)


def _known(session: Session, rows: Iterable[tuple[UUID, str]]) -> set[tuple[UUID, str]]:
    """Which of these references the enterprises have."""
    references = sorted({reference for _, reference in rows})
    found: set[tuple[UUID, str]] = set()
    for some in _chunks(references):
        statement = select(ServiceOrder.enterprise_id, ServiceOrder.outside_reference)
        for row in session.execute(statement.where(ServiceOrder.outside_reference.in_(some))):
            found.add((row.enterprise_id, row.outside_reference))
    return found


def _write(session: Session, rows: Mapping[tuple[UUID, str], _Row]) -> None:
    if not rows:
        return
    series = Counter((enterprise_id, row.requested_on.year) for (enterprise_id, _), row in rows.items())
    # In one order everywhere: two imports wait for each other's numbers and never deadlock.
    numbers = {
        (enterprise_id, year): take_numbers(session, enterprise_id, NUMBER_SERIES, year, count)
        for (enterprise_id, year), count in sorted(series.items())
    }
    values: list[dict[str, Any]] = []
    for (enterprise_id, reference), row in rows.items():
        year = row.requested_on.year
        values.append(
            {
                "district_id": district_of(session),
                "id": new_id(),
                "enterprise_id": enterprise_id,
                "year": year,
                "number": numbers[enterprise_id, year],
                "customer_id": row.customer.id,
                "service_id": row.service.id,
                "contract_id": row.contract_id,
                "requested_on": row.requested_on,
                "planned_on": row.planned_on,
                "quantity": row.quantity,
                "place": row.place,
                "note": row.note,
                "state": OrderState.DRAFT,
                "outside_reference": reference,
            }
        )
        numbers[enterprise_id, year] += 1
    session.execute(insert(ServiceOrder), values)
    record_steps(session, [value["id"] for value in values], None, OrderState.DRAFT)


def _unique(pairs: Iterable[tuple[str, T]]) -> dict[str, T | None]:
    """By key; None where a key means two different things."""
    found: dict[str, T | None] = {}
    for key, value in pairs:
        found[key] = value if found.get(key, value) is value else None
    return found


def _chunks(values: list[str]) -> Iterable[list[str]]:
    for start in range(0, len(values), _QUERY_VALUES_MAX):
        yield values[start : start + _QUERY_VALUES_MAX]
