"""Work of this slice that is due every so often."""

from __future__ import annotations

from app.core.periodic import every
from app.quality import following


@every(minutes=1, name="quality.demand")
def follow_demand() -> None:
    """Put the tasks of quality control where the orders that wait put them now."""
    following.follow_demand()
