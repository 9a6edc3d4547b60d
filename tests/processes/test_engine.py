"""The engine by itself: no database."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from app.processes import engine
from app.processes.engine import Assign, Complete, EngineFault, Retry, TokenNotReady, UnreadableState, run
from tests.conftest import NOON
from tests.processes.diagrams import chain, choice, end, flow, fork, node, process, service, start, user

GOLDEN = Path(__file__).with_name("golden")


class Calls:
    """The world of a test: the route is the last outcome, steps are functions by name."""

    as_of = NOON
    context: ClassVar[dict[str, Any]] = {}
    depth = 0

    def __init__(self, **steps: Any) -> None:
        self.steps = steps
        self.routes: dict[str, Any] = {}

    def decide(self, gateway, variables):
        assert gateway.rule_set
        if gateway.id in self.routes:
            given = self.routes[gateway.id]
            return {"route": given(variables) if callable(given) else given}
        return {"route": variables["answers"][variables["answered"]].get("outcome")}

    def perform(self, element, variables, token):
        return self.steps[element.step](variables)


class Case:
    """One instance, loaded and saved at every step."""

    def __init__(self, xml: bytes, calls: Calls | None = None, **variables: Any) -> None:
        self.definition = engine.compile_definition(xml)
        self.shape = self.definition.fingerprint()
        self.calls = calls or Calls()
        self.step = engine.begin(self.definition, variables, self.calls)
        self.happened = list(self.step.happenings)

    def do(self, name: str, by: str = "u", **answers: Any) -> Case:
        token = next(token for token, element in self.at().items() if element == name)
        return self.act(engine.Complete(token, answers, by))

    def act(self, command: Any) -> Case:
        self.step = engine.act(self.definition, self.step.state, command, self.calls)
        self.happened += self.step.happenings
        assert self.definition.fingerprint() == self.shape
        return self

    def at(self) -> dict[int, str]:
        return engine.open_tokens(self.definition, self.step.state)

    def where(self) -> list[str]:
        return sorted(self.at().values())

    def work(self) -> list[str]:
        return sorted(name for name in self.at().values() if self.definition.elements[name].kind == "userTask")

    def variables(self) -> dict[str, Any]:
        return engine.variables(self.definition, self.step.state)

    def tasks(self) -> int:
        loaded = run.Run(self.definition, self.calls)
        loaded.load(self.step.state)
        return len(loaded.workflow.tasks)


SPLIT = process(
    start(),
    node("exclusiveGateway", "m"),
    fork("split"),
    user("qc"),
    service("qc_done", "qc"),
    user("legal"),
    service("legal_done", "legal"),
    fork("join"),
    user("z"),
    choice("x", "x-e"),
    end(),
    chain("s", "m", "split", "qc", "qc_done", "join"),
    chain("split", "legal", "legal_done", "join"),
    chain("join", "z", "x", "e"),
    flow("x", "m", "${decision.route == 'again'}"),
)


def qc_and_legal() -> Calls:
    return Calls(
        qc=lambda v: {"status": "passed", "order": {**v["order"], "qc": "ok"}},
        legal=lambda v: {"order": {**v["order"], "legal": "ok"}},
    )


@pytest.mark.parametrize("first", ["qc", "legal"])
def test_a_parallel_join_keeps_what_every_branch_wrote(first):
    """Defect A: the library lets the last finisher's stale copy overwrite the others."""
    case = Case(SPLIT, qc_and_legal(), status="new", order={"qc": None, "legal": None, "n": 1})
    case.do(first)
    assert case.where() == sorted(["join", "qc" if first == "legal" else "legal"])
    case.do("legal" if first == "qc" else "qc")
    assert case.where() == ["z"]
    assert case.variables()["status"] == "passed"
    assert case.variables()["order"] == {"qc": "ok", "legal": "ok", "n": 1}
    assert set(case.variables()["answers"]) == {"qc", "legal"}


def test_branches_that_change_the_same_value_differently_are_an_incident_not_a_lost_write():
    calls = Calls(qc=lambda v: {"order": {"status": "a"}}, legal=lambda v: {"order": {"status": "b"}})
    case = Case(SPLIT, calls, order={"status": "new"})
    case.do("qc").do("legal")
    (fault,) = case.step.faults
    assert (fault.element, fault.code, fault.details["path"]) == ("join", "MergeConflict", "order.status")
    assert case.where() == ["join", "join"], "both branches wait; what each wrote is kept"
    case.act(Retry(fault.token))
    assert case.step.faults, "nothing has changed, so it is no better"
    case.act(Assign({"order": {"status": "decided"}})).act(Retry(fault.token))
    assert case.where() == ["z"]
    assert case.variables()["order"] == {"status": "decided"}


def test_a_join_in_a_rework_loop_waits_for_all_branches_each_time():
    """Defect B: in the library the second round goes on when only one branch is done."""
    case = Case(SPLIT, Calls(qc=lambda v: {}, legal=lambda v: {}))
    for _round in range(4):
        case.do("legal")
        assert case.where() == ["join", "qc"]
        case.do("qc")
        assert case.where() == ["z"]
        case.do("z", outcome="again")
        assert case.where() == ["legal", "qc"]


def test_a_value_removed_or_added_in_one_branch_survives_the_join():
    calls = Calls(qc=lambda v: {"new": {"a": 1}}, legal=lambda v: {"new": {"b": 2}})
    case = Case(SPLIT, calls)
    case.do("qc").do("legal")
    assert case.variables()["new"] == {"a": 1, "b": 2}


def test_splits_that_cross_keep_every_write():
    """a and b join before c does; the second split lies inside: each join finds its own base."""
    crossing = process(
        start(),
        fork("s1"),
        user("a"),
        user("b"),
        user("c"),
        service("wa", "a"),
        service("wb", "b"),
        service("wc", "c"),
        fork("j1"),
        user("d"),
        user("f"),
        service("wd", "d"),
        service("wf", "f"),
        fork("j2"),
        fork("j3"),
        user("last"),
        end(),
        chain("s", "s1", "a", "wa", "j1", "d", "wd", "j2", "j3", "last", "e"),
        chain("s1", "b", "wb", "j1", "f", "wf", "j3"),
        chain("s1", "c", "wc", "j2"),
    )
    writes = {name: (lambda v, name=name: {name: 1, "x": v.get("x", 0)}) for name in "abcf"}
    writes["b"] = lambda v: {"b": 1, "x": 1}
    writes["d"] = lambda v: {"d": 1, "x": 2}
    for order in ("abdcf", "cbafd", "bacdf", "abfdc"):
        case = Case(crossing, Calls(**writes), x=0)
        for name in order:
            case.do(name)
        assert case.where() == ["last"]
        assert {name: case.variables()[name] for name in "abcdfx"} == {**dict.fromkeys("abcdf", 1), "x": 2}


PLAIN = process(
    start(),
    user("u"),
    service("inc", "inc"),
    choice("g", "g-e"),
    end(),
    chain("s", "u", "inc", "g", "e"),
    flow("g", "u", "${decision.route == 'again'}"),
)


def test_a_thousand_rounds_stay_small():
    """Defect C: the library's tree grows with history and dies silently at depth 1000."""
    case = Case(PLAIN, Calls(inc=lambda v: {"n": v["n"] + 1}), n=0)
    for round_ in range(1000):
        case.do("u", outcome="again")
        if round_ == 10:
            size, tasks = len(case.step.state), case.tasks()
    assert case.tasks() == tasks
    assert len(case.step.state) <= size + 20
    assert case.variables()["n"] == 1000
    assert case.do("u", outcome="enough").step.completed


def test_a_thousand_parallel_rounds_stay_small():
    case = Case(SPLIT, Calls(qc=lambda v: {"n": v["n"] + 1}, legal=lambda v: {}), n=0)
    for round_ in range(1000):
        case.do("qc").do("legal").do("z", outcome="again")
        if round_ == 10:
            size, tasks = len(case.step.state), case.tasks()
    assert case.tasks() == tasks
    assert len(case.step.state) <= size + 30
    assert case.variables()["n"] == 1000


def test_a_branch_that_loops_while_the_other_waits_stays_small():
    looping = process(
        start(),
        fork("f"),
        user("a"),
        user("b"),
        choice("g", "g-j"),
        fork("j"),
        end(),
        chain("s", "f", "a", "g", "j", "e"),
        chain("f", "b", "j"),
        flow("g", "a", "${decision.route == 'again'}"),
    )
    case = Case(looping)
    case.do("b")
    for round_ in range(300):
        case.do("a", outcome="again")
        if round_ == 5:
            tasks = case.tasks()
    assert case.tasks() == tasks
    assert case.do("a", outcome="x").step.completed


AUTOMATIC = process(
    start(),
    service("inc", "inc"),
    choice("g", "g-e"),
    end(),
    chain("s", "inc", "g", "e"),
    flow("g", "inc", "${n &lt; limit}"),
)


def test_an_automatic_loop_of_a_thousand_rounds_ends_right():
    calls = Calls(inc=lambda v: {"n": v["n"] + 1})
    calls.routes["g"] = "x"
    case = Case(AUTOMATIC, calls, n=0, limit=1000)
    assert case.step.completed
    assert case.variables()["n"] == 1000
    assert len(case.step.state) < 500


def test_an_endless_loop_is_stopped(monkeypatch):
    monkeypatch.setattr(run, "STEP_LIMIT", 500)
    calls = Calls(inc=lambda v: {"n": v["n"] + 1})
    calls.routes["g"] = "x"
    case = Case(AUTOMATIC, calls, n=0, limit=10**9)
    (fault,) = case.step.faults
    assert "500" in fault.reason
    assert not case.step.completed
    assert len(case.step.state) < 1000


def inclusive() -> bytes:
    return process(
        start(),
        choice("g", "g-c", kind="inclusiveGateway"),
        user("a"),
        user("b"),
        user("c"),
        node("inclusiveGateway", "j"),
        user("z"),
        end(),
        chain("s", "g"),
        flow("g", "a", "${decision.route.a}"),
        flow("g", "b", "${decision.route.b}"),
        flow("g", "c"),
        chain("a", "j"),
        chain("b", "j"),
        chain("c", "j", "z", "e"),
    )


@pytest.mark.parametrize(("a", "b", "taken"), [(True, True, "ab"), (True, False, "a"), (False, False, "c")])
def test_an_inclusive_gateway_takes_all_that_hold_and_waits_for_those(a, b, taken):
    calls = Calls()
    calls.routes["g"] = {"a": a, "b": b}
    case = Case(inclusive(), calls)
    assert case.where() == sorted(taken)
    for name in taken:
        assert "z" not in case.where()
        case.do(name)
    assert case.where() == ["z"]
    assert case.do("z").step.completed


def test_a_token_that_never_comes_is_told_not_waited_for():
    never = process(
        start(),
        choice("g", "g-j"),
        user("b"),
        fork("j"),
        end(),
        chain("s", "g", "j", "e"),
        flow("g", "b", "${decision.route == 'b'}"),
        chain("b", "j"),
    )
    calls = Calls()
    calls.routes["g"] = "x"
    case = Case(never, calls)
    (fault,) = case.step.faults
    assert (fault.element, "never come" in fault.reason) == ("j", True)


def test_a_terminate_end_closes_what_is_open():
    terminating = process(
        start(),
        fork("f"),
        user("a"),
        user("b"),
        end("e", "<terminateEventDefinition/>"),
        end("e2"),
        chain("s", "f", "a", "e"),
        chain("f", "b", "e2"),
    )
    case = Case(terminating)
    token = next(token for token, name in case.at().items() if name == "b")
    case.do("a")
    assert case.step.completed
    assert token in case.step.gone


def test_two_ends_wait_for_each_other():
    both = process(
        start(), fork("f"), user("a"), user("b"), end("e"), end("e2"), chain("s", "f", "a", "e"), chain("f", "b", "e2")
    )
    case = Case(both)
    assert not case.do("a").step.completed
    assert case.do("b").step.completed


def test_a_task_can_be_completed_once():
    case = Case(PLAIN, Calls(inc=lambda v: {}))
    (token,) = case.at()
    case.do("u", outcome="again")
    for wrong in (token, 99, 1):
        with pytest.raises(TokenNotReady):
            engine.act(case.definition, case.step.state, Complete(wrong, {}, "u"), case.calls)


def test_four_eyes_names_who_did_it_last():
    eyes = process(
        start(),
        user("one"),
        user("two", youxu__fourEyes="one"),
        choice("g", "g-e"),
        end(),
        chain("s", "one", "two", "g", "e"),
        flow("g", "one", "${decision.route == 'again'}"),
    )
    case = Case(eyes)
    case.do("one", by="anna")
    assert case.step.opened[0].excluded == ("anna",)
    case.do("two", by="bo", outcome="again").do("one", by="bo")
    assert case.step.opened[0].excluded == ("bo",)


def test_steps_get_a_copy_of_the_variables():
    def spoil(variables):
        variables["order"]["n"] = 99
        return {"seen": True}

    case = Case(PLAIN, Calls(inc=spoil), order={"n": 1})
    case.do("u", outcome="again")
    assert case.variables()["order"] == {"n": 1}
    assert case.variables()["seen"] is True


def test_a_failing_step_leaves_the_stored_state_as_it_was():
    def fail(_variables):
        raise ValueError("no")

    case = Case(PLAIN, Calls(inc=fail))
    before = case.step.state
    with pytest.raises(ValueError, match="no"):
        case.do("u", outcome="again")
    assert (case.step.state, case.where()) == (before, ["u"])


def test_a_condition_that_cannot_be_evaluated_names_the_gateway():
    wrong = process(
        start(),
        choice("g", "g-e"),
        user("u"),
        end(),
        chain("s", "g", "e"),
        flow("g", "u", "${nothing &gt; 1}"),
        chain("u", "e"),
    )
    calls = Calls()
    calls.routes["g"] = "x"
    case = Case(wrong, calls)
    (fault,) = case.step.faults
    assert (fault.element, "nothing" in fault.reason) == ("g", True)
    case.act(Assign({"nothing": 2})).act(Retry(fault.token))
    assert case.where() == ["u"]


def test_conditions_are_tried_in_the_order_of_the_document_not_of_the_drawing():
    both = process(
        start(),
        choice("g", "g-c"),
        user("a"),
        user("b"),
        user("c"),
        end(),
        chain("s", "g"),
        flow("g", "b", "${true}"),
        flow("g", "a", "${true}"),
        flow("g", "c"),
        chain("a", "e"),
        chain("b", "e"),
        chain("c", "e"),
    )
    calls = Calls()
    calls.routes["g"] = "x"
    assert Case(both, calls).where() == ["b"]


def test_variables_named_like_the_librarys_markers_do_no_harm():
    case = Case(PLAIN, Calls(inc=lambda v: {"typename": "x", "data_objects": [1]}), typename="BpmnWorkflow")
    case.do("u", outcome="again").do("u", outcome="again")
    assert case.variables()["typename"] == "x"


def test_documents_in_variables_are_refused():
    with pytest.raises(EngineFault, match="bytes"):
        Case(PLAIN, big="x" * 300_000)


def test_states_of_the_first_format_stay_readable():
    definition = engine.compile_definition((GOLDEN / "split.bpmn").read_bytes())
    state = (GOLDEN / "1.state").read_bytes()
    assert sorted(engine.open_tokens(definition, state).values()) == ["join", "legal"]
    after = engine.act(definition, state, Complete(6, {}, "u"), qc_and_legal())
    assert [one.element.id for one in after.opened] == ["z"]


@pytest.mark.parametrize(
    "state", [b"", b"\x00{}", b"\x01{", b'\x01[1,2,false,{},[[1,null,"p"],[2,1,"Nowhere"]]]', b"\x63[]"]
)
def test_other_bytes_are_refused(state):
    definition = engine.compile_definition(PLAIN)
    with pytest.raises(UnreadableState):
        engine.open_tokens(definition, state)


def test_nothing_of_a_diagram_is_run_as_python():
    source = "".join(path.read_text() for path in Path(engine.__file__).parent.glob("*.py"))
    assert "PythonScriptEngine" not in source
    case = Case(PLAIN, Calls(inc=lambda v: {}))
    loaded = run.Run(case.definition, case.calls)
    loaded.load(case.step.state)
    task = loaded.workflow.task_tree.children[0]
    for call in (
        lambda: loaded.workflow.script_engine.evaluate(task, "1"),
        lambda: loaded.workflow.script_engine.execute(task, "1"),
        lambda: loaded.workflow.script_engine.call_service(task),
    ):
        with pytest.raises(EngineFault):
            call()
