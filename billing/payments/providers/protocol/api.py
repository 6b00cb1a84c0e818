"""Where payment providers call: ``GET|POST /pay/<provider>/<secret>``, outside of the API.

A stranger gets 404, a provider from a wrong place 403. Whoever is known is always answered with HTTP 200 and
a code of his own dialect, whatever he sent and whatever happened here: providers take any other status for a
failure of the line, and repeat.
"""

import hashlib
import ipaddress
import logging
import re
import ssl
from urllib.parse import unquote_to_bytes

from flask import Blueprint, Response, abort, current_app, request
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import RequestEntityTooLarge

from billing.kernel.clock import now
from billing.kernel.db import is_repeatable
from billing.payments.providers import service
from billing.payments.providers.models import CallOutcome, Provider, ProviderDialect
from billing.payments.providers.protocol.messages import (
    Answer,
    Call,
    Command,
    MalformedCall,
    Verdict,
    read_call,
    write_answer,
)
from billing.web.security import within_limit
from billing.web.transaction import ATTEMPTS_MAX, sessions_of

blp = Blueprint("provider_calls", __name__)

QUERY_BYTES_MAX = 2_000
BODY_BYTES_MAX = 4_000
CERTIFICATE_HEADER = "X-Client-Certificate"

_SECRET = re.compile(r"([1-9][0-9]{0,8})-[A-Za-z0-9_-]{43}", re.ASCII)
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_logger = logging.getLogger(__name__)


@blp.route("/pay/<code>/<secret>", methods=["GET", "POST"])
def answer_call(code: str, secret: str) -> Response:
    """Answer a provider."""
    if request.method == "HEAD":  # which Flask would let pay
        abort(405)
    provider = _provider(code, secret)
    answer = _answered(provider)
    return Response(answer.body, 200, content_type=answer.content_type)


def _provider(code: str, secret: str) -> Provider:
    """Who calls: known by the secret, and calling from where he may."""
    named = _SECRET.fullmatch(secret)
    if named is None:
        abort(404)
    with sessions_of(current_app).begin(int(named[1]), read_only=True) as session:
        provider = service.find_provider(session, code)
    if provider is None or provider.dialect is ProviderDialect.EPAY:
        abort(404)
    if not service.knows_secret(provider, secret):
        abort(404)
    if not _may_come_from_here(provider) or not _shows_certificate(provider):
        _logger.warning("provider %s of district %s: refused", provider.code, provider.district_id)
        abort(403)
    return provider


def _may_come_from_here(provider: Provider) -> bool:
    if not provider.allowed_addresses:
        return True
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in ipaddress.ip_network(network) for network in provider.allowed_addresses)


def _shows_certificate(provider: Provider) -> bool:
    """Whether the proxy in front saw the client certificate that was agreed; without one nobody can tell."""
    if provider.certificate_sha256 is None:
        return True
    told = request.headers.get(CERTIFICATE_HEADER, "")
    if not current_app.extensions["settings"].proxies:
        return False  # anybody could have written it
    return _fingerprint(told) == provider.certificate_sha256


def _fingerprint(told: str) -> str | None:
    """SHA-256 of a certificate, which proxies pass as such or as a whole (PEM, percent-encoded)."""
    digits = told.replace(":", "").lower()
    if _FINGERPRINT.fullmatch(digits):
        return digits
    try:
        whole = unquote_to_bytes(told).decode("ascii")
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(whole)).hexdigest()
    except ValueError:
        return None


def _answered(provider: Provider) -> Answer:
    try:
        call = read_call(provider, *_parts())
    except MalformedCall as malformed:
        field, txn_id = malformed.facts["field"], malformed.facts.get("txn_id", "")
        if field == "account":
            return write_answer(provider, Verdict(CallOutcome.WRONG_ACCOUNT, txn_id))
        return write_answer(provider, Verdict(CallOutcome.MALFORMED, txn_id, field=field))
    if not within_limit(provider.requests_per_minute_max, "provider", provider.district_id, provider.id):
        return write_answer(provider, Verdict(CallOutcome.BUSY, call.txn_id))
    try:
        return _tried(provider, call)
    except Exception:
        # Whatever it was: the provider repeats a payment until he hears what became of it.
        _logger.exception("provider %s of district %s: failed", provider.code, provider.district_id)
        outcome = CallOutcome.UNCHECKED if call.command is Command.CHECK else CallOutcome.UNFINISHED
        return write_answer(provider, Verdict(outcome, call.txn_id))


def _parts() -> tuple[bytes, bytes]:
    """The query and the form, as they came."""
    request.max_content_length = BODY_BYTES_MAX
    if len(request.query_string) > QUERY_BYTES_MAX:
        raise MalformedCall(field="query")
    try:
        return request.query_string, request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise MalformedCall(field="body") from None


def _tried(provider: Provider, call: Call) -> Answer:
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            return _done(provider, call)
        except OperationalError as error:
            if not is_repeatable(error) or attempt == ATTEMPTS_MAX:
                raise
    raise AssertionError


def _done(provider: Provider, call: Call) -> Answer:
    """What the call asks for, committed when this returns."""
    reading = call.command is Command.CHECK
    with sessions_of(current_app).begin(provider.district_id, read_only=reading) as session:
        if reading:
            return write_answer(provider, service.check(session, provider, call))
        if call.command is Command.CANCEL:
            return write_answer(provider, service.take_back(session, provider, call, now=now()))
        return service.pay(session, provider, call, now=now())
