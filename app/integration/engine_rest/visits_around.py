"""Which visit of a subprocess, or of a multi-instance, a visit of an element happened in."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from app.core.db import session
from app.integration.engine_rest.element_kinds import BODY
from app.integration.engine_rest.wire import activity_instance_id
from app.processes.definitions import deployed
from app.processes.models import ProcessEvent


class Around:
    """For the visits of one answer. History tells no scopes, so it is the latest visit of the element around that
    began before; when several instances of a subprocess go on side by side, that may be its neighbour."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self.began: dict[tuple[str, str, bool], list[tuple[int, int]]] = {}
        wanted: dict[str, set[str]] = {}
        for row in rows:
            above = self._above(row)
            if above is not None:
                wanted.setdefault(row.instance_id, set()).add(above[0])
        if not wanted:
            return
        elements = set().union(*wanted.values())
        columns = (ProcessEvent.instance_id, ProcessEvent.element_id, ProcessEvent.flow_id)
        statement = (
            select(*columns, ProcessEvent.seq, ProcessEvent.token)
            .where(ProcessEvent.instance_id.in_(wanted), ProcessEvent.element_id.in_(elements))
            .where(ProcessEvent.kind == "entered", ProcessEvent.token.is_not(None))
            .order_by(ProcessEvent.instance_id, ProcessEvent.seq)
        )
        for one in session().execute(statement):
            key = (one.instance_id, one.element_id, one.flow_id is not None)
            self.began.setdefault(key, []).append((one.seq, one.token))

    @staticmethod
    def _above(row: Any) -> tuple[str, bool | None] | None:
        """The element around, and whether its visit is the body of a multi-instance (None: it has none)."""
        elements = deployed(row.definition_id).definition.elements
        element = elements.get(row.element_id)
        if element is None:
            return None
        if element.loop is not None and row.flow_id is None:
            return element.id, True
        scope = elements.get(element.scope) if element.scope else None
        return None if scope is None else (scope.id, False if scope.loop is not None else None)

    def of(self, row: Any) -> str:
        """Its id; the instance's own at the outermost."""
        above = self._above(row)
        if above is None:
            return str(row.instance_id)
        element, body = above
        found: list[tuple[int, int]] = []
        for by_flow in (True, False) if body is None else (body,):
            visits = self.began.get((row.instance_id, element, by_flow), [])
            place = bisect_left(visits, (row.seq, -1))
            found += visits[place - 1 : place] if place else []
        if not found:
            return str(row.instance_id)
        return activity_instance_id(element + (BODY if body else ""), row.instance_id, max(found)[1])
