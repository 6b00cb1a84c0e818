"""Users, roles, API tokens and the log of personal data readings on the wire."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from billing.access import service, tokens
from billing.access.models import ApiToken, Membership, PersonalDataAccess, Role, User
from billing.kernel.clock import now, today
from billing.kernel.paging import Page
from billing.kernel.shown import Language
from billing.web.access import caller, public, requires
from billing.web.blueprint import Blueprint
from billing.web.etag import versioned
from billing.web.fields import (
    BooleanField,
    DateField,
    EnumField,
    IdField,
    InstantField,
    ListField,
    NestedField,
    Schema,
    SecretField,
    StrictInteger,
    TextField,
)
from billing.web.lists import ListArgs, SortField, page_schema
from billing.web.transaction import current_session

blp = Blueprint("access", __name__, url_prefix="/api/v1", description="Users, roles, tokens.")
LOGIN = "[A-Za-z0-9._@-]+"
TOKEN_DAYS = 90
AUDIT = (Role.ADMIN, Role.AUDITOR)


class DistrictOut(Schema):
    """A rural district."""

    id = StrictInteger(minimum=1, required=True)
    kato_code = TextField(9, required=True)
    name_kk = TextField(required=True)
    name_ru = TextField(required=True)


class UserOut(Schema):
    """A user of the program."""

    id = IdField(required=True)
    login = TextField(60, required=True)
    name = TextField(required=True)
    language = EnumField(Language, required=True)
    is_active = BooleanField(required=True)
    version = StrictInteger(minimum=1, required=True)


class MeOut(Schema):
    """Whose token this is."""

    user = NestedField(UserOut, required=True)
    district = NestedField(DistrictOut, required=True)
    roles = ListField(EnumField(Role), required=True)


class UserIn(Schema):
    """A person to work with the program, and his first roles."""

    login = TextField(60, pattern=LOGIN, required=True)
    name = TextField(required=True)
    password = SecretField(required=True)
    language = EnumField(Language, load_default=Language.RU)
    roles = ListField(EnumField(Role), items_min=1, items_max=len(Role), required=True)


class UserEdit(Schema):
    """What changes; what is left out stays."""

    name = TextField()
    language = EnumField(Language)
    is_active = BooleanField()


class PasswordIn(Schema):
    """Another password."""

    password = SecretField(required=True)


class PasswordChange(Schema):
    """Another password, and the present one as proof."""

    old_password = SecretField(required=True)
    password = SecretField(required=True)


class MembershipIn(Schema):
    """A role for somebody the program knows, perhaps from another district."""

    login = TextField(60, pattern=LOGIN, required=True)
    role = EnumField(Role, required=True)


class MembershipOut(Schema):
    """One role of one user in the district."""

    user_id = IdField(required=True)
    role = EnumField(Role, required=True)


class TokenIn(Schema):
    """Log-in and password for a token. The district may be left out by who works in only one."""

    login = TextField(60, required=True)
    password = SecretField(required=True)
    district_id = StrictInteger(minimum=1)
    label = TextField(100, required=True, metadata={"description": "which program uses it"})
    expires_on = DateField(metadata={"description": f"its last day; {TOKEN_DAYS} days from today by default"})


class TokenOut(Schema):
    """A token, without its secret."""

    id = IdField(required=True)
    user_id = IdField(required=True)
    district_id = StrictInteger(minimum=1, required=True)
    label = TextField(100, required=True)
    expires_on = DateField(required=True, allow_none=True)
    revoked_at = InstantField(required=True, allow_none=True)
    created_at = InstantField(required=True)


class NewTokenOut(TokenOut):
    """A token at the only moment its text is shown."""

    token = TextField(100, required=True)


class UserArgs(ListArgs):
    """The order of users."""

    sort = SortField("login", "name")


class ReadingArgs(ListArgs):
    """Which readings of personal data."""

    user_id = IdField()
    subject_id = IdField()


class ReadingOut(Schema):
    """One reading of unmasked personal data."""

    id = IdField(required=True)
    user_id = IdField(required=True)
    subject_kind = TextField(30, required=True)
    subject_id = IdField(required=True, allow_none=True)
    fields_read = TextField(required=True, attribute="fields", metadata={"examples": ["iin,phone"]})
    purpose = TextField(required=True)
    read_at = InstantField(required=True)


@blp.get("/me")
@requires()
@blp.response(200, MeOut)
def show_me() -> dict[str, Any]:
    """Who the token belongs to, and what he may do."""
    known = caller()
    district = service.get_district(current_session(), known.district_id)
    return {"user": known.user, "district": district, "roles": sorted(known.roles)}


@blp.put("/me/password")
@requires(writes=True)
@blp.arguments(PasswordChange)
@blp.response(204)
def change_password(body: dict[str, Any]) -> None:
    """Choose another password."""
    service.change_password(current_session(), caller().user, old=body["old_password"], new=body["password"])


@blp.get("/users")
@requires(*AUDIT)
@blp.arguments(UserArgs, location="query")
@blp.response(200, page_schema(UserOut))
def list_users(args: dict[str, Any]) -> Page[User]:
    """Members of the district."""
    return service.list_users(current_session(), **args)


@blp.post("/users")
@requires(Role.ADMIN)
@blp.arguments(UserIn)
@blp.response(201, UserOut)
@versioned
def create_user(body: dict[str, Any]) -> User:
    """Let the program know a person and give him roles in the district."""
    return service.create_member(current_session(), **body)


@blp.get("/users/<uuid:user_id>")
@requires(*AUDIT)
@blp.response(200, UserOut)
@versioned
def show_user(user_id: UUID) -> User:
    """A member of the district."""
    return service.get_user(current_session(), user_id)


@blp.patch("/users/<uuid:user_id>")
@requires(Role.ADMIN)
@blp.arguments(UserEdit)
@blp.response(200, UserOut)
@versioned
def edit_user(body: dict[str, Any], user_id: UUID, version: int) -> User:
    """Change a member's name or language, or let him in no more."""
    return service.edit_user(current_session(), user_id, version=version, **body)


@blp.put("/users/<uuid:user_id>/password")
@requires(Role.ADMIN)
@blp.arguments(PasswordIn)
@blp.response(204)
def set_password(body: dict[str, Any], user_id: UUID) -> None:
    """Give a member another password, because he forgot his."""
    service.set_password(current_session(), user_id, body["password"])


@blp.get("/memberships")
@requires(*AUDIT)
@blp.arguments(ListArgs, location="query")
@blp.response(200, page_schema(MembershipOut))
def list_memberships(args: dict[str, Any]) -> Page[Membership]:
    """Who may do what in the district."""
    return service.list_memberships(current_session(), **args)


@blp.post("/memberships")
@requires(Role.ADMIN)
@blp.arguments(MembershipIn)
@blp.response(201, MembershipOut)
def grant_role(body: dict[str, Any]) -> Membership:
    """Give somebody a role in the district; giving it again changes nothing."""
    return service.grant_role(current_session(), **body)


@blp.delete("/memberships/<uuid:user_id>/<any(clerk,cashier,accountant,akim,auditor,admin):role>")
@requires(Role.ADMIN)
@blp.response(204)
def revoke_role(user_id: UUID, role: str) -> None:
    """Take a role away. The district's last administrator keeps his."""
    service.revoke_role(current_session(), user_id, Role(role))


@blp.post("/tokens")
@public(takes_password=True)
@blp.arguments(TokenIn)
@blp.response(201, NewTokenOut)
def issue_token(body: dict[str, Any]) -> dict[str, Any]:
    """Get a token for log-in and password; ten attempts a minute from one address, log-ins by page included.

    The token's text is shown this once and not stored, which is why this one POST takes no `Idempotency-Key`.
    """
    day = today()
    expires_on = body.pop("expires_on", day + timedelta(days=TOKEN_DAYS))
    issued = tokens.issue_for_password(current_session(), **body, expires_on=expires_on, today=day)
    return {**issued.row.__dict__, "token": issued.text}


@blp.get("/tokens")
@requires()
@blp.arguments(ListArgs, location="query")
@blp.response(200, page_schema(TokenOut))
def list_tokens(args: dict[str, Any]) -> Page[ApiToken]:
    """The caller's own tokens; an administrator or auditor sees all of the district."""
    return tokens.list_tokens(current_session(), owner_id=_owner(*AUDIT), **args)


@blp.delete("/tokens/<uuid:token_id>")
@requires()
@blp.response(204)
def revoke_token(token_id: UUID) -> None:
    """Let a token work no more: one's own, or as an administrator any of the district."""
    tokens.revoke_token(current_session(), token_id, at=now(), owner_id=_owner(Role.ADMIN))


@blp.get("/personal-data-readings")
@requires(*AUDIT)
@blp.arguments(ReadingArgs, location="query")
@blp.response(200, page_schema(ReadingOut))
def list_personal_data_accesses(args: dict[str, Any]) -> Page[PersonalDataAccess]:
    """Who read whose unmasked personal data, when and why; the newest first."""
    return service.list_personal_data_accesses(current_session(), **args)


def _owner(*roles: Role) -> UUID | None:
    known = caller()
    return None if known.roles & set(roles) else known.user.id
