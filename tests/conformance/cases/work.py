"""What activities do: user tasks' attributes, scripts, expressions, mappings, external work, jobs."""

from __future__ import annotations

from tests.conformance.scenario import ABSENT, Suite, assign, complete, done, expect, failed, jobs, retry, start, time
from tests.conformance.shapes import (
    after,
    boundary,
    compute,
    diagram,
    end,
    external,
    inputs,
    node,
    outputs,
    par,
    script,
    task,
    user,
    xor,
)
from tests.conformance.shapes import start as begin

suite = Suite("work")


def one(key: str, activity: str, name: str = "a") -> bytes:
    return diagram(key, begin(), activity, user("n"), end(), f"s -> {name} -> n -> e")


suite(
    "user task: its name may hold an expression",
    one("named", user("a", name="Check ${order}")),
    start(order="A1"),
    expect(details={"a.name": "Check A1"}),
)
suite(
    "user task: candidate groups, a list and an expression",
    one("groups", user("a", camunda__candidateGroups="manager, ${team}")),
    start(team="sales"),
    expect(details={"a.candidate_groups": ["manager", "sales"]}),
)
suite(
    "user task: candidate groups from a list variable",
    one("listed", user("a", camunda__candidateGroups="${teams}")),
    start(teams=["manager", "sales"]),
    expect(details={"a.candidate_groups": ["manager", "sales"]}),
)
suite(
    "user task: due date in ISO",
    one("due", user("a", camunda__dueDate="2026-12-01T10:00:00Z")),
    start(),
    expect(details={"a.due": "2026-12-01T10:00:00Z"}),
)
suite(
    "user task: due date from a variable",
    one("duevar", user("a", camunda__dueDate="${until}")),
    start(until="2026-12-01T10:00:00Z"),
    expect(details={"a.due": "2026-12-01T10:00:00Z"}),
)
suite(
    "user task: due date as a duration",
    one("duration", user("a", camunda__dueDate="PT2H")),
    start(),
    expect(details={"a.due": "2026-11-23T06:00:00Z"}),
)
suite(
    "user task: priority",
    one("priority", user("a", camunda__priority="${p}")),
    start(p=70),
    expect(details={"a.priority": 70}),
)
suite(
    "user task: form key",
    one("form", user("a", camunda__formKey="embedded:app:forms/check.html")),
    start(),
    expect(details={"a.form_key": "embedded:app:forms/check.html"}),
)
suite(
    "user task: an assignee that cannot be told is an incident",
    one("nobody", user("a", camunda__assignee="${who}")),
    start(),
    expect(incidents="a", ended=False),
    retry("a", who="demo"),
    expect(tasks="a", incidents=""),
)
suite(
    "user task: what is answered becomes variables",
    one("answers", user("a")),
    start(x=1),
    complete("a", x=2, y={"k": [1, None, "é", 1.5]}),
    expect(tasks="n", variables={"x": 2, "y": {"k": [1, None, "é", 1.5]}}),
)

suite(
    "script: assignments",
    one("script", script("a", "y = x * 2\nz = y + 1")),
    start(x=3),
    expect(tasks="n", variables={"x": 3, "y": 6, "z": 7}),
)
suite(
    "script: the result in a variable",
    one("scriptresult", script("a", "x * 2", camunda__resultVariable="y")),
    start(x=3),
    expect(tasks="n", variables={"y": 6}),
)
suite(
    "script: a fault is an incident, corrected values go on",
    one("scriptfault", script("a", "y = missing + 1")),
    start(),
    expect(incidents="a", ended=False),
    retry("a", missing=1),
    expect(tasks="n", variables={"y": 2}),
)
suite(
    "service task as expression with a result variable",
    one("expression", compute("a", "${x + 1}", "y")),
    start(x=1),
    expect(tasks="n", variables={"y": 2}),
)
suite(
    "conditional value",
    one("choice", compute("a", "${x > 5 ? 'big' : 'small'}", "size")),
    start(x=9),
    expect(variables={"size": "big"}),
)
suite(
    "business rule task as external work",
    one("rules", node("businessRuleTask", "a", camunda__type="external", camunda__topic="decide")),
    start(),
    expect(waits="external:a"),
    done("decide", route="x"),
    expect(tasks="n", variables={"route": "x"}),
)

suite(
    "input: local to the activity, expression and constant",
    one("input", user("a", inputs(k="${x + 1}", c="fixed"))),
    start(x=1),
    expect(locals={"a.k": [2], "a.c": ["fixed"]}, variables={"k": ABSENT, "c": ABSENT}),
    complete("a"),
    expect(tasks="n", variables={"k": ABSENT}),
)
suite("output: to the outside", one("output", task("a", outputs(y="${x * 2}"))), start(x=4), expect(variables={"y": 8}))
suite(
    "input hides the outer variable of the same name; what the task writes to it stays inside",
    one("hiding", user("a", inputs(x="${x + 1}"))),
    start(x=1),
    expect(locals={"a.x": [2]}),
    complete("a", x=9),
    expect(tasks="n", variables={"x": 1}),
)
suite(
    "output from a local one",
    one("both", user("a", inputs(x="${x + 1}"), outputs(y="${x}"))),
    start(x=1),
    complete("a", x=9),
    expect(variables={"x": 1, "y": 9}),
)
LIST = "<camunda:list><camunda:value>${x}</camunda:value><camunda:value>two</camunda:value></camunda:list>"
MAP = '<camunda:map><camunda:entry key="k">${x}</camunda:entry><camunda:entry key="l">two</camunda:entry></camunda:map>'
suite(
    "input: lists and maps",
    one("structures", user("a", inputs(items=LIST, pairs=MAP))),
    start(x=1),
    expect(locals={"a.items": [[1, "two"]], "a.pairs": [{"k": 1, "l": "two"}]}),
)
suite(
    "input: an unknown name is an incident",
    one("noinput", user("a", inputs(k="${missing}"))),
    start(),
    expect(incidents="a", tasks="", ended=False),
)

suite(
    "external: variables of the worker",
    one("work", external("a")),
    start(x=1),
    done(x=2, y=3),
    expect(tasks="n", variables={"x": 2, "y": 3}),
)
suite(
    "external: a topic by expression",
    one("topic", external("a", topic="work-${kind}")),
    start(kind="fast"),
    done("work-fast"),
    expect(tasks="n"),
)
suite(
    "external: input seen, output mapped",
    one("mapped", external("a", inputs(k="${x}"), outputs(r="${answer + k}"))),
    start(x=1),
    done(answer=5),
    expect(tasks="n", variables={"r": 6}),
)
suite(
    "external: no retries left is an incident; after the retry it is done",
    one("again", external("a")),
    start(),
    failed(),
    expect(incidents="a"),
    retry("a"),
    done(),
    expect(tasks="n"),
)

suite(
    "asynchronous before: a job first",
    one("before", user("a", camunda__asyncBefore="true")),
    start(),
    expect(waits="job:a", tasks=""),
    jobs(),
    expect(tasks="a", waits=""),
)
suite(
    "asynchronous after: a job once it is done",
    one("after", user("a", camunda__asyncAfter="true")),
    start(),
    complete("a", x=1),
    expect(waits="job:a", tasks="", variables={"x": 1}),
    jobs(),
    expect(tasks="n"),
)
suite(
    "asynchronous before and after",
    one("around", task("a", camunda__asyncBefore="true", camunda__asyncAfter="true")),
    start(),
    expect(waits="job:a"),
    jobs(),
    expect(tasks="n"),
)
suite(
    "asynchronous start",
    diagram("asyncstart", begin("s", camunda__asyncBefore="true"), user("a"), end(), "s -> a -> e"),
    start(),
    expect(waits="job:s", tasks=""),
    jobs(),
    expect(tasks="a"),
)
suite(
    "asynchronous gateway and end",
    diagram(
        "asyncgate",
        begin(),
        xor("g", camunda__asyncBefore="true"),
        end("e", camunda__asyncBefore="true"),
        "s -> g -> e",
    ),
    start(),
    expect(waits="job:g"),
    jobs(),
    expect(ended=True),
)
suite(
    "the old word for asynchronous",
    one("old", task("a", camunda__async="true")),
    start(),
    expect(waits="job:a"),
    jobs(),
    expect(tasks="n"),
)
suite(
    "a failing job is tried again, then an incident; values corrected, the retry goes on",
    one("failing", compute("a", "${missing + 1}", "y", camunda__asyncBefore="true")),
    start(),
    jobs(),
    time("P1D"),
    time("P1D"),
    time("P1D"),
    expect(incidents="a", ended=False),
    retry("a", missing=1),
    jobs(),
    expect(tasks="n", variables={"y": 2}),
)
suite(
    "a job with its own number of tries",
    one(
        "tries",
        compute(
            "a",
            "${missing + 1}",
            "y",
            "<camunda:failedJobRetryTimeCycle>R2/PT5M</camunda:failedJobRetryTimeCycle>",
            camunda__asyncBefore="true",
        ),
    ),
    start(),
    jobs(),
    expect(incidents="", waits="job:a"),
    time("PT5M"),
    expect(incidents="a"),
)
suite(
    "a timer on an asynchronous task begins when the task does",
    diagram(
        "late",
        begin(),
        user("a", camunda__asyncBefore="true"),
        boundary("b", "a", after("PT1H")),
        end(),
        "s -> a -> e; b -> e",
    ),
    start(),
    expect(waits="job:a"),
    jobs(),
    expect(waits="timer:b"),
)

TWO = diagram("two", begin(), par("f j"), user("a b n"), end(), "s -> f -> a -> j -> n -> e; f -> b -> j")
suite(
    "parallel branches: both writes are there after the join",
    TWO,
    start(x=1),
    complete("a", p=1),
    complete("b", q=2),
    expect(tasks="n", variables={"x": 1, "p": 1, "q": 2}),
)
suite(
    "parallel branches: the last to finish does not undo what the first wrote",
    TWO,
    start(status="new", qc=None),
    complete("a", status="passed", qc="ok"),
    complete("b", legal="ok"),
    expect(variables={"status": "passed", "qc": "ok", "legal": "ok"}),
)
suite(
    "parallel branches: the same value from both is no conflict",
    TWO,
    start(x=1),
    complete("a", x=2),
    complete("b", x=2),
    expect(tasks="n", variables={"x": 2}, incidents=""),
)
suite(
    "parallel branches: different parts of one structure",
    TWO,
    start(o={}),
    complete("a", o={"p": 1}),
    complete("b", o={"q": 2}),
    expect(tasks="n", variables={"o": {"p": 1, "q": 2}}),
    doubt="Camunda: the last write of the whole variable wins; issue 3 merges three-way",
)
suite(
    "parallel branches: a real conflict is an incident, nothing is lost silently",
    TWO,
    start(x=1),
    complete("a", x=2),
    complete("b", x=3),
    expect(tasks="", incidents="j", ended=False),
    doubt="Camunda: the last write wins; issue 3 wants an incident",
)
suite(
    "parallel branches: what one wrote the other can read",
    TWO,
    start(),
    complete("a", p=1),
    expect(tasks="b", variables={"p": 1}),
    doubt="as in Camunda, where branches share the variables of the instance",
)
suite(
    "a variable set from outside while branches run is kept",
    TWO,
    start(x=1),
    complete("a", p=1),
    assign(x=5),
    complete("b", q=1),
    expect(tasks="n", variables={"x": 5, "p": 1, "q": 1}),
)
