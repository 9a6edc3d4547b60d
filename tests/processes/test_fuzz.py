"""Broken diagrams: each is refused with reasons or runs as it is drawn; none crashes, hangs or runs wrong.

`make test` takes a fixed slice, `make test-full` the rest. To see one again: `mutant(NUMBER).xml`.
"""

from __future__ import annotations

import random
import re
import time
import traceback
from pathlib import Path
from typing import Any

import pytest

from app.audit import signatures
from app.core import clock, i18n, jobs
from app.processes import deciding, world
from app.processes.engine import EngineFault, StateTooLarge
from app.processes.world import World
from tests.conformance.corpus import Hangs, patience, rolled_back
from tests.conformance.drawn import draw
from tests.conformance.engine import Refused
from tests.conformance.walk import Walker
from tests.conformance.youxu import Youxu
from tests.processes.mutants import Mutant, mutant

ALL = 2_000
SLICE = 150
CHUNKS = 10
MOVES = 20
WIDE = 500
CHINESE = re.compile(r"[\u4e00-\u9fff]")
RULE_SETS = {"task_outcome", "stock_gate", "compliance_gate", "approval_matrix"}


class Bounded(Youxu):
    """Some mutants make jobs for ever, one after the other: a few are enough."""

    def run_jobs(self) -> None:
        with clock.moved(lambda: self.moment):
            for _turn in range(3):
                jobs.run_due(limit=20)


class Steady(Walker):
    """Leaves instances alone that have grown without end, or run into the limit of a step: they stand still with an
    incident, and each further move would do the same again."""

    def begin(self) -> None:
        try:
            super().begin()
        except EngineFault:  # what is watched from the start cannot be told: nothing has begun
            self.left = 0

    def look(self) -> bool:
        known = self.engine.instances()
        return len(known) < WIDE and super().look() and all(len(view.tokens) < WIDE for view in self.views)

    def move(self) -> bool:
        began = time.monotonic()
        return super().move() and time.monotonic() - began < 0.3


@pytest.fixture
def routes(app, monkeypatch):
    """Rule sets and steps of our own diagrams give what comes, and everybody signs: only the engine is looked at."""
    dice = random.Random("routes")
    names = ["approve", "reject", "return", "none", "one", "two", "clear", "block", "enough", "short", None]

    def decide(rule_set: str, *_rest: Any, **_more: Any) -> dict[str, Any]:
        return {"id": None, "route": dice.choice(names)}

    monkeypatch.setattr(world, "decide_route", decide)
    monkeypatch.setattr(deciding, "rule_set_names", lambda: RULE_SETS)
    monkeypatch.setattr(World, "perform", lambda self, *_given: {"n": dice.choice([1, "x", None])})
    monkeypatch.setattr(signatures, "is_signed", lambda *_given: True)


def wrong_with(one: Mutant, folder: Path) -> str | None:
    """What is wrong with how a mutant was dealt with; None when all is well."""
    try:
        with patience(), rolled_back():
            return deploy_and_walk(one, folder)
    except Hangs:
        return "hangs"
    except Exception:
        return traceback.format_exc(limit=-6)


def deploy_and_walk(one: Mutant, folder: Path) -> str | None:
    engine = Bounded()
    for xml in one.beside:
        engine.deploy(xml)
    try:
        with i18n.reading("zh_Hans"):
            engine.deploy(one.xml)
    except Refused as refusal:
        return unclear(refusal)
    path = folder / f"{one.number}.bpmn"
    path.write_bytes(one.xml)
    drawn = draw(path)
    if drawn is None:
        return "deployed, though it cannot be read"
    try:
        walk = Steady(engine, drawn, one.number, MOVES).go()
    except StateTooLarge:  # a stated limit: the step is not done
        return None
    return None if not walk.wrong else f"{walk.wrong} after {' · '.join(walk.moves)}"


def unclear(refusal: Refused) -> str | None:
    """A refusal that does not say where and why, in the reader's language."""
    if not refusal.elements:
        return "refused without a reason"
    for element, reasons in refusal.elements.items():
        if not element or not reasons or not all(CHINESE.search(reason) for reason in reasons):
            return f"unclear: {element} {reasons}"
    return None


def look_at(numbers: range, folder: Path) -> None:
    found = {str(one): wrong for number in numbers if (wrong := wrong_with(one := mutant(number), folder))}
    assert found == {}, "\n\n".join(f"{name}\n{what}" for name, what in found.items())


@pytest.mark.any_database
@pytest.mark.parametrize("start", range(0, SLICE, SLICE // 3))
def test_mutants(routes, tmp_path, start):
    look_at(range(start, start + SLICE // 3), tmp_path)


@pytest.mark.full
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_very_many_mutants(routes, tmp_path, chunk):
    look_at(range(SLICE + chunk, ALL, CHUNKS), tmp_path)


def test_the_same_number_makes_the_same_mutant():
    assert [mutant(number).xml for number in range(20)] == [mutant(number).xml for number in range(20)]
