"""Whatever is sent to the API, the answer is one that the OpenAPI document announces.

Requests are made up from the document by schemathesis, well-formed and malformed; half of them point to
things that exist, so that the rules behind the forms are reached too.
"""

import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import Uuid, select

from billing import tables
from billing.access import tokens
from billing.access.models import ApiToken, Role, User
from billing.customers.benefits import grant_benefit
from billing.invoicing.runs import service as runs
from billing.kernel.clock import ALMATY
from billing.kernel.dates import Month
from billing.kernel.db import ALL_DISTRICTS
from billing.outbox.service import add_webhook
from billing.reconciliation.column_profiles import save_profile
from billing.reconciliation.three_way.profile import save_profile as save_registry_profile
from billing.reconciliation.three_way.sign_off import sign_day_off
from tests.support.card_desk import make_card_payment
from tests.support.catalog import make_benefit
from tests.support.districts import DISTRICT_KATO, LONG_AGO, make_cash_desk
from tests.support.identifiers import synthetic_bin, synthetic_iban, synthetic_iin
from tests.support.lived import live_a_season
from tests.support.providers import make_incident, make_provider
from tests.support.receipt_books import make_troubled_book
from tests.support.requests import ask_for_contacts, ask_for_service
from tests.support.resident_rows import leave_rows
from tests.support.season import send_statement
from tests.support.web import TODAY, Office, make_user

CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
# Well-formed and malformed requests to each route. PostgreSQL sees fewer: its own are types and locks.
EXAMPLES = {"sqlite": (7, 2), "postgresql": (3, 1)}
KNOWN_MAX = 6
IN_SEASON = "2026-03-10"
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
# Where a name on the wire is not its table's.
TABLES = {
    "account": "bank_account",
    "act": "completion_act",
    "cashier": "user",
    "charge": "contract_charge",
    "desk": "cash_desk",
    "grant": "customer_benefit",
    "incident": "provider_incident",
    "line": "revenue_line",
    "match": "statement_match",
    "order": "service_order",
    "payer": "customer",
    "profile": "column_profile",
    "registration": "vat_registration",
    "request": "resident_request",
    "row": "statement_row",
    "rule": "matching_rule",
    "run": "billing_run",
    "sign_off": "day_sign_off",
    "statement": "bank_statement",
    "subject": "invoice",
    "token": "api_token",
    "upload": "statement_upload",
}
# What has a check digit or a closed list is never guessed.
VALID: dict[str, Callable[[int], str]] = {
    "bin": lambda pick: synthetic_bin(8_000 + pick),
    "iin": lambda pick: synthetic_iin(800 + pick),
    "iban": lambda pick: synthetic_iban(8_000 + pick),
    "bic": lambda _: "HSBKKZKX",
    "kbe": lambda _: "11",
    "knp": lambda _: "859",
    "iin_bin": lambda pick: synthetic_iin(900 + pick),
    "code": lambda pick: f"CODE{pick}",
    "place_code": lambda _: DISTRICT_KATO,
    "kato_code": lambda _: DISTRICT_KATO,
    "phone": lambda pick: f"+7701555010{pick}",
    "revenue_code": lambda _: "206109",
    "url": lambda pick: f"https://example.kz/{pick}",
    "password": lambda pick: f"Сынақ-құпия-{pick}",
}
CODES = {
    "/api/v1/places": DISTRICT_KATO,
    "/api/v1/books": "1210",
    "/api/v1/budget": "206109",
    "/api/v1/providers": "terminals",
}
# Only some payments are cash and only some things have a document: guessing may miss them.
MAY_MISS = {"GET /api/v1/payments/{payment_id}/cash-order", "GET /api/v1/documents/{kind}/{subject_id}"}
Known = dict[str, list[str]]


@pytest.fixture
def known(office) -> Known:
    """Ids of what two months of work left behind, by table; the caller's own rights are spared."""
    with office.sessions.begin(1) as session:
        season = live_a_season(session)
        benefit = make_benefit(session)
        grant_benefit(session, season.resident.id, benefit.id, evidence="№ 17", valid_from=LONG_AGO)
        provider = make_provider(session, season.enterprise.id)
        make_incident(session, provider)
        save_registry_profile(session, provider.id, {"amount": ["Sum"]})
        make_card_payment(session, season.invoice)
        make_troubled_book(session, season.enterprise.id, season.resident.id)
        sign_day_off(session, provider.id, TODAY - timedelta(days=1), today=TODAY, why="nothing was paid")
        make_cash_desk(session, season.enterprise.id)
        leave_rows(session, season.enterprise, season.resident)
        run = runs.start_run(session, season.enterprise.id, Month.of(TODAY), issued_on=TODAY)
        runs.go_on(session, run.id, now=datetime.combine(TODAY, time(9), ALMATY))
        add_webhook(session, url="https://example.kz/auyl")
        ask_for_service(session, season.resident.id, season.snow.id)
        ask_for_contacts(session, season.resident, house="12")
        send_statement(session, date(2026, 3, 10))
        save_profile(session, name="Village bank", headings={"date": ["When"], "amount": ["Sum"]})
        spare = make_user(session, "spare", Role.CLERK)
        tokens.issue_token(session, spare.id, label="spare", expires_on=None, today=TODAY)
    found: Known = {}
    with office.sessions.begin(ALL_DISTRICTS) as session:
        for table in tables.metadata.sorted_tables:
            if "id" in table.c and isinstance(table.c.id.type, Uuid):
                ids = session.scalars(select(table.c.id).order_by(table.c.id).limit(KNOWN_MAX))
                found[table.name] = [str(id_) for id_ in ids]
        found[User.__tablename__] = [str(spare.id)]
        own = select(ApiToken.id).where(ApiToken.user_id == spare.id)
        found[ApiToken.__tablename__] = [str(id_) for id_ in session.scalars(own)]
    return found


def pointed(value: Any, known: Known, pick: int, *, path: str, name: str = "") -> Any:
    """The value, with ids in it replaced by ids of things that exist, and other known forms by valid ones."""
    if isinstance(value, dict):
        return {key: pointed(inner, known, pick, path=path, name=str(key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [pointed(inner, known, pick + n, path=path, name=name) for n, inner in enumerate(value)]
    if isinstance(value, str):
        return real(value, known, pick, path=path, name=name)
    return value


def real(text: str, known: Known, pick: int, *, path: str, name: str) -> str:
    """What a clerk would write here, or the same text where nothing is known of the field."""
    for place, code in CODES.items():
        if name == "code" and path.startswith(place):
            return code
    if name in VALID:
        return VALID[name](pick)
    table = TABLES.get(name.removesuffix("_id"), name.removesuffix("_id"))
    if table == "contract" and path.startswith("/api/v1/contractor-contracts"):
        table = "contractor_contract"
    ids = known.get(table, []) if name.endswith("_id") else []
    return ids[pick % len(ids)] if ids else IN_SEASON if DATE.fullmatch(text) else text


def aim(case: schemathesis.Case, known: Known, pick: int) -> None:
    """Let a made-up request point to things that exist."""
    case.path_parameters = pointed(case.path_parameters, known, pick, path=case.path)
    case.query = pointed(case.query, known, pick, path=case.path)
    if isinstance(case.body, dict | list):
        case.body = pointed(case.body, known, pick, path=case.path)
    if "If-Match" in case.headers:
        case.headers["If-Match"] = '"1"'


def tried(
    operation: Any, mode: GenerationMode, count: int, office: Office, known: Known
) -> tuple[Counter[int], list[str]]:
    """The statuses that an operation answered with, and what was wrong about the answers."""
    statuses: Counter[int] = Counter()
    wrong: list[str] = []

    @hypothesis.settings(
        max_examples=count,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(mode), pick=st.integers(-KNOWN_MAX, KNOWN_MAX))
    def send(case: schemathesis.Case, pick: int) -> None:
        if pick >= 0:
            aim(case, known, pick)
        response = case.call(headers={"Authorization": f"Bearer {office.token}", "Accept-Language": "en"})
        statuses[response.status_code] += 1
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as failures:
            wrong.append(f"{case.as_curl_command()}\n{[str(one) for one in failures.exceptions]}")

    try:
        send()
    except Unsatisfiable:  # nothing about the operation can be malformed
        assert mode is GenerationMode.NEGATIVE, operation.label
    return statuses, wrong


def test_every_answer_is_announced(office, known, database_kind):
    """No failure, no undocumented status, type or shape, and reading routes find something to read."""
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", office.app)
    operations = [found.ok() for found in schema.get_all_operations()]
    operations.sort(key=lambda operation: operation.method != "get")  # read before things are changed
    wrong: list[str] = []
    unread: list[str] = []
    for operation in operations:
        for mode, count in zip(GenerationMode, EXAMPLES[database_kind], strict=True):
            statuses, found = tried(operation, mode, count, office, known)
            wrong += found
            well_formed = mode is GenerationMode.POSITIVE
            if operation.method == "get" and well_formed and not statuses[200] and count > KNOWN_MAX:
                unread.append(operation.label)

    assert wrong == []
    assert set(unread) <= MAY_MISS
    assert office.get("/api/v1/me").status_code == 200
