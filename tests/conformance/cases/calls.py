"""Call activities: what goes in and out, business keys, binding, recursion."""

from __future__ import annotations

from tests.conformance.scenario import ABSENT, Suite, cancel, complete, expect, start
from tests.conformance.shapes import (
    ALL_IN,
    ALL_OUT,
    TERMINATE,
    boundary,
    call,
    diagram,
    end,
    error,
    many,
    par,
    passed,
    returned,
    sub,
    task,
    user,
)
from tests.conformance.shapes import start as begin

suite = Suite("call activities")


def parent(*mappings: str, called: str = "child", **given: str) -> bytes:
    return diagram("parent", begin(), call("h", called, *mappings, **given), user("n"), end(), "s -> h -> n -> e")


CHILD = diagram("child", begin(), user("c"), end(), "s -> c -> e")
suite(
    "waits for the called instance",
    [parent(), CHILD],
    start(),
    expect(waits="call:h", tasks=""),
    expect(of="child", tasks="c", instances=1),
    complete("c"),
    expect(tasks="n", waits=""),
    expect(of="child", ended=True),
)
suite(
    "a called process that ends at once",
    [parent(), diagram("child", begin(), task("t"), end(), "s -> t -> e")],
    start(),
    expect(tasks="n", waits=""),
)
suite(
    "no mapping: nothing goes in, nothing comes out",
    [parent(), CHILD],
    start(x=1),
    expect(of="child", variables={"x": ABSENT}),
    complete("c", y=2),
    expect(tasks="n", variables={"x": 1, "y": ABSENT}),
)
suite(
    "named variables and expressions in and out",
    [parent(passed(a="x", b="${x + 1}"), returned(result="y", more="${y * 2}")), CHILD],
    start(x=1, z=9),
    expect(of="child", variables={"a": 1, "b": 2, "x": ABSENT, "z": ABSENT}),
    complete("c", y=4),
    expect(variables={"result": 4, "more": 8, "y": ABSENT}),
)
suite(
    "all variables in and out",
    [parent(ALL_IN, ALL_OUT), CHILD],
    start(x=1, w="t"),
    expect(of="child", variables={"x": 1, "w": "t"}),
    complete("c", x=5, y=2),
    expect(variables={"x": 5, "y": 2, "w": "t"}),
)
suite(
    "the called one has its own variables: no change is seen before it ends",
    [parent(ALL_IN, ALL_OUT), diagram("child", begin(), user("c d"), end(), "s -> c -> d -> e")],
    start(x=1),
    complete("c", x=5),
    expect(variables={"x": 1}),
    complete("d"),
    expect(variables={"x": 5}),
)
suite(
    "the business key goes along when mapped",
    [parent(passed(business_key="#{execution.processBusinessKey}")), CHILD],
    start(business_key="K1"),
    expect(of="child", business_keys=["K1"]),
)
suite(
    "the business key stays at home when not mapped",
    [parent(), CHILD],
    start(business_key="K1"),
    expect(of="child", business_keys=[None]),
)
suite(
    "which process may be an expression",
    [parent(called="${which}"), CHILD],
    start(which="child"),
    expect(of="child", tasks="c"),
)
suite(
    "the newest version by default",
    [parent(), CHILD, diagram("child", begin(), user("c2"), end(), "s -> c2 -> e")],
    start(),
    expect(of="child", tasks="c2"),
)
suite(
    "a fixed version",
    [
        parent(camunda__calledElementBinding="version", camunda__calledElementVersion="1"),
        CHILD,
        diagram("child", begin(), user("c2"), end(), "s -> c2 -> e"),
    ],
    start(),
    expect(of="child", tasks="c"),
)
suite(
    "an unknown process is an incident that can be retried",
    parent(called="${which}"),
    start(which="nowhere"),
    expect(incidents="h", tasks="", ended=False),
)
suite(
    "a call in a call",
    [
        diagram("grand", begin(), call("h", "parent", ALL_IN, ALL_OUT), user("m"), end(), "s -> h -> m -> e"),
        parent(ALL_IN, ALL_OUT),
        CHILD,
    ],
    start(x=1),
    complete("c", y=2),
    expect(of="parent", tasks="n", variables={"y": 2}),
    complete("n", z=3),
    expect(tasks="m", variables={"x": 1, "y": 2, "z": 3}),
    complete("m"),
    expect(ended=True),
)
suite(
    "two calls at once",
    [
        diagram(
            "parent",
            begin(),
            par("f j"),
            call("h", "child"),
            call("k", "child"),
            user("n"),
            end(),
            "s -> f -> h -> j -> n -> e; f -> k -> j",
        ),
        CHILD,
    ],
    start(),
    expect(waits="call:h call:k"),
    expect(of="child", instances=2, tasks="c c"),
    complete("c"),
    complete("c"),
    expect(tasks="n"),
)
suite(
    "a terminate end of the called one does not end the caller",
    [
        parent(),
        diagram(
            "child", begin(), par("f"), user("c d"), end("x", TERMINATE), end("e"), "s -> f -> c -> x; f -> d -> e"
        ),
    ],
    start(),
    complete("c"),
    expect(tasks="n", ended=False),
    expect(of="child", ended=True),
)
suite(
    "a terminate end of the caller ends the called one",
    [
        diagram(
            "parent",
            begin(),
            par("f"),
            call("h", "child"),
            user("t"),
            end("e"),
            end("x", TERMINATE),
            "s -> f -> h -> e; f -> t -> x",
        ),
        CHILD,
    ],
    start(),
    complete("t"),
    expect(ended=True),
    expect(of="child", ended=True),
)
suite(
    "cancelling the caller ends the called one",
    [parent(), CHILD],
    start(),
    cancel(),
    expect(ended=True),
    expect(of="child", ended=True),
)
suite(
    "multi-instance: one called instance each, with its element",
    [
        parent(many(over="items", item="i"), passed(mine="i")),
        diagram("child", begin(), user("c", camunda__assignee="${mine}"), end(), "s -> c -> e"),
    ],
    start(items=["p", "q"]),
    expect(of="child", instances=2, tasks="c c"),
    complete("c"),
    expect(tasks=""),
    complete("c"),
    expect(tasks="n", waits=""),
)
suite(
    "multi-instance, one by one",
    [parent(many("2", one_by_one=True)), CHILD],
    start(),
    expect(of="child", instances=1, tasks="c"),
    complete("c"),
    expect(of="child", instances=2, tasks="c"),
    complete("c"),
    expect(tasks="n"),
)
suite(
    "inside an embedded subprocess",
    [
        diagram(
            "parent",
            begin(),
            sub("u", begin("us"), call("h", "child"), end("ue"), "us -> h -> ue"),
            user("n"),
            end(),
            "s -> u -> n -> e",
        ),
        CHILD,
    ],
    start(),
    complete("c"),
    expect(tasks="n"),
)
suite(
    "a process that calls itself without end is stopped with an incident",
    diagram("self", begin(), call("h", "self"), end(), "s -> h -> e"),
    start(),
    expect(ended=False),
)
suite(
    "a called process that stands still because of a fault holds the caller; after the retry both go on",
    [
        parent(passed(x="x")),
        diagram(
            "child",
            begin(),
            user("c"),
            '<exclusiveGateway id="g"/>',
            user("d"),
            end(),
            "s -> c -> g; g -> d if ${x == 2}; d -> e",
        ),
    ],
    start(x=1),
    complete("c"),
    expect(waits="call:h", tasks=""),
    expect(of="child", incidents="g"),
)
suite(
    "of several that fail at once the first is caught, and nobody waits for the others any more",
    [
        diagram(
            "parent",
            begin(),
            call("h", "child", many("3")),
            boundary("b", "h", error("E1")),
            user("n m"),
            end(),
            "s -> h -> n -> e; b -> m -> e",
        ),
        diagram("child", begin(), end("e", error("E1")), "s -> e"),
    ],
    start(),
    expect(tasks="m", waits=""),
)

INSIDE = (
    '<camunda:inputOutput><camunda:inputParameter name="mine">${a + 1}</camunda:inputParameter>'
    '<camunda:outputParameter name="kept">${back + 1}</camunda:outputParameter></camunda:inputOutput>'
)
suite(
    "only the activity's own variables go in, and what comes back is one of them",
    [
        parent(
            INSIDE,
            '<camunda:in variables="all" local="true"/>',
            '<camunda:in source="a" target="outer" local="true"/>',
            '<camunda:out source="b" target="back" local="true"/>',
        ),
        CHILD,
    ],
    start(a=1),
    expect(of="child", variables={"mine": 2, "a": ABSENT, "outer": None}),
    complete("c", b=5),
    expect(tasks="n", variables={"a": 1, "kept": 6, "back": ABSENT, "b": ABSENT, "mine": ABSENT}),
)
suite(
    "everything that comes back is the activity's own",
    [parent(INSIDE, '<camunda:out variables="all" local="true"/>'), CHILD],
    start(a=1),
    complete("c", back=5, b=7),
    expect(tasks="n", variables={"kept": 6, "back": ABSENT, "b": ABSENT}),
)
