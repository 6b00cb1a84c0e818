"""A row of a statement at the accountant's desk: what it may be and why, the decision, and the way back."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.access.models import User
from billing.customers.models import Customer
from billing.customers.service import find_customer
from billing.districts.models import BankAccount, BankAccountKind
from billing.invoicing.models import Invoice
from billing.kernel.clock import today
from billing.kernel.db import actor_of
from billing.kernel.errors import InvalidInput, NotFound
from billing.kernel.identifiers import mask_iin
from billing.kernel.money import Money
from billing.kernel.rows import get_row
from billing.ledger.chart import CONTRACTORS, WORKERS
from billing.ledger.models import SourceKind, Transfer
from billing.pages import desk
from billing.pages.desk import ACCOUNTANTS, BOOKKEEPERS, Choice
from billing.pages.fields import TypedMoney, TypedPastDate
from billing.pages.forms import Form, blank, read, submit
from billing.payments.providers.models import Provider
from billing.payments.providers.service import list_providers
from billing.reconciliation.arrivals import decide_arrival
from billing.reconciliation.direct_payments import takes_payments
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matches import open_rows
from billing.reconciliation.matching import decisions, exceptions, weighing
from billing.reconciliation.matching.decisions import Lesson, Part
from billing.reconciliation.matching.parties import Share
from billing.reconciliation.matching.wording import sentences
from billing.reconciliation.models import RowException, StatementMatch, StatementRow
from billing.web.access import requires
from billing.web.fields import IdField, ListField, Schema, TextField
from billing.web.language import reader_language
from billing.web.transaction import current_session
from billing.workforce.service import list_contractors, list_workers

blp = Blueprint("accountant_row", __name__, url_prefix="/statements/rows")

LINES = (1, 2, 3, 4)  # of the form that splits a row; who needs more does it over the API
_INVOICE = re.compile(r"(\d{1,9})(?:/(20\d\d))?", re.ASCII)
YES = "yes"


class PaymentForm(Schema):
    """Whose money the row was: one customer's, or split over several, each with an invoice he named."""

    customer_1 = TextField(20, required=True)
    amount_1 = TypedMoney(required=True, minimum=Money(1))
    invoice_1 = TextField(20)
    customer_2 = TextField(20)
    amount_2 = TypedMoney(minimum=Money(1))
    invoice_2 = TextField(20)
    customer_3 = TextField(20)
    amount_3 = TypedMoney(minimum=Money(1))
    invoice_3 = TextField(20)
    customer_4 = TextField(20)
    amount_4 = TypedMoney(minimum=Money(1))
    invoice_4 = TextField(20)
    why = TextField(300, required=True)
    rule_iban = TextField(3, pattern=YES)
    rule_iin_bin = TextField(3, pattern=YES)


class ConfirmForm(Schema):
    """Which postings the row shows."""

    transfer_ids = ListField(IdField(), required=True, items_min=1)
    confirm_why = TextField(300, required=True)


class EntryForm(Schema):
    """To which account the row is posted."""

    account = TextField(10, required=True)
    party_id = IdField()
    entry_why = TextField(300, required=True)
    purpose_part = TextField(100)


class ArrivalForm(Schema):
    """Whose fees reached the budget's account."""

    enterprise_id = IdField(required=True)
    arrival_why = TextField(300, required=True)


class NoteForm(Schema):
    """What is known of a row that waits."""

    note = TextField(300, required=True)


class UndoForm(Schema):
    """When and why a match is undone."""

    undone_on = TypedPastDate(required=True)
    undo_reason = TextField(300, required=True)


@blp.get("/<uuid:row_id>")
@requires(*BOOKKEEPERS)
def page(row_id: UUID) -> ResponseReturnValue:
    """A row: what it was, or what it may be, with reasons in words."""
    return _page(row_id)(blank())


@blp.post("/<uuid:row_id>/payment")
@requires(*ACCOUNTANTS)
def decide_payment(row_id: UUID) -> ResponseReturnValue:
    """Record the row as customers' payments."""
    form = read(PaymentForm)

    def work(session: Session) -> str:
        row = _row(session, row_id)
        lesson = Lesson("rule_iban" in form.values, "rule_iin_bin" in form.values)
        decisions.decide_payments(
            session,
            [row_id],
            _parts(session, row, form.values),
            decided_on=today(),
            why=form.values["why"],
            lesson=lesson if lesson.iban or lesson.iin_bin else None,
        )
        return _own(row_id)

    fields = {"sums_differ": "amount_1", "rule_too_wide": "rule_iban", "already_exists": "rule_iban"}
    return submit(form, work, _page(row_id), done="page.row_decided", fields=fields)


@blp.post("/<uuid:row_id>/confirm")
@requires(*ACCOUNTANTS)
def confirm(row_id: UUID) -> ResponseReturnValue:
    """Say that the row shows postings that the books know."""
    form = read(ConfirmForm)

    def work(session: Session) -> str:
        ids, why = form.values["transfer_ids"], form.values["confirm_why"]
        decisions.confirm_postings(session, [row_id], ids, decided_on=today(), why=why)
        return _own(row_id)

    fields = {"sums_differ": "transfer_ids", "why": "confirm_why"}
    return submit(form, work, _page(row_id), done="page.row_decided", fields=fields)


@blp.post("/<uuid:row_id>/entry")
@requires(*ACCOUNTANTS)
def decide_entry(row_id: UUID) -> ResponseReturnValue:
    """Post the row to an account."""
    form = read(EntryForm)

    def work(session: Session) -> str:
        part, party_id = form.values.get("purpose_part", ""), form.values.get("party_id")
        amount = _row(session, row_id).amount
        decisions.decide_entry(
            session,
            [row_id],
            form.values["account"],
            decided_on=today(),
            why=form.values["entry_why"],
            lesson=Lesson(purpose_part=part) if part else None,
            shares=() if party_id is None else (Share(party_id, amount),),
        )
        return _own(row_id)

    fields = {"why": "entry_why", "rule_too_wide": "purpose_part", "already_exists": "purpose_part"}
    fields |= {"parties": "party_id", "party_needed": "party_id"}
    return submit(form, work, _page(row_id), done="page.row_decided", fields=fields)


@blp.post("/<uuid:row_id>/arrival")
@requires(*ACCOUNTANTS)
def say_arrived(row_id: UUID) -> ResponseReturnValue:
    """Say that a row of the budget's account is fees of an enterprise, the oldest first."""
    form = read(ArrivalForm)

    def work(session: Session) -> str:
        enterprise_id, why = form.values["enterprise_id"], form.values["arrival_why"]
        decide_arrival(session, row_id, enterprise_id=enterprise_id, decided_on=today(), why=why)
        return _own(row_id)

    fields = {"why": "arrival_why", "more_than_in_transit": "enterprise_id"}
    return submit(form, work, _page(row_id), done="page.row_decided", fields=fields)


@blp.post("/<uuid:row_id>/wrong-account")
@requires(*ACCOUNTANTS)
def mark_wrong_account(row_id: UUID) -> ResponseReturnValue:
    """Say that the money was meant for another."""
    form = read(NoteForm)

    def work(session: Session) -> str:
        decisions.mark_wrong_account(session, row_id, note=form.values["note"], marked_on=today())
        return _own(row_id)

    return submit(form, work, _page(row_id), done="page.row_marked")


@blp.post("/<uuid:row_id>/care")
@requires(*ACCOUNTANTS)
def look_after(row_id: UUID) -> ResponseReturnValue:
    """Look after a row that waits, with a note of what is known."""
    form = read(NoteForm)

    def work(session: Session) -> str:
        exceptions.look_after(session, row_id, owner_id=actor_of(session), note=form.values["note"])
        return _own(row_id)

    return submit(form, work, _page(row_id), done="page.row_looked_after")


@blp.post("/<uuid:row_id>/undo")
@requires(*ACCOUNTANTS)
def undo(row_id: UUID) -> ResponseReturnValue:
    """Undo the row's match."""
    form = read(UndoForm)

    def work(session: Session) -> str:
        match = weighing.live_match(session, row_id)
        if match is None:
            raise NotFound(kind="statement_match", id=row_id)
        day, reason = form.values["undone_on"], form.values["undo_reason"]
        decisions.undo_decision(session, match.id, undone_on=day, reason=reason)
        return _own(row_id)

    fields = {"reason": "undo_reason", "date_before_payment": "undone_on"}
    return submit(form, work, _page(row_id), done="page.match_undone", fields=fields)


def _own(row_id: UUID) -> str:
    return url_for("accountant_row.page", row_id=row_id)


def _row(session: Session, row_id: UUID) -> StatementRow:
    return get_row(session, StatementRow, row_id, kind="statement_row")


def _parts(session: Session, row: StatementRow, typed: dict[str, Any]) -> list[Part]:
    """The lines of the form that were filled in."""
    enterprise_id = get_row(session, BankAccount, row.bank_account_id, kind="bank_account").enterprise_id
    parts = []
    for line in LINES:
        number, amount = typed.get(f"customer_{line}"), typed.get(f"amount_{line}")
        if number is None and amount is None:
            continue
        if number is None or amount is None:
            raise InvalidInput(field=f"customer_{line}" if number is None else f"amount_{line}")
        invoice = typed.get(f"invoice_{line}")
        invoice_ids = (_invoice_id(session, enterprise_id, invoice, row.booked_on.year),) if invoice else ()
        parts.append(Part(_customer(session, number, f"customer_{line}").id, amount, invoice_ids))
    return parts


def _customer(session: Session, number: str, field: str) -> Customer:
    plain = re.sub(r"[\s-]", "", number)
    found = find_customer(session, account_number=plain) or find_customer(session, iin_bin=plain)
    if found is None:
        raise InvalidInput(field=field)
    return found


def _invoice_id(session: Session, enterprise_id: UUID, typed: str, year: int) -> UUID:
    written = _INVOICE.fullmatch(typed.strip().removeprefix("№").strip())
    invoice_id = written and session.scalar(
        select(Invoice.id).where(
            Invoice.enterprise_id == enterprise_id,
            Invoice.number == int(written[1]),
            Invoice.year == int(written[2] or year),
        )
    )
    if not invoice_id:
        raise NotFound(kind="invoice", id=typed)
    return invoice_id


def _page(row_id: UUID) -> Callable[[Form], str]:
    def again(form: Form) -> str:
        session = current_session()
        row = _row(session, row_id)
        account = get_row(session, BankAccount, row.bank_account_id, kind="bank_account")
        match = weighing.live_match(session, row_id)
        told = (
            _waiting(session, form, row, account) if match is None else _explained(session, form, match, row)
        )
        return render_template(
            "accountant/statement_row.html",
            form=form,
            row=row,
            account=account,
            came=row.direction is Direction.IN,
            of_budget=account.kind is not BankAccountKind.BANK,
            match=match,
            lines=LINES,
            **told,
        )

    return again


def _explained(session: Session, form: Form, match: StatementMatch, row: StatementRow) -> dict[str, Any]:
    """What a matched row was, and who said so."""
    held = weighing.held_by(session, match)
    paid = select(Transfer.source_id).where(
        Transfer.id.in_(held.transfer_ids), Transfer.source_kind == SourceKind.PAYMENT
    )
    form.suggest(blank(undone_on=max(today(), row.booked_on)))
    return {
        "reasons": sentences(match.reasons, reader_language()),
        "decider": session.get(User, match.decided_by) if match.decided_by else None,
        "payment_ids": session.scalars(paid.order_by(Transfer.source_id)).all(),
        "row_count": len(held.row_ids),
    }


def _waiting(session: Session, form: Form, row: StatementRow, account: BankAccount) -> dict[str, Any]:
    """What a waiting row may be."""
    [open_row] = open_rows(session, [row.id])
    weighed = weighing.weigh(session, account.enterprise_id, open_row)
    waiting = session.get(RowException, (row.district_id, row.id))
    chosen = request.args.get("customer", "")[:20]
    if not chosen and weighed.candidates and not weighed.candidates[0].contradicted:
        chosen = weighed.candidates[0].customer.account_number
    form.suggest(blank(customer_1=chosen, amount_1=row.amount))
    is_own = account.kind is BankAccountKind.BANK
    return {
        "waiting": waiting,
        "owner": session.get(User, waiting.owner_id) if waiting and waiting.owner_id else None,
        "candidates": [
            {
                "customer": each.customer,
                "iin_bin": mask_iin(each.customer.iin_bin or ""),
                "score": each.score,
                "contradicted": each.contradicted,
                "reasons": sentences(each.reasons, reader_language()),
            }
            for each in weighed.candidates
        ],
        "postings": weighed.postings,
        "parties": desk.customers_of(each.party_id for each in weighed.postings),
        "entry_rules": weighed.entry_rules,
        "providers": _providers(session, account.enterprise_id),
        "day_before": (row.booked_on - timedelta(days=1)).isoformat(),
        "takes_payments": takes_payments(session, account),
        "payees": _payees(session) if is_own else [],
        "accounts": desk.entry_accounts(session, account.enterprise_id) if is_own else [],
        "enterprises": desk.enterprise_choices(),
    }


def _providers(session: Session, enterprise_id: UUID) -> list[Provider]:
    """Whose money the row may be, put together by hand."""
    return [each for each in list_providers(session, desk.ALL).items if each.enterprise_id == enterprise_id]


def _payees(session: Session) -> list[Choice]:
    """Workers and contractors, under the accounts that are kept by them."""
    workers = [(WORKERS, each.id, each.name) for each in list_workers(session, desk.ALL).items]
    contractors = [(CONTRACTORS, each.id, each.name) for each in list_contractors(session, desk.ALL).items]
    return [Choice(str(party_id), f"{code} · {name}") for code, party_id, name in workers + contractors]
