"""When a task is due. The figures are configuration: `due.yaml`, with their source."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import yaml

from app.core import workdays

_LEVELS = yaml.safe_load(Path(__file__).with_name("due.yaml").read_text(encoding="utf-8"))


def due_at(opened_at: datetime, band: str | None) -> datetime:
    """The moment by which a task opened then must be done; an unknown band counts as the slowest."""
    level = _level(band)
    if "working_minutes" in level:
        return workdays.later(opened_at, timedelta(minutes=level["working_minutes"]))
    return opened_at + timedelta(minutes=level["minutes"])


def time_of(band: str | None) -> timedelta:
    """How long such a task may take, in working time or any."""
    level = _level(band)
    return timedelta(minutes=level.get("working_minutes") or level["minutes"])


def counts_working_time(band: str | None) -> bool:
    """True when the time of that band passes only while people work."""
    return "working_minutes" in _level(band)


def _level(band: str | None) -> dict[str, int]:
    bands: dict[str, dict[str, int]] = _LEVELS["bands"]
    return bands.get(band or "") or bands[_LEVELS["without_band"]]
