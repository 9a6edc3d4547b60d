"""A decision in which nothing is due leaves no pointer unset: run where freed memory is never zero."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOTHING_FIRES = """
from datetime import date
from tests.decisions.factories import plan_of, rule
from app.decisions.engines.durable import Durable
from app.decisions.boundary import candidates, draw
from random import Random
plan = plan_of(rule("R1", "all: [{order: 'total_fen == 17'}, {line: 'quantity == 17'}]"))
durable, random = Durable(plan), Random(1)
values = candidates(plan)
for value in values.values():
    for options in value.values():
        if 17 in options:
            options.remove(17)
for _ in range(50):
    durable.run(draw(plan, random, values), date(2026, 11, 23))
print("well")
"""


def test_nothing_due() -> None:
    env = {**os.environ, "MALLOC_PERTURB_": "165", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", NOTHING_FIRES], env=env, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "well"), done.stderr[-2000:]
