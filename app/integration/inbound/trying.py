"""A dry run: the mapping on a sample, really carried out, and then undone as a whole.

What is shown is what the services did, not a guess: the sentence and links of the action, and every entry that the
trail would have got. Numbers that it gave (of an order, say) are given again to somebody else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import select

from app.audit.models import AuditEntry
from app.core import clock, db, ids, jsontext
from app.core.db import session
from app.core.errors import DomainError, Invalid
from app.core.i18n import _
from app.identity import queries as people
from app.integration.inbound import envelopes, mapping
from app.integration.inbound.actions import Action, Arrival, CameEarly, Outcome
from app.integration.inbound.models import CLOUDEVENTS, HookSource

T = TypeVar("T")
MOST_ENTRIES = 50


@dataclass(frozen=True)
class Tried:
    """What would happen. `fields`: faults by path; `early`: what it would wait for; `absent`: what is read and not in
    the sample, by path."""

    rule: int | None = None
    name: str = ""
    action: Action | None = None
    values: dict[str, Any] = field(default_factory=dict)
    outcome: Outcome | None = None
    entries: tuple[tuple[str, str], ...] = ()
    """Action and kind of subject of what the audit trail would have got."""
    early: str = ""
    reason: str = ""
    fields: Mapping[str, list[str]] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """It would be an event that fails."""
        return bool(self.fields or self.reason)

    @property
    def failure(self) -> str:
        """What fails, in the reader's language."""
        told = [f"{name}: {' '.join(reasons)}" for name, reasons in self.fields.items()]
        return self.reason or "; ".join(told)


class _Undo(Exception):
    def __init__(self, tried: Tried) -> None:
        super().__init__()
        self.tried = tried


def try_out(
    source: HookSource, body: Mapping[str, Any], sample: str, within: Callable[[Callable[[], Any]], Any]
) -> Tried:
    """What the mapping makes of the sample (the body of a request). `within` runs its argument in a transaction of its
    own, so that nothing at all is left. Raises Invalid (`sample`) when that cannot be read."""
    event = read_sample(source, sample)
    scope = envelopes.scope_of(event.attributes, jsontext.loads(event.body))
    try:
        within(lambda: _leaving_nothing(source.acts_as, body, scope, event))
    except _Undo as undo:
        return undo.tried
    raise AssertionError("unreachable")


def _leaving_nothing(user_id: str, body: Mapping[str, Any], scope: dict[str, Any], event: envelopes.Incoming) -> None:
    """Also what a refusal keeps regardless (a mis-shipment that a scan prevented) is not kept of what is only tried."""
    try:
        _carry_out(user_id, body, scope, event)
    finally:
        db.leave_no_trace()


def _carry_out(user_id: str, body: Mapping[str, Any], scope: dict[str, Any], event: envelopes.Incoming) -> None:
    """Do it and tell by raising, which undoes it: the savepoint, and the transaction around it."""
    since = ids.first_at(clock.now())
    before = set(_recorded(user_id, since))
    with session().begin_nested():
        try:
            chosen = mapping.choose(body, scope)
        except Invalid as error:
            raise _Undo(Tried(fields=error.details["fields"])) from None
        except DomainError as error:
            raise _Undo(Tried(reason=error.sentence())) from None
        told: dict[str, Any] = {
            "rule": chosen.rule,
            "name": chosen.name,
            "action": chosen.action,
            "values": chosen.values,
            "absent": mapping.absent(body, scope, chosen.rule),
        }
        if chosen.action is None:
            raise _Undo(Tried(**told))
        try:
            actor = people.actor_of(people.get_user(user_id))
            actor.must(chosen.action.right)
            arrival = Arrival(f"dry {ids.new_id()}", event.event_id, event.key, timedelta(minutes=1))
            outcome = chosen.action.run(actor, chosen.values, arrival)
            session().flush()
            raise _Undo(Tried(**told, outcome=outcome, entries=_entries(user_id, since, before)))
        except CameEarly as error:
            raise _Undo(Tried(**told, early=error.sentence())) from None
        except Invalid as error:
            raise _Undo(Tried(**told, fields=error.details["fields"])) from None
        except DomainError as error:
            raise _Undo(Tried(**told, reason=error.sentence())) from None


def _entries(user_id: str, since: str, before: set[tuple[str, str, str]]) -> tuple[tuple[str, str], ...]:
    """What was recorded in this transaction."""
    return tuple(entry[1:] for entry in _recorded(user_id, since) if entry not in before)


def _recorded(user_id: str, since: str) -> list[tuple[str, str, str]]:
    """What the account did since that moment as far as this transaction sees it."""
    wanted = (
        select(AuditEntry.id, AuditEntry.action, AuditEntry.subject_kind)
        .where(AuditEntry.id >= since, AuditEntry.actor_id == user_id)
        .order_by(AuditEntry.id)
    )
    return [(key, action, kind) for key, action, kind in session().execute(wanted.limit(MOST_ENTRIES))]


def read_sample(source: HookSource, sample: str) -> envelopes.Incoming:
    """The event that this body would be. Raises Invalid."""
    if not sample.strip():
        raise Invalid({"sample": [_("Paste the body of a request.")]})
    is_cloud = source.format == CLOUDEVENTS
    shape = envelopes.Shape(source.format, signed=False, id_path="", key_path=source.key_path)
    headers = {"webhook-id": "sample"}
    kind = envelopes.STRUCTURED if is_cloud else "application/json"
    try:
        (event,) = envelopes.read(shape, kind, headers, sample.strip().encode("utf-8", "replace"))
    except DomainError as error:
        raise Invalid({"sample": [error.sentence()]}) from None
    return event
