"""Work of this slice that is due every so often."""

from __future__ import annotations

from app.core.periodic import every
from app.processes.queries import is_in_force
from app.qualification import watching
from app.qualification.service import PROCESS


@every(minutes=10, name="qualification.watch")
def watch_papers() -> None:
    """Warn of papers that lapse soon, start re-approvals, suspend what has lapsed."""
    if is_in_force(PROCESS):
        watching.watch()
