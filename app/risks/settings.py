"""The figures of `risks.yaml`, each of which stands there with its source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("risks.yaml")


@dataclass(frozen=True)
class Figures:
    """`warn_hours`: before an order must leave; the others count days."""

    warn_hours: int
    shortage_days: int
    horizon_days: int
    look_back_days: int
    slow_within_days: int


@lru_cache(maxsize=1)
def figures() -> Figures:
    """As configured."""
    said: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return Figures(**{name: int(entry["value"]) for name, entry in said.items()})
