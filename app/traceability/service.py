"""Taking in EPCIS events of others, and declaring events wrong. Nothing is ever changed or taken away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select

from app.audit.service import record
from app.core import clock, jsontext
from app.core.db import session
from app.core.errors import Conflict, Invalid, NotFound
from app.core.i18n import _, _l
from app.core.ids import new_id
from app.core.permissions import Actor
from app.core.subject import Subject
from app.inventory.models import LedgerEntry
from app.traceability.epcis import checking, names
from app.traceability.foreign import errors_of
from app.traceability.models import REASONS, EventError, EventName, ForeignEvent

MOST_EVENTS = 5000
LONGEST_ID = 400
EVENTS = "epcisBody.eventList"


_OTHERWISE = _l("This eventID is known with another content. Declare the event wrong, and send a corrective one.")


class DeclaredAlready(Conflict):
    """An event is declared wrong once."""

    message = _l("The event %(event)s was declared wrong already.")


@dataclass
class Taken:
    """What came of a document, as eventIDs: new, known already, newly declared wrong."""

    taken: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    declared: list[str] = field(default_factory=list)


def take_in(actor: Actor, document: Any) -> Taken:
    """Store the events of an EPCIS 2.0 document that are not known yet, with their error declarations.

    An event without an eventID gets one made of its content, so that the same document twice changes nothing. Raises
    Invalid that names each fault with its path, also for an eventID that is known with another content or is of ours.
    """
    checking.check(document)
    events = document["epcisBody"]["eventList"]
    _require(EVENTS, holds=len(events) <= MOST_EVENTS, why=_("At most %(most)s events.", most=MOST_EVENTS))
    found = [_incoming(event, f"{EVENTS}.{number}") for number, event in enumerate(events)]
    ids = [one.event_id for one in found]
    known: dict[str, Any] = {one.event_id: one for one in _stored(ids)}
    done, new = Taken(), list[_Incoming]()
    for one in found:
        before = known.setdefault(one.event_id, one)
        if before is one:
            _refuse_ours(one)
            new.append(one)
        elif before.sha256 != one.sha256:
            raise Invalid({f"{one.path}.eventID": [_OTHERWISE]})
    _keep(actor, new, document)
    done.taken = [one.event_id for one in new]
    done.known = [one for one in dict.fromkeys(ids) if one not in set(done.taken)]
    done.declared = _keep_errors(actor, found)
    if done.taken or done.declared:
        subject = Subject("epcis-document", jsontext.digest(document)[:26])
        record(actor, "epcis:take_in", subject, taken=len(done.taken), declared=len(done.declared))
    return done


@dataclass(frozen=True)
class _Incoming:
    path: str
    event: dict[str, Any]
    event_id: str
    event_at: datetime
    sha256: str


def _require(path: str, *, holds: bool, why: str) -> None:
    if not holds:
        raise Invalid({path: [why]})


def _incoming(event: dict[str, Any], path: str) -> _Incoming:
    content = {name: value for name, value in event.items() if name not in ("errorDeclaration", "recordTime")}
    try:
        digest = jsontext.digest(content)
    except TypeError:
        raise Invalid({path: [_("Numbers beyond 53 bits are not taken.")]}) from None
    if "\\u0000" in jsontext.dumps(event):
        raise Invalid({path: [_("Texts with a null character are not taken.")]})
    event_id = event.get("eventID") or f"ni:///sha-256;{digest}"
    _require(f"{path}.eventID", holds=len(event_id) <= LONGEST_ID, why=_("This is too long."))
    return _Incoming(path, event, event_id, _read_time(event["eventTime"], f"{path}.eventTime"), digest)


def _read_time(text: str, path: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid({path: [_("This is no %(form)s.", form="date-time")]}) from None


def _stored(event_ids: Sequence[str]) -> Iterator[ForeignEvent]:
    ids = list(dict.fromkeys(event_ids))
    for first in range(0, len(ids), 1000):
        yield from session().scalars(select(ForeignEvent).where(ForeignEvent.event_id.in_(ids[first : first + 1000])))


def _refuse_ours(one: _Incoming) -> None:
    entry_id = names.entry_id(one.event_id)
    if entry_id and session().get(LedgerEntry, entry_id) is not None:
        raise Invalid({f"{one.path}.eventID": [_("This is an event of our own ledger.")]})


def _keep(actor: Actor, new: Sequence[_Incoming], document: dict[str, Any]) -> None:
    at, context = clock.now(), document.get("@context", [])
    given = {"taken_at": at, "taken_by": actor.id, "taken_by_name": actor.name[:200]}
    rows, named = [], []
    for one in new:
        row = {"id": new_id(), "event_id": one.event_id, "kind": str(one.event["type"])[:200], **given}
        row |= {"event_at": one.event_at, "content": one.event, "sha256": one.sha256}
        rows.append(row | {"context": context if isinstance(context, list) else [context]})
        found = sorted({hit for text in _identifiers(one.event) if (hit := names.read(text)) is not None})
        named += [{"id": new_id(), "event_id": row["id"], **hit._asdict()} for hit in found]
    if rows:
        session().execute(insert(ForeignEvent), rows)
    if named:
        session().execute(insert(EventName), named)


def _identifiers(event: dict[str, Any]) -> Iterator[str]:
    for name in ("epcList", "childEPCs", "inputEPCList", "outputEPCList"):
        yield from event.get(name, [])
    for name in ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"):
        yield from (one["epcClass"] for one in event.get(name, []))
    if event.get("parentID"):
        yield event["parentID"]


def _keep_errors(actor: Actor, found: Sequence[_Incoming]) -> list[str]:
    """Declarations that are not known yet; the first on an event counts."""
    said = {one.event_id: one for one in found if "errorDeclaration" in one.event}
    known = errors_of(said)
    rows = []
    for event_id, one in said.items():
        told = one.event["errorDeclaration"]
        if event_id in known:
            continue
        path = f"{one.path}.errorDeclaration"
        rows.append(
            {
                "event_id": event_id,
                "entry_id": None,
                "declared_at": _read_time(told["declarationTime"], f"{path}.declarationTime"),
                "reason": str(told.get("reason", ""))[:200],
                "comment": "",
                "corrective": told.get("correctiveEventIDs", []),
                **_made(actor),
            }
        )
    if rows:
        session().execute(insert(EventError), rows)
    return [row["event_id"] for row in rows]


def _made(actor: Actor) -> dict[str, Any]:
    return {"id": new_id(), "made_at": clock.now(), "made_by": actor.id, "made_by_name": actor.name[:200]}


def declare_wrong(
    actor: Actor, event_id: str, *, reason: str, comment: str, corrective: Sequence[str] = ()
) -> EventError:
    """Say that an event of ours is wrong, why, and which events say what is right. The event stays in the ledger.

    Raises NotFound, DeclaredAlready, and Invalid for an unknown reason, a missing comment, or corrective events that
    nobody knows.
    """
    entry_id = names.entry_id(event_id)
    row = session().get(LedgerEntry, entry_id) if entry_id else None
    if row is None:
        raise NotFound(event=event_id[:100])
    corrective = [one for one in dict.fromkeys(corrective) if one]
    faults: dict[str, list[str]] = {}
    if reason not in REASONS:
        faults["reason"] = [_("Choose one of these.")]
    if not comment.strip():
        faults["comment"] = [_("Say why.")]
    unknown = _unknown(corrective, event_id)
    if unknown:
        faults["corrective"] = [_("These are no events that we know: %(ids)s.", ids=", ".join(unknown[:5])[:300])]
    if faults:
        raise Invalid(faults)
    if errors_of([event_id]):
        raise DeclaredAlready(event=event_id)
    made = EventError(
        event_id=event_id,
        entry_id=row.id,
        declared_at=clock.now(),
        reason=reason,
        comment=comment.strip()[:500],
        corrective=list(corrective),
        **_made(actor),
    )
    session().add(made)
    session().flush()
    about = {"event": event_id, "lot": row.lot_id, "seq": row.seq, "reason": reason, "comment": made.comment}
    record(actor, "epcis:declare", Subject("epcis-event", row.id), **about, corrective=made.corrective)
    return made


def _unknown(event_ids: Sequence[str], mistaken: str) -> list[str]:
    ids = {one: names.entry_id(one) for one in event_ids[:100]}
    ours = set(
        session().scalars(select(LedgerEntry.id).where(LedgerEntry.id.in_([one for one in ids.values() if one])))
    )
    theirs = {one.event_id for one in _stored(list(ids))}
    return [one for one in event_ids if one == mistaken or (ids.get(one) not in ours and one not in theirs)]
