"""Which resident is in front of a page: a mark in the cookie that has nothing to do with the office's log-in.

A browser is either an office's or a resident's: each log-in clears the other's.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar
from uuid import UUID

from flask import g
from flask import session as cookie
from sqlalchemy.orm import Session

from billing.customers.models import AccessCode, Customer
from billing.customers.service import find_access_code, find_logged_in
from billing.kernel.clock import now
from billing.kernel.db import scope
from billing.kernel.errors import Unauthenticated
from billing.web.access import public
from billing.web.language import choose_language, language_chosen
from billing.web.transaction import current_session

View = TypeVar("View", bound=Callable[..., Any])

HOURS_MAX = 12  # phones are lent and lost
_MARK = "resident"


@dataclass(frozen=True, slots=True)
class Resident:
    """Who is logged in by his personal account."""

    customer: Customer

    @property
    def district_id(self) -> int:
        """Where he is a customer."""
        return self.customer.district_id

    @property
    def id(self) -> UUID:
        """His id as a customer."""
        return self.customer.id


def residents_only(*, writes: bool | None = None) -> Callable[[View], View]:
    """Let only a resident who is logged in use the view; its session works in his district."""

    def mark(view: View) -> View:
        @public(writes=writes)
        @wraps(view)
        def known(*args: Any, **kwargs: Any) -> Any:
            g.resident = _signed_in(current_session())
            return view(*args, **kwargs)

        known.__dict__["for_residents"] = True
        return known  # type: ignore[return-value]

    return mark


def resident() -> Resident:
    """Who makes this request; only in a view for residents."""
    known: Resident = g.resident
    return known


def enter(session: Session, customer: Customer) -> None:
    """Log a resident in; his language is the one he chose on the way here, else that of his papers."""
    code = find_access_code(session, customer.id)
    assert code is not None, customer.id
    language = language_chosen() or customer.language
    cookie.clear()  # whoever sat here before, from the office or not, is out
    choose_language(language)
    cookie[_MARK] = {
        "district_id": customer.district_id,
        "customer_id": str(customer.id),
        "code": _mark_of(code),
        "until": int(now().timestamp()) + HOURS_MAX * 3600,
    }


def leave() -> None:
    """Log the resident out; the language stays."""
    language = language_chosen()
    cookie.clear()
    choose_language(language)


def _signed_in(session: Session) -> Resident:
    known = cookie.get(_MARK)
    if known is None or known["until"] <= now().timestamp():
        raise Unauthenticated
    scope(session, known["district_id"])
    found = find_logged_in(session, UUID(known["customer_id"]))
    # A new code ends every log-in made with the old one.
    if found is None or _mark_of(found[1]) != known["code"]:
        raise Unauthenticated
    return Resident(found[0])


def _mark_of(code: AccessCode) -> str:
    return hashlib.sha256(code.code_hash.encode()).hexdigest()[:16]
