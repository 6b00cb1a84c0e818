"""``auyl user``: who may log in, what they may do in the district, and tokens for programs."""

import secrets
from datetime import date

import click
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.access import tokens
from billing.access.models import Membership, Role, User
from billing.access.passwords import hash_password
from billing.access.service import create_member, find_user, grant_role, revoke_role
from billing.cli.office import Office
from billing.cli.teaching import TeachingGroup
from billing.cli.typed import DAY
from billing.kernel.clock import today
from billing.kernel.errors import NotFound
from billing.kernel.i18n import Language, label

PASSWORD_GROUPS = 3

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is read as something else
_ROLE = click.Choice([role.value for role in Role])
_LANGUAGE = click.Choice([language.value for language in Language])
_PASSWORD = click.option(
    "--ask-password", is_flag=True, help="Type a password instead of having one made and shown once."
)


@click.group("user", cls=TeachingGroup)
def group() -> None:
    """Users, their roles in the district, passwords and API tokens.

    Examples:
      auyl user add aigul --name "Айгүл Хатшыева" --role clerk
      auyl user token aigul --label "import script"
    """


@group.command("add")
@click.argument("login")
@click.option("--name", required=True, help="Full name.")
@click.option("--role", "roles", type=_ROLE, multiple=True, required=True, help="May be given several times.")
@click.option("--speaks", type=_LANGUAGE, default="ru", show_default=True, help="Language.")
@_PASSWORD
@click.pass_obj
def add(
    office: Office, /, *, login: str, name: str, roles: tuple[str, ...], speaks: str, ask_password: bool
) -> None:
    """Let a person log in, with roles in the district.

    Roles: clerk, cashier, accountant, akim, auditor, admin.

    Example:
      auyl user add aigul --name "Айгүл Хатшыева" --role clerk --role cashier
    """
    password = _password(office, ask_password)
    with office.work() as session:
        user = create_member(
            session,
            login,
            name=name,
            password=password,
            roles=[Role(role) for role in roles],
            language=Language(speaks),
        )
    office.say("user_added", login=user.login)
    _tell_password(office, password, asked=ask_password)


@group.command("password")
@click.argument("login")
@_PASSWORD
@click.pass_obj
def password(office: Office, /, *, login: str, ask_password: bool) -> None:
    """Give a user another password; the old one works no more.

    Example:
      auyl user password aigul
    """
    new = _password(office, ask_password)
    with office.work() as session:
        user = _user(session, login)
        # Whoever has a shell on the server may reset anybody: here no other district needs protection.
        user.password_hash = hash_password(new, login=user.login)
    office.say("user_password_set", login=user.login)
    _tell_password(office, new, asked=ask_password)


@group.command("grant")
@click.argument("login")
@click.argument("role", type=_ROLE)
@click.pass_obj
def grant(office: Office, /, *, login: str, role: str) -> None:
    """Let a user do more in the district.

    Example:
      auyl user grant aigul cashier
    """
    with office.work() as session:
        grant_role(session, login, Role(role))
    office.say("user_granted", login=login, role=Role(role))


@group.command("revoke")
@click.argument("login")
@click.argument("role", type=_ROLE)
@click.pass_obj
def revoke(office: Office, /, *, login: str, role: str) -> None:
    """Take a role away in the district; the last administrator keeps his.

    Example:
      auyl user revoke aigul cashier
    """
    with office.work() as session:
        revoke_role(session, _user(session, login).id, Role(role))
    office.say("user_revoked", login=login, role=Role(role))


@group.command("token")
@click.argument("login")
@click.option("--label", required=True, help="What the token is for.")
@click.option("--expires-on", type=DAY, help="Last day it works; without it, until it is revoked.")
@click.pass_obj
def token(office: Office, /, *, login: str, label: str, expires_on: date | None) -> None:
    """Make an API token with which a program acts as a user; it is shown once.

    Example:
      auyl user token aigul --label "import script" --expires-on 2027-12-31
    """
    with office.work() as session:
        issued = tokens.issue_token(
            session, _user(session, login).id, label=label, expires_on=expires_on, today=today()
        )
    office.say("user_token", token=issued.text)


@group.command("list")
@click.pass_obj
def list_(office: Office) -> None:
    """Who may do what in the district.

    Example:
      auyl user list
    """
    with office.work(read_only=True) as session:
        found = session.execute(
            select(User, Membership.role)
            .join(Membership, Membership.user_id == User.id)
            .order_by(User.login, Membership.role)
        ).all()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("login", "name", "roles"):
        table.add_column(office.text(f"user_{heading}"))
    roles: dict[str, list[str]] = {}
    for user, role in found:
        roles.setdefault(user.login, []).append(label(role, office.language))
    names = {user.login: user.name for user, _ in found}
    for login, held in roles.items():
        table.add_row(login, names[login], ", ".join(held))
    office.console.print(table)


def new_password() -> str:
    """A password people can type: three groups of four, about 59 bits."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(PASSWORD_GROUPS))
    return "-".join(groups)


def _password(office: Office, asked: bool) -> str:
    if not asked:
        return new_password()
    typed: str = click.prompt(office.text("user_password"), hide_input=True, confirmation_prompt=True)
    return typed


def _tell_password(office: Office, password: str, *, asked: bool) -> None:
    if not asked:
        office.say("user_password_made", password=password)


def _user(session: Session, login: str) -> User:
    user = find_user(session, login)
    if user is None:
        raise NotFound(kind="user", id=login)
    return user
