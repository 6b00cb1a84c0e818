"""Reports: on the page, as a spreadsheet, and the customer's statement to be signed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from billing.budget.reports import execution_table, revenue_execution
from billing.customers import service as customers
from billing.kernel.clock import today
from billing.kernel.dates import FOREVER, Month
from billing.kernel.db import as_of
from billing.kernel.errors import NotFound, Refusal
from billing.kernel.paging import PageRequest
from billing.kernel.reporting import XLSX_TYPE, Column, ReportTable, to_cells, to_csv, to_xlsx
from billing.ledger import service as ledger
from billing.ledger.models import Book
from billing.ledger.reports import account_card, account_card_table, trial_balance, trial_balance_table
from billing.pages import desk
from billing.pages.desk import BOOKKEEPERS, OVERSEERS, READERS, Choice
from billing.pages.fields import AccountNumberField, TypedDate
from billing.pages.forms import Form, blank, filters, show_refusal
from billing.payments.statements.documents import render_statement
from billing.payments.statements.service import Statement, statement_of, statement_table
from billing.receivables.reports import aged_debt, aged_debt_table
from billing.reconciliation.in_transit import Grouping, money_in_transit, transit_table
from billing.reconciliation.proof import bank_proof, treasury_proof
from billing.reconciliation.proof_report import proof_table
from billing.web.access import requires
from billing.web.fields import EnumField, IdField, MonthField, Schema, StrictInteger, TextField
from billing.web.files import CSV, PDF, file_answer
from billing.web.language import reader_language
from billing.web.transaction import current_session

blp = Blueprint("accountant_reports", __name__, url_prefix="/reports")

XLSX = "xlsx"


class PeriodFilters(Schema):
    """Which book and which days."""

    book_id = IdField()
    first_day = TypedDate()
    last_day = TypedDate()


class CardFilters(PeriodFilters):
    """Which account of the book."""

    code = TextField(10)
    fiscal_year = StrictInteger(maximum=2200)
    cursor = TextField(500)


class ExecutionFilters(Schema):
    """Which year's budget, and through which month."""

    through = MonthField()


class DebtFilters(Schema):
    """Whose customers, and from which day the days past due are counted."""

    enterprise_id = IdField()
    day = TypedDate()


class StatementFilters(Schema):
    """Whose account, and which days."""

    enterprise_id = IdField()
    account_number = AccountNumberField(40)
    first_day = TypedDate()
    last_day = TypedDate()


class ProofFilters(Schema):
    """Whose balance, an enterprise's own accounts' or the budget's; and at the end of which day."""

    enterprise_id = IdField()
    of = TextField(10)
    day = TypedDate()


class TransitFilters(Schema):
    """At the end of which day, added up by what."""

    day = TypedDate()
    grouping = EnumField(Grouping)


@blp.get("/")
@requires(*READERS, *OVERSEERS)
def index() -> ResponseReturnValue:
    """Which reports there are."""
    return render_template("accountant/reports.html")


@blp.get("/execution")
@requires(*OVERSEERS, report=True)
def execution() -> ResponseReturnValue:
    """Revenue by classification code and month, beside the plan."""
    form = filters(ExecutionFilters)
    through = form.values.get("through", Month.of(today()))
    form.suggest(blank(through=through))
    table = execution_table(revenue_execution(current_session(), through.year, through))
    return _answer("execution", form, table)


@blp.get("/trial-balance")
@requires(*BOOKKEEPERS, report=True)
def trial() -> ResponseReturnValue:
    """Opening balances, turnovers and closing balances of a book."""
    form, book = _of_book(PeriodFilters)

    def make() -> ReportTable:
        first_day, last_day = _days(form)
        return trial_balance_table(trial_balance(current_session(), book.id, first_day, last_day))

    return _answer("trial", form, _made(form, make), books=_books())


@blp.get("/account-card")
@requires(*BOOKKEEPERS, report=True)
def card() -> ResponseReturnValue:
    """An account's transfers, with the balance after each."""
    form, book = _of_book(CardFilters)

    def make() -> ReportTable | None:
        if "code" not in form.values:
            return None
        first_day, last_day = _days(form)
        whole = request.args.get("as") is not None  # a spreadsheet has no pages
        return account_card_table(
            account_card(
                current_session(),
                book.id,
                form.values["code"],
                first_day=first_day,
                last_day=last_day,
                request=None if whole else PageRequest(form.values.get("cursor")),
                fiscal_year=form.values.get("fiscal_year", 0),
            )
        )

    return _answer("card", form, _made(form, make), books=_books())


@blp.get("/aged-debt")
@requires(*READERS, report=True)
def debts() -> ResponseReturnValue:
    """Who owes how much for how long."""
    form = filters(DebtFilters)
    enterprise = desk.enterprise_named(form.values.get("enterprise_id"))
    day = form.values.get("day", today())
    form.suggest(blank(day=day, enterprise_id=enterprise.id))
    table = aged_debt_table(aged_debt(current_session(), enterprise.id, day=day))
    return _answer("debts", form, table, enterprises=desk.enterprise_choices())


@blp.get("/statement")
@requires(*READERS, report=True)
def statement() -> ResponseReturnValue:
    """A customer's account from its documents; as PDF to be signed by both sides."""
    form = filters(StatementFilters)
    enterprise = desk.enterprise_named(form.values.get("enterprise_id"))
    day = today()
    form.suggest(blank(first_day=day.replace(day=1), last_day=day, enterprise_id=enterprise.id))
    found: list[Statement] = []

    def make() -> ReportTable | None:
        number = form.values.get("account_number")
        customer = number and customers.find_customer(current_session(), account_number=number)
        if not customer:
            return None
        first_day, last_day = _days(form)
        found.append(
            statement_of(
                current_session(), enterprise.id, customer.id, first_day=first_day, last_day=last_day
            )
        )
        return statement_table(found[0])

    table = _made(form, make)
    if found and request.args.get("as") == "pdf":
        content = render_statement(current_session(), found[0], drawn_on=day)
        return file_answer(content, PDF, f"statement-{found[0].customer.account_number}.pdf")
    enterprises = desk.enterprise_choices()
    return _answer("statement", form, table, enterprises=enterprises, printable=bool(found))


@blp.get("/bank-proof")
@requires(*BOOKKEEPERS, report=True)
def proof() -> ResponseReturnValue:
    """The bank's balance held against the books, with every open item between them."""
    form = filters(ProofFilters)
    enterprise = desk.enterprise_named(form.values.get("enterprise_id"))
    form.suggest(blank(enterprise_id=enterprise.id))

    def make() -> ReportTable:
        session = current_session()
        day = form.values.get("day", FOREVER)
        if form.values.get("of") == "treasury":
            return proof_table(treasury_proof(session, day))
        return proof_table(bank_proof(session, enterprise.id, day))

    return _answer("proof", form, _made(form, make), enterprises=desk.enterprise_choices())


@blp.get("/in-transit")
@requires(*OVERSEERS, report=True)
def in_transit() -> ResponseReturnValue:
    """What was collected for the budget and has not arrived."""
    form = filters(TransitFilters)
    day, grouping = form.values.get("day", today()), form.values.get("grouping", Grouping.AGE)
    form.suggest(blank(day=day, grouping=grouping.value))
    table = transit_table(money_in_transit(current_session(), day=day, grouping=grouping))
    return _answer("transit", form, table, groupings=desk.choices(Grouping))


def _answer(name: str, form: Form, table: ReportTable | None, **more: Any) -> ResponseReturnValue:
    """A report as it is asked for: ``?as=xlsx``, ``?as=csv``, or on the page."""
    language = reader_language()
    wanted = request.args.get("as")
    if table is not None and wanted == XLSX:
        return file_answer(to_xlsx(table, language), XLSX_TYPE, f"{table.code}.xlsx")
    if table is not None and wanted == "csv":
        return file_answer(to_csv(table, language), CSV, f"{table.code}.csv")
    return render_template(
        f"accountant/report_{name}.html",
        form=form,
        table=table,
        cells=to_cells(_for_people(table), language) if table is not None else None,
        title=table.title(language) if table is not None else None,
        address=url_for(request.endpoint or ""),
        age=as_of(current_session()),
        **more,
    )


def _for_people(table: ReportTable) -> ReportTable:
    """On the page without ids, and without months and years that hold nothing: screens are narrow."""

    def is_read(column: Column) -> bool:
        if column.key.startswith("month_") or column.key == "fiscal_year":
            return any(row.values.get(column.key) for row in table.rows)
        return column.key != "source_id"

    return replace(table, columns=[column for column in table.columns if is_read(column)])


def _made(form: Form, make: Callable[[], ReportTable | None]) -> ReportTable | None:
    if not form.is_right:
        return None
    try:
        return make()
    except Refusal as refusal:
        show_refusal(form, refusal, {})
        return None


def _of_book(schema: type[Schema]) -> tuple[Form, Book]:
    form = filters(schema)
    day = today()
    # The enterprise's book first: it is the one most asked for.
    books = sorted(ledger.list_books(current_session()), key=lambda book: book.enterprise_id is None)
    wanted = form.values.get("book_id")
    known = [book for book in books if wanted in (None, book.id)]
    if not known:
        raise NotFound(kind="book", id=wanted)
    book = known[0]
    form.suggest(blank(first_day=day.replace(day=1), last_day=day, book_id=book.id))
    return form, book


def _days(form: Form) -> tuple[date, date]:
    """The period asked for; this month until today where nobody typed one."""
    day = today()
    return form.values.get("first_day", day.replace(day=1)), form.values.get("last_day", day)


def _books() -> list[Choice]:
    names = {each.id: desk.name_of(each) for each in desk.enterprises()}
    return [
        Choice(
            str(book.id),
            " · ".join([desk.show(book.kind), *([names[book.enterprise_id]] if book.enterprise_id else [])]),
        )
        for book in ledger.list_books(current_session())
    ]
