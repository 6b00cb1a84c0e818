"""The OpenAPI 3.1 document of the API, and a page that shows it without any network."""

from http import HTTPStatus
from typing import Any

import apispec
import flask_smorest
import marshmallow as ma
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask, render_template
from flask.typing import ResponseReturnValue

from billing.web.access import public
from billing.web.addresses import API, DOCS_URL, DOCUMENT_URL
from billing.web.blueprint import BEARER
from billing.web.errors import PROBLEM_TYPE, ProblemOut

VERSION = "1"

_DESCRIPTION = """\
Billing and budget ledger of a rural district's communal enterprise.

Money is a decimal string in tenge (`"1250.00"`), never a JSON number; quantities are decimal strings with at
most three decimals; dates are `YYYY-MM-DD` of the district's calendar; moments are UTC.

Get a token with `POST /api/v1/tokens`, send it as `Authorization: Bearer …`. Sentences for people come in
Kazakh, Russian or English, as `Accept-Language` asks. Every refusal is `application/problem+json` with a
stable `code`, and has changed nothing.
"""


class Api(flask_smorest.Api):  # type: ignore[misc]  # flask-smorest has no types
    """flask-smorest with our problem answers in place of its own."""

    DEFAULT_ERROR_RESPONSE_NAME = None  # "default" would make every undocumented answer documented
    spec: apispec.APISpec

    def _register_error_handlers(self) -> None:
        # Its own handler would catch the pages' errors too; ours is in `errors`.
        pass

    def _register_responses(self) -> None:
        super()._register_responses()
        for status in (400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 429, 500, 503):
            self.spec.components.response(
                f"Problem{status}",
                {
                    "description": HTTPStatus(status).phrase,
                    "content": {PROBLEM_TYPE: {"schema": ProblemOut}},
                },
                lazy=True,
            )


def make_api(app: Flask) -> Api:
    """Put the document and its page into the application; blueprints are registered with the result."""
    app.config.update(
        API_TITLE="Auyl Billing",
        API_VERSION=VERSION,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH=DOCUMENT_URL.removeprefix(API),
    )
    plugin = MarshmallowPlugin(schema_name_resolver=schema_name)
    info = {"description": _DESCRIPTION, "license": {"name": "MIT", "identifier": "MIT"}}
    api = Api(app, spec_kwargs={"marshmallow_plugin": plugin, "info": info})
    api.spec.components.security_scheme(BEARER, {"type": "http", "scheme": "bearer"})

    @app.get(DOCS_URL)
    @public()
    def api_docs() -> ResponseReturnValue:
        return render_template("web/api_docs.html", document=api.spec.to_dict(), resolve=_resolver(api))

    return api


def schema_name(schema: Any) -> str:
    """A schema's name in the document: its slice's name first, as two slices may both have a ``LineOut``."""
    kind = schema if isinstance(schema, type) else type(schema)
    name = kind.__name__.removesuffix("Schema")
    parts = str(kind.__module__).split(".")
    if len(parts) > 1 and parts[0] == "billing" and parts[1] != "web":
        name = parts[1].title() + name
    if isinstance(schema, ma.Schema):
        # One class with other modifiers is another shape.
        marks = [*sorted(schema.only or ()), *(f"no_{field}" for field in sorted(schema.exclude))]
        name = "_".join([name, *(["partial"] if schema.partial else []), *marks])
    return name


def _resolver(api: Api) -> Any:
    def resolve(part: dict[str, Any]) -> dict[str, Any]:
        """Follow a reference within the document."""
        reference = part.get("$ref")
        if reference is None:
            return part
        found: Any = api.spec.to_dict()
        for step in str(reference).removeprefix("#/").split("/"):
            found = found[step]
        return dict(found)

    return resolve
