"""A district with many debtors, made in seconds: one by the product's services, the others as its copies."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.orm import DeclarativeBase, Session

from billing.archive.service import DocumentStore, storing_in
from billing.districts.bank_accounts import primary_account
from billing.districts.models import District
from billing.districts.numbering import take_numbers
from billing.invoicing.models import BilledPeriod, Invoice, InvoiceLine
from billing.kernel.bulk import insert_rows
from billing.kernel.db import Base, Sessions
from billing.kernel.identifiers import make_account_number
from billing.kernel.ids import new_id
from billing.ledger.models import Transfer
from billing.receivables.models import Receivable
from tests.support.billing import Desk, make_invoice, open_desk
from tests.support.databases import Database
from tests.support.districts import DISTRICT_ID, DISTRICT_KATO, make_district
from tests.support.identifiers import synthetic_iin
from tests.support.scratch import scratch_directory


@dataclass(frozen=True, slots=True)
class Village:
    """A desk and its debtors: each owes one invoice of one line."""

    enterprise_id: UUID
    iban: str
    debtors: Sequence[tuple[UUID, str, str]]  # id, personal account, IIN


def settle(database: Database, debtors: int) -> Village:
    """Make a village in a fresh database, and commit it."""
    with opened(database) as sessions, sessions.begin(DISTRICT_ID) as session:
        make_district(session)
        desk = open_desk(session)
        iban = primary_account(session, desk.enterprise.id).iban
        village = Village(desk.enterprise.id, iban, _copies(session, desk, debtors))
        session.execute(text("ANALYZE"))  # as the database does by itself, when it is not a test's
        return village


@contextmanager
def opened(database: Database) -> Iterator[Sessions]:
    """Sessions of a database, with a place for its documents; no connection is left behind."""
    with database.engine() as engine:
        yield Sessions(engine, info=storing_in(DocumentStore(scratch_directory("documents"))))


def _copies(session: Session, desk: Desk, count: int) -> list[tuple[UUID, str, str]]:
    invoice = make_invoice(session, desk.contract)
    ids = [
        (new_id(), new_id(), new_id(), new_id()) for _ in range(count)
    ]  # customer, contract, invoice, line
    serials = range(1_001, 1_001 + count)
    people = [
        (each[0], make_account_number(DISTRICT_KATO, serial), synthetic_iin(serial))
        for each, serial in zip(ids, serials, strict=True)
    ]
    session.get_one(District, DISTRICT_ID).last_account_serial = serials[-1]
    clone(
        session,
        desk.customer,
        [{"id": customer, "account_number": account, "iin_bin": iin} for customer, account, iin in people],
    )
    clone(
        session,
        desk.contract,
        [
            {"id": contract, "customer_id": customer, "number": f"B-{place}"}
            for place, (customer, contract, _, _) in enumerate(ids)
        ],
    )
    first = take_numbers(session, desk.enterprise.id, "invoice", invoice.year, count=count)
    numbers = range(first, first + count)
    clone(
        session,
        invoice,
        [
            {"id": made, "customer_id": customer, "contract_id": contract, "number": number}
            for (customer, contract, made, _), number in zip(ids, numbers, strict=True)
        ],
    )
    _clone_debts(session, invoice, ids, numbers)
    return people


def _clone_debts(session: Session, invoice: Invoice, ids: Sequence[tuple[UUID, ...]], numbers: range) -> None:
    """The lines of copied invoices, with what is open of them, what was billed, and their postings."""
    [line] = session.scalars(select(InvoiceLine).where(InvoiceLine.invoice_id == invoice.id))
    clone(session, line, [{"id": of_made, "invoice_id": made} for _, _, made, of_made in ids])
    receivable = session.get_one(Receivable, (DISTRICT_ID, line.id))
    clone(
        session,
        receivable,
        [
            {
                "invoice_line_id": of_made,
                "invoice_id": made,
                "customer_id": customer,
                "invoice_number": number,
            }
            for (customer, _, made, of_made), number in zip(ids, numbers, strict=True)
        ],
    )
    period = session.scalars(select(BilledPeriod).where(BilledPeriod.invoice_line_id == line.id)).one()
    clone(session, period, [{"contract_id": each[1], "invoice_line_id": each[3]} for each in ids])
    for transfer in session.scalars(select(Transfer).where(Transfer.source_id == invoice.id)).all():
        clone(
            session,
            transfer,
            [
                {"id": new_id(), "source_id": made, "invoice_id": made, "party_id": customer}
                for customer, _, made, _ in ids
            ],
        )


def spread(connection: Connection, districts: int) -> None:
    """Copy the only district so that there are so many; ids are unique within a district only."""
    # Keys are not looked up again: each copy points to itself as the original does.
    connection.execute(text("SET session_replication_role = replica"))
    others = f"generate_series({DISTRICT_ID + 1}, {districts}) AS other"
    connection.execute(
        text(
            "INSERT INTO district (id, kato_code, name_kk, name_ru, last_account_serial)"
            " SELECT other, '47' || lpad(other::text, 7, '0'), name_kk, name_ru, last_account_serial"
            f" FROM district, {others}"
        )
    )
    for table in Base.metadata.sorted_tables:
        if "district_id" in table.c:
            names = [column.name for column in table.c if column.name != "district_id"]
            columns = ", ".join(names)
            connection.execute(
                text(
                    f"INSERT INTO {table.name} (district_id, {columns}) SELECT other, {columns}"
                    f" FROM {table.name}, {others}"
                )
            )
    connection.execute(text("VACUUM ANALYZE"))


def clone(session: Session, template: DeclarativeBase, differing: Sequence[dict[str, Any]]) -> None:
    """Insert copies of a row that differ from it in the given columns."""
    # What the database stamps itself may not be known here, and stamps itself again.
    columns = [
        attribute.key
        for attribute in inspect(type(template)).column_attrs
        if attribute.columns[0].server_default is None
    ]
    values = {name: getattr(template, name) for name in columns}
    rows = [tuple({**values, **each}[name] for name in columns) for each in differing]
    insert_rows(session, type(template), columns, rows)
