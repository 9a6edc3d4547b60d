"""The feed as receivers read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.core import outbox
from app.core.errors import NotFound
from app.integration.cloudevents import cloud_event, described


def events_after(position: int | None, limit: int, types: Sequence[str]) -> dict[str, Any]:
    """A page of the feed. Raises EventsForgotten, NotYetGiven, Invalid."""
    page = outbox.after(position, limit, types)
    return {
        "items": [cloud_event(row) for row in page.events],
        "next": page.next,
        "last": page.last,
        "oldest": page.oldest,
    }


def catalogue() -> list[dict[str, Any]]:
    """Every kind of event there is, by name."""
    return [described(kind) for kind in outbox.event_types()]


def event_schema(name: str) -> dict[str, Any]:
    """JSON Schema of the data of that kind of event. Raises NotFound."""
    for kind in outbox.event_types():
        if kind.name == name:
            return {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "$id": f"urn:youxu:event:{kind.name}",
                "title": kind.name,
                "description": str(kind.description),
                **kind.schema(),
            }
    raise NotFound(event_type=name[:64])
