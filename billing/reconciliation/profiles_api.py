"""Profiles of spreadsheets' columns on the wire."""

from typing import Any
from uuid import UUID

from billing.access.models import Role
from billing.kernel.paging import Page
from billing.kernel.rows import get_row
from billing.reconciliation import column_profiles
from billing.reconciliation.api import BOOKKEEPERS
from billing.reconciliation.formats.profiles import FIELDS, NAME_LENGTH_MAX
from billing.reconciliation.models import SavedProfile
from billing.web.access import requires
from billing.web.blueprint import Blueprint
from billing.web.etag import versioned
from billing.web.fields import IdField, ListField, NestedField, Schema, TextField
from billing.web.lists import page_schema
from billing.web.transaction import current_session

blp = Blueprint(
    "column_profiles", __name__, url_prefix="/api/v1", description="How banks lay out their spreadsheets."
)


class HeadingsIn(Schema):
    """The names that each column may have."""

    locals().update({name: ListField(TextField(NAME_LENGTH_MAX), load_default=()) for name in FIELDS})


class ProfileIn(Schema):
    """How a bank lays out its spreadsheets."""

    name = TextField(NAME_LENGTH_MAX, required=True)
    bank_account_id = IdField(load_default=None, allow_none=True)
    headings = NestedField(HeadingsIn, required=True)


class ProfileOut(ProfileIn):
    """A profile that was kept."""

    id = IdField(required=True)


@blp.get("/column-profiles")
@requires(*BOOKKEEPERS)
@blp.response(200, page_schema(ProfileOut))
def list_profiles() -> Page[SavedProfile]:
    """The profiles that accountants keep, by name, all on one page."""
    return Page(column_profiles.list_profiles(current_session()), None)


@blp.post("/column-profiles")
@requires(Role.ACCOUNTANT)
@blp.arguments(ProfileIn)
@blp.response(201, ProfileOut)
@versioned
def keep_profile(body: dict[str, Any]) -> SavedProfile:
    """Keep how a bank lays out its spreadsheets."""
    return column_profiles.save_profile(current_session(), **body)


@blp.get("/column-profiles/<uuid:profile_id>")
@requires(*BOOKKEEPERS)
@blp.response(200, ProfileOut)
@versioned
def show_profile(profile_id: UUID) -> SavedProfile:
    """A profile."""
    return get_row(current_session(), SavedProfile, profile_id, kind="column_profile")


@blp.put("/column-profiles/<uuid:profile_id>")
@requires(Role.ACCOUNTANT)
@blp.arguments(ProfileIn)
@blp.response(200, ProfileOut)
@versioned
def change_profile(body: dict[str, Any], profile_id: UUID, version: int) -> SavedProfile:
    """Change a profile as a whole."""
    return column_profiles.save_profile(current_session(), profile_id=profile_id, version=version, **body)
