"""What is asked of many instances at once: their variables in one statement, whether they are suspended."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, select

from app.core.db import session
from app.processes.models import ProcessInstance


def not_suspended() -> ColumnElement[bool]:
    """The instance, joined, goes on."""
    return ProcessInstance.suspended.is_(False)


@dataclass(frozen=True)
class Seen:
    """The variables of one instance: of the whole, and of those tokens that have their own."""

    whole: dict[str, Any] = field(default_factory=dict)
    own: dict[int, dict[str, Any]] = field(default_factory=dict)
    """By token: its own, and those of the scopes around it but the outermost, merged."""

    def at(self, token: int | None) -> dict[str, Any]:
        """What a token sees."""
        return {**self.whole, **self.own.get(token, {})} if token is not None else self.whole

    def local(self, token: int | None) -> dict[str, Any]:
        """What only the token sees."""
        return self.own.get(token, {}) if token is not None else self.whole


def of_many(instance_ids: Collection[str]) -> dict[str, Seen]:
    """The variables of each instance. One statement."""
    if not instance_ids:
        return {}
    rows = session().execute(
        select(ProcessInstance.id, ProcessInstance.state).where(ProcessInstance.id.in_(set(instance_ids)))
    )
    return {row.id: Seen() for row in rows}


def variables_of_many(instance_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """The variables of the whole of each instance. One statement."""
    return {key: seen.whole for key, seen in of_many(instance_ids).items()}
