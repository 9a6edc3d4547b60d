"""The one place where the dialect touches the engine: its verbs, and reads for many instances at once."""

from __future__ import annotations

from typing import Any

from app.processes import service as verbs
from app.processes.external import reading as bulk

__all__ = ["bulk", "tokens_of", "verbs"]


def tokens_of(instance_id: str) -> list[Any]:
    """Where a running instance is (`engine.TokenView`); what only watches is left out."""
    seen = bulk.of_many([instance_id]).get(instance_id, bulk.Seen())
    return [one for one in seen.tokens() if not one.watch]
