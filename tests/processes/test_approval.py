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
    "joint_approval": ["approve", "rework", "reject"],
    "approve_afterwards": ["approve", "reject"],
    "resolve_shortage": ["recheck", "rework", "reject"],
    "rework": ["resubmit"],
}
ENDS = {
    "release_order": "released",
    "reject_order": "rejected",
    "note_approved_afterwards": "approved_afterwards",
    "note_refused_afterwards": "refused_afterwards",
}
DEPARTMENTS = ["finance", "manager", "qa_ra"]


class Model:
    """What the process should do, said plainly."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.steps: list[str] = []
        self.matrix = ""
        self.first: str | None = None
        self.joint: list[str] = []
        """Who has approved beside others who have not yet."""
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
        self.matrix = self.route("none", "one", "two", "parallel", "emergency")
        return self.reserve() if self.matrix in ("none", "emergency") else "approve"

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
        return "approve_afterwards" if self.matrix == "emergency" else None

    def waits(self) -> list[str]:
        """The open tasks; those of a joint approval and the joint approval itself."""
        if self.at == "joint_approval":
            return ["joint_approval"] * (1 + len(DEPARTMENTS) - len(self.joint))
        return [self.at] if self.at else []

    def answer(self, outcome: str, who: str) -> None:
        self.routes = []
        task = self.at
        if task == "joint_approval" and outcome == "approve" and len(self.joint) + 1 < len(DEPARTMENTS):
            self.joint.append(who)
            return
        self.joint = []
        if task == "approve_afterwards":
            self.steps.append("note_approved_afterwards" if outcome == "approve" else "note_refused_afterwards")
            self.at = None
        elif outcome == "rework":
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
        elif task == "approve" and self.matrix == "parallel":
            self.at = "joint_approval"
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
        return {"route": self.routes.pop(0), "assign_by_step": {"joint": DEPARTMENTS}}

    def perform(self, element: Any, _variables: dict[str, Any], _token: int) -> None:
        self.steps.append(element.step)


@pytest.mark.parametrize("number", range(150))
def test_a_random_walk_does_what_the_model_says(number):
    chance = random.Random(number)
    model, world = Model(chance), Scripted()
    world.routes = list(model.routes)
    case = Case(XML, world, initiator="sal")
    joint: list[int] = []
    for turn in range(60):
        assert case.work() == model.waits()
        assert world.steps == model.steps
        assert world.routes == []
        assert len(case.step.state) < 4000
        if model.at is None:
            break
        if model.at == "second_approval":
            (opened,) = case.step.opened
            assert opened.excluded == tuple(sorted({model.first, "sal"}))
        if model.at == "joint_approval" and not model.joint:
            assert [opened.groups for opened in case.step.opened] == [(one,) for one in DEPARTMENTS]
            assert {opened.excluded for opened in case.step.opened} == {tuple(sorted({model.first, "sal"}))}
        outcome = chance.choice(CHOICES[model.at])
        who = f"u{turn}"
        if model.at == "approve":
            model.first = who
        task = model.at
        model.answer(outcome, who)
        world.routes = list(model.routes)
        if task == "joint_approval":
            joint = joint or [opened.token for opened in case.step.opened]
            case.act(engine.Complete(joint.pop(chance.randrange(len(joint))), {"outcome": outcome}, who))
            joint = joint if outcome == "approve" else []
        else:
            case.do(task, by=who, outcome=outcome)
    assert case.step.completed == (model.at is None)
    if case.step.completed:
        entered = [happened.element for happened in case.happened if happened.kind == "entered"]
        assert entered[-1] == ENDS[model.steps[-1]]


def test_who_has_approved_jointly_may_not_do_so_for_another_department():
    world = Scripted()
    world.routes = ["clear", "parallel"]
    case = Case(XML, world, initiator="sal").do("approve", by="ann", outcome="approve")
    first, second, _third = (opened.token for opened in case.step.opened)
    case.act(engine.Complete(first, {"outcome": "approve"}, "fin"))
    for barred in ("sal", "ann", "fin"):
        with pytest.raises(engine.SamePerson):
            case.act(engine.Complete(second, {"outcome": "approve"}, barred))
    assert case.act(engine.Complete(second, {"outcome": "reject"}, "man")).step.completed
    assert world.steps[-1] == "reject_order"


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
        "ask_purchasing",
        "take_up_change",
        "close_cancelled",
        "report_missed_approval",
        "note_approved_afterwards",
        "note_refused_afterwards",
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
