"""What is asked of many instances at once, in one statement: their variables, their tokens, whether they go on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, select

from app.core.db import session
from app.processes import engine
from app.processes.definitions import deployed
from app.processes.models import InstanceStatus, ProcessInstance


def not_suspended() -> ColumnElement[bool]:
    """The instance, joined, goes on."""
    return ProcessInstance.suspended.is_(False)


@dataclass
class Seen:
    """One instance as it was read: its variables, those of its tokens, where these are. None: there is none."""

    definition: engine.Definition | None = None
    state: bytes = b""
    running: bool = False
    _whole: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def whole(self) -> dict[str, Any]:
        """The variables of the instance."""
        if self._whole is None:
            self._whole = {} if self.definition is None else engine.variables(self.definition, self.state)
        return self._whole

    def at(self, token: int | None) -> dict[str, Any]:
        """What a token sees."""
        return self._of(token, whole=True)

    def local(self, token: int | None) -> dict[str, Any]:
        """What only the token sees."""
        return self._of(token, whole=False)

    def _of(self, token: int | None, *, whole: bool) -> dict[str, Any]:
        if token is None or self.definition is None:
            return self.whole
        try:
            return engine.local_variables(self.definition, self.state, token, whole=whole)
        except engine.TokenNotReady:
            return self.whole if whole else {}

    def tokens(self) -> list[engine.TokenView]:
        """Where it is; nothing when it has ended."""
        return engine.tokens(self.definition, self.state) if self.definition is not None and self.running else []


def of_many(instance_ids: Collection[str]) -> dict[str, Seen]:
    """Each instance that is there. One statement."""
    if not instance_ids:
        return {}
    columns = (ProcessInstance.id, ProcessInstance.definition_id, ProcessInstance.state, ProcessInstance.status)
    rows = session().execute(select(*columns).where(ProcessInstance.id.in_(set(instance_ids))))
    return {
        row.id: Seen(
            deployed(row.definition_id).definition, row.state, running=row.status == InstanceStatus.RUNNING.value
        )
        for row in rows
    }


def documentation_of(definition_id: str | None, element_id: str | None) -> str | None:
    """What the diagram tells of an element to whoever does it."""
    if definition_id is None or element_id is None:
        return None
    element = deployed(definition_id).definition.elements.get(element_id)
    return getattr(element, "documentation", "") or None


def variables_of_many(instance_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """The variables of each instance. One statement."""
    return {key: seen.whole for key, seen in of_many(instance_ids).items()}
