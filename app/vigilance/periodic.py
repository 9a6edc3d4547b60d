"""Work of this slice that is due every so often."""

from __future__ import annotations

from app.core.periodic import every
from app.vigilance import trends


@every(minutes=10, name="vigilance.watch")
def watch() -> None:
    """Find complaints and nonconformances that add up."""
    trends.watch()
