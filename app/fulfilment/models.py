"""What the glue keeps of its own: uploads waiting to be confirmed, papers of orders."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.append_only import append_only
from app.core.db import Base, Code, Id, JsonList, Moment, Name, Ref


class OrderUpload(Base):
    """A file of orders that was checked. Its orders are made when it is confirmed, all or none."""

    __tablename__ = "order_uploads"
    __table_args__ = (Index("ix_order_uploads_actor_made", "actor_id", "made_at"),)

    id: Mapped[Id]
    actor_id: Mapped[str] = mapped_column(String(26))
    filename: Mapped[Name]
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    """The file as sent; emptied once it is confirmed."""
    made_at: Mapped[Moment]
    confirmed_at: Mapped[Moment | None]
    order_ids: Mapped[JsonList] = mapped_column(default=list)


class OrderDocument(Base):
    """A paper of an order as it was made, in one language; never changed, a later one supersedes it."""

    __tablename__ = "order_documents"
    __table_args__ = (UniqueConstraint("number", "language"),)

    id: Mapped[Id]
    order_id: Mapped[Ref] = mapped_column(ForeignKey("orders.id"))
    order_version: Mapped[int]
    kind: Mapped[str] = mapped_column(String(40))
    number: Mapped[Code]
    language: Mapped[str] = mapped_column(String(16))
    html: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    """Of the UTF-8 bytes of `html`, in hex."""
    made_at: Mapped[Moment]
    made_by: Mapped[str] = mapped_column(String(26))


append_only(OrderDocument.__table__)
