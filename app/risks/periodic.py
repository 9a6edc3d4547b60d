"""Work of this slice that is due every so often."""

from __future__ import annotations

from app.core.periodic import every
from app.risks import watching


@every(minutes=5, name="risks.watch")
def watch() -> None:
    """Find the orders that may come late."""
    watching.watch()
