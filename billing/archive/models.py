"""What is known of an archived document; its bytes lie in the document store."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from billing.kernel.columns import EnumType, one_of
from billing.kernel.db import Base, Identified
from billing.kernel.shown import Shown


class DocumentKind(Shown):
    """What a document is."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    COMPLETION_ACT = "completion_act"
    CASH_ORDER = "cash_order"


class ArchivedDocument(Identified, Base):
    """One document as it was issued: never rendered again, never changed."""

    __tablename__ = "archived_document"
    __table_args__ = (
        ForeignKeyConstraint(["district_id"], ["district.id"]),
        UniqueConstraint("district_id", "kind", "subject_id"),
        one_of("kind", DocumentKind),
    )

    kind: Mapped[DocumentKind] = mapped_column(EnumType(DocumentKind))
    subject_id: Mapped[UUID]  # the invoice, act, credit note or payment
    file_name: Mapped[str] = mapped_column(String(100))  # for people: invoice-2026-000123.pdf
    sha256: Mapped[str] = mapped_column(String(64))  # also the key in the document store
    size_bytes: Mapped[int]
    template_version: Mapped[str] = mapped_column(String(20))
    archived_at: Mapped[datetime] = mapped_column(server_default=func.now())
