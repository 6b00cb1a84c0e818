"""Answers already given, so that a repeated request gets the same one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, LargeBinary, String, func
from sqlalchemy.orm import Mapped, mapped_column

from billing.kernel.db import Base, InDistrict


class IdempotentAnswer(InDistrict, Base):
    """The answer to a POST with an ``Idempotency-Key``, stored in the transaction that did the work."""

    __tablename__ = "idempotent_answer"
    __table_args__ = (ForeignKeyConstraint(["district_id"], ["district.id"]),)

    user_id: Mapped[UUID] = mapped_column(primary_key=True)  # keys of two users never meet
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    request_sha256: Mapped[str] = mapped_column(String(64))  # method, path and body
    status: Mapped[int]
    content_type: Mapped[str] = mapped_column(String(100))
    location: Mapped[str | None] = mapped_column(String(300))
    etag: Mapped[str | None] = mapped_column(String(100))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    answered_at: Mapped[datetime] = mapped_column(server_default=func.now())
