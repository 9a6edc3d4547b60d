"""Time alone changes priorities: orders are scored anew when their time has come; once a night all are, as a check."""

from __future__ import annotations

import structlog

from app.core import clock
from app.core.periodic import every
from app.priority import checking, hindsight, rescoring

NIGHT = 3
"""The hour of the business zone in which all orders are checked, once or twice."""
log = structlog.get_logger()


@every(minutes=1, name="priority.due")
def look_for_due() -> None:
    """Orders whose time has come: a job scores them, batch by batch."""
    rescoring.look_for_due()


@every(minutes=30, name="priority.check")
def check() -> None:
    """At night, all of them at once: nothing may differ from what changes and moments, one by one, came to."""
    if clock.local(clock.now()).hour != NIGHT:
        return
    done = checking.check()
    log.info("priority.checked", seen=done.seen, differing=done.differing)


@every(minutes=5, name="priority.judge")
def judge() -> None:
    """What came of manual overrides, as soon as it can be known."""
    hindsight.judge_due()
