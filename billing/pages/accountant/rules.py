"""Rules of the matching at the accountant's desk: what earlier decisions taught, made by hand, ended."""

import re
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billing.customers.service import find_customer
from billing.kernel.errors import InvalidInput
from billing.kernel.paging import PageRequest
from billing.pages import desk
from billing.pages.desk import ACCOUNTANTS, BOOKKEEPERS
from billing.pages.forms import Form, blank, filters, read, submit
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matching.rules import Asks, add_rule, deactivate_rule, list_rules
from billing.web.access import requires
from billing.web.fields import EnumField, IdField, Schema, StrictInteger, TextField
from billing.web.transaction import current_session

blp = Blueprint("accountant_rules", __name__, url_prefix="/statements/rules")

YES = "yes"
FIELDS = {"customer_id": "customer", "control_account": "account", "same_account": "account"}


class RuleFilters(Schema):
    """Whether rules that were ended are shown too."""

    ended = TextField(3, pattern=YES)
    cursor = TextField(500)


class RuleForm(Schema):
    """What is asked of a row, and what such rows are: a customer's money, or an entry to an account."""

    enterprise_id = IdField(required=True)
    direction = EnumField(Direction, required=True)
    iban = TextField(34)
    iin_bin = TextField(12)
    purpose_part = TextField(100)
    customer = TextField(20)
    account = TextField(10)
    why = TextField(300, required=True)


class EndForm(Schema):
    """The rule as whoever ends it saw it."""

    version = StrictInteger(minimum=1, required=True)


@blp.get("/")
@requires(*BOOKKEEPERS)
def index() -> ResponseReturnValue:
    """Rules, the newest first: what they ask, what they propose, who taught them."""
    return _index(blank())


@blp.get("/new")
@requires(*ACCOUNTANTS)
def new() -> ResponseReturnValue:
    """A rule to be made."""
    return _new(blank())


@blp.post("/new")
@requires(*ACCOUNTANTS)
def make() -> ResponseReturnValue:
    """Make a rule; it proposes from now on."""
    form = read(RuleForm)

    def work(session: Session) -> str:
        typed: dict[str, Any] = form.values
        customer = typed.get("customer")
        add_rule(
            session,
            typed["enterprise_id"],
            typed["direction"],
            Asks(typed.get("iban", ""), typed.get("iin_bin", ""), typed.get("purpose_part", "")),
            why=typed["why"],
            customer_id=None if customer is None else _customer_id(session, customer),
            account=typed.get("account"),
        )
        return url_for("accountant_rules.index")

    return submit(form, work, _new, done="page.rule_made", fields=FIELDS)


@blp.post("/<uuid:rule_id>/end")
@requires(*ACCOUNTANTS)
def end(rule_id: UUID) -> ResponseReturnValue:
    """Let a rule propose no more; it stays to be read."""
    form = read(EndForm)

    def work(session: Session) -> str:
        deactivate_rule(session, rule_id, version=form.values["version"])
        return url_for("accountant_rules.index")

    return submit(form, work, _index, done="page.rule_ended")


def _customer_id(session: Session, typed: str) -> UUID:
    plain = re.sub(r"[\s-]", "", typed)
    found = find_customer(session, account_number=plain) or find_customer(session, iin_bin=plain)
    if found is None:
        raise InvalidInput(field="customer")
    return found.id


def _index(form: Form) -> str:
    asked = filters(RuleFilters)
    active = None if "ended" in asked.values else True
    page = list_rules(current_session(), PageRequest(asked.values.get("cursor")), active=active)
    return render_template(
        "accountant/rules.html",
        form=form,
        asked=asked,
        page=page,
        people=desk.customers_of(each.customer_id for each in page.items),
    )


def _new(form: Form) -> str:
    known = desk.enterprises()
    form.suggest(blank(direction=Direction.IN.value))
    return render_template(
        "accountant/rule_form.html",
        form=form,
        enterprises=desk.enterprise_choices(),
        directions=desk.choices(Direction),
        accounts=desk.entry_accounts(current_session(), known[0].id) if known else [],
    )
