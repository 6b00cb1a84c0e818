"""The address under which a customer sees his account without logging in, and how old ones are revoked.

An invoice's QR code carries a token: district, personal account and serial, signed with the server's own key,
so that the database holds no secret. An account's token stays the same until its links are revoked; each
revocation raises the serial, and tokens with a lower one open nothing from then on.
"""

import base64
import hashlib
import hmac
import re
import struct
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.customers.locks import lock_customers
from billing.customers.models import AccountLinkRevocation, Customer
from billing.customers.refusals import AccountLinkRevoked
from billing.kernel.bulk import among
from billing.kernel.checks import line
from billing.kernel.db import actor_of, district_of
from billing.kernel.errors import NotFound
from billing.kernel.paging import FIRST_PAGE, Page, PageRequest, Sorts, page_of
from billing.kernel.rows import get_row

PUBLIC_URL = "public_url"  # in the session's info: how residents reach the server
REASON_LENGTH_MAX = 300
SORTS: Sorts = {"-serial": [AccountLinkRevocation.serial]}

_KEY = "account_link_key"  # in the session's info: what tokens are signed with
_ACCOUNT_BYTES = 6  # of a number of 13 digits
_TOLD = struct.Struct(f">I{_ACCOUNT_BYTES}sH")  # district, account, serial
# 96 bits of the signature: beyond guessing, and the whole token is 32 characters in a small QR code.
_SIGNATURE_BYTES = 12
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class AccountToken:
    """What a token says; a forged one says nothing.

    Attributes:
        serial: how often the account's links had been revoked when this one was made.
    """

    district_id: int
    account_number: str
    serial: int


def signing_with(key: str) -> dict[str, Any]:
    """What a session must know to make and read tokens.

    Args:
        key: the server's own; whoever has it can open every account, and without it all links are dead.
    """
    return {_KEY: key}


def account_link(session: Session, account_number: str, serial: int) -> str:
    """The address of a customer's account page."""
    token = _written(AccountToken(district_of(session), account_number, serial), _key_of(session))
    return f"{session.info.get(PUBLIC_URL, '')}/a/{token}"


def read_token(session: Session, text: str) -> AccountToken | None:
    """What a token says; None where we never made it. The session need not be in a district."""
    if _TOKEN.fullmatch(text) is None:
        return None
    content = base64.urlsafe_b64decode(text)
    told, signature = content[: _TOLD.size], content[_TOLD.size :]
    if not hmac.compare_digest(signature, _signature(told, _key_of(session))):
        return None
    district_id, account, serial = _TOLD.unpack(told)
    return AccountToken(district_id, str(int.from_bytes(account)), serial)


def customer_linked(session: Session, token: AccountToken) -> Customer:
    """Whose account a token of the session's district opens.

    Raises:
        NotFound: the register that is used now never gave such a link.
        AccountLinkRevoked: newer links were given since.
    """
    assert token.district_id == district_of(session), token
    customer = session.scalar(select(Customer).where(Customer.account_number == token.account_number))
    serial = -1 if customer is None else link_serial(session, customer.id)
    if customer is None or token.serial > serial:
        raise NotFound(kind="account_link", id=token.account_number)
    if token.serial < serial:
        raise AccountLinkRevoked(account_number=token.account_number)
    return customer


def link_serial(session: Session, customer_id: UUID) -> int:
    """The serial that a customer's links carry now."""
    return link_serials(session, [customer_id])[customer_id]


def link_serials(session: Session, customer_ids: Collection[UUID]) -> dict[UUID, int]:
    """The serials that customers' links carry now, in one query."""
    rows = session.execute(
        select(AccountLinkRevocation.customer_id, func.max(AccountLinkRevocation.serial))
        .where(among(session, AccountLinkRevocation.customer_id, customer_ids))
        .group_by(AccountLinkRevocation.customer_id)
    )
    return dict.fromkeys(customer_ids, 0) | {row[0]: row[1] for row in rows}


def revoke_links(session: Session, customer_id: UUID, *, reason: str) -> AccountLinkRevocation:
    """Let no link that a customer was given so far open his account; papers to come carry a new one.

    Raises:
        InvalidText: no reason.
        NotFound: no such customer.
    """
    reason = line(reason, field="reason", length_max=REASON_LENGTH_MAX)
    # Locked first: an invoice issued at this moment must carry the serial before or after, not one between.
    lock_customers(session, [customer_id])
    revocation = AccountLinkRevocation(
        district_id=district_of(session),
        customer_id=customer_id,
        serial=link_serial(session, customer_id) + 1,
        reason=reason,
        recorded_by=actor_of(session),
    )
    session.add(revocation)
    session.flush()
    return revocation


def list_revocations(
    session: Session, customer_id: UUID, page: PageRequest = FIRST_PAGE
) -> Page[AccountLinkRevocation]:
    """When a customer's links were revoked, the latest first.

    Raises:
        NotFound: no such customer.
        InvalidSort, InvalidCursor: see ``page_of``.
    """
    get_row(session, Customer, customer_id, kind="customer")
    statement = select(AccountLinkRevocation).where(AccountLinkRevocation.customer_id == customer_id)
    return page_of(session, statement, SORTS, page)


def _key_of(session: Session) -> str:
    return str(session.info[_KEY])


def _written(token: AccountToken, key: str) -> str:
    account = int(token.account_number).to_bytes(_ACCOUNT_BYTES)
    told = _TOLD.pack(token.district_id, account, token.serial)
    return base64.urlsafe_b64encode(told + _signature(told, key)).decode()


def _signature(told: bytes, key: str) -> bytes:
    # The key signs other things too: the name keeps a signature of one from passing for the other's.
    return hmac.new(key.encode(), b"account-link:" + told, hashlib.sha256).digest()[:_SIGNATURE_BYTES]
