"""Work of this slice that is due every so often."""

from __future__ import annotations

from app.core.periodic import every
from app.processes.service import kept


@every(minutes=10, name="processes.messages")
def purge_messages() -> None:
    """Delete messages that nobody wanted in time, and the ids of old ones that arrived."""
    kept.purge()
