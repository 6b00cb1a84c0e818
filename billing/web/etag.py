"""Two edits of the same thing never both win: ``ETag`` is its version, ``If-Match`` is required on edits."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import request

from billing.kernel.errors import StaleVersion
from billing.web.errors import PreconditionRequired

View = TypeVar("View", bound=Callable[..., Any])
EDITS = ("PUT", "PATCH", "DELETE")

_TAG = re.compile(r'"([1-9][0-9]{0,8})"', re.ASCII)


def versioned(view: View) -> View:
    """Answer with the ``ETag`` of what the view returns (its ``version``); hand edits their ``If-Match``.

    Stands directly above the view. PUT, PATCH and DELETE views get ``version: int``, which they pass on to
    the service; the service raises ``StaleVersion`` when the thing has another one.
    """

    @wraps(view)
    def tagged(*args: Any, **kwargs: Any) -> Any:
        if request.method in EDITS:
            kwargs["version"] = _required_version()
        thing = view(*args, **kwargs)
        return thing if thing is None else (thing, {"ETag": f'"{_version_of(thing)}"'})

    tagged.__dict__["versioned"] = True
    return tagged  # type: ignore[return-value]


def _version_of(thing: Any) -> int:
    version = thing["version"] if isinstance(thing, dict) else thing.version
    assert isinstance(version, int), version
    return version


def _required_version() -> int:
    header = request.headers.get("If-Match")
    if header is None:
        raise PreconditionRequired
    match = _TAG.fullmatch(header.strip())
    if match is None:  # a tag we never gave: the thing cannot have it
        raise StaleVersion
    return int(match[1])
