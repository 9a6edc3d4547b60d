"""`POST /hooks/<source>`: events come in; `GET /hooks/<source>/events/<id>/<key>`: what happened to one.

The hottest path of the house after the engine's step: no session cookie, no actor, no ORM; refusals write next to
nothing. 202 says: committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue

from app.core.db import session
from app.core.errors import DomainError, NotFound, TooMany, Unauthenticated
from app.core.i18n import _l, language
from app.core.permissions import public
from app.core.web import in_transaction, needs_no_database
from app.integration.inbound import envelopes, queries, receiving, refusals
from app.integration.inbound.models import HookSource
from app.integration.inbound.receiving import Door, Taken
from app.integration.pages.blueprint import bp

CLASH = "clash"


class EventIdReused(DomainError):
    """The same id came before with other contents; those of the first are kept."""

    status = 409
    message = _l("An event with the id “%(event)s” came before with other contents. What came first stands.")


REASONS: tuple[tuple[type[DomainError], str], ...] = (
    (NotFound, "no such source"),
    (Unauthenticated, "not signed"),
    (TooMany, "too fast"),
    (EventIdReused, "id used again"),
)


@bp.post("/hooks/<source>")
@public
@needs_no_database
def receive(source: str) -> ResponseReturnValue:
    """Take the events of a request in. 202 with the address of each one's status."""
    door: Door | None = None
    try:
        door = receiving.door(source)
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = request.get_data(cache=False)
        receiving.must_be(door, headers, body)
        receiving.must_not_flood(door)  # behind the proof: nobody else can use up what the sender may send
        events = envelopes.read(door.shape, request.headers.get("Content-Type", ""), headers, body)
    except DomainError as error:
        _note_refusal(door.id if door is not None else "", error)
        raise
    address = request.remote_addr or ""
    found: Door = door
    taken = in_transaction(lambda: receiving.take_in(found, events, headers, address), write=True)
    return _answer(found, taken)


def _answer(door: Door, taken: Sequence[Taken]) -> ResponseReturnValue:
    told = [_told(door, one) for one in taken]
    if len(taken) > 1:
        return jsonify({"events": told}), 202
    (one,), (only,) = taken, told
    if one.outcome == CLASH:
        error = EventIdReused(event=one.event_id, status_url=only["status_url"])
        _note_refusal(door.id, error)
        raise error
    response: Response = jsonify(only)
    response.status_code = 202
    response.headers["Location"] = only["status_url"]
    return response


def _told(door: Door, one: Taken) -> dict[str, str]:
    """`status`: received; duplicate (what came first stands); clash (so, but the contents differ)."""
    where = f"/hooks/{door.code}/events/{one.id}/{queries.status_key(one.id)}"
    return {"id": one.event_id, "status": one.outcome, "status_url": where}


def _note_refusal(source_id: str, error: DomainError) -> None:
    reason = next((name for kind, name in REASONS if isinstance(error, kind)), "not readable")
    count = refusals.to_write(source_id, reason)
    if count:
        address = request.remote_addr or ""
        in_transaction(lambda: refusals.write(source_id, reason, count, address), write=True)


@bp.get("/hooks/<source>/events/<event_id>/<proof>")
@public
def event_status(source: str, event_id: str, proof: str) -> Any:
    """What happened to the event. Who knows the address was given it with the 202."""
    if not queries.has_status_key(event_id, proof):
        raise NotFound
    event = queries.get_event(event_id)
    found = session().get_one(HookSource, event.source_id)
    if found.code != source:
        raise NotFound
    return queries.status_of(event, language())
