"""Multi-instance activities and standard loops."""

from __future__ import annotations

from tests.conformance.scenario import ABSENT, Suite, complete, done, expect, jobs, start
from tests.conformance.shapes import (
    compute,
    diagram,
    end,
    external,
    inputs,
    many,
    outputs,
    par,
    sub,
    task,
    user,
)
from tests.conformance.shapes import start as begin

suite = Suite("multi-instance and loops")


def repeated(key: str, how: str, *more: str, **given: str) -> bytes:
    return diagram(key, begin(), user("a", *more, how, **given), user("n"), end(), "s -> a -> n -> e")


suite(
    "parallel by cardinality",
    repeated("three", many("3")),
    start(),
    expect(tasks="a a a", locals={"a.loopCounter": [0, 1, 2]}),
    complete("a"),
    expect(tasks="a a"),
    complete("a"),
    complete("a"),
    expect(tasks="n"),
)
suite(
    "sequential by cardinality",
    repeated("threeseq", many("3", one_by_one=True)),
    start(),
    expect(tasks="a", locals={"a.loopCounter": [0]}),
    complete("a"),
    expect(tasks="a", locals={"a.loopCounter": [1]}),
    complete("a"),
    complete("a"),
    expect(tasks="n"),
)
suite("cardinality by expression", repeated("bynumber", many("${n}")), start(n=2), expect(tasks="a a"))
OVER = many(over="items", item="i")
suite(
    "parallel over a collection, the element is local",
    repeated("over", OVER),
    start(items=["x", "y"]),
    expect(tasks="a a", locals={"a.i": ["x", "y"]}, variables={"i": ABSENT, "loopCounter": ABSENT}),
    complete("a", {"i": "y"}),
    expect(tasks="a", locals={"a.i": ["x"]}),
    complete("a"),
    expect(tasks="n", variables={"i": ABSENT}),
)
suite(
    "sequential over a collection, in order",
    repeated("overseq", many(over="items", item="i", one_by_one=True)),
    start(items=["x", "y", "z"]),
    expect(locals={"a.i": ["x"]}),
    complete("a"),
    expect(locals={"a.i": ["y"]}),
    complete("a"),
    expect(locals={"a.i": ["z"]}),
    complete("a"),
    expect(tasks="n"),
)
suite(
    "collection by expression",
    repeated("byexpression", many(over="${order.items}", item="i")),
    start(order={"items": [1, 2]}),
    expect(tasks="a a", locals={"a.i": [1, 2]}),
)
suite(
    "collection of mappings; the assignee comes from the element",
    repeated("assigned", many(over="people", item="p"), camunda__assignee="${p.name}"),
    start(people=[{"name": "Li"}, {"name": "Wang"}]),
    expect(tasks="a a", locals={"a.p": [{"name": "Li"}, {"name": "Wang"}]}),
)
suite(
    "collection in the words of the specification",
    repeated(
        "spec",
        '<multiInstanceLoopCharacteristics isSequential="false"><loopDataInputRef>items</loopDataInputRef>'
        '<inputDataItem name="i"/></multiInstanceLoopCharacteristics>',
    ),
    start(items=["x", "y"]),
    expect(tasks="a a", locals={"a.i": ["x", "y"]}),
)
suite("an empty collection is passed by", repeated("empty", OVER), start(items=[]), expect(tasks="n"))
suite(
    "an empty collection, one by one",
    repeated("emptyseq", many(over="items", item="i", one_by_one=True)),
    start(items=[]),
    expect(tasks="n"),
)
suite("cardinality zero is passed by", repeated("zero", many("0")), start(), expect(tasks="n"))
suite(
    "a collection that is not there is an incident",
    repeated("nocollection", OVER),
    start(),
    expect(incidents="a", tasks="", ended=False),
)
suite(
    "a cardinality that is not a number is an incident",
    repeated("nonumber", many("${n}")),
    start(n="many"),
    expect(incidents="a", ended=False),
)
suite(
    "completion condition: the rest goes",
    repeated("enough", many("5", until="${nrOfCompletedInstances >= 2}")),
    start(),
    complete("a"),
    expect(tasks="a a a a"),
    complete("a"),
    expect(tasks="n"),
)
suite(
    "completion condition, one by one",
    repeated("enoughseq", many("5", until="${nrOfCompletedInstances == 2}", one_by_one=True)),
    start(),
    complete("a"),
    complete("a"),
    expect(tasks="n"),
)
suite(
    "completion condition on what a task answers",
    repeated("veto", many("3", until="${veto == true}")),
    start(veto=False),
    complete("a", veto=False),
    expect(tasks="a a"),
    complete("a", veto=True),
    expect(tasks="n", variables={"veto": True}),
)
suite(
    "completion condition with a share",
    repeated("share", many("4", until="${nrOfCompletedInstances * 2 >= nrOfInstances}")),
    start(),
    complete("a"),
    expect(tasks="a a a"),
    complete("a"),
    expect(tasks="n"),
)
suite(
    "the counters",
    repeated("counters", many("3"), inputs(all="${nrOfInstances}", mine="${loopCounter}")),
    start(),
    expect(locals={"a.all": [3, 3, 3], "a.mine": [0, 1, 2]}),
)
suite(
    "nrOfActiveInstances",
    repeated("active", many("3", until="${nrOfActiveInstances == 1}")),
    start(),
    complete("a"),
    expect(tasks="a a"),
    complete("a"),
    expect(tasks="n"),
)
SUBS = diagram(
    "subs",
    begin(),
    sub("u", many(over="items", item="i"), begin("us"), user("a b"), end("ue"), "us -> a -> b -> ue"),
    user("n"),
    end(),
    "s -> u -> n -> e",
)
suite(
    "subprocess, parallel: each run by itself",
    SUBS,
    start(items=["x", "y"]),
    expect(tasks="a a", locals={"a.i": ["x", "y"]}),
    complete("a", {"i": "x"}),
    expect(tasks="a b", locals={"b.i": ["x"]}),
    complete("b"),
    expect(tasks="a"),
    complete("a"),
    complete("b"),
    expect(tasks="n"),
)
suite(
    "subprocess, sequential",
    diagram(
        "subseq",
        begin(),
        sub("u", many("2", one_by_one=True), begin("us"), user("a b"), end("ue"), "us -> a -> b -> ue"),
        user("n"),
        end(),
        "s -> u -> n -> e",
    ),
    start(),
    complete("a"),
    expect(tasks="b"),
    complete("b"),
    expect(tasks="a"),
    complete("a"),
    complete("b"),
    expect(tasks="n"),
)
suite(
    "subprocess with parallel branches in each run",
    diagram(
        "subfork",
        begin(),
        sub(
            "u",
            many("2"),
            begin("us"),
            par("f j"),
            user("a b c"),
            end("ue"),
            "us -> f -> a -> j -> c -> ue; f -> b -> j",
        ),
        user("n"),
        end(),
        "s -> u -> n -> e",
    ),
    start(),
    expect(tasks="a a b b"),
    complete("a", {"loopCounter": 0}),
    complete("b", {"loopCounter": 1}),
    expect(tasks="a b", joined="j j"),
    complete("b", {"loopCounter": 0}),
    expect(tasks="a c", joined="j"),
    complete("c"),
    complete("a"),
    complete("c"),
    expect(tasks="n"),
)
suite(
    "multi-instance in a multi-instance",
    diagram(
        "nested",
        begin(),
        sub("u", many("2"), begin("us"), user("a", many("2")), end("ue"), "us -> a -> ue"),
        user("n"),
        end(),
        "s -> u -> n -> e",
    ),
    start(),
    expect(tasks="a a a a"),
    complete("a"),
    complete("a"),
    complete("a"),
    expect(tasks="a"),
    complete("a"),
    expect(tasks="n"),
)
suite(
    "subprocess: completion condition takes runs that stand inside",
    diagram(
        "subenough",
        begin(),
        sub(
            "u",
            many("3", until="${nrOfCompletedInstances >= 1}"),
            begin("us"),
            user("a b"),
            end("ue"),
            "us -> a -> b -> ue",
        ),
        user("n"),
        end(),
        "s -> u -> n -> e",
    ),
    start(),
    complete("a"),
    complete("b"),
    expect(tasks="n"),
)
suite(
    "external work: one each, with its element",
    diagram("work", begin(), external("w", OVER), user("n"), end(), "s -> w -> n -> e"),
    start(items=[1, 2, 3]),
    expect(waits="external:w external:w external:w"),
    done(where={"i": 2}),
    done(),
    done(),
    expect(tasks="n", waits=""),
)
suite(
    "automatic steps in sequence see what the former wrote",
    diagram(
        "sums",
        begin(),
        compute("c", "${total + i}", "total", many(over="items", item="i", one_by_one=True)),
        user("n"),
        end(),
        "s -> c -> n -> e",
    ),
    start(items=[1, 2, 3], total=0),
    expect(tasks="n", variables={"total": 6}),
)
suite(
    "a hundred at once",
    diagram("hundred", begin(), task("t", many("100")), user("n"), end(), "s -> t -> n -> e"),
    start(),
    expect(tasks="n"),
)
suite(
    "asynchronous runs: a job each",
    diagram(
        "asyncmany",
        begin(),
        task(
            "t",
            many("3").replace(
                "<multiInstanceLoopCharacteristics ", '<multiInstanceLoopCharacteristics camunda:asyncBefore="true" '
            ),
        ),
        user("n"),
        end(),
        "s -> t -> n -> e",
    ),
    start(),
    expect(waits="job:t job:t job:t"),
    jobs(),
    expect(tasks="n", waits=""),
)
suite(
    "asynchronous before all of it: one job",
    diagram("asyncbody", begin(), user("t", many("2"), camunda__asyncBefore="true"), end(), "s -> t -> e"),
    start(),
    expect(waits="job:t", tasks=""),
    jobs(),
    expect(tasks="t t", waits=""),
)
suite(
    "output of each run is written outside",
    repeated("written", many(over="items", item="i", one_by_one=True), outputs(last="${i}")),
    start(items=["x", "y"]),
    complete("a"),
    expect(variables={"last": "x"}),
    complete("a"),
    expect(variables={"last": "y"}, tasks="n"),
)
suite(
    "a million-fold multi-instance is stopped with an incident",
    repeated("million", many("1000000")),
    start(),
    expect(tasks="", ended=False, incidents="a"),
    doubt="a limit of ours",
)
