"""When a task is due. The figures are configuration: `due.yaml`, with their source."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import yaml

from app.core import workdays

_LEVELS = yaml.safe_load(Path(__file__).with_name("due.yaml").read_text(encoding="utf-8"))


def due_at(opened_at: datetime, band: str | None, share: float = 1.0) -> datetime:
    """The moment by which a task opened then must be done; an unknown band counts as the slowest.

    With a `share` the moment at which that part of its time has passed: half of eight working hours are four of them.
    """
    bands = _LEVELS["bands"]
    level = bands.get(band or "") or bands[_LEVELS["without_band"]]
    if "working_minutes" in level:
        return workdays.later(opened_at, timedelta(minutes=level["working_minutes"] * share))
    return opened_at + timedelta(minutes=level["minutes"] * share)
