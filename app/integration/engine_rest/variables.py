"""Between the dialect's variables and an instance: types that JSON does not tell travel along."""

from __future__ import annotations

from typing import Any

from app.integration.engine_rest.engine import bulk
from app.integration.engine_rest.values import TYPES, Variables


def to_engine(instance_id: str, given: Variables, token: int | None = None) -> dict[str, Any]:
    """What is handed to a verb that sets variables: the values, with the types of those the instance has already."""
    if not given.values:
        return {}
    seen = bulk.of_many([instance_id]).get(instance_id, bulk.Seen())
    before = seen.local(token).get(TYPES) or {}
    return given.with_types(before if isinstance(before, dict) else {})
