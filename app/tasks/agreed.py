"""The time agreed for a task by its diagram (`youxu:sla`), and whom it goes to when that is over.

It takes the place of the band's own time: due time, share of it at which one is reminded, and whether nights count. It
is kept as {"time": as `workdays.agreed` reads it, with bands for labels, "escalate_to": group}, each only if said.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.core.workdays import agreed
from app.tasks import due


def due_at(sla: dict[str, Any] | None, opened_at: datetime, band: str | None) -> datetime:
    """The moment by which a task opened then must be done: as agreed, else as its band has it."""
    time = _time(sla, band)
    return due.due_at(opened_at, band) if time is None else time.end(opened_at)


def counts_working_time(sla: dict[str, Any] | None, band: str | None) -> bool:
    """True when the time of such a task passes only while people work."""
    time = _time(sla, band)
    return due.counts_working_time(band) if time is None else time.working


def _time(sla: dict[str, Any] | None, band: str | None) -> agreed.AgreedTime | None:
    return agreed.parse(sla["time"]).of(band) if sla and sla.get("time") else None
