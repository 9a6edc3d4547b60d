"""The one place where the dialect touches the engine: its verbs, and reads for many instances at once."""

from __future__ import annotations

from app.processes import queries as reads
from app.processes import service as verbs
from app.processes.external import reading as bulk

__all__ = ["bulk", "reads", "verbs"]
