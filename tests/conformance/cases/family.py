"""What engines of Camunda's family make of a drawing where the standard leaves it open, or says it less loudly."""

from __future__ import annotations

from tests.conformance.scenario import ABSENT, Suite, assign, complete, expect, start
from tests.conformance.shapes import (
    CANCEL,
    boundary,
    call,
    compensate,
    compute,
    diagram,
    end,
    error,
    escalation,
    event_sub,
    inputs,
    many,
    node,
    sub,
    throw,
    transaction,
    undo,
    undone_by,
    user,
    when,
    xor,
)
from tests.conformance.shapes import start as begin

suite = Suite("family")

suite(
    "a compensation event subprocess that is also marked as for compensation",
    diagram(
        "twice",
        begin(),
        sub(
            "u",
            begin("us"),
            user("a"),
            end("ue"),
            node(
                "subProcess",
                "h",
                begin("hs", compensate()),
                user("undo"),
                end("he"),
                "hs -> undo -> he",
                triggeredByEvent="true",
                isForCompensation="true",
            ),
            "us -> a -> ue",
        ),
        throw("t", compensate()),
        end(),
        "s -> u -> t -> e",
    ),
    start(),
    complete("a"),
    expect(tasks="undo"),
    complete("undo"),
    expect(ended=True),
)
RAISES = sub(
    "u",
    begin("us"),
    throw("r", escalation("X1")),
    user("a"),
    end("ue"),
    event_sub(
        "h1",
        begin("s1", escalation("X1"), isInterrupting="false"),
        user("x"),
        end("e1", escalation("X2")),
        "s1 -> x -> e1",
    ),
    event_sub("h2", begin("s2", escalation("X2"), isInterrupting="false"), user("y"), end("e2"), "s2 -> y -> e2"),
    "us -> r -> a -> ue",
)
suite(
    "an escalation out of an event subprocess is caught by the one beside it",
    diagram(
        "beside",
        begin(),
        RAISES,
        boundary("b", "u", escalation(), cancel=False),
        user("k"),
        end(),
        "s -> u -> e; b -> k -> e",
    ),
    start(),
    expect(tasks="a x"),
    complete("x"),
    expect(tasks="a y"),
)
THROWS = diagram(
    "codes",
    begin(),
    sub(
        "u",
        begin("us"),
        user("a"),
        xor("g"),
        end("e1", error("lost")),
        end("e2", error("F1")),
        "us -> a -> g; g -> e1 if ${what == 'lost'}; g -> e2 if ${what == 'found'}",
    ),
    boundary("b1", "u", error("lost")),
    boundary("b2", "u", error("F1", camunda__errorCodeVariable="code", camunda__errorMessageVariable="said")),
    user("x y"),
    end(),
    "s -> u -> e; b1 -> x -> e; b2 -> y -> e",
)
suite(
    "an error that is declared nowhere is its own code",
    THROWS.replace(b'<error id="error_lost" name="lost" errorCode="lost"/>', b""),
    start(),
    complete("a", what="lost"),
    expect(tasks="x"),
)
suite(
    "spaces around an id or a reference mean nothing",
    THROWS.replace(b'errorRef="error_lost"', b'errorRef=" error_lost"').replace(b'sourceRef="us"', b'sourceRef="us "'),
    start(),
    complete("a", what="lost"),
    expect(tasks="x"),
)
suite(
    "what an error tells is an expression of its own; without it there is no message",
    THROWS.replace(b'errorCode="F1"', b'errorCode="F1" camunda:errorMessage="not ${what}"'),
    start(),
    complete("a", what="found"),
    expect(tasks="y", variables={"code": "F1", "said": "not found"}),
)
suite("an error without a message", THROWS, start(), complete("a", what="found"), expect(variables={"said": None}))
suite(
    "of several transactions one is cancelled: those that have ended are undone too",
    diagram(
        "deals",
        begin(),
        transaction(
            "x",
            many("3"),
            begin("us"),
            user("a"),
            undone_by("a", "undo"),
            undo("undo"),
            xor("g"),
            end("ue"),
            end("uc", CANCEL),
            "us -> a -> g; g -> ue if ${ok}; g -> uc if ${not ok}",
        ),
        boundary("b", "x", CANCEL),
        user("k"),
        end(),
        "s -> x -> e; b -> k -> e",
    ),
    start(),
    complete("a", ok=True),
    complete("a", ok=False),
    expect(tasks="undo a"),
    complete("undo"),
    complete("undo"),
    expect(tasks="k"),
)
suite(
    "a condition that holds between two automatic steps only is heard",
    diagram(
        "between",
        begin(),
        user("a"),
        compute("one", "${1}", "n"),
        compute("two", "${2}", "n"),
        user("b"),
        end(),
        event_sub("h", begin("hs", when("${n == 1}")), user("x"), end("he"), "hs -> x -> he"),
        "s -> a -> one -> two -> b -> e",
    ),
    start(n=0),
    complete("a"),
    expect(tasks="x", variables={"n": 1}),
)
suite(
    "a condition that an answer makes true is heard before its subprocess ends",
    diagram(
        "archive",
        begin(),
        sub("u", begin("us"), user("a"), end("ue"), "us -> a -> ue"),
        boundary("b", "u", when("${bill != null}")),
        user("x n"),
        end(),
        "s -> u -> n -> e; b -> x -> e",
    ),
    start(),
    complete("a", bill="A1"),
    expect(tasks="x"),
)
PARTS = (
    '<camunda:map><camunda:entry key="${name}"><camunda:list><camunda:value>${n + 1}</camunda:value><camunda:map>'
    '<camunda:entry key="in">deep</camunda:entry></camunda:map><camunda:value/></camunda:list></camunda:entry>'
    "</camunda:map>"
)
suite(
    "parameters: maps in lists, names that are expressions, and what says nothing is null",
    diagram("nested", begin(), user("a", inputs(m=PARTS, none="")), end(), "s -> a -> e"),
    start(name="key", n=1),
    expect(locals={"a.m": [{"key": [2, {"in": "deep"}, None]}], "a.none": [None]}),
)
suite(
    "parameters of an event subprocess",
    diagram(
        "inside",
        begin(),
        user("a"),
        end(),
        event_sub(
            "h",
            inputs(own="${n + 1}"),
            begin("hs", when("${n == 1}"), isInterrupting="false"),
            user("x"),
            end("he"),
            "hs -> x -> he",
        ),
        "s -> a -> e",
    ),
    start(n=0),
    assign(n=1),
    expect(tasks="a x", variables={"own": ABSENT}, locals={"x.own": [2]}),
)
suite(
    "the index of an instance under a name of its own",
    diagram(
        "counted",
        begin(),
        user("a", many("2").replace("isSequential", 'camunda:elementIndexVariable="i" isSequential')),
        end(),
        "s -> a -> e",
    ),
    start(),
    expect(locals={"a.i": [0, 1], "a.loopCounter": [0, 1]}),
)
CHILD = diagram("child", begin(), user("c"), end(), "s -> c -> e")
INHERITING = call("h", "child", camunda__inheritVariables="true", camunda__inheritBusinessKey="true")
KEYED = call("h", "child", camunda__businessKey="${x}-1")
for name, calling, variables, key in (
    ("variables and business key inherited by attributes", INHERITING, {"x": "t"}, "b"),
    ("a business key given by an attribute", KEYED, {"x": ABSENT}, "t-1"),
):
    suite(
        name,
        [diagram("parent", begin(), calling, end(), "s -> h -> e"), CHILD],
        start(business_key="b", x="t"),
        expect(of="child", tasks="c", variables=variables, business_keys=[key]),
    )
suite(
    "a variable named as the answer of a form",
    diagram(
        "asked",
        begin(),
        user("a x"),
        xor("g", "e"),
        end(),
        "s -> a -> g; g -> x if ${answer == 'Yes'}; g -> e; x -> e",
    ),
    start(),
    complete("a", answer="Yes"),
    expect(tasks="x"),
)
