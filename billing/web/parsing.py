"""Reading requests: JSON without its ambiguities, and no argument that nobody asked for."""

import json
from typing import Any, NoReturn

import flask
import marshmallow as ma
from webargs.core import is_json, missing
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType


class Parser(FlaskParser):
    """webargs for this API: unknown query arguments are refused, and so is a body that is not JSON."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012  # the library declares it so
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": ma.RAISE,
        "files": ma.RAISE,
    }

    def load_json(self, req: flask.Request, schema: ma.Schema) -> Any:  # noqa: ARG002
        """The body, or ``missing`` where there is none.

        Raises:
            BadRequest: not JSON.
            UnsupportedMediaType: a body of another type.
        """
        body = req.get_data(cache=True)
        if not body:
            return missing
        if not is_json(req.mimetype):
            raise UnsupportedMediaType
        return read_json(body)


def read_json(body: bytes) -> Any:
    """A JSON text as values.

    Raises:
        BadRequest: not UTF-8, not JSON, a key twice in one object, a number that is not finite, a number of
            thousands of digits, or nested beyond reason.
    """
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadRequest from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")  # readers differ on which one counts
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
