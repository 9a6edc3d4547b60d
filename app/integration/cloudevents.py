"""Events in the words of CloudEvents 1.0, structured as JSON."""

from __future__ import annotations

from typing import Any

from app.core import i18n
from app.core.outbox import EventType

SPEC_VERSION = "1.0"
SOURCE = "urn:youxu"
CONTENT_TYPE = "application/json"
DIGITS = 16
"""Of `sequence`: as text it sorts as the positions do."""


def cloud_event(row: Any) -> dict[str, Any]:
    """A numbered event (its row) as its receiver reads it."""
    made = {
        "specversion": SPEC_VERSION,
        "id": row.id,
        "source": SOURCE,
        "type": row.type,
        "subject": f"{row.subject_kind}/{row.subject_id}",
        "time": row.at.isoformat().replace("+00:00", "Z"),
        "datacontenttype": CONTENT_TYPE,
        "sequence": f"{row.position:0{DIGITS}d}",
        "data": row.data,
    }
    return made if row.key is None else {**made, "partitionkey": row.key}


def described(kind: EventType) -> dict[str, Any]:
    """A kind of event for the catalogue."""
    return {
        "type": kind.name,
        "description": {"en": _in("en", kind), "zh": _in("zh_Hans", kind)},
        "dataschema": kind.schema(),
    }


def _in(language: str, kind: EventType) -> str:
    with i18n.reading(language):
        return str(kind.description)
