"""A stand-in for Halyk ePay on this machine: what its documents say, and every way it may do otherwise.

Tokens for orders and for questions, the page's script, the status of an order; notices are made here and sent
by whoever tests, so that they come twice, late, in any order, or changed.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from billing.config import EpayMerchant, EpaySettings
from billing.payments.cards.epay import Epay

MERCHANT = EpayMerchant(client_id="auyl", client_secret="secret & more", terminal="67e34d63-0000-0000")
AT = "2026-11-23T09:05:00.000000+05:00"
# What the bank's own script does: it leads to the bank's page.
SCRIPT = """
var halyk = {pay: function (order) {
  var asked = [order.invoiceId, typeof order.amount, order.amount, order.terminal, order.auth.access_token];
  window.location.href = "%s/payform/?asked=" + encodeURIComponent(asked.join("|"));
}};
"""


@dataclass
class BankOrder:
    """An order as its token was asked for.

    Attributes:
        state: the bank's ``statusName``; none before a card was typed.
        charges: how often money was taken.
    """

    form: dict[str, str]
    state: str | None = None
    amount: str = ""
    currency: str = "KZT"
    charges: int = 0


@dataclass
class Bank:
    """The stand-in.

    Attributes:
        faults: what the next calls are answered with: an HTTP status, ``"text"``, ``"cut"``, ``"slow"``.
        questions: order numbers it was asked about.
        pages: what its page was opened with.
    """

    url: str
    orders: dict[str, BankOrder] = field(default_factory=dict)
    faults: list[int | str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    tokens: int = 0
    ended: Event = field(default_factory=Event)

    def gateway(self, *merchants: str, timeout_seconds: int = 5) -> Epay:
        """Our side of it, for the enterprises with these BINs."""
        settings = EpaySettings(
            dict.fromkeys(merchants, MERCHANT),
            oauth_url=f"{self.url}/oauth2/token",
            api_url=self.url,
            script_url=f"{self.url}/payform/payment-api.js",
        )
        return Epay(settings, timeout_seconds)

    @property
    def only_order(self) -> str:
        """The number of the order that has no other beside it."""
        [number] = self.orders
        return number

    def type_card(self, number: str, state: str = "CHARGE", *, amount: str | None = None) -> None:
        """A resident types his card on the page of an order: the bank takes each order once."""
        order = self.orders[number]
        if order.state != "CHARGE":
            order.state, order.amount = state, amount or order.form["amount"]
            order.charges += state == "CHARGE"

    def notice(self, number: str, **lies: Any) -> dict[str, Any]:
        """What the bank posts about an order as it stands; the lies replace what it would say."""
        order = self.orders[number]
        charged = order.state == "CHARGE"
        told = {
            "accountId": order.form.get("accountId", ""),
            "amount": json.loads(order.amount or order.form["amount"]),
            "approvalCode": "170243",
            "cardMask": "440043...0092",
            "code": "ok" if charged else "error",
            "currency": order.currency,
            "dateTime": AT,
            "id": f"af2089fe-{number}",
            "invoiceId": number,
            "reason": "success" if charged else "Insufficient funds",
            "reasonCode": 0 if charged else 484,
            "reference": "320510215893",
            "secret_hash": order.form["secret_hash"],
            "terminal": order.form["terminal"],
        }
        return {**told, **lies}

    def post(self, number: str, **lies: Any) -> int:
        """Send the notice to the address that the order's token named; the status it was answered with."""
        parts = urlsplit(self.orders[number].form["postLink"])
        connection = HTTPConnection(parts.netloc)
        body = json.dumps(self.notice(number, **lies)).encode()
        connection.request("POST", parts.path, body, {"Content-Type": "application/json"})
        status = connection.getresponse().status
        connection.close()
        return status

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """A token, of an order where one is named."""
        known = {"client_id": MERCHANT.client_id, "client_secret": MERCHANT.client_secret}
        if form.get("grant_type") != "client_credentials" or not known.items() <= form.items():
            return 400, {"code": 400, "message": "invalid_client"}
        if "invoiceID" in form:
            self.orders.setdefault(form["invoiceID"], BankOrder(form)).form = form
        self.tokens += 1
        return 200, {
            "access_token": f"TOKEN-{self.tokens}",
            "expires_in": 7200,
            "refresh_token": "",
            "scope": form["scope"],
            "token_type": "Bearer",
        }

    def status(self, number: str) -> tuple[int, dict[str, Any]]:
        """What became of an order."""
        self.questions.append(number)
        order = self.orders.get(number)
        if order is None or order.state is None:
            return 400, {"resultCode": "102", "resultMessage": "invoice not found"}
        transaction = {
            "id": f"af2089fe-{number}",
            "createdDate": AT,
            "invoiceID": number,
            "amount": json.loads(order.amount),
            "currency": order.currency,
            "statusName": order.state,
            "reason": "",
        }
        return 200, {"resultCode": "100", "resultMessage": "SUCCESS", "transaction": transaction}


class _Server(ThreadingHTTPServer):
    bank: Bank


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
        self._say(lambda: self.server.bank.token(form))

    def do_GET(self) -> None:
        parts, bank = urlsplit(self.path), self.server.bank
        if parts.path == "/payform/payment-api.js":
            self._write(200, (SCRIPT % bank.url).encode(), "text/javascript")
        elif parts.path == "/payform/":
            bank.pages += parse_qs(parts.query)["asked"]
            self._write(200, b"<!doctype html><title>Bank</title><h1>Card</h1>", "text/html")
        elif parts.path.startswith("/check-status/payment/transaction/"):
            assert self.headers["Authorization"].startswith("Bearer TOKEN-")
            self._say(lambda: bank.status(parts.path.rpartition("/")[2]))
        else:
            self._write(404, b"", "text/plain")

    def _say(self, answer: Callable[[], tuple[int, dict[str, Any]]]) -> None:
        bank = self.server.bank
        fault = bank.faults.pop(0) if bank.faults else None
        if fault == "slow":
            bank.ended.wait()
        elif fault == "text":
            self._write(200, b"<html>maintenance</html>", "text/html")
        elif fault == "cut":
            self.close_connection = True
        elif isinstance(fault, int):
            self._write(fault, b"{}", "application/json")
        else:
            status, told = answer()
            self._write(status, json.dumps(told).encode(), "application/json")

    def _write(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def open_bank() -> Iterator[Bank]:
    """The stand-in on a port of this machine, until the block ends."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.bank = Bank(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.bank
        finally:
            server.bank.ended.set()
            server.shutdown()
            thread.join()
