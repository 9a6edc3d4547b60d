"""Time alone changes priorities: open orders are assessed again, a bounded number at a turn."""

from __future__ import annotations

from datetime import timedelta

from app.core import clock
from app.core.periodic import every
from app.core.permissions import SYSTEM
from app.priority import service

FRESH = timedelta(minutes=60)
"""An assessment younger than this is left as it is."""


@every(minutes=1, name="priority.rerank")
def rerank() -> None:
    """One batch of the orders that were not assessed for an hour."""
    service.reassess_open(SYSTEM, before=clock.now() - FRESH)
