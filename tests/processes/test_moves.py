"""What operators do to tokens: cancel, put elsewhere, retry, skip. No token is left alone, no scope open and empty."""

from __future__ import annotations

from typing import Any

from app.processes import engine
from app.processes.engine import Assign, Complete, Move, Retry
from tests.conformance.shapes import (
    after,
    boundary,
    catch,
    compensate,
    diagram,
    end,
    event_sub,
    many,
    par,
    race,
    script,
    sub,
    task,
    throw,
    undo,
    undone_by,
    user,
)
from tests.conformance.shapes import message as on_message
from tests.conformance.shapes import start as begin
from tests.processes.test_engine import Case


def token(case: Case, name: str, *, instance: int | None = None) -> int:
    views = engine.tokens(case.definition, case.step.state)
    return next(one.token for one in views if one.element.id == name and (instance is None or one.instance == instance))


def waits(case: Case) -> list[str]:
    if case.step.completed:
        return []
    return sorted(f"{one.waits}:{one.element.id}" for one in engine.tokens(case.definition, case.step.state))


def put(case: Case, cancel: list[str], *before: str, **more: Any) -> Case:
    return case.act(Move(cancel=[token(case, name) for name in cancel], before=before, **more))


INTO = diagram(
    "p", begin(), user("a"),
    sub(
        "u", begin("us"), user("b c"), end("ue"),
        event_sub("v", begin("vs", on_message("go"), isInterrupting="false"), user("x"), end("ve"), "vs -> x -> ve"),
        "us -> b -> c -> ue",
    ),
    boundary("t", "u", after("PT1H")), user("z"), end(),
    "s -> a -> u -> z -> e; t -> z",
)  # fmt: skip


def test_into_a_subprocess_that_does_not_run_yet_its_events_are_watched():
    case = put(Case(INTO), ["a"], "c")
    assert waits(case) == ["message:vs", "scope:u", "timer:t", "user:c"]
    assert waits(case.do("c")) == ["user:z"]


def test_into_an_event_subprocess():
    case = put(Case(INTO), ["a"], "x")
    assert waits(case) == ["message:vs", "scope:u", "scope:v", "timer:t", "user:x"]
    assert waits(case.do("x")) == ["user:z"]


def test_the_last_token_of_a_subprocess_is_cancelled_and_it_goes_on():
    assert waits(put(Case(INTO).do("a"), ["b"])) == ["user:z"]


def test_the_last_token_of_all_is_cancelled_and_the_process_has_ended():
    assert put(Case(INTO), ["a"]).step.completed


def test_what_a_cancelled_token_has_changed_is_kept():
    case = put(Case(INTO), ["a"], "c", variables={"n": 1})
    case.act(Move(cancel=[token(case, "u")], after=["u"]))
    assert (waits(case), case.variables()["n"]) == (["user:z"], 1)


JOIN = diagram(
    "p", begin(), par("f j"), user("a b z"), end(), "s -> f; f -> a -> j; f -> b -> j; j -> z -> e"
)  # fmt: skip


def test_a_token_put_at_a_join_stands_for_the_one_that_is_missing():
    assert waits(put(Case(JOIN).do("a"), ["b"], "j")) == ["user:z"]


def test_back_from_a_join():
    case = put(Case(JOIN).do("a"), ["j"], "a")
    assert waits(case.do("b").do("a")) == ["user:z"]


def test_a_join_whose_other_branch_is_cancelled_is_told():
    case = put(Case(JOIN).do("a"), ["b"])
    assert [fault.element for fault in case.step.faults] == ["j"]


MANY = diagram(
    "p", begin(), sub("u", many("3"), begin("us"), user("b c"), end("ue"), "us -> b -> c -> ue"), user("z"), end(),
    "s -> u -> z -> e",
)  # fmt: skip


def test_in_a_loop_a_token_moves_within_its_instance():
    case = Case(MANY)
    case.act(Move(cancel=[token(case, "b")], before=["c"]))
    assert waits(case) == ["loop:u", *["scope:u"] * 3, "user:b", "user:b", "user:c"]
    for name in ("c", "b", "c", "b", "c"):
        case.do(name)
    assert waits(case) == ["user:z"]


def test_instances_of_a_loop_are_cancelled_one_by_one_and_it_goes_on():
    case = Case(MANY)
    for number in range(3):
        case.act(Move(cancel=[token(case, "u", instance=number)]))
    assert waits(case) == ["user:z"]


def test_an_instance_of_a_sequence_is_cancelled_and_the_next_begins():
    one_by_one = user("b", many("3", one_by_one=True))
    case = Case(diagram("p", begin(), one_by_one, user("z"), end(), "s -> b -> z -> e"))
    for number in range(3):
        assert engine.local_variables(case.definition, case.step.state, token(case, "b", instance=number))
        case.act(Move(cancel=[token(case, "b", instance=number)]))
    assert waits(case) == ["user:z"]


def test_a_handler_that_failed_is_retried_or_skipped_and_the_compensation_goes_on():
    xml = diagram(
        "p", begin(), task("book"), script("ub", "n = n + 1", isForCompensation="true"), undone_by("book", "ub"),
        throw("th", compensate()), user("z"), end(), "s -> book -> th -> z -> e",
    )  # fmt: skip
    case = Case(xml, n="x")
    assert waits(case) == ["compensation:th", "fault:ub"]
    case.act(Assign({"n": 1})).act(Retry(token(case, "ub")))
    assert (waits(case), case.variables()["n"]) == (["user:z"], 2)
    case = Case(xml, n="x")
    case.act(Retry(token(case, "ub"), {"n": 7}, skip=True))
    assert (waits(case), case.variables()["n"]) == (["user:z"], 7)


def test_many_at_once_are_undone_at_once_others_in_reverse():
    xml = diagram(
        "p", begin(), user("first"), undo("u1"), undone_by("first", "u1"), user("each", many("2")), undo("u2"),
        undone_by("each", "u2"), throw("th", compensate()), user("z"), end(), "s -> first -> each -> th -> z -> e",
    )  # fmt: skip
    case = Case(xml).do("first")
    for number in range(2):
        case.act(Complete(token(case, "each", instance=number), variables={}))
    assert waits(case) == ["compensation:th", "user:u2", "user:u2"]
    assert waits(case.do("u2").do("u2")) == ["compensation:th", "user:u1"]
    assert waits(case.do("u1")) == ["user:z"]


def test_what_waits_for_the_first_of_several_events_cannot_be_skipped():
    xml = diagram(
        "p", begin(), race("r"), catch("m", on_message("go")), catch("t", after("${wait}")), end(),
        "s -> r; r -> m -> e; r -> t -> e",
    )  # fmt: skip
    case = Case(xml, wait="soon")
    case.act(Retry(token(case, "r"), skip=True))
    assert [fault.element for fault in case.step.faults] == ["r"]
    case.act(Retry(token(case, "r"), {"wait": "PT1H"}))
    assert waits(case) == ["events:r", "message:m", "timer:t"]
