"""Passwords: what is accepted, and how they are kept (argon2id)."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from billing.kernel.errors import InvalidInput

LENGTH_MIN = 10
LENGTH_MAX = 128
DIFFERENT_CHARACTERS_MIN = 5

# The parameters OWASP recommends as the least; a village office's PC must not wait a second at each log-in.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Of no password: checked when there is no such user, so that both answers take the same time.
_NOBODY = _hasher.hash("\0")


class WeakPassword(InvalidInput):
    """Too short, too uniform, or the user's own name. Facts: ``field``, ``length_min``."""

    code = "weak_password"


def hash_password(password: str, *, login: str) -> str:
    """What is stored in place of a password.

    Raises:
        WeakPassword: shorter than ``LENGTH_MIN``, fewer than five different characters, or holding the login.
    """
    uniform = len(set(password.casefold())) < DIFFERENT_CHARACTERS_MIN
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX or uniform or login.casefold() in password.casefold():
        raise WeakPassword(field="password", length_min=LENGTH_MIN)
    return _hasher.hash(password)


def hash_code(code: str) -> str:
    """What is stored in place of a code that the program itself made at random: nothing to refuse."""
    return _hasher.hash(code)


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether the password is the one that was hashed; takes as long when there is no hash."""
    try:
        return (
            _hasher.verify(password_hash or _NOBODY, password[: LENGTH_MAX + 1]) and password_hash is not None
        )
    except (VerificationError, InvalidHashError):
        return False
