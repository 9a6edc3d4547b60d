"""bpmn/approval.bpmn against a model of it written by hand: random walks, every route, both ends."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, ClassVar

import orjson
import pytest

from app.processes import engine
from tests.conftest import NOON
from tests.processes.test_engine import Case

FOLDER = Path(__file__).parents[2] / "bpmn"
XML = (FOLDER / "approval.bpmn").read_bytes()
CHOICES = {
    "resolve_blocks": ["recheck", "rework", "reject"],
    "approve": ["approve", "rework", "reject"],
    "second_approval": ["approve", "rework", "reject"],
    "resolve_shortage": ["recheck", "rework", "reject"],
    "rework": ["resubmit"],
}


class Model:
    """What the process should do, said plainly."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.steps: list[str] = []
        self.matrix = ""
        self.first: str | None = None
        self.at: str | None = self.submit()

    # the rule sets, as they will be asked: the engine is given the same answers in the same order
    def route(self, *routes: str) -> str:
        found = self.chance.choice(routes)
        self.routes.append(found)
        return found

    routes: list[str]

    def submit(self) -> str | None:
        self.routes = []
        self.steps.append("mark_in_approval")
        return self.gate()

    def gate(self) -> str | None:
        if self.route("clear", "clear", "clear", "blocked") == "blocked":
            return "resolve_blocks"
        self.matrix = self.route("none", "one", "two")
        return self.reserve() if self.matrix == "none" else "approve"

    def gate_again(self) -> str | None:
        """What was in order at submission may have lapsed until it was approved."""
        if self.route("clear", "clear", "clear", "blocked") == "blocked":
            self.steps.append("note_block")
            return "resolve_blocks"
        return self.reserve()

    def reserve(self) -> str | None:
        self.steps.append("reserve_stock")
        if self.route("complete", "short") == "short":
            return "resolve_shortage"
        self.steps += ["make_document", "release_order"]
        return None

    def answer(self, outcome: str) -> None:
        self.routes = []
        task = self.at
        if outcome == "rework":
            self.steps.append("mark_rework")
            self.at = "rework"
        elif outcome == "reject":
            self.steps.append("reject_order")
            self.at = None
        elif task == "rework":
            self.at = self.submit()
        elif task == "resolve_blocks":
            self.at = self.gate()
        elif task == "approve" and self.matrix == "two":
            self.at = "second_approval"
        else:
            self.at = self.gate_again()


class Scripted:
    """Gateways answered from the model's list; a human's answer is its own route."""

    as_of = NOON
    context: ClassVar[dict[str, Any]] = {}
    depth = 0

    def __init__(self) -> None:
        self.routes: list[str] = []
        self.steps: list[str] = []

    def decide(self, gateway: Any, variables: dict[str, Any]) -> dict[str, Any]:
        if gateway.rule_set == "task_outcome":
            return {"route": variables["answers"][variables["answered"]]["outcome"]}
        return {"route": self.routes.pop(0)}

    def perform(self, element: Any, _variables: dict[str, Any], _token: int) -> None:
        self.steps.append(element.step)


@pytest.mark.parametrize("seed", range(150))
def test_a_random_walk_does_what_the_model_says(seed):
    chance = random.Random(seed)
    model, world = Model(chance), Scripted()
    world.routes = list(model.routes)
    case = Case(XML, world, initiator="sal")
    for number in range(60):
        assert case.work() == ([model.at] if model.at else [])
        assert world.steps == model.steps
        assert world.routes == []
        assert len(case.step.state) < 3000
        if model.at is None:
            break
        (opened,) = case.step.opened
        if model.at == "second_approval":
            assert opened.excluded == tuple(sorted({model.first, "sal"}))
        outcome = chance.choice(CHOICES[model.at])
        who = f"u{number}"
        if model.at == "approve":
            model.first = who
        task = model.at
        model.answer(outcome)
        world.routes = list(model.routes)
        case.do(task, by=who, outcome=outcome)
    assert case.step.completed == (model.at is None)
    if case.step.completed:
        entered = [happened.element for happened in case.happened if happened.kind == "entered"]
        assert entered[-1] == ("released" if model.steps[-1] == "release_order" else "rejected")


def test_every_rule_set_and_step_is_one_that_was_agreed():
    definition = engine.compile_definition(XML)
    kinds = definition.elements.values()
    assert {one.rule_set for one in kinds if isinstance(one, engine.Gateway)} == {
        "compliance_gate",
        "approval_matrix",
        "task_outcome",
        "stock_gate",
    }
    assert {one.step for one in kinds if isinstance(one, engine.ServiceStep)} == {
        "mark_in_approval",
        "mark_rework",
        "note_block",
        "reserve_stock",
        "make_document",
        "release_order",
        "reject_order",
    }


@pytest.mark.parametrize("name", ["blocks", "anything"])
def test_an_unknown_route_takes_the_careful_way(name):
    class Odd(Scripted):
        def decide(self, gateway: Any, variables: dict[str, Any]) -> dict[str, Any]:
            return {"route": name}

    case = Case(XML, Odd(), initiator="sal")
    assert case.work() == ["resolve_blocks"]
    assert case.do("resolve_blocks", outcome="x").work() == ["rework"]


def test_forms_offer_exactly_what_the_diagram_understands():
    definition = engine.compile_definition(XML)
    for element in definition.elements.values():
        if isinstance(element, engine.UserWork):
            form = orjson.loads((FOLDER / f"{element.form_key}.form").read_bytes())
            outcome = next(part for part in form["components"] if part.get("key") == "outcome")
            assert [option["value"] for option in outcome["values"]] == CHOICES[element.id]
            assert all(option["label_zh"] for option in outcome["values"])
