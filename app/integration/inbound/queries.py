"""Reading sources and events."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from app.core import jsontext, sealing
from app.core.db import session
from app.core.errors import NotFound
from app.integration.inbound.models import HookEvent, HookSource, HookState
from app.integration.inbound.tree import masked

ALARMING = (HookState.FAILED.value, HookState.DEAD.value)
_KEY_LENGTH = 32


@dataclass(frozen=True)
class Filter:
    """Of the log; empty ones do not narrow."""

    source_id: str = ""
    state: str = ""
    event_id: str = ""
    type: str = ""
    key: str = ""


def sources() -> list[HookSource]:
    """All, by code."""
    return list(session().scalars(select(HookSource).order_by(HookSource.code)))


def get_source(source_id: str) -> HookSource:
    """Raises NotFound."""
    found = session().get(HookSource, source_id)
    if found is None:
        raise NotFound(source=source_id)
    return found


def events(wanted: Filter) -> Select[Any]:
    """Of the log, the newest first."""
    statement = select(HookEvent).order_by(HookEvent.id.desc())
    for column, value in (
        (HookEvent.source_id, wanted.source_id),
        (HookEvent.state, wanted.state),
        (HookEvent.event_id, wanted.event_id),
        (HookEvent.type, wanted.type),
        (HookEvent.key, wanted.key),
    ):
        if value:
            statement = statement.where(column == value)
    return statement


def first(statement: Select[Any]) -> Any:
    """The first of what it selects, or None."""
    return session().scalars(statement.limit(1)).first()


def get_event(event_id: str) -> HookEvent:
    """By our id. Raises NotFound."""
    found = session().scalar(select(HookEvent).where(HookEvent.id == event_id))
    if found is None:
        raise NotFound(event=event_id)
    return found


def events_by_id(ids: Sequence[str]) -> list[HookEvent]:
    """Those of the ids that exist, in the order they came, locked."""
    wanted = select(HookEvent).where(HookEvent.id.in_(list(ids))).order_by(HookEvent.seq)
    return list(session().scalars(wanted.with_for_update().execution_options(populate_existing=True)))


def alarming() -> int:
    """How many events failed or were given up and nobody has dealt with, at most 100."""
    some = select(HookEvent.seq).where(HookEvent.state.in_(ALARMING)).limit(100).subquery()
    return session().scalar(select(func.count()).select_from(some)) or 0


def counts(source_id: str) -> dict[str, int]:
    """Events of a source that are neither done nor to be done, by state."""
    odd = HookEvent.state.not_in((HookState.RECEIVED, HookState.DONE))
    wanted = select(HookEvent.state, func.count()).where(odd, HookEvent.source_id == source_id)
    rows: Any = session().execute(wanted.group_by(HookEvent.state)).all()
    return dict(rows)


def status_key(event_id: str) -> str:
    """What makes the status address of an event unguessable: only who sent it was told."""
    return sealing.mark("webhook status", event_id.encode())[:_KEY_LENGTH]


def has_status_key(event_id: str, given: str) -> bool:
    """True when it is that key."""
    return hmac.compare_digest(status_key(event_id).encode(), given.encode("utf-8", "replace"))


def shown_body(event: HookEvent, source: HookSource) -> str:
    """The payload as people may see it: what the source masks is masked."""
    value = {"event": event.attributes, "data": jsontext.loads(event.body)}
    return jsontext.pretty(masked(value, source.masked))


def pick_fields(fault: Mapping[str, Any] | None, language: str) -> dict[str, list[str]]:
    """Reasons by field, in the reader's language where they are known in it."""
    if not fault:
        return {}
    chinese = fault.get("fields_zh") if language.startswith("zh") else None
    return dict(chinese or fault.get("fields") or {})


def status_of(event: HookEvent, language: str) -> dict[str, Any]:
    """What happened to the event, for who sent it: no names of ours but numbers it made."""
    outcome, fault = event.outcome or {}, event.fault or {}
    code = "zh" if language.startswith("zh") else "en"
    open_or_odd = event.state != HookState.DONE
    return {
        "id": event.event_id,
        "type": event.type,
        "status": event.state,
        "received_at": event.received_at.isoformat(),
        "finished_at": event.finished_at.isoformat() if event.finished_at else None,
        "duplicates": event.duplicates,
        "with_other_contents": event.clashes,
        "result": outcome.get("text", {}).get(code) if outcome else None,
        "links": [{"kind": link["kind"], "label": link["label"]} for link in outcome.get("links", ())],
        "reason": fault.get("reason", {}).get(code) if fault and open_or_odd else None,
        "fields": pick_fields(fault, language) if open_or_odd else {},
    }
