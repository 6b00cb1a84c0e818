"""Refusals: one tree of exceptions, each with a stable code and facts, never a sentence.

    Refusal
    ├── InvalidInput     the form of a value is wrong (a field, a row)
    ├── NotFound         no such thing in the caller's district
    ├── Conflict         the thing exists already, or has changed since it was read
    ├── Forbidden        the caller's role does not allow it
    ├── Unauthenticated  the caller is not known
    └── RuleViolation    understood, but a rule of the trade does not allow it

The sentence for people stands in the catalogues under ``refusal.<code>``; the HTTP status in
``web/errors.py``.
"""

from typing import Any, ClassVar


class Refusal(Exception):
    """Something a user asked for was refused, and nothing was changed."""

    code: ClassVar[str] = "refusal"

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.code, facts)
        self.facts = facts

    def __str__(self) -> str:
        """Code and facts, for logs; people read the catalogue's sentence."""
        return f"{self.code} {self.facts}" if self.facts else self.code


class InvalidInput(Refusal):
    """A value does not have the form it must have. ``field`` names it where known."""

    code = "invalid_input"


class NotFound(Refusal):
    """No such thing in the caller's district. Facts: ``kind``, ``id``."""

    code = "not_found"


class Conflict(Refusal):
    """The thing exists already, or has changed since it was read."""

    code = "conflict"


class Forbidden(Refusal):
    """The caller's role does not allow this. Facts: ``roles`` that would."""

    code = "forbidden"


class Unauthenticated(Refusal):
    """The caller is not known: no token, an expired one, or wrong credentials."""

    code = "unauthenticated"


class RuleViolation(Refusal):
    """Understood, but a rule of the trade does not allow it."""

    code = "rule_violation"


class StaleVersion(Conflict):
    """Somebody changed the thing after it was read. Facts: ``kind``, ``id``, ``version`` it has now."""

    code = "stale_version"


class AlreadyExists(Conflict):
    """The same thing is there already. Facts: ``kind``, ``field``, ``value`` (masked if personal)."""

    code = "already_exists"
