"""The OpenAPI document and its page."""

import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.web.test_access import OPEN


@pytest.fixture
def document(office):
    """The document as a stranger reads it."""
    return office.stranger.get("/api/openapi.json").json


def operations(document):
    """Every method and path with what is documented of it."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield method.upper(), path, operation


def shapes(part, path=""):
    """Every schema within the document, wherever it stands."""
    if isinstance(part, dict):
        yield path, part
        for name, inner in part.items():
            yield from shapes(inner, f"{path}/{name}")
    elif isinstance(part, list):
        for place, inner in enumerate(part):
            yield from shapes(inner, f"{path}/{place}")


def kinds(shape):
    """The types a schema allows."""
    found = shape.get("type", [])
    return found if isinstance(found, list) else [found]


@pytest.mark.sqlite_only
def test_the_document_is_valid(document):
    """It is OpenAPI 3.1 as the standard has it."""
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()


@pytest.mark.sqlite_only
def test_every_route_is_documented_with_its_refusals(app, document):
    """Each has a summary, problem answers, and unless it is open a bearer token and its roles."""
    served = {
        (method, re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {(method, path) for method, path, _ in operations(document)} == served
    for method, path, operation in operations(document):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert {"400", "401", "404", "422", "503"} <= set(operation["responses"]), where
        if path not in OPEN:
            assert operation["security"] == [{"token": []}] and operation["x-roles"], where
            assert "403" in operation["responses"], where
        if method == "POST" and path not in OPEN:
            assert "Idempotency-Key" in {parameter["name"] for parameter in operation["parameters"]}, where
    problem = document["components"]["responses"]["Problem422"]["content"]
    assert list(problem) == ["application/problem+json"]


@pytest.mark.sqlite_only
def test_no_schema_says_number(document):
    """Money and quantities are strings: no JSON number with a fraction exists in this API."""
    assert [path for path, shape in shapes(document) if "number" in kinds(shape)] == []


@pytest.mark.sqlite_only
def test_the_page_needs_no_network(office, document):
    """Every route stands on it, and nothing is fetched from elsewhere."""
    page = office.stranger.get("/api/docs", headers={"Accept-Language": "ru"})

    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "Роли" in page.text
    for _, path, operation in operations(document):
        assert f"<code>{path}</code>" in page.text
        assert operation["summary"].split("'")[0] in page.text
    assert not re.search(r"(src|href)=\"(https?:)?//", page.text)
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
