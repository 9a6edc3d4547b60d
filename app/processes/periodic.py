"""Work of this slice that is due every so often."""

from __future__ import annotations

from app.core.periodic import every
from app.core.permissions import SYSTEM
from app.processes import retention
from app.processes.service import kept


@every(minutes=10, name="processes.messages")
def purge_messages() -> None:
    """Delete messages that nobody wanted in time, and the ids of old ones that arrived."""
    kept.purge()


@every(minutes=10, name="processes.history")
def purge_history() -> None:
    """Delete the history of processes that ended long ago, if `retention.yaml` says that it goes by itself."""
    if retention.policy().automatic:
        retention.purge_due(SYSTEM)
