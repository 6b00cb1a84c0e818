"""Providers of tests, and the address they call."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from billing.kernel.db import Sessions
from billing.kernel.money import Money
from billing.payments.providers import service
from billing.payments.providers.models import IncidentKind, Provider, ProviderDialect
from tests.support.identifiers import synthetic_bin


def make_agreement(dialect: ProviderDialect = ProviderDialect.KASPI, **options: Any) -> service.Agreement:
    """An agreement that a test says only the interesting parts of."""
    names = {"name_kk": "Каспи", "name_ru": "Каспи", "name_en": "Kaspi"}
    return service.Agreement(dialect=dialect, **{**names, "bin": synthetic_bin(500), **options})


def make_provider(
    session: Session,
    enterprise_id: UUID,
    code: str = "kaspi",
    dialect: ProviderDialect = ProviderDialect.KASPI,
    **options: Any,
) -> Provider:
    """A provider without a secret."""
    return service.add_provider(session, enterprise_id, code, make_agreement(dialect, **options))


def make_incident(session: Session, provider: Provider) -> None:
    """One transaction that was told of two sums."""
    service.note_incident(
        session,
        provider,
        IncidentKind.TXN_REUSED,
        txn_id="9",
        account="47363900019",
        amount=Money.tenge(200),
        at=datetime(2026, 11, 23, 4, tzinfo=UTC),
    )


@dataclass(frozen=True)
class Caller:
    """A provider's program: calls the address it was given.

    Attributes:
        url: with the secret in it.
    """

    app: Flask
    url: str

    def get(self, query: str | dict[str, str] = "", **options: Any) -> TestResponse:
        """Call with a query."""
        return self.app.test_client().get(self.url, query_string=query, **options)

    def check(self, account: str, txn_id: int | str = 1, **more: str) -> TestResponse:
        """Ask whether an account can be paid."""
        return self.get({"command": "check", "txn_id": str(txn_id), "account": account, **more})

    def pay(self, account: str, tenge: str = "580.00", txn_id: int | str = 1, **more: str) -> TestResponse:
        """Tell of a payment."""
        fields = {"command": "pay", "txn_id": str(txn_id), "account": account, "sum": tenge}
        return self.get({**fields, "txn_date": "20261123080000", **more})

    def cancel(self, account: str, tenge: str = "580.00", txn_id: int | str = 1) -> TestResponse:
        """Tell that the payer got his money back."""
        return self.get({"command": "cancel", "txn_id": str(txn_id), "account": account, "sum": tenge})


def open_line(app: Flask, provider: Provider) -> Caller:
    """Give a provider its secret, and its program the address."""
    sessions: Sessions = app.extensions["sessions"]
    with sessions.begin(provider.district_id) as session:
        _, secret = service.renew_secret(session, provider.id)
    return Caller(app, f"/pay/{provider.code}/{secret}")


def said(answer: TestResponse) -> dict[str, Any]:
    """An answer's members, whatever the format; the answer itself came with HTTP 200."""
    assert answer.status_code == 200
    if answer.content_type.startswith("application/json"):
        members: dict[str, Any] = json.loads(answer.data, parse_float=str)
        return members
    response = ElementTree.fromstring(answer.data)
    return {part.tag: part.text for part in response if part.tag != "fields"}


def code(answer: TestResponse) -> int:
    """An answer's result."""
    return int(said(answer)["result"])
