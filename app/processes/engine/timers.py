"""When timers are due: a date, a duration, a cycle; counted from the clock of the step, never from the machine's."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from app.core import intervals
from app.core.errors import DomainError
from app.core.i18n import _
from app.processes.engine.errors import EngineFault
from app.processes.engine.keys import TIMER


def first_due(task: Any) -> dict[str, Any]:
    """The due time of a timer that is waited for from now on: {"due": moment}. Raises EngineFault."""
    event, now = task.task_spec.element, task.workflow.run.now
    given = event.when.of(task.workflow.run.sees(task))
    try:
        due, cycle = due_of(event.timer, given, now)
    except DomainError as error:
        raise EngineFault(event.id, error.sentence()) from error
    if due is None:
        raise EngineFault(event.id, _("the timer “%(given)s” is never due", given=str(given)))
    kept: dict[str, Any] = {"due": due.isoformat()}
    if cycle is not None:
        kept |= {"cycle": cycle, "fired": 0, "from": now.isoformat()}
    task.internal_data[TIMER] = kept
    return {"due": due}


def due_of(kind: str, given: Any, now: datetime) -> tuple[datetime | None, str | None]:
    """The first due time of a timer and, if it can come again, its cycle. Raises IntervalInvalid."""
    if kind == "cycle":
        text = str(given).strip()
        return intervals.parse_cycle(text).first(now), text
    if kind == "date" or isinstance(given, date):
        return intervals.parse_date(given if isinstance(given, date) else str(given).strip()), None
    return intervals.parse_duration(str(given).strip()).after(now), None


def check(kind: str, text: str) -> None:
    """Raises IntervalInvalid when no timer can be made of the text."""
    {
        "cycle": intervals.parse_cycle,
        "date": intervals.parse_date,
        "duration": intervals.parse_duration,
    }[kind](text.strip())


def next_due(task: Any) -> dict[str, Any] | None:
    """A timer has come: when it comes again; None if it does not. What was missed in an outage is left out."""
    kept = task.internal_data[TIMER]
    if "cycle" not in kept:
        return None
    fired, now = kept["fired"] + 1, task.workflow.run.now
    last = max(datetime.fromisoformat(kept["due"]), now)
    due = intervals.parse_cycle(kept["cycle"]).next_after(fired, last, datetime.fromisoformat(kept["from"]))
    if due is None:
        return None
    task.internal_data[TIMER] = {**kept, "due": due.isoformat(), "fired": fired}
    return {"due": due}
