"""A provider's money put together by hand: which rows of the bank pay which of its payments over."""

from datetime import date, timedelta
from uuid import UUID

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.districts.models import BankAccount, BankAccountKind
from billing.kernel.clock import today
from billing.kernel.errors import Refusal
from billing.kernel.money import ZERO
from billing.kernel.paging import PAGE_SIZE_MAX, PageRequest
from billing.pages import desk
from billing.pages.desk import ACCOUNTANTS, Choice
from billing.pages.fields import TypedDate, TypedMoney
from billing.pages.forms import Form, blank, filters, read, show_refusal, submit
from billing.payments.providers.models import Provider
from billing.payments.providers.service import get_provider
from billing.reconciliation.batch_decisions import BatchSums, Chosen, settle_batch, weigh_batch
from billing.reconciliation.listing import RowFilter, RowStanding, RowState, list_rows, signed
from billing.reconciliation.three_way.lists import list_returns, unsettled_of_days
from billing.web.access import requires
from billing.web.fields import IdField, ListField, Schema, TextField
from billing.web.transaction import current_session

blp = Blueprint("accountant_batch", __name__, url_prefix="/three-way")

DAYS_LATER = timedelta(days=7)  # in which a provider pays over what it collected
PAYMENTS_SHOWN_MAX = 500  # more are chosen by fewer days, or over the API
NONE_TICKED = "none"
FIELDS = {
    "row_matched": "row_ids",
    "rows_of_several_accounts": "row_ids",
    "account_not_for_batch": "row_ids",
    "payment_of_another_channel": "payment_ids",
    "payment_settled": "payment_ids",
    "payment_reversed": "payment_ids",
    "day_signed_off": "payment_ids",
    "difference_not_named": "difference_reason",
}


class BatchFilters(Schema):
    """What is offered: payments of which days, rows of which account."""

    first_day = TypedDate()
    last_day = TypedDate()
    bank_account_id = IdField()
    row = IdField()
    ticked = TextField(4, pattern=NONE_TICKED)


class ChoiceForm(Schema):
    """What was ticked, and the commission where another was withheld than agreed."""

    row_ids = ListField(IdField(), required=True, items_min=1, items_max=PAGE_SIZE_MAX)
    payment_ids = ListField(IdField(), load_default=(), items_max=PAYMENTS_SHOWN_MAX)
    return_ids = ListField(IdField(), load_default=(), items_max=PAGE_SIZE_MAX)
    commission = TypedMoney(minimum=ZERO)


class BatchForm(ChoiceForm):
    """The same, decided."""

    why = TextField(300, required=True)
    difference_reason = TextField(300)


@blp.get("/<uuid:provider_id>/batch")
@requires(*ACCOUNTANTS)
def page(provider_id: UUID) -> ResponseReturnValue:
    """Rows that wait, and payments that the provider has not paid over, to be ticked."""
    return _page(provider_id, blank())


@blp.post("/<uuid:provider_id>/batch/weigh")
@requires(*ACCOUNTANTS)
def weigh(provider_id: UUID) -> ResponseReturnValue:
    """What the ticked rows and payments come to; nothing is written."""
    form, sums = read(ChoiceForm), None
    if form.is_right:
        try:
            sums = weigh_batch(current_session(), Chosen(provider_id, **form.values))
        except Refusal as refusal:
            show_refusal(form, refusal, FIELDS)
    status = 200 if sums else 422
    return Response(_page(provider_id, form, sums), status, content_type="text/html; charset=utf-8")


@blp.post("/<uuid:provider_id>/batch")
@requires(*ACCOUNTANTS)
def settle(provider_id: UUID) -> ResponseReturnValue:
    """Settle the ticked payments with the ticked rows."""
    form = read(BatchForm)

    def work(session: Session) -> str:
        values = dict(form.values)
        why, difference_reason = values.pop("why"), values.pop("difference_reason", None)
        settle_batch(
            session,
            Chosen(provider_id, **values),
            why=why,
            difference_reason=difference_reason,
            decided_on=today(),
        )
        return url_for("accountant_row.page", row_id=form.values["row_ids"][0])

    return submit(
        form, work, lambda refused: _page(provider_id, refused), done="page.batch_settled", fields=FIELDS
    )


def _page(provider_id: UUID, form: Form, sums: BatchSums | None = None) -> str:
    session = current_session()
    provider = get_provider(session, provider_id)
    asked = filters(BatchFilters)
    last_day: date = asked.values.get("last_day", today())
    first_day = min(asked.values.get("first_day", last_day), last_day)
    asked.suggest(blank(first_day=first_day, last_day=last_day))
    accounts = _accounts(session, provider)
    account_id = asked.values.get("bank_account_id", UUID(accounts[0].value) if accounts else None)
    payments = unsettled_of_days(session, provider, first_day, last_day, count_max=PAYMENTS_SHOWN_MAX + 1)
    if request.method == "GET":
        ticked = [] if "ticked" in asked.values else [each.id for each in payments[:PAYMENTS_SHOWN_MAX]]
        form = blank(row_ids=[asked.values["row"]] if "row" in asked.values else [], payment_ids=ticked)
    return render_template(
        "accountant/batch.html",
        form=form,
        asked=asked,
        arguments={name: text for name, text in asked.typed.items() if name in asked.values},
        provider=provider,
        accounts=accounts,
        rows=_waiting(session, account_id, first_day, last_day + DAYS_LATER),
        signed=signed,
        payments=payments[:PAYMENTS_SHOWN_MAX],
        are_more=len(payments) > PAYMENTS_SHOWN_MAX,
        count_max=PAYMENTS_SHOWN_MAX,
        people=desk.customers_of(each.customer_id for each in payments),
        returns=list_returns(session, provider.id, last_day=last_day + DAYS_LATER),
        sums=sums,
    )


def _waiting(session: Session, account_id: UUID | None, first_day: date, last_day: date) -> list[RowStanding]:
    """Rows in which the provider may have paid, the oldest first."""
    if account_id is None:
        return []
    wanted = RowFilter(
        bank_account_id=account_id, state=RowState.WAITING, booked_from=first_day, booked_to=last_day
    )
    return list_rows(session, PageRequest(limit=PAGE_SIZE_MAX, sort="booked_on"), wanted).items


def _accounts(session: Session, provider: Provider) -> list[Choice]:
    """The enterprise's own accounts, the one printed on its invoices first."""
    statement = select(BankAccount).where(
        BankAccount.enterprise_id == provider.enterprise_id, BankAccount.kind == BankAccountKind.BANK
    )
    accounts = session.scalars(statement.order_by(BankAccount.is_primary.desc(), BankAccount.id))
    return [Choice(str(each.id), each.iban) for each in accounts]
