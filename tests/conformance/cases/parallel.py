"""Parallel gateways."""

from __future__ import annotations

from tests.conformance.scenario import Suite, complete, expect, jobs, start
from tests.conformance.shapes import (
    diagram,
    end,
    external,
    par,
    sub,
    task,
    user,
    xor,
)
from tests.conformance.shapes import start as begin

suite = Suite("parallel")

FORK = diagram("fork", begin(), par("f j"), user("a b c"), end(), "s -> f -> a -> j -> c -> e; f -> b -> j")

suite(
    "parallel: fork and join",
    FORK,
    start(),
    expect(tasks="a b"),
    complete("b"),
    expect(tasks="a", joined="j", ended=False),
    complete("a"),
    expect(tasks="c", joined=""),
    complete("c"),
    expect(ended=True),
)

suite(
    "parallel: automatic branches",
    diagram("auto", begin(), par("f j"), task("a b"), user("c"), end(), "s -> f -> a -> j -> c -> e; f -> b -> j"),
    start(),
    expect(tasks="c", joined=""),
)

suite(
    "parallel: straight flows between fork and join",
    diagram(
        "straight",
        begin(),
        par("f j"),
        user("c"),
        end(),
        "s -> f -> j -> c -> e",
        '<sequenceFlow id="f-j2" sourceRef="f" targetRef="j"/>',
    ),
    start(),
    expect(tasks="c"),
)

suite(
    "parallel: nested",
    diagram(
        "nested",
        begin(),
        par("f f2 j2 j"),
        user("a b c d"),
        end(),
        "s -> f -> a -> j -> d -> e; f -> f2 -> b -> j2 -> j; f2 -> c -> j2",
    ),
    start(),
    expect(tasks="a b c"),
    complete("b"),
    complete("a"),
    expect(tasks="c", joined="j2 j"),
    complete("c"),
    expect(tasks="d", joined=""),
)

suite(
    "parallel: unbalanced, one join for two forks",
    diagram(
        "unbalanced",
        begin(),
        par("f f2 j"),
        user("a b c d"),
        end(),
        "s -> f -> a -> j -> d -> e; f -> f2 -> b -> j; f2 -> c -> j",
    ),
    start(),
    complete("a"),
    complete("b"),
    expect(tasks="c", joined="j j"),
    complete("c"),
    expect(tasks="d", joined=""),
)

suite(
    "parallel: several joins one after the other",
    diagram(
        "twojoins",
        begin(),
        par("f j1 j2"),
        user("a b c d"),
        end(),
        "s -> f -> a -> j1; f -> b -> j1; f -> c -> j2; j1 -> j2 -> d -> e",
    ),
    start(),
    complete("a"),
    complete("c"),
    expect(joined="j1 j2", tasks="b"),
    complete("b"),
    expect(tasks="d", joined=""),
)

suite(
    "parallel: a gateway that joins and forks at once",
    diagram(
        "both",
        begin(),
        par("f g j"),
        user("a b c d"),
        end(),
        "s -> f -> a -> g; f -> b -> g; g -> c -> j -> e; g -> d -> j",
    ),
    start(),
    complete("a"),
    expect(tasks="b", joined="g"),
    complete("b"),
    expect(tasks="c d", joined=""),
    complete("c"),
    complete("d"),
    expect(ended=True),
)

suite(
    "parallel: ends without join",
    diagram("ends", begin(), par("f"), user("a b"), end("e1 e2"), "s -> f -> a -> e1; f -> b -> e2"),
    start(),
    complete("a"),
    expect(ended=False, tasks="b"),
    complete("b"),
    expect(ended=True),
)

suite(
    "parallel: fork followed by ends only",
    diagram("onlyends", begin(), par("f"), end("e1 e2 e3"), "s -> f -> e1; f -> e2; f -> e3"),
    start(),
    expect(ended=True),
)

suite(
    "parallel: the same branch twice does not stand for the other one",
    diagram(
        "twice",
        begin(),
        par("f j"),
        xor("m x", default=None),
        user("a b c"),
        end(),
        "s -> f; f -> m -> a -> x; x -> j if ${!back}; x -> m if ${back}; f -> b -> j -> c -> e",
    ),
    start(),
    complete("a", back=True),
    expect(tasks="a b"),
    complete("a", back=False),
    expect(tasks="b", joined="j"),
    complete("b"),
    expect(tasks="c"),
)

REWORK = diagram(
    "rework",
    begin(),
    xor("m", default=None),
    par("f j"),
    user("a b z"),
    xor("g", default="e"),
    end(),
    "s -> m -> f -> a -> j -> z -> g -> e; f -> b -> j; g -> m if ${again}",
)

suite(
    "parallel: a join in a rework loop waits for every branch again",
    REWORK,
    start(),
    complete("a"),
    complete("b"),
    complete("z", again=True),
    expect(tasks="a b", joined=""),
    complete("a"),
    expect(tasks="b", joined="j"),
    complete("b"),
    complete("z", again=True),
    complete("b"),
    expect(tasks="a", joined="j"),
    complete("a"),
    complete("z", again=False),
    expect(ended=True),
)

suite(
    "parallel: a branch that ends early leaves the join waiting: an incident or a wait, never an early join",
    diagram(
        "early",
        begin(),
        par("f j"),
        xor("x", default="j"),
        user("a b c"),
        end("e1 e"),
        "s -> f -> a -> x -> j -> c -> e; x -> e1 if ${out}; f -> b -> j",
    ),
    start(),
    complete("b"),
    complete("a", out=True),
    expect(tasks="", joined="j", ended=False),
)

suite(
    "parallel: inside an embedded subprocess",
    diagram(
        "insub",
        begin(),
        sub("u", begin("us"), par("f j"), user("a b"), end("ue"), "us -> f -> a -> j -> ue; f -> b -> j"),
        user("c"),
        end(),
        "s -> u -> c -> e",
    ),
    start(),
    complete("a"),
    complete("b"),
    expect(tasks="c"),
)

suite(
    "parallel: joins with an asynchronous branch",
    diagram(
        "asyncbranch",
        begin(),
        par("f j"),
        task("a", camunda__asyncBefore="true"),
        user("b c"),
        end(),
        "s -> f -> a -> j -> c -> e; f -> b -> j",
    ),
    start(),
    expect(waits="job:a", tasks="b"),
    complete("b"),
    expect(waits="job:a", joined="j"),
    jobs(),
    expect(tasks="c"),
)

suite(
    "parallel: joins with external work",
    diagram(
        "workbranch", begin(), par("f j"), external("a"), user("b c"), end(), "s -> f -> a -> j -> c -> e; f -> b -> j"
    ),
    start(),
    expect(waits="external:a", tasks="b"),
)
