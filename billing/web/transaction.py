"""One transaction per request, from who is asking to the commit, all inside Flask's dispatch.

Inside, because a commit that the database refuses must still reach the error handlers, and Flask calls them
no more after the dispatch. A report has a second one: the first says who asks, the second may be read from a
replica.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

from flask import Flask, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.wrappers import Response

from billing.access.models import User
from billing.access.tokens import Caller
from billing.kernel.db import Sessions, is_repeatable
from billing.kernel.errors import Conflict, InvalidInput
from billing.kernel.replica import ReplicaLost
from billing.web import access, idempotency, login
from billing.web.access import Access
from billing.web.addresses import for_programs
from billing.web.age import tell_age
from billing.web.errors import Busy
from billing.web.files import body_bytes_max
from billing.web.guesses import count_log_in

ATTEMPTS_MAX = 4

Answer = TypeVar("Answer")

_logger = logging.getLogger(__name__)


class TransactionalFlask(Flask):
    """Flask whose marked views run in one transaction of the caller's district."""

    def dispatch_request(self) -> ResponseReturnValue:
        """Answer the request; what the view wrote is committed when this returns."""
        marked = (
            None
            if request.url_rule is None
            else access.access_of(self.view_functions[request.endpoint or ""])
        )
        if marked is None or request.method == "OPTIONS":
            return super().dispatch_request()
        if (larger := body_bytes_max(self.view_functions[request.endpoint or ""])) is not None:
            request.max_content_length = larger
        # Read before the transaction begins: a slow client must not hold the writers' lock.
        request.get_data()
        if marked.takes_password:
            _repeated(lambda: count_log_in(sessions_of(self)))
        try:
            return _repeated(lambda: self._dispatch_in_transaction(marked, from_primary=False))
        except ReplicaLost:
            return _repeated(lambda: self._dispatch_in_transaction(marked, from_primary=True))

    def _dispatch_in_transaction(self, marked: Access, *, from_primary: bool) -> Response:
        api = for_programs()
        g.caller = None
        district_id = access.bearer_district() if api and not marked.public else None
        try:
            with sessions_of(self).begin(district_id, read_only=marked.read_only) as session:
                g.session = session
                g.caller = _caller(session, marked, api=api)
                if not marked.is_report:
                    return self._answer(session, api=api)
            # Who asks is looked up where a new token is known and a revoked one is not.
            return self._answer_from_replica(access.caller(), from_primary=from_primary)
        except (IntegrityError, StaleDataError) as error:
            _logger.warning("the database refused: %s", error)
            raise Conflict from error
        except (DataError, OverflowError, UnicodeEncodeError) as error:
            # A number or text that passed the form but fits no column.
            raise InvalidInput from error
        finally:
            g.pop("session", None)

    def _answer(self, session: Session, *, api: bool) -> Response:
        answer = idempotency.replayed(session) if api else None
        if answer is None:
            answer = self.make_response(super().dispatch_request())
            if api:
                idempotency.remember(session, answer)
        return answer

    def _answer_from_replica(self, caller: Caller, *, from_primary: bool) -> Response:
        with sessions_of(self).report(
            caller.district_id, actor_id=caller.user.id, from_primary=from_primary
        ) as session:
            g.session = session
            answer = self.make_response(super().dispatch_request())
            tell_age(answer, session)
        return answer


def _repeated(work: Callable[[], Answer]) -> Answer:
    """Do a unit of work, again where the database asks for that."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            return work()
        except NoConnectionFree as error:
            raise Busy from error
        except OperationalError as error:
            if not is_repeatable(error) or attempt == ATTEMPTS_MAX:
                _logger.warning("the database is busy: %s", error.orig)
                raise Busy from error
    raise AssertionError


def current_session() -> Session:
    """The request's session, scoped to the caller's district; never commit it."""
    session: Session = g.session
    return session


def current_user() -> User:
    """Who makes the request.

    Raises:
        Unauthenticated: nobody known, on a public view.
    """
    return access.caller().user


def sessions_of(app: Flask) -> Sessions:
    """Where the application's sessions come from."""
    sessions: Sessions = app.extensions["sessions"]
    return sessions


def _caller(session: Session, marked: Access, *, api: bool) -> Caller | None:
    if marked.public and api:
        return None
    known = access.bearer_caller(session) if api else login.signed_in(session)
    if known is not None:
        session.info["actor_id"] = known.user.id
        g.caller = known  # a refusal of his role is told in his language
    if not marked.public:
        access.check_roles(marked, access.caller())
    return known
