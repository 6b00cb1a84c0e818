"""Rules and settings of the matching on the wire."""

from typing import Any
from uuid import UUID

from billing.access.models import Role
from billing.kernel.paging import Page
from billing.reconciliation.formats.statement import Direction
from billing.reconciliation.matching import rules, settings
from billing.reconciliation.models import MatchingRule, MatchingSettings, MatchKind
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.etag import versioned
from billing.web.fields import (
    BooleanField,
    EnumField,
    IdField,
    InstantField,
    Schema,
    StrictInteger,
    TextField,
)
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.personal import MaskedIinField
from billing.web.transaction import current_session

BOOKKEEPERS = (Role.ACCOUNTANT, Role.AUDITOR)

blp = Blueprint(
    "matching_rules",
    __name__,
    url_prefix="/api/v1",
    description="What earlier decisions taught, and how sure the program must be.",
)


class RuleIn(Schema):
    """What is asked of a row, and what such rows are: a customer's money, or an entry to an account."""

    enterprise_id = IdField(required=True)
    direction = EnumField(Direction, required=True)
    iban = TextField(34, length_min=0, load_default="")
    iin_bin = TextField(12, length_min=0, load_default="")
    purpose_part = TextField(100, length_min=0, load_default="")
    customer_id = IdField(load_default=None, allow_none=True)
    account = TextField(10, load_default=None, allow_none=True)
    why = TextField(300, required=True)


class RuleOut(Schema):
    """A rule; it proposes, and books only what also scores by something else."""

    id = IdField(required=True)
    enterprise_id = IdField(required=True)
    direction = EnumField(Direction, required=True)
    iban = TextField(34, required=True, length_min=0)
    iin_bin = MaskedIinField(required=True, length_min=0)
    purpose_part = TextField(100, required=True, length_min=0, metadata={"description": "folded"})
    kind = EnumField(MatchKind, required=True)
    customer_id = IdField(required=True, allow_none=True)
    account = TextField(10, required=True, allow_none=True)
    is_active = BooleanField(required=True)
    why = TextField(300, required=True)
    recorded_by = IdField(required=True, allow_none=True)
    recorded_at = InstantField(required=True)
    version = StrictInteger(minimum=1, required=True)


class RuleArgs(ListArgs):
    """Which rules."""

    sort = SortField("recorded_at")
    enterprise_id = IdField()
    customer_id = IdField()
    active = BooleanField()


class SettingsIn(Schema):
    """How sure the program must be before it books a row by itself."""

    threshold = StrictInteger(
        minimum=settings.THRESHOLD_MIN,
        maximum=settings.THRESHOLD_MAX,
        required=True,
        metadata={"description": "of 100 points; no single reason gives more than 60"},
    )
    days_around = StrictInteger(
        minimum=0,
        maximum=settings.DAYS_AROUND_MAX,
        required=True,
        metadata={"description": "between a recorded payment and the row that shows it"},
    )


class SettingsOut(SettingsIn):
    """The settings of an enterprise."""

    enterprise_id = IdField(required=True)
    version = StrictInteger(minimum=1, required=True)


@blp.get("/matching-rules")
@requires(*BOOKKEEPERS)
@blp.arguments(RuleArgs, location="query")
@blp.response(200, page_schema(RuleOut))
def list_rules(args: dict[str, Any]) -> Page[MatchingRule]:
    """Rules, the newest first."""
    return rules.list_rules(current_session(), args.pop("page"), **args)


@blp.post("/matching-rules")
@requires(Role.ACCOUNTANT)
@blp.arguments(RuleIn)
@blp.response(201, RuleOut)
@versioned
def add_rule(body: dict[str, Any]) -> MatchingRule:
    """Teach the program what rows like these are."""
    asks = rules.Asks(body.pop("iban"), body.pop("iin_bin"), body.pop("purpose_part"))
    enterprise_id, direction = body.pop("enterprise_id"), body.pop("direction")
    return rules.add_rule(current_session(), enterprise_id, direction, asks, **body)


@blp.get("/matching-rules/<uuid:rule_id>")
@requires(*BOOKKEEPERS)
@blp.response(200, RuleOut)
@versioned
def show_rule(rule_id: UUID) -> MatchingRule:
    """A rule."""
    return rules.get_rule(current_session(), rule_id)


@blp.delete("/matching-rules/<uuid:rule_id>")
@requires(Role.ACCOUNTANT)
@blp.response(200, RuleOut)
@versioned
def deactivate_rule(rule_id: UUID, version: int) -> MatchingRule:
    """Let a rule propose no more; it stays to be read."""
    return rules.deactivate_rule(current_session(), rule_id, version=version)


@blp.get("/enterprises/<uuid:enterprise_id>/matching-settings")
@requires(*BOOKKEEPERS)
@blp.response(200, SettingsOut)
@versioned
def show_settings(enterprise_id: UUID) -> MatchingSettings:
    """How sure the program must be."""
    return settings.settings_of_known(current_session(), enterprise_id)


@blp.put("/enterprises/<uuid:enterprise_id>/matching-settings")
@requires(Role.ACCOUNTANT)
@blp.arguments(SettingsIn)
@blp.response(200, SettingsOut)
@versioned
def change_settings(body: dict[str, Any], enterprise_id: UUID, version: int) -> MatchingSettings:
    """Say how sure the program must be from now on."""
    return settings.change_settings(current_session(), enterprise_id, **body, version=version)
