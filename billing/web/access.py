"""Who may use a route: each says so by ``requires`` or ``public``, or the application refuses to start."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, g, request
from sqlalchemy.orm import Session

from billing.access.models import Role
from billing.access.tokens import Caller, authenticate
from billing.kernel.clock import today
from billing.kernel.errors import Forbidden, Unauthenticated

View = TypeVar("View", bound=Callable[..., Any])

_MARK = "access"
_BEARER = re.compile(r"Bearer +auyl_([1-9][0-9]{0,8})_([A-Za-z0-9_-]{43})", re.ASCII)
_READING = ("GET", "HEAD")
_SPREADSHEETS = ("xlsx", "csv")


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use a view.

    Attributes:
        roles: one of them is needed; none named means any role of the district.
        writes: whether the view writes; None lets the method say.
        public: whether nobody is asked who he is.
        report: whether the view only reads, and may show what was true some seconds ago.
        takes_password: whether the view looks at a password, so that who comes too often is not listened to.
    """

    roles: frozenset[Role]
    writes: bool | None = None
    public: bool = False
    report: bool = False
    takes_password: bool = False

    @property
    def read_only(self) -> bool:
        """Whether this request only reads."""
        return not (request.method not in _READING if self.writes is None else self.writes)

    @property
    def is_report(self) -> bool:
        """Whether this request may be read from the replica: a report, or a page's list as a spreadsheet."""
        if self.report:
            return True
        return self.read_only and not self.public and request.args.get("as") in _SPREADSHEETS


def requires(*roles: Role, writes: bool | None = None, report: bool = False) -> Callable[[View], View]:
    """Let only members of the district with one of these roles use the view; any member if none is named.

    Args:
        writes: True for a GET that writes, such as one that logs the reading of personal data.
        report: a report or an export: read from the replica where there is one. Nothing that somebody acts on
            at once, and sees again.
    """
    assert not (writes and report)
    return _marked(Access(frozenset(roles), writes, report=report))


def public(*, writes: bool | None = None, takes_password: bool = False) -> Callable[[View], View]:
    """Let everybody use the view. Its session is in no district until the view scopes it.

    Args:
        takes_password: the view looks at a password. Calls are counted together with those of all such views.
    """
    return _marked(Access(frozenset(), writes, public=True, takes_password=takes_password))


def access_of(view: Callable[..., Any] | None) -> Access | None:
    """Who may use a view; None where it does not say, which only views without a database may."""
    return getattr(view, _MARK, None)


def caller() -> Caller:
    """Who makes this request.

    Raises:
        Unauthenticated: nobody known, on a public view.
    """
    known: Caller | None = getattr(g, "caller", None)
    if known is None:
        raise Unauthenticated
    return known


def check_roles(access: Access, known: Caller) -> None:
    """Refuse a caller without one of the roles.

    Raises:
        Forbidden: facts say which roles would do.
    """
    wanted = access.roles or frozenset(Role)
    if not wanted & known.roles:
        raise Forbidden(roles=sorted(wanted))


def bearer_district() -> int:
    """The district that the request's token names: where its hash is looked up.

    Raises:
        Unauthenticated: no token, or not one of ours.
    """
    return int(_bearer()[1])


def bearer_caller(session: Session) -> Caller:
    """Whose token the request carries.

    Raises:
        Unauthenticated: an unknown, revoked or expired token, or its user is not active.
    """
    return authenticate(session, _bearer()[2], on=today())


def refuse_unmarked_routes(app: Flask) -> None:
    """Fail at start-up rather than serve a route of the API that does not say who may use it."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v") and access_of(app.view_functions[rule.endpoint]) is None:
            raise AssertionError(f"{rule.rule} does not say who may use it")


def _bearer() -> re.Match[str]:
    match = _BEARER.fullmatch(request.headers.get("Authorization", ""))
    if match is None:
        raise Unauthenticated
    return match


def _marked(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        setattr(view, _MARK, access)
        return view

    return mark
