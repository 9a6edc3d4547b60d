"""Hostile and senseless input: refused at once, or stopped by a limit that says so. The process lives on.

Also what deploying costs: time for a diagram of a hundred elements, memory for five hundred definitions.
"""

from __future__ import annotations

import gc
import time
import tracemalloc

import pytest
from sqlalchemy import func, select

from app.core.db import session
from app.core.expressions import ExpressionFailed, ExpressionInvalid, parse, parse_template
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.processes import service
from app.processes.engine import DiagramRefused, EngineFault, StateTooLarge, compile_definition, loops, run, xml
from app.processes.models import ProcessIncident, ProcessInstance
from app.processes.service import following, going_on
from tests.conformance.shapes import (
    after,
    boundary,
    catch,
    diagram,
    document,
    end,
    external,
    many,
    node,
    script,
    sub,
    task,
    throw,
    user,
)
from tests.conformance.shapes import message as on_message
from tests.conformance.shapes import start as begin

GOOD = diagram("p", begin(), user("u"), end(), "s -> u -> e")
ELEMENTS = 100


def refusal(data: bytes) -> dict[str, list[str]]:
    with pytest.raises(DiagramRefused) as refused:
        compile_definition(data)
    found: dict[str, list[str]] = refused.value.details["fields"]
    return found


def headed(head: str, name: str) -> bytes:
    """The sound diagram with a document type, and an attribute and a text that use it."""
    body = GOOD.split(b"?>", 1)[1].replace(b'<userTask id="u"', f'<userTask id="u" name="{name}"'.encode())
    return head.encode() + body.replace(b"</userTask>", f"<documentation>{name}</documentation></userTask>".encode())


LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
LONG = "a" * 300_000


@pytest.mark.parametrize(
    "data",
    [
        headed(f'<!DOCTYPE x [<!ENTITY a0 "lol">{LAUGHS}]>', "&a11;"),
        headed(f'<!DOCTYPE x [<!ENTITY a "{LONG}">]>', "&a;" * 50_000),
        headed('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>', "&a;"),
        headed('<!DOCTYPE x [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]>', "x"),
        headed('<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">', "x"),
        headed(f'<!DOCTYPE x [<!ATTLIST userTask name CDATA "{LONG}">]>', "x"),
        headed("<!DOCTYPE x>", "x"),
        GOOD.decode().encode("utf-16").replace(b"<\0d\0e\0f\0i", "<!DOCTYPE x><defi".encode("utf-16-le"), 1),
    ],
    ids=["laughs", "quadratic", "outside", "parameter", "network", "defaults", "empty", "in another encoding"],
)
def test_documents_with_types_and_entities_are_refused_at_once(data):
    began = time.monotonic()
    (reasons,) = refusal(data).values()
    assert time.monotonic() - began < 1
    assert "root:" not in "".join(reasons)


def test_what_is_far_too_large_is_refused_without_being_parsed(monkeypatch):
    monkeypatch.setattr(xml.etree, "fromstring", None)
    huge = GOOD.replace(b"</process>", b" " * 50_000_000 + b"</process>")
    began = time.monotonic()
    assert set(refusal(huge)) == {"diagram"}
    assert time.monotonic() - began < 0.5


@pytest.mark.parametrize(
    ("data", "element"),
    [
        (GOOD.replace(b'<endEvent id="e"', b'<endEvent id="u"'), "u"),
        (diagram("p", user("u"), end(), "u -> e"), "p"),
        (GOOD.replace(b'<startEvent id="s"', b"<startEvent"), "s-u"),
        (diagram("p", begin(), node("teleportTask", "x"), end(), "s -> x -> e"), "x"),
        (diagram("p", begin(), node("adHocSubProcess", "x"), end(), "s -> x -> e"), "x"),
        (document(), "diagram"),
    ],
    ids=["the same id twice", "no start", "no id", "no such element", "not run", "nothing"],
)
def test_senseless_diagrams_are_refused_with_the_element(data, element):
    assert element in refusal(data)


def nested(levels: int) -> bytes:
    inner = user("u")
    flow = "u"
    for number in range(levels):
        inner = sub(f"x{number}", begin(f"s{number}"), inner, end(f"e{number}"), f"s{number} -> {flow} -> e{number}")
        flow = f"x{number}"
    return diagram("p", begin(), inner, end(), f"s -> {flow} -> e")


def test_deep_subprocesses_run_and_deeper_ones_are_refused(tx):
    service.deploy(SYSTEM, nested(50))
    assert service.start(SYSTEM, "p", Subject("thing", "1")).status == "running"
    assert set(refusal(nested(500))) == {"diagram"}


def test_a_hundred_thousand_flows_are_refused_at_once():
    began = time.monotonic()
    flow = '<sequenceFlow id="f{}" sourceRef="s" targetRef="u"/>'
    for count in (100_000, 15_000):  # too large a file; a file that is not
        more = "".join(flow.format(number) for number in range(count)).encode()
        assert set(refusal(GOOD.replace(b"</process>", more + b"</process>"))) == {"diagram"}
    assert time.monotonic() - began < 3


# --- limits while it runs ---------------------------------------------------------------------------------------------


def incidents() -> list[str]:
    return list(session().scalars(select(ProcessIncident.message).order_by(ProcessIncident.id)))


def instances() -> int:
    return int(session().scalar(select(func.count()).select_from(ProcessInstance)) or 0)


def begun(data: bytes, **variables: object) -> ProcessInstance:
    made = service.deploy(SYSTEM, data)
    return service.start(SYSTEM, made.key, Subject("thing", made.key), variables=variables)


def still_lives() -> bool:
    """Another process begins as if nothing had been."""
    return begun(diagram("after", begin(), user("u"), end(), "s -> u -> e")).status == "running"


def test_a_process_that_calls_itself_stops_at_a_depth(tx):
    assert begun(diagram("me", begin(), node("callActivity", "c", calledElement="me"), end(), "s -> c -> e"))
    assert instances() == going_on.DEEPEST_CALL + 1
    (told,) = incidents()
    assert str(going_on.DEEPEST_CALL) in told
    assert still_lives()


def test_a_process_that_calls_itself_twice_stops_at_a_number(tx, monkeypatch):
    monkeypatch.setattr(going_on, "MOST_CALLED", 60)
    calls = node("callActivity", "c", calledElement="me") + node("callActivity", "d", calledElement="me")
    begun(diagram("me", begin(), calls, end(), "s -> c -> e; s -> d -> e"))
    assert instances() == 60
    assert len(incidents()) == 61
    assert all("60" in told for told in incidents())
    assert still_lives()


@pytest.mark.parametrize("kind", [many("1000000"), many("${n}"), many("1000000", one_by_one=True)])
def test_a_million_instances_of_an_activity_are_an_incident(tx, kind):
    begun(diagram("many", begin(), user("u", kind), end(), "s -> u -> e"), n=10**6)
    (told,) = incidents()
    assert f"{loops.MOST}" in told
    assert still_lives()


def test_tokens_without_end_are_an_incident(tx, monkeypatch):
    monkeypatch.setattr(run, "WIDEST", 200)
    begun(
        diagram(
            "wide", begin(), task("t"), node("parallelGateway", "g"), user("u"), end(), "s -> t -> g -> u -> e; g -> t"
        )
    )
    assert any("200" in told for told in incidents())
    assert still_lives()


def test_a_loop_that_never_waits_is_an_incident(tx, monkeypatch):
    monkeypatch.setattr(run, "STEP_LIMIT", 5_000)  # in life it is ten times that
    begun(diagram("round", begin(), task("t v"), end(), "s -> t -> v -> t"))
    (told,) = incidents()
    assert f"{run.STEP_LIMIT}" in told
    assert still_lives()


def test_a_variable_that_grows_without_end_leaves_everything_as_it_was(tx):
    grow = script("t", "all = [all, all]")
    with pytest.raises((StateTooLarge, EngineFault)), session().begin_nested():
        begun(
            diagram("grow", begin(), node("task", "a"), grow, end(), "s -> a -> t -> t"),
            all=["x" * 200_000, "x" * 200_000],
        )
    assert instances() == 0
    assert still_lives()


def test_processes_that_start_each_other_by_messages_end_with_the_transaction(tx):
    again = throw("t", on_message("again"))
    begun(diagram("ping", begin(), begin("m", on_message("again")), again, end(), "s -> t -> e; m -> t"))
    assert instances() <= following.MOST + 2
    assert still_lives()


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5_000 + "1" + ")" * 5_000,
        "not " * 20_000 + "true",
        "-" * 20_000 + "1",
        "x" + ".y" * 20_000,
        "x" + "[0]" * 20_000,
        "1" * 100_000,
        "1" + "*9999999999" * 900,
        "true ? " * 5_000 + "1",
        "'" + "a" * 200_000 + "'",
        "[" * 3_000 + "]" * 3_000,
        "a in " * 3_000 + "[]",
        "1 between 1 and " * 2_000 + "2",
    ],
)
def test_expressions_without_end_are_refused_or_fail_soon(text):
    began = time.monotonic()
    with pytest.raises((ExpressionInvalid, ExpressionFailed)):
        parse(text).evaluate({"x": 1, "a": 1})
    with pytest.raises((ExpressionInvalid, ExpressionFailed)):
        parse_template("${" + text + "}").evaluate({"x": 1, "a": 1})
    assert time.monotonic() - began < 1


def test_a_script_that_doubles_a_text_is_an_incident(tx):
    twice = script("t", "; ".join(["a = concat(a, a)"] * 40))
    begun(diagram("twice", begin(), twice, end(), "s -> t -> e"), a="aa")
    assert len(incidents()) == 1
    assert still_lives()


# --- what deploying costs ---------------------------------------------------------------------------------------------


def large(key: str = "large") -> bytes:
    """A hundred elements of many kinds."""
    parts, flows, last = [begin()], [], "s"
    for n in range(ELEMENTS // 10):
        parts += [
            user(f"u{n} v{n}"),
            external(f"x{n}"),
            node("exclusiveGateway", f"g{n}", default=f"g{n}-c{n}"),
            task(f"c{n} d{n}"),
            node("exclusiveGateway", f"j{n}"),
            boundary(f"b{n}", f"u{n}", after("PT1H")),
            script(f"k{n}", "a = 1"),
            catch(f"m{n}", after("PT5M")),
        ]
        flows += [f"{last} -> u{n} -> x{n} -> g{n} -> c{n} -> j{n} -> v{n} -> k{n} -> m{n}", f"b{n} -> v{n}"]
        flows += [f"g{n} -> d{n} if ${{x > 1}}", f"d{n} -> j{n}"]
        last = f"m{n}"
    return diagram(key, *parts, end(), "; ".join([*flows, f"{last} -> e"]))


def test_a_diagram_of_a_hundred_elements_is_deployed_in_less_than_a_second(tx):
    began = time.process_time()
    made = service.deploy(SYSTEM, large())
    assert time.process_time() - began < 1
    assert len(made.definition.elements) > ELEMENTS


@pytest.mark.any_database
def test_five_hundred_definitions_add_less_than_300_mb():
    compile_definition(large())
    gc.collect()
    tracemalloc.start()
    try:
        kept = [compile_definition(large(f"p{number}")) for number in range(5)]
        gc.collect()
        each = tracemalloc.get_traced_memory()[0] / len(kept)
    finally:
        tracemalloc.stop()
    assert each * 500 < 300 * 1024 * 1024
