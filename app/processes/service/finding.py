"""Who waits for a message. Subscriptions are rows: no instance is loaded to find who waits, but for correlation keys
the variables of those that wait are looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import select

from app.core import jsontext
from app.core.db import session
from app.processes import engine
from app.processes.definitions import deployed
from app.processes.models import InstanceStatus, ProcessInstance, ProcessStart, ProcessWait

MOST_COUNTED = 1000
"""A message for one that so many or more wait for is told of so many."""
MOST_TOLD = 20
AT_ONCE = 200


class Waiting(NamedTuple):
    """A token that waits."""

    instance_id: str
    token: int
    element_id: str
    business_key: str | None


@dataclass(frozen=True)
class Wanted:
    """Whom a message is for: None and nothing mean anybody. `keys`: variables the instance must have with these
    values; `local`: those that the waiting token itself must have."""

    name: str
    business_key: str | None = None
    instance_id: str | None = None
    keys: Mapping[str, Any] = field(default_factory=dict)
    local: Mapping[str, Any] = field(default_factory=dict)


def waiting(wanted: Wanted, *, all_: bool) -> list[Waiting]:
    """Who waits for it in instances that go on, the longest first; without `all_` at most MOST_COUNTED."""
    columns = (ProcessWait.instance_id, ProcessWait.token, ProcessWait.element_id, ProcessWait.business_key)
    statement = (
        select(*columns)
        .join(ProcessInstance, ProcessInstance.id == ProcessWait.instance_id)
        .where(
            ProcessWait.kind == "message",
            ProcessWait.name == wanted.name,
            ProcessInstance.status == InstanceStatus.RUNNING.value,
            ProcessInstance.suspended.is_(False),
        )
        .order_by(ProcessWait.created_at, ProcessWait.instance_id, ProcessWait.token)
    )
    if wanted.business_key is not None:
        statement = statement.where(ProcessWait.business_key == wanted.business_key)
    if wanted.instance_id is not None:
        statement = statement.where(ProcessWait.instance_id == wanted.instance_id)
    if wanted.keys or wanted.local:
        return _fitting(statement, wanted)
    found = statement if all_ else statement.limit(MOST_COUNTED)
    return [Waiting(*row) for row in session().execute(found)]


def _fitting(statement: Any, wanted: Wanted) -> list[Waiting]:
    """All of them, however many wait: a message with keys that one has must not miss it."""
    with_state = statement.add_columns(ProcessInstance.definition_id, ProcessInstance.state)
    rows = session().execute(with_state.execution_options(yield_per=AT_ONCE))
    return [
        Waiting(*row[:4])
        for row in rows
        if fits(deployed(row.definition_id).definition, row.state, row.token, wanted.keys, wanted.local)
    ]


def fits(
    definition: engine.Definition, state: bytes, token: int, keys: Mapping[str, Any], local: Mapping[str, Any]
) -> bool:
    """Whether the instance has these variables, and the token those."""
    whole = engine.variables(definition, state) if keys else {}
    own = engine.local_variables(definition, state, token, whole=False) if local else {}
    return _has(whole, keys) and _has(own, local)


def _has(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(_same(there.get(name), value) for name, value in wanted.items())


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    return type(one) is type(other) and jsontext.dumps(one) == jsontext.dumps(other)


def named(name: str) -> list[Waiting]:
    """Some who wait for a message of that name, whatever their keys, the newest first."""
    columns = (ProcessWait.instance_id, ProcessWait.token, ProcessWait.element_id, ProcessWait.business_key)
    statement = select(*columns).where(ProcessWait.kind == "message", ProcessWait.name == name)
    newest = statement.order_by(ProcessWait.created_at.desc(), ProcessWait.instance_id.desc()).limit(MOST_TOLD)
    return [Waiting(*row) for row in session().execute(newest)]


def told(waits: Sequence[Waiting]) -> list[dict[str, Any]]:
    """Some of them, as a refusal tells of them."""
    return [
        {"instance": one.instance_id, "token": one.token, "element": one.element_id, "business_key": one.business_key}
        for one in waits[:MOST_TOLD]
    ]


def starting(kind: str, name: str) -> list[ProcessStart]:
    """The start events in force that a message or signal starts."""
    statement = select(ProcessStart).where(ProcessStart.kind == kind, ProcessStart.name == name)
    return list(session().scalars(statement.order_by(ProcessStart.key, ProcessStart.element_id)))
