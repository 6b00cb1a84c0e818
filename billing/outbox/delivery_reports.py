"""Reads what mail servers send back of letters they could not deliver (RFC 3464).

A report names the letter by its Message-ID, which only whoever had the letter can know: a forged report
cannot silence a mailbox. It is a stranger's text all the same, so nothing in it is trusted to be there.
"""

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import Message
from uuid import UUID

# The id of a message of ours is the id of its delivery.
_OURS = re.compile(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@[^>\s]+>", re.IGNORECASE)
_HEADERS_LENGTH_MAX = 50_000


@dataclass(frozen=True, slots=True)
class ReturnedLetter:
    """A letter that will not be delivered.

    Attributes:
        reason: status and diagnosis, in the words of the server that gave up.
    """

    delivery_id: UUID
    reason: str


def read_report(content: bytes) -> ReturnedLetter | None:
    """What a message says of a letter of ours; None if it is no report, or none of a failure."""
    try:
        message = email.message_from_bytes(content, policy=policy.compat32)
        parts = list(message.walk())
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    if message.get_content_type() != "multipart/report":
        return None
    reasons = [_reason(fields) for part in parts for fields in _recipients(part) if _failed(fields)]
    ids = [found for part in parts for found in _ids(part)]
    if not reasons or not ids:
        return None
    return ReturnedLetter(ids[0], reasons[0])


def _recipients(part: Message) -> Iterator[Message]:
    """The fields of each recipient: every block after the first, which is about the whole message."""
    if part.get_content_type() != "message/delivery-status":
        return
    blocks = part.get_payload()
    if isinstance(blocks, list):
        yield from (block for block in blocks[1:] if isinstance(block, Message))


def _failed(fields: Message) -> bool:
    # Not "delayed": the server still tries; "delivered", "relayed" and "expanded" are good news.
    return _value(fields, "Action").lower() == "failed"


def _reason(fields: Message) -> str:
    diagnosis = _value(fields, "Diagnostic-Code").partition(";")[2].strip()
    status = _value(fields, "Status")
    return diagnosis if status in diagnosis else f"{status} {diagnosis}"


def _value(fields: Message, name: str) -> str:
    return " ".join(str(fields.get(name, "")).split())


def _ids(part: Message) -> Iterator[UUID]:
    """The Message-ID of the letter that a report gives back, whole or only its headers."""
    kind = part.get_content_type()
    if kind == "message/rfc822":
        inner = part.get_payload()
        letters = inner if isinstance(inner, list) else []
        heads = [str(each.get("Message-ID", "")) for each in letters if isinstance(each, Message)]
    elif kind in {"text/rfc822-headers", "message/rfc822-headers"}:
        heads = [str(part.get_payload())[:_HEADERS_LENGTH_MAX]]
    else:
        return
    for head in heads:
        for found in _OURS.finditer(head):
            yield UUID(found[1])
