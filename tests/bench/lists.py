"""A page of a hundred invoices over HTTP, beside the same rows by ORM objects, marshmallow and json."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from http.client import HTTPConnection
from typing import Any

import marshmallow as ma
from sqlalchemy import select

from billing.access import tokens
from billing.access.models import Role
from billing.invoicing.models import Invoice
from billing.invoicing.standing import status_of
from billing.kernel.db import Sessions
from billing.kernel.money import ZERO, total
from billing.receivables.models import Receivable
from tests.bench.history import live
from tests.bench.measuring import Measurement, at_least, in_turns
from tests.bench.serving import production
from tests.bench.village import opened
from tests.support.databases import PostgresqlDatabases
from tests.support.districts import DISTRICT_ID
from tests.support.web import make_user

LIMIT = 100
PAID_ON = date(2020, 3, 31)  # all of them are paid, on whatever day one looks
CLIENTS = 4
PATH = f"/api/v1/invoices?limit={LIMIT}"


class InvoiceRow(ma.Schema):
    """A row of the list, as marshmallow's own fields write it."""

    id = ma.fields.UUID()
    enterprise_id = ma.fields.UUID()
    year = ma.fields.Integer()
    number = ma.fields.Integer()
    customer_id = ma.fields.UUID()
    customer_name = ma.fields.String()
    account_number = ma.fields.String()
    contract_id = ma.fields.UUID(allow_none=True)
    issued_on = ma.fields.Date()
    due_on = ma.fields.Date()
    period = ma.fields.String(allow_none=True)
    total = ma.fields.String()
    vat = ma.fields.String()
    credited = ma.fields.String()
    paid = ma.fields.String()
    open_amount = ma.fields.String()
    status = ma.fields.String()


ROWS = InvoiceRow(many=True)
OF_INVOICE = [name for name in ROWS.fields if hasattr(Invoice, name)]


def measure(databases: PostgresqlDatabases, *, requests: int) -> list[Measurement]:
    """Requests of several clients at once, and as many pages made in one process without HTTP."""
    with databases.migrated() as database:
        live(databases, database, months=3, households=1_000)
        with opened(database) as sessions:
            with sessions.begin(DISTRICT_ID) as session:
                user = make_user(session, "aigul", Role.CLERK)
                token = tokens.issue_token(
                    session, user.id, label="bench", expires_on=None, today=date(2026, 1, 1)
                ).text
            with production(database, workers=2) as port:
                ask = _asker(port, token)
                asked, made = json.loads(ask()[0])["items"], json.loads(_by_objects(sessions))
                assert asked == made, (asked[0], made[0])
                ours, other = in_turns(
                    lambda: _from_many(port, token, requests),
                    lambda: [_by_objects(sessions) for _ in range(requests)],
                )
    return [
        at_least(
            f"list of {LIMIT} invoices over HTTP, 2 workers, {CLIENTS} clients / ORM + marshmallow + json",
            requests / ours,
            requests / other,
            2,
            unit="lists/s",
        )
    ]


def _from_many(port: int, token: str, requests: int) -> None:
    """Several clients that keep their connections, and share the requests out."""
    with ThreadPoolExecutor(CLIENTS) as clients:
        for _ in clients.map(lambda _: _asker(port, token, requests // CLIENTS)(), range(CLIENTS)):
            continue


def _asker(port: int, token: str, times: int = 1) -> Callable[[], Sequence[bytes]]:
    def ask() -> Sequence[bytes]:
        connection = HTTPConnection("127.0.0.1", port)
        answers = []
        for _ in range(times):
            connection.request("GET", PATH, headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            answers.append(answer.read())
            assert answer.status == 200, answers[-1]
        connection.close()
        return answers

    return ask


def _by_objects(sessions: Sessions) -> str:
    with sessions.begin(DISTRICT_ID, read_only=True) as session:
        invoices = session.scalars(
            select(Invoice).order_by(Invoice.issued_on.desc(), Invoice.id.desc()).limit(LIMIT)
        ).all()
        owed: dict[Any, list[Receivable]] = {}
        for line in session.scalars(
            select(Receivable).where(Receivable.invoice_id.in_([each.id for each in invoices]))
        ):
            owed.setdefault(line.invoice_id, []).append(line)
        rows = ROWS.dump([_row(each, owed.get(each.id, ())) for each in invoices])
        return json.dumps(rows, ensure_ascii=False)


def _row(invoice: Invoice, lines: Sequence[Receivable]) -> dict[str, Any]:
    open_amount, credited = total(line.open_amount for line in lines), total(line.credited for line in lines)
    names = set(InvoiceRow().fields) - {
        "customer_name",
        "account_number",
        "credited",
        "paid",
        "open_amount",
        "status",
    }
    return {
        **{name: getattr(invoice, name) for name in names},
        "customer_name": invoice.facts["buyer"]["name"],
        "account_number": invoice.facts["account"]["number"],
        "credited": credited,
        "paid": invoice.total - credited - open_amount,
        "open_amount": open_amount or ZERO,
        "status": status_of(invoice.total, open_amount, credited, invoice.due_on, PAID_ON),
    }
