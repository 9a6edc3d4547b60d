"""Processes that start because a condition holds: looked at when somebody tells the values, not by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from app.core import clock
from app.core.db import session
from app.core.expressions import NOW, ExpressionFailed
from app.core.permissions import Actor
from app.processes.definitions import deployed
from app.processes.models import ProcessInstance, ProcessStart
from app.processes.queries import get_instance
from app.processes.service import following
from app.processes.service.messaging import start_at


def start_by_conditions(
    actor: Actor,
    variables: Mapping[str, Any],
    *,
    business_key: str | None = None,
    definition_id: str | None = None,
) -> list[ProcessInstance]:
    """Begin an instance at each start event in force (of one definition if given) whose condition holds of these
    values. What names a value that is not told does not hold."""
    statement = select(ProcessStart).where(ProcessStart.kind == "conditional")
    if definition_id is not None:
        statement = statement.where(ProcessStart.definition_id == definition_id)
    starts = session().scalars(statement.order_by(ProcessStart.key, ProcessStart.element_id)).all()
    made = [start_at(actor, start, business_key, variables) for start in starts if _holds(start, variables)]
    following.follow()
    return [get_instance(one) for one in made]


def _holds(start: ProcessStart, variables: Mapping[str, Any]) -> bool:
    event: Any = deployed(start.definition_id).definition.elements[start.element_id]
    seen = {**variables, NOW: clock.now()}
    told = event.variable is None or event.variable in variables
    if not told or any(name.partition(".")[0] not in seen for name in event.condition.names):
        return False
    try:
        return bool(event.condition.holds(seen))
    except ExpressionFailed:
        return False
