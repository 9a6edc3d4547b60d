"""Work of this slice that is due every so often."""

from __future__ import annotations

from app.core.periodic import every
from app.tasks import drafts, ladder, notices


@every(minutes=60, name="tasks.notices")
def forget_notices() -> None:
    """Delete notices that are past their time."""
    notices.forget_old()


@every(minutes=10, name="tasks.drafts")
def forget_drafts() -> None:
    """Delete drafts of tasks that are closed."""
    drafts.forget_closed()


@every(minutes=1, name="tasks.ladder")
def climb_ladders() -> None:
    """Remind of tasks at half of their time, escalate at its end."""
    ladder.look_for_ripe()
