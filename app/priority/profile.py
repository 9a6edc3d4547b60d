"""Figures of legal or house origin, read once from `profile.yaml` (each stands there with its source)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

PATH = Path(__file__).with_name("profile.yaml")


@dataclass(frozen=True)
class Profile:
    """Days count calendar days; weekdays count Monday as 0; documents are names of kinds of paper; points are those
    of the score."""

    near_expiry_days: int
    full_test_days: int
    udi_classes: frozenset[int]
    cold_rest_days: frozenset[int]
    channel_documents: dict[str, list[str]]
    order_type_documents: dict[str, list[str]]
    emergency_mode: str
    move_least: int
    override_hours: int
    override_points: int
    override_signed_bands: frozenset[str]
    late_weights: dict[str, int]


@lru_cache(maxsize=1)
def current() -> Profile:
    """The profile in force. Raises KeyError when the file lacks a figure."""
    stored: dict[str, dict[str, Any]] = yaml.safe_load(PATH.read_text(encoding="utf-8"))
    value = {name: entry["value"] for name, entry in stored.items()}
    return Profile(
        near_expiry_days=int(value["near_expiry_days"]),
        full_test_days=int(value["full_test_days"]),
        udi_classes=frozenset(value["udi_classes"]),
        cold_rest_days=frozenset(value["cold_rest_days"]),
        channel_documents=dict(value["channel_documents"]),
        order_type_documents=dict(value["order_type_documents"]),
        emergency_mode=str(value["emergency_mode"]),
        move_least=int(value["move_least"]),
        override_hours=int(value["override_hours"]),
        override_points=int(value["override_points"]),
        override_signed_bands=frozenset(value["override_signed_bands"]),
        late_weights=dict(value["late_weights"]),
    )
