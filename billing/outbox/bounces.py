"""Mailboxes that take no letters: refused by their server at once, or sent back by it later."""

import re
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from billing.kernel.db import district_of, insert_into
from billing.outbox.models import BouncingMailbox, Delivery, DeliveryState

REASON_LENGTH_MAX = 200
_ADDRESS = re.compile(r"<?[^\s<>]+@[^\s<>]+>?")


def bounce(session: Session, delivery_id: UUID, *, reason: str, now: datetime) -> bool:
    """Note that a letter came back: its mailbox gets no other until somebody trusts it again.

    Letters that wait for the mailbox come back with it. The same again changes nothing.

    Args:
        reason: in the words of the other side's server.

    Returns:
        Whether it was news.
    """
    delivery = session.get(Delivery, (district_of(session), delivery_id))
    if delivery is None or delivery.mailbox is None or delivery.state is DeliveryState.BOUNCED:
        return False
    reason = readable(reason)
    mailbox = {"district_id": delivery.district_id, "mailbox": delivery.mailbox}
    known = {"reason": reason, "bounced_at": now}
    # The mailbox before its letters: two that come back at once must not wait for each other's.
    session.execute(
        insert_into(session, BouncingMailbox)
        .values(mailbox | known)
        .on_conflict_do_update(index_elements=list(mailbox), set_=known)
    )
    waiting = (Delivery.mailbox == delivery.mailbox) & (Delivery.state == DeliveryState.WAITING)
    session.execute(
        update(Delivery)
        .where(or_(Delivery.id == delivery_id, waiting))
        .values(state=DeliveryState.BOUNCED, last_error=reason)
        .execution_options(synchronize_session=False)
    )
    session.refresh(delivery)
    return True


def bouncing(session: Session, mailboxes: Collection[str]) -> dict[str, BouncingMailbox]:
    """Those of some mailboxes that take no letters."""
    statement = select(BouncingMailbox).where(BouncingMailbox.mailbox.in_(mailboxes))
    return {each.mailbox: each for each in session.scalars(statement)}


def trust(session: Session, mailbox: str) -> None:
    """Write to a mailbox again. What came back does not go out anew."""
    session.execute(delete(BouncingMailbox).where(BouncingMailbox.mailbox == mailbox))


def readable(reason: str) -> str:
    """A server's words in one line, without the address: who may read them may not read that."""
    printable = "".join(letter if letter.isprintable() else " " for letter in reason)
    return " ".join(_ADDRESS.sub("…", printable).split())[:REASON_LENGTH_MAX] or "—"
