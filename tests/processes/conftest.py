"""Gateways answered by the test, a step that counts, tiny diagrams deployed."""

from __future__ import annotations

from typing import Any

import pytest

from app.processes import deciding, world
from app.processes.steps import StepCall, step


@step.register("test_note")
def note(call: StepCall) -> dict[str, Any]:
    """Counts how often it ran; fails when told to."""
    if call.variables.get("fail_at") == call.variables.get("n", 0):
        raise RuntimeError("told to fail")
    return {"n": call.variables.get("n", 0) + 1}


class Rules:
    """Stands for the rule sets: the route is the last outcome, or what the test sets per rule set."""

    def __init__(self) -> None:
        self.routes: dict[str, Any] = {}
        self.asked: list[tuple[str, Any]] = []

    def __call__(
        self, rule_set: str, _subject: Any, answer: dict[str, Any] | None, _as_of: Any, **_more: Any
    ) -> dict[str, Any]:
        self.asked.append((rule_set, answer))
        given = self.routes.get(rule_set)
        if isinstance(given, dict):
            return given
        route = given if given is not None else (answer or {}).get("outcome")
        return {"id": None, "route": route}


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> Rules:
    made = Rules()
    monkeypatch.setattr(world, "decide_route", made)
    monkeypatch.setattr(deciding, "rule_set_names", lambda: {"answer", "gate", "matrix"})
    return made
