"""The closing of months: what is closed, and what can be closed next."""

from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billing.kernel.clock import today
from billing.kernel.dates import Month
from billing.ledger import service as ledger
from billing.pages import desk
from billing.pages.desk import ACCOUNTANTS, BOOKKEEPERS
from billing.pages.forms import Form, blank, read, submit
from billing.verification import closing
from billing.web.access import requires
from billing.web.fields import IdField, MonthField, Schema
from billing.web.transaction import current_session

blp = Blueprint("accountant_months", __name__, url_prefix="/months")


class CloseForm(Schema):
    """Which month of which book."""

    book_id = IdField(required=True)
    month = MonthField(required=True)


@blp.get("/")
@requires(*BOOKKEEPERS)
def index() -> ResponseReturnValue:
    """Every book, and through which month it is closed."""
    return _page(blank())


@blp.post("/")
@requires(*ACCOUNTANTS)
def close() -> ResponseReturnValue:
    """Close a month of a book: its balances are frozen, and nothing more can be posted into it."""
    form = read(CloseForm)

    def work(session: Session) -> str:
        closing.close_month(session, form.values["book_id"], form.values["month"], today=today())
        return url_for("accountant_months.index")

    # Every book has its own little form, so what is wrong is said above them all.
    fields: dict[str, Any] = {"month_not_over": "", "month_not_next": ""}
    return submit(form, work, _page, done="page.month_closed", fields=fields)


def _page(form: Form) -> str:
    books = ledger.list_books(current_session())
    return render_template(
        "accountant/months.html",
        form=form,
        books=books,
        names={each.id: desk.name_of(each) for each in desk.enterprises()},
        following={
            book.id: Month.of(book.closed_through).next()
            if book.closed_through is not None
            else Month.of(today()).previous()
            for book in books
        },
    )
