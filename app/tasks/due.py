"""When a task is due. The figures are configuration: `due.yaml`, with their source."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import yaml

_LEVELS = yaml.safe_load(Path(__file__).with_name("due.yaml").read_text(encoding="utf-8"))


def due_at(opened_at: datetime, band: str | None) -> datetime:
    """The moment by which a task opened then must be done; an unknown band counts as the slowest."""
    minutes = _LEVELS["minutes"]
    return opened_at + timedelta(minutes=minutes.get(band or "", minutes[_LEVELS["without_band"]]))
