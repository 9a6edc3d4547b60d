"""Transactions: cancel compensates and leaves by the cancel boundary; errors do not compensate."""

from __future__ import annotations

from tests.conformance.cases.compensation import INSIDE, noting
from tests.conformance.scenario import Suite, complete, expect, start
from tests.conformance.shapes import (
    CANCEL,
    boundary,
    compensate,
    diagram,
    end,
    error,
    many,
    par,
    task,
    throw,
    transaction,
    undo,
    undone_by,
    user,
    xor,
)
from tests.conformance.shapes import start as begin

suite = Suite("transactions")


def deal(*inside: str, after: str = "") -> bytes:
    """A transaction x, a cancel boundary event leading to task k, task n after success."""
    return diagram(
        "deal",
        begin(),
        transaction("x", *inside),
        boundary("bx", "x", CANCEL),
        user("n k"),
        end(),
        after,
        "s -> x -> n -> e; bx -> k -> e",
    )


CANCELLED = (
    begin("us")
    + task("a")
    + task("b")
    + noting("ua", 1)
    + noting("ub", 2)
    + undone_by("a", "ua")
    + undone_by("b", "ub")
    + xor("g", default="ue")
    + user("w")
    + end("ue")
    + end("uc", CANCEL)
)
DEAL = deal(CANCELLED, "us -> a -> b -> w -> g -> ue; g -> uc if ${stop}")
suite(
    "transaction: success",
    DEAL,
    start(log=0),
    expect(tasks="w"),
    complete("w", stop=False),
    expect(tasks="n", variables={"log": 0}),
)
suite(
    "transaction: cancel compensates, the last first, and leaves by the boundary",
    DEAL,
    start(log=0),
    complete("w", stop=True),
    expect(tasks="k", variables={"log": 21}),
)
suite(
    "transaction: cancel takes other branches away",
    deal(begin("us"), par("f"), user("w v"), end("ue"), end("uc", CANCEL), "us -> f -> w -> uc; f -> v -> ue"),
    start(),
    complete("w"),
    expect(tasks="k"),
)
suite(
    "transaction: the boundary waits for handlers that are user tasks",
    deal(begin("us"), user("a"), undo("ua"), undone_by("a", "ua"), end("uc", CANCEL), "us -> a -> uc"),
    start(),
    complete("a"),
    expect(tasks="ua"),
    complete("ua"),
    expect(tasks="k"),
)
suite(
    "transaction: an error leaves by the error boundary without compensation",
    diagram(
        "hazard",
        begin(),
        transaction(
            "x", begin("us"), task("a"), noting("ua", 1), undone_by("a", "ua"), end("ue", error("E1")), "us -> a -> ue"
        ),
        boundary("b", "x", CANCEL),
        boundary("h", "x", error("E1")),
        user("n k"),
        end(),
        "s -> x -> n -> e; b -> k -> e; h -> e",
    ),
    start(log=0),
    expect(ended=True, variables={"log": 0}),
)
suite(
    "transaction: success, then compensated from outside",
    diagram(
        "later",
        begin(),
        transaction("x", INSIDE, "us -> a -> b -> ue"),
        throw("t", compensate()),
        user("n"),
        end(),
        "s -> x -> t -> n -> e",
    ),
    start(log=0),
    expect(tasks="n", variables={"log": 21}),
)
suite(
    "transaction: multi-instance, one cancel cancels all runs",
    diagram(
        "manydeals",
        begin(),
        transaction("x", many("2"), begin("us"), user("w"), end("uc", CANCEL), "us -> w -> uc"),
        boundary("b", "x", CANCEL),
        user("n k"),
        end(),
        "s -> x -> n -> e; b -> k -> e",
    ),
    start(),
    expect(tasks="w w"),
    complete("w"),
    expect(tasks="k"),
)
