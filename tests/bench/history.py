"""Years of a district's books, made in seconds: one household lives them, the others are its copies."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, Table, Uuid, text

from billing.archive.models import ArchivedDocument
from billing.budget.models import RevenueLine
from billing.customers.models import Contract, ContractCharge, Customer
from billing.invoicing.models import BilledPeriod, Invoice, InvoiceLine
from billing.kernel.dates import Month
from billing.kernel.identifiers import make_account_number
from billing.ledger import service as ledger
from billing.ledger.models import Transfer
from billing.payments.models import Payment
from billing.receivables.models import Advance, Allocation, Receivable
from tests.bench.servers import as_superuser
from tests.bench.village import opened
from tests.support.billing import open_desk
from tests.support.databases import Database, PostgresqlDatabases
from tests.support.districts import DISTRICT_ID, DISTRICT_KATO, make_district
from tests.support.identifiers import synthetic_iin

FIRST_MONTH = Month(2020, 1)
TRANSFERS_A_MONTH = 5  # of a household: income, VAT, the payment, its allocation, the revenue line's
HOUSEHOLDS = 2_000

# What a household has of its own; keys that do not point to one of these are the district's.
OF_A_HOUSEHOLD = (
    Customer,
    Contract,
    ContractCharge,
    Invoice,
    InvoiceLine,
    BilledPeriod,
    Receivable,
    ArchivedDocument,
    Payment,
    Advance,
    Allocation,
    Transfer,
    RevenueLine,
)
SHARED = frozenset(
    {
        "enterprise_id",
        "service_id",
        "tariff_id",
        "benefit_id",
        "book_id",
        "debit_account_id",
        "credit_account_id",
        "recorded_by",
    }
)
DIFFERING = {
    ("customer", "account_number"): "copy.account_number",
    ("customer", "iin_bin"): "copy.iin_bin",
    ("contract", "number"): "'B-' || copy.place",
    ("invoice", "number"): "number + copy.place * (SELECT count FROM issued WHERE issued.year = own.year)",
    ("receivable", "invoice_number"): (
        "invoice_number + copy.place * (SELECT count FROM issued WHERE issued.year = own.invoice_year)"
    ),
}


@dataclass(frozen=True, slots=True)
class History:
    """A district's books, every month of them closed but the last one."""

    enterprise_id: UUID
    book_id: UUID  # the enterprise's
    first: Month
    last: Month
    transfers: int


def live(
    databases: PostgresqlDatabases, database: Database, *, months: int, households: int = HOUSEHOLDS
) -> History:
    """Fill a fresh database: every household gets an invoice a month, and pays it on the last day."""
    with opened(database) as sessions:
        with sessions.begin(DISTRICT_ID) as session:
            make_district(session)
            desk = open_desk(session)
        month = FIRST_MONTH
        for _ in range(months):
            with sessions.begin(DISTRICT_ID) as session:
                invoice = desk.at(session).issue(month)
                desk.at(session).pay(str(invoice.total), received_on=month.last_day)
            month = month.next()
        with as_superuser(databases, database) as connection:
            _copy_household(connection, households)
        with sessions.begin(DISTRICT_ID) as session:
            for book in ledger.list_books(session):
                _close(session, book.id, months - 1)
            history = History(
                desk.enterprise.id,
                ledger.enterprise_book_id(session, desk.enterprise.id),
                FIRST_MONTH,
                month.previous(),
                months * households * TRANSFERS_A_MONTH,
            )
    with as_superuser(databases, database) as connection:
        connection.execute(text("VACUUM ANALYZE"))
    return history


def _close(session, book_id: UUID, months: int) -> None:
    month = FIRST_MONTH
    for _ in range(months):
        ledger.close_month(session, book_id, month, today=month.next().next().first_day)
        month = month.next()


def _copy_household(connection: Connection, households: int) -> None:
    """Multiply the household, table by table; ids keep their time, so that indexes grow as in life."""
    connection.execute(
        text("SET session_replication_role = replica")
    )  # the copies point as the original does
    connection.execute(text("CREATE TEMPORARY TABLE copy (place int, account_number text, iin_bin text)"))
    connection.execute(
        text("INSERT INTO copy VALUES (:place, :account_number, :iin_bin)"),
        [
            {
                "place": place,
                "account_number": make_account_number(DISTRICT_KATO, 1_000 + place),
                "iin_bin": synthetic_iin(1_000 + place),
            }
            for place in range(1, households)
        ],
    )
    connection.execute(
        text("CREATE TEMPORARY TABLE issued AS SELECT year, count(*) FROM invoice GROUP BY year")
    )
    for model in OF_A_HOUSEHOLD:
        table = model.__table__
        assert isinstance(table, Table)
        names = ", ".join(column.name for column in table.c)
        values = ", ".join(_copied(table.name, column.name, column.type) for column in table.c)
        key = ", ".join(f"own.{column.name}" for column in table.primary_key)
        rows = f"SELECT {values} FROM {table.name} own, copy ORDER BY {key}"
        connection.execute(text(f"INSERT INTO {table.name} ({names}) {rows}"))
    connection.execute(
        text("UPDATE number_series SET last_number = last_number * :households WHERE series = 'invoice'"),
        {"households": households},
    )


def _copied(table: str, column: str, kind: object) -> str:
    if (table, column) in DIFFERING:
        return DIFFERING[table, column]
    if isinstance(kind, Uuid) and column not in SHARED:
        # The last eight digits are chance; what stands before them is the time and a counter.
        return f"(left(own.{column}::text, 28) || lpad(to_hex(copy.place), 8, '0'))::uuid"
    return f"own.{column}"
