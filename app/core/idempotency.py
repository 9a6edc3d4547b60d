"""The same request, sent twice with the same key, is served once: the second time the first answer is given again.

The key is taken and the answer kept in the transaction that does the work, so neither exists without the other. Of two
requests at once the later waits for the earlier at the unique key, then finds its answer.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import fields
from sqlalchemy import String, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock, jsontext
from app.core.conflicts import insert_into
from app.core.db import Base, Id, JsonDict, UtcDateTime, session
from app.core.errors import DomainError, Invalid
from app.core.fields import Schema
from app.core.i18n import _, _l
from app.core.ids import new_id
from app.core.permissions import Actor

_FORM = re.compile(r"[\x21-\x7e]{1,255}\Z")


class IdempotencyKey(Base):
    """A request that was served once, and what it was answered: the same request again gets the same answer."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("actor_id", "key"),)

    id: Mapped[Id]
    actor_id: Mapped[str] = mapped_column(String(26))
    key: Mapped[str] = mapped_column(String(255))
    body_hash: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    subject_id: Mapped[str | None] = mapped_column(String(26))
    """What was made (an order, …); None only inside the transaction that makes it."""
    answer: Mapped[JsonDict]


class KeyHeader(Schema):
    """The header that makes a repeated request harmless."""

    idempotency_key = fields.String(
        data_key="Idempotency-Key",
        metadata={
            "description": "1 to 255 visible ASCII characters, new for each request. "
            "The same request again is answered as before.",
            "example": "6f1c0a52-order-1",
        },
    )


class KeyReused(DomainError):
    """The key was used for another request."""

    message = _l("The idempotency key %(key)s was already used for a request with other content.")


@dataclass(frozen=True)
class Kept:
    """What a request made and was answered."""

    subject_id: str
    answer: dict[str, Any]


def take(actor: Actor, key: str, body: Any) -> Kept | None:
    """Take the key for this request, or answer what the same request was answered before.

    Raises Invalid for a malformed key, KeyReused when the body was another.
    """
    if not _FORM.match(key):
        raise Invalid({"Idempotency-Key": [_("Must be 1 to 255 visible ASCII characters.")]})
    wanted = body_hash(body)
    values = {
        "id": new_id(),
        "actor_id": actor.id,
        "key": key,
        "body_hash": wanted,
        "made_at": clock.now(),
        "answer": {},
    }
    taken = insert_into(IdempotencyKey).values(values).on_conflict_do_nothing().returning(IdempotencyKey.id)
    if session().execute(taken).first() is not None:
        return None
    found = (
        session()
        .execute(
            select(IdempotencyKey.body_hash, IdempotencyKey.subject_id, IdempotencyKey.answer).where(
                IdempotencyKey.actor_id == actor.id, IdempotencyKey.key == key
            )
        )
        .one()
    )
    if found.body_hash != wanted:
        raise KeyReused(key=key)
    return Kept(found.subject_id or "", found.answer)


def keep(actor: Actor, key: str, subject_id: str, answer: dict[str, Any]) -> None:
    """Keep what the request of the key taken in this transaction made and was answered."""
    session().execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.actor_id == actor.id, IdempotencyKey.key == key)
        .values(subject_id=subject_id, answer=jsontext.plain(answer))
        .execution_options(synchronize_session=False)
    )


def body_hash(body: Any) -> str:
    """SHA-256 of the body, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()
