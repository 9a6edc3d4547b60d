"""`key:version:id`, as the dialect names a definition, and back. Its last part alone is taken too."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select

from app.core.db import session
from app.processes.models import ProcessDefinition


def outer(definition: Any) -> str:
    """The dialect's id of a row (or of anything with key, version and id)."""
    return f"{definition.key}:{definition.version}:{definition.id}"


def inner(definition_id: str) -> str:
    """Our id in the dialect's."""
    return definition_id.rpartition(":")[2]


def brief(definition_ids: Collection[str]) -> dict[str, Any]:
    """id, key, version, version_tag, name of definitions, without their diagrams. One statement."""
    if not definition_ids:
        return {}
    columns = (
        ProcessDefinition.id,
        ProcessDefinition.key,
        ProcessDefinition.version,
        ProcessDefinition.version_tag,
        ProcessDefinition.name,
    )
    rows = session().execute(select(*columns).where(ProcessDefinition.id.in_(set(definition_ids))))
    return {row.id: row for row in rows}
