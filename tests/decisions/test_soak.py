"""Versions come and go and decisions are made, for as long as a server runs: memory stays where it is."""

from __future__ import annotations

import resource
from pathlib import Path
from random import Random

import pytest

from app.decisions import runtime
from app.decisions.boundary import candidates, draw
from app.decisions.compile import make_plan
from app.decisions.language import read_rule_set
from tests.decisions.factories import DAY, schema_text, shipped, shipped_text

PAGE = resource.getpagesize()
SET = "priority"


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("reloads", "decisions", "allowed"),
    [
        pytest.param(1000, 200_000, 24_000_000, marks=pytest.mark.full),
        pytest.param(12, 240, 60_000_000),
    ],
)
def test_memory_is_flat_over_reloads_and_decisions(reloads, decisions, allowed, monkeypatch):
    monkeypatch.setattr(runtime, "_in_force", {})
    text, random, plan = shipped_text(SET), Random(11), shipped(SET)
    drawn = [draw(plan, random, candidates(plan)) for _each in range(200)]
    engines, measured = set(), []
    for reload in range(reloads):
        another = text.replace("owner:", f"owner: planning_{reload} #", 1)
        ready = runtime.put_in_force(make_plan(read_rule_set(another, schema_text(), SET)))
        assert runtime.known(SET, ready.sha256) is ready
        for number in range(decisions // reloads):
            engines.add(ready.run(drawn[(reload + number) % len(drawn)], DAY)[1])
        measured.append(resident())
    warm = measured[len(measured) // 10]
    assert engines == {"durable"}
    assert measured[-1] - warm < allowed, [one // 1_000_000 for one in measured[:: reloads // 10]]
    print("MB:", [one // 1_000_000 for one in measured[:: reloads // 10]])
