"""Mutated rule files and facts: no crash, no hang, no wrong answer. In a child, which a signal would end."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from config import ROOT


def fuzz(what: str, seed: int, count: int, seconds: int) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.decisions.fuzz", what, str(seed), str(count)],
        capture_output=True, text=True, timeout=seconds, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize(("what", "count"), [("files", 120), ("facts", 1000)])
def test_a_slice(what: str, count: int) -> None:
    seen = fuzz(what, 1, count, 120)
    assert sum(seen.values()) == count
    assert set(seen) == {"refused", "run"}
    assert min(seen.values()) > count / 20  # both happen


@pytest.mark.full
@pytest.mark.parametrize(("what", "count"), [("files", 2000), ("facts", 20_000)])
def test_all(what: str, count: int) -> None:
    seen = fuzz(what, 2, count, 1800)
    assert (set(seen), sum(seen.values())) == ({"refused", "run"}, count)
