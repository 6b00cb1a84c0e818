"""Halyk ePay: a token for each order, its page opened by its own script, its notices, its answers when asked.

Sums travel as JSON numbers there; they are read as texts, so that no float comes near money.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from billing.config import EpayMerchant, EpaySettings
from billing.kernel.money import Money
from billing.kernel.shown import Language
from billing.payments.cards.gateway import (
    CardOutcome,
    GatewayUnavailable,
    HandOver,
    MalformedNotice,
    Notice,
    Order,
    Report,
)

TIMEOUT_SECONDS = 10  # a resident waits for the first of these calls
ANSWER_BYTES_MAX = 100_000
CURRENCY = "KZT"
REFERENCE_LENGTH_MAX = 60
REASON_LENGTH_MAX = 200

_PAYING = "payment"
_ASKING = "webapi usermanagement email_send verification statement statistics payment"
_LANGUAGES = {Language.KK: "kaz", Language.RU: "rus", Language.EN: "eng"}
_OUTCOMES = {
    "NEW": CardOutcome.PENDING,
    "AUTH": CardOutcome.PENDING,
    "CHARGE": CardOutcome.CHARGED,
    "CANCEL": CardOutcome.RETURNED,
    "CANCEL_OLD": CardOutcome.RETURNED,
    "REFUND": CardOutcome.RETURNED,
    "REJECT": CardOutcome.REFUSED,
    "FAILED": CardOutcome.REFUSED,
    "3D": CardOutcome.REFUSED,
}
_FOUND, _NOT_FOUND, _IN_WORK = "100", "102", "107"
_NOTICED = {"ok": CardOutcome.CHARGED, "error": CardOutcome.REFUSED}
_ORDER_NUMBER = re.compile(r"[0-9]{6,15}", re.ASCII)
_SUM = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,2})0*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Epay:
    """The bank's service, with the agreements of all enterprises that have one.

    Attributes:
        timeout_seconds: how long it is waited for, at each step of a call.
    """

    settings: EpaySettings
    timeout_seconds: int = TIMEOUT_SECONDS

    def serves(self, merchant: str) -> bool:
        """Whether the enterprise with this BIN has an agreement with the bank."""
        return merchant in self.settings.merchants

    def hand_over(self, order: Order) -> HandOver:
        """Get the order's token, and say what the bank's script is called with."""
        merchant = self._merchant(order.merchant)
        token = self._token(
            merchant,
            _PAYING,
            invoiceID=order.number,
            secret_hash=order.secret,
            amount=str(order.amount),
            currency=CURRENCY,
            postLink=order.notice_link,
            failurePostLink=order.notice_link,
        )
        parameters = {
            "invoiceId": order.number,
            "amount": str(order.amount),
            "currency": CURRENCY,
            "terminal": merchant.terminal,
            "accountId": order.account,
            "description": order.description,
            "language": _LANGUAGES[order.language],
            "backLink": order.back_link,
            "failureBackLink": order.back_link,
            "postLink": order.notice_link,
            "failurePostLink": order.notice_link,
            "auth": {name: str(value) for name, value in token.items()},
        }
        return HandOver(self.settings.script_url, parameters)

    def ask(self, merchant: str, order_number: str) -> Report:
        """Ask for the order's transaction."""
        token = self._token(self._merchant(merchant), _ASKING)
        answer = self._call(
            "GET",
            f"{self.settings.api_url}/check-status/payment/transaction/{order_number}",
            headers={"Authorization": f"Bearer {token['access_token']}"},
            statuses=(200, 400, 404),  # an order nobody knows comes with one of these and its code
        )
        code = _text(answer, "resultCode")
        if code == _NOT_FOUND:
            return Report(CardOutcome.UNKNOWN)
        if code == _IN_WORK:
            return Report(CardOutcome.PENDING)
        told = answer.get("transaction")
        if code != _FOUND or not isinstance(told, Mapping):
            raise GatewayUnavailable(reason=f"resultCode {code} {_text(answer, 'resultMessage')}".strip())
        outcome = _OUTCOMES.get(_text(told, "statusName"))
        if outcome is None or _text(told, "invoiceID") != order_number:
            raise GatewayUnavailable(reason=f"statusName {_text(told, 'statusName')}"[:REASON_LENGTH_MAX])
        return _report(outcome, told, at="createdDate")

    def read_notice(self, body: bytes) -> Notice:
        """Read the JSON that the bank posts when a payment is made or refused."""
        try:
            told = _parsed(body)
        except ValueError:
            raise MalformedNotice(field="body") from None
        outcome = _NOTICED.get(_text(told, "code").lower())
        if outcome is None:
            raise MalformedNotice(field="code")
        number = _text(told, "invoiceId")
        if _ORDER_NUMBER.fullmatch(number) is None:
            raise MalformedNotice(field="invoiceId")
        return Notice(number, _text(told, "secret_hash"), _report(outcome, told, at="dateTime"))

    def _merchant(self, merchant: str) -> EpayMerchant:
        try:
            return self.settings.merchants[merchant]
        except KeyError:
            raise GatewayUnavailable(reason=f"AUYL_EPAY_MERCHANTS: {merchant}") from None

    def _token(self, merchant: EpayMerchant, scope: str, **order: str) -> dict[str, Any]:
        form = {
            "grant_type": "client_credentials",
            "scope": scope,
            "client_id": merchant.client_id,
            "client_secret": merchant.client_secret,
            "terminal": merchant.terminal,
            **order,
        }
        token = self._call(
            "POST",
            self.settings.oauth_url,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
        )
        if not _text(token, "access_token"):
            raise GatewayUnavailable(reason="access_token")
        return token

    def _call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        statuses: tuple[int, ...] = (200,),
    ) -> dict[str, Any]:
        """Call the bank, and understand its JSON.

        Raises:
            GatewayUnavailable: no answer in time, another status, or no JSON.
        """
        parts = urlsplit(url)
        connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = connect(parts.netloc, timeout=self.timeout_seconds)
        try:
            connection.request(method, parts.path, body=body, headers=dict(headers))
            answer = connection.getresponse()
            content = answer.read(ANSWER_BYTES_MAX)
        except (OSError, HTTPException) as error:
            raise GatewayUnavailable(reason=type(error).__name__) from error
        finally:
            connection.close()
        if answer.status not in statuses:
            raise GatewayUnavailable(reason=f"HTTP {answer.status}")
        try:
            return _parsed(content)
        except ValueError as error:
            raise GatewayUnavailable(reason="JSON") from error


def _report(outcome: CardOutcome, told: Mapping[str, Any], *, at: str) -> Report:
    match = _SUM.fullmatch(_text(told, "amount"))
    in_tenge = _text(told, "currency") in {CURRENCY, ""}
    return Report(
        outcome,
        amount=Money.parse(f"{match[1]}.{match[2] or '0'}") if match and in_tenge else None,
        at=_instant(_text(told, at)),
        reference=_text(told, "id")[:REFERENCE_LENGTH_MAX] or None,
        reason=_text(told, "reason")[:REASON_LENGTH_MAX] or None,
    )


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None


def _text(told: Mapping[str, Any], name: str) -> str:
    """A member as printable text; nothing for what is missing, or no text or number."""
    value = told.get(name)
    return value if isinstance(value, str) and value.isprintable() else ""


def _parsed(body: bytes) -> dict[str, Any]:
    # Numbers stay texts. RecursionError: brackets without end are no notice either.
    try:
        told = json.loads(body, parse_float=str, parse_int=str, parse_constant=str)
    except RecursionError as error:
        raise ValueError from error
    if not isinstance(told, dict):
        raise ValueError(type(told))
    return told
