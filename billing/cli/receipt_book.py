"""``auyl receipt-book …``: numbered receipts of cashiers who take cash where there is no line."""

from datetime import date, datetime

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.access.models import Role, User
from billing.access.service import find_user, roles_of
from billing.cli.finding import customer_of, enterprise_of
from billing.cli.office import Office
from billing.cli.tables import formatted, show
from billing.cli.teaching import TeachingGroup
from billing.cli.typed import PAST_DAY, SUM
from billing.kernel.clock import ALMATY, now, today
from billing.kernel.db import actor_of
from billing.kernel.errors import NotFound
from billing.kernel.money import Money
from billing.kernel.paging import PageRequest
from billing.kernel.reporting import Column, Kind, ReportTable, Row
from billing.payments.receipt_books import report, service
from billing.payments.receipt_books.models import ReceiptBook, ReceiptLeaf

COLUMNS = (
    Column("receipt_series", width=10),
    Column("receipt_numbers", width=20),
    Column("receipt_left", Kind.NUMBER),
    Column("cashier", width=30),
    Column("issued_on", Kind.DATE),
    Column("returned_on", Kind.DATE),
)
_SERIES = click.option("--series", default="", help="As printed; empty where there is none.")
_ENTERPRISE = click.option("--enterprise", help="BIN, where the district has several.")
_NUMBER = click.argument("number", type=click.IntRange(1, service.NUMBER_MAX))


@click.group("receipt-book", cls=TeachingGroup)
def group() -> None:
    """Receipt books: numbers handed to cashiers, entered later, each accounted for.

    Examples:
      auyl receipt-book issue saule 1 50 --series А
      auyl --user saule receipt-book enter 12 47363900019 5000 --series А …
      auyl receipt-book troubles
    """


@group.command("issue")
@click.argument("cashier")
@click.argument("first", type=click.IntRange(1, service.NUMBER_MAX))
@click.argument("last", type=click.IntRange(1, service.NUMBER_MAX))
@_SERIES
@_ENTERPRISE
@click.option("--on", "day", type=PAST_DAY, help="Today by default.")
@click.pass_obj
def issue(
    office: Office,
    /,
    *,
    cashier: str,
    first: int,
    last: int,
    series: str,
    enterprise: str | None,
    day: date | None,
) -> None:
    """Hand the numbers FIRST to LAST to a CASHIER, named by his log-in.

    Example:
      auyl receipt-book issue saule 1 50 --series А
    """
    with office.work() as session:
        holder = find_user(session, cashier)
        if holder is None:
            raise NotFound(kind="user", id=cashier)
        book = service.issue_book(
            session,
            enterprise_of(session, enterprise).id,
            series=series,
            first_number=first,
            last_number=last,
            cashier_id=holder.id,
            issued_on=day or today(),
        )
    office.say("receipt_book_issued", id=str(book.id), numbers=report.numbers_text(first, last))


@group.command("list")
@click.option("--all", "with_returned", is_flag=True, help="Those handed back too.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@formatted
@click.pass_obj
def list_(office: Office, /, *, with_returned: bool, limit: int, **form: object) -> None:
    """Show receipt books, the last handed out first, with how many numbers are left.

    Example:
      auyl receipt-book list --all
    """
    with office.work(read_only=True) as session:
        books = service.list_books(
            session, PageRequest(None, limit, None), is_open=None if with_returned else True
        ).items
        left = service.missing_of(session, [book.id for book in books])
        holders = {book.held_by for book in books}
        names = {user.id: user.name for user in session.scalars(select(User).where(User.id.in_(holders)))}
    rows = [
        Row(
            {
                "receipt_series": book.series,
                "receipt_numbers": report.numbers_text(book.first_number, book.last_number),
                "receipt_left": len(left.get(book.id, ())),
                "cashier": names[book.held_by],
                "issued_on": book.issued_on,
                "returned_on": book.returned_on,
            }
        )
        for book in books
    ]
    show(office, ReportTable("receipt_books", {}, COLUMNS, rows), **form)  # type: ignore[arg-type]


@group.command("enter")
@_NUMBER
@click.argument("customer")
@click.argument("amount", type=SUM)
@_SERIES
@_ENTERPRISE
@click.option(
    "--at", type=click.DateTime(["%Y-%m-%dT%H:%M"]), required=True, help="When the money was taken."
)
@click.option("--fiscal-number", required=True, help="Of the cash register's slip.")
@click.option("--register", "register_number", required=True, help="Number of the cash register.")
@click.option("--payer", help="Who paid, where it was somebody else.")
@click.pass_obj
def enter(
    office: Office,
    /,
    *,
    number: int,
    customer: str,
    amount: Money,
    series: str,
    enterprise: str | None,
    at: datetime,
    fiscal_number: str,
    register_number: str,
    payer: str | None,
) -> None:
    """Enter what was taken with a NUMBER: once, however often it is typed.

    Example:
      auyl receipt-book enter 12 47363900019 5000 --at 2026-11-20T10:05 --fiscal-number 7 --register 9
    """
    with office.work() as session:
        entry = service.enter_receipt(
            session,
            _book_of(session, series, number, enterprise).id,
            number,
            service.PaperReceipt(
                customer_of(session, customer).id,
                amount,
                at.replace(tzinfo=ALMATY),
                fiscal_number,
                register_number,
                payer,
            ),
            now=now(),
            as_accountant=_as_accountant(session),
        )
    payment = entry.payment
    office.say(
        "receipt_entered", number=number, outcome=entry.outcome, id=str(payment.id), amount=payment.amount
    )


@group.command("spoil")
@_NUMBER
@click.argument("reason")
@_SERIES
@_ENTERPRISE
@click.pass_obj
def spoil(office: Office, /, *, number: int, reason: str, series: str, enterprise: str | None) -> None:
    """Say why nothing was taken with a NUMBER.

    Example:
      auyl --user saule receipt-book spoil 13 "жыртылды" --series А
    """
    with office.work() as session:
        leaf = service.spoil_number(
            session,
            _book_of(session, series, number, enterprise).id,
            number,
            reason=reason,
            now=now(),
            as_accountant=_as_accountant(session),
        )
    office.say("receipt_spoiled", number=number, reason=leaf.spoiled_reason)


@group.command("return")
@_NUMBER
@_SERIES
@_ENTERPRISE
@click.option("--on", "day", type=PAST_DAY, help="Today by default.")
@click.pass_obj
def return_(office: Office, /, *, number: int, series: str, enterprise: str | None, day: date | None) -> None:
    """Take back the book that has a NUMBER; what is missing is named.

    Example:
      auyl receipt-book return 1 --series А
    """
    with office.work() as session:
        returned = service.return_book(
            session,
            _book_of(session, series, number, enterprise).id,
            returned_on=day or today(),
            as_accountant=_as_accountant(session),
        )
    if returned.missing:
        office.warn("receipt_book_missing", count=len(returned.missing), numbers=returned.missing)
    else:
        office.say("receipt_book_returned")


@group.command("troubles")
@formatted
@click.pass_obj
def troubles(office: Office, /, **form: object) -> None:
    """Show numbers that were skipped, that are missing, and that were told of two payments.

    Examples:
      auyl receipt-book troubles
      auyl receipt-book troubles --format xlsx --output books.xlsx
    """
    with office.report() as session:
        table = report.troubles_table(session)
    show(office, table, **form)  # type: ignore[arg-type]


def _book_of(session: Session, series: str, number: int, enterprise: str | None) -> ReceiptBook:
    book_id = session.scalar(
        select(ReceiptLeaf.book_id).where(
            ReceiptLeaf.enterprise_id == enterprise_of(session, enterprise).id,
            ReceiptLeaf.series == series.strip().upper(),
            ReceiptLeaf.number == number,
        )
    )
    if book_id is None:
        raise NotFound(kind="receipt_book", id=f"{series} {number}".strip())
    return service.get_book(session, book_id)


def _as_accountant(session: Session) -> bool:
    """Whether who types may account for any book; the operator, who named no user, may."""
    actor_id = actor_of(session)
    return actor_id is None or Role.ACCOUNTANT in roles_of(session, actor_id)
