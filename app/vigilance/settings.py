"""The figures of `vigilance.yaml`, each of which stands there with its source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("vigilance.yaml")


@dataclass(frozen=True)
class Figures:
    """`signal_count` cases within `signal_days` are a signal; `decide_days`: to decide whether one is reported."""

    signal_count: int
    signal_days: int
    decide_days: int


@lru_cache(maxsize=1)
def figures() -> Figures:
    """As configured."""
    said: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return Figures(**{name: int(entry["value"]) for name, entry in said.items()})
