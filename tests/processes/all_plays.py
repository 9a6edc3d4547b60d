"""Every kind of step as a play: see `plays`."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select, update

from app.core import clock, ids, jobs, outbox
from app.core.db import session, transaction
from app.core.outbox import OutboxEvent, WaitingEvent, forgetting
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.processes import queries, service
from app.processes.external import service as external
from app.processes.external.models import ExternalTask
from app.processes.models import ProcessDefinition
from app.tasks import service as inbox
from app.tasks.models import Task
from tests.conformance import shapes as s
from tests.processes.plays import (
    GROUP,
    PLAYS,
    TINY,
    WAITING,
    Context,
    at,
    begin,
    child,
    complete,
    count,
    due,
    ended,
    in_one,
    incident,
    is_at,
    kept,
    play,
    run_due,
    started,
    status,
    steps,
    task_of,
    token_at,
)

__all__ = ["PLAYS"]

# --- starting and people -------------------------------------------------------------------------------------------

RICH = s.diagram(
    "rich",
    s.start(),
    s.par("f"),
    WAITING,
    s.boundary("late", "u", s.after("PT1H"), cancel=False),
    s.external("x"),
    s.receive("m", "rich"),
    s.catch("c", s.signal("rich")),
    s.catch("t", s.after("P1D")),
    s.node("userTask", "a", camunda__asyncBefore="true"),
    s.task("n"),
    s.par("j"),
    s.end(),
    "s -> f; f -> u -> j; f -> x -> j; f -> m -> j; f -> c -> j; f -> t -> j; f -> a -> j; j -> e; late -> n",
)
play(
    "start: something of everything",
    RICH,
    prepare=lambda _context: None,
    act=in_one(started("rich")),
    after=lambda _context: count("rich") == 1,
)
play(
    "complete a task: on to the next, the timer goes",
    s.diagram(
        "tasks",
        s.start(),
        s.user("u v", **GROUP),
        s.boundary("b", "u", s.after("PT1H")),
        steps("test_sometimes"),
        s.end("e late"),
        "s -> u -> w -> v -> e; b -> late",
    ),
    prepare=started("tasks", mended=True),
    act=in_one(complete),
    after=is_at("v"),
)
play(
    "complete the last of parallel tasks: join and end",
    s.diagram(
        "joins",
        s.start(),
        s.par("f j"),
        s.user("u v", **GROUP),
        s.end(),
        "s -> f -> u -> j -> e; f -> v -> j",
    ),
    prepare=lambda context: (begin("joins", context), complete(context, "v")),
    act=in_one(complete),
    after=ended,
)
play(
    "complete one of many: the condition ends the others",
    s.diagram(
        "many",
        s.start(),
        s.user("u", s.many("4", until="${nrOfCompletedInstances == 1}"), **GROUP),
        s.end(),
        "s -> u -> e",
    ),
    prepare=lambda context: (
        begin("many", context),
        context.update(
            task=session().scalars(select(Task.id).where(Task.source_id == context["id"]).order_by(Task.id)).first()
        ),
    ),
    act=in_one(lambda context: inbox.complete(context["who"], context["task"], None, variables={})),
    after=ended,
)
play(
    "claim a task",
    s.diagram("claims", *TINY),
    prepare=started("claims"),
    act=in_one(lambda context: inbox.claim(context["who"], task_of(context["id"]))),
    after=lambda context: (
        session().scalar(select(Task.assignee_id).where(Task.source_id == context["id"])) == context["who"].id
    ),
)
play(
    "an error at a task",
    s.diagram(
        "errs",
        s.start(),
        WAITING,
        s.boundary("b", "u", s.error("E1")),
        s.user("v", **GROUP),
        s.end(),
        "s -> u -> e; b -> v -> e",
    ),
    prepare=started("errs"),
    act=in_one(lambda context: service.throw_error(context["who"], context["id"], token_at(context["id"], "u"), "E1")),
    after=is_at("v"),
)


play(
    "restart: the old one is superseded",
    s.diagram("again", *TINY),
    prepare=lambda context: (
        begin("again", context),
        context.update(subject=queries.get_instance(context["id"]).subject),
    ),
    act=in_one(lambda context: service.restart(context["who"], context["subject"], "again", reason="changed")),
    after=lambda context: status(context) == "superseded" and count("again") == 2,
)

# --- time and jobs -------------------------------------------------------------------------------------------------

play(
    "a timer cuts a task short",
    s.diagram(
        "cuts",
        s.start(),
        WAITING,
        s.boundary("b", "u", s.after("PT1H")),
        s.user("v", **GROUP),
        s.end(),
        "s -> u -> e; b -> v -> e",
    ),
    prepare=lambda context: (begin("cuts", context), due(context)),
    act=run_due,
    after=is_at("v"),
    in_jobs=True,
)
play(
    "a cyclic timer beside a task",
    s.diagram(
        "cycles",
        s.start(),
        WAITING,
        s.boundary("b", "u", s.every("R3/PT1H"), cancel=False),
        s.user("v", **GROUP),
        s.end("e l"),
        "s -> u -> e; b -> v -> l",
    ),
    prepare=lambda context: (begin("cycles", context), due(context)),
    act=run_due,
    after=is_at("u", "v"),
    in_jobs=True,
)
ASYNC = s.diagram("later", s.start(), steps("test_sometimes", camunda__asyncBefore="true"), s.end(), "s -> w -> e")
play(
    "an asynchronous step",
    ASYNC,
    prepare=started("later", mended=True),
    act=run_due,
    after=ended,
    in_jobs=True,
)
play(
    "an asynchronous step fails and will be tried again",
    ASYNC,
    prepare=started("later"),
    act=run_due,
    after=lambda context: [job.retries for job in jobs.jobs_of("process", context["id"])] == [2],
    in_jobs=True,
)
play(
    "an asynchronous step fails for the last time: an incident",
    ASYNC,
    prepare=lambda context: (begin("later", context), last_try(context)),
    act=run_due,
    after=lambda context: incident(context).kind == "failedJob",
    in_jobs=True,
)


def last_try(context: Context) -> None:
    (job,) = jobs.jobs_of("process", context["id"])
    jobs.set_retries(job.id, 1)


ON_TIME = s.diagram("ontime", s.start("s", s.every("R/PT1H")), WAITING, s.end(), "s -> u -> e")
play(
    "a timer starts a process, and will again",
    ON_TIME,
    prepare=lambda _context: jobs.set_due(jobs.jobs_of("process-start", "ontime")[0].id, clock.now()),
    act=run_due,
    after=lambda _context: count("ontime") == 1 and len(jobs.jobs_of("process-start", "ontime")) == 1,
    in_jobs=True,
)

# --- work for programs ---------------------------------------------------------------------------------------------

WORK = s.diagram("work", s.start(), s.external("x", topic="work"), s.user("v", **GROUP), s.end(), "s -> x -> v -> e")
FETCH = external.Fetch("w1", 1, [external.Topic("work", 60_000)])


def fetched(context: Context) -> None:
    begin("work", context)
    context["work"] = session().scalars(select(ExternalTask.id).where(ExternalTask.instance_id == context["id"])).one()
    external.lock(SYSTEM, context["work"], "w1", 3_600_000)


play(
    "external work is fetched",
    s.diagram("fetch", s.start(), s.external("x", topic="fetch"), s.end(), "s -> x -> e"),
    prepare=started("fetch"),
    act=in_one(lambda _context: external.fetch_and_lock(external.Fetch("w1", 1, [external.Topic("fetch", 60_000)]))),
    after=lambda context: (
        session().scalar(select(ExternalTask.worker_id).where(ExternalTask.instance_id == context["id"])) == "w1"
    ),
)
play(
    "external work is done",
    WORK,
    prepare=fetched,
    act=in_one(lambda context: external.complete(SYSTEM, context["work"], "w1", {"n": 1})),
    after=is_at("v"),
)
play(
    "external work fails for good: an incident",
    WORK,
    prepare=fetched,
    act=in_one(lambda context: external.fail(SYSTEM, context["work"], "w1", message="broken", retries=0)),
    after=lambda context: incident(context).kind == "failedExternalTask",
)

# --- messages and signals ------------------------------------------------------------------------------------------

HEARS = s.diagram("hears", s.start(), s.receive("m", "hears"), s.user("v", **GROUP), s.end(), "s -> m -> v -> e")


def hears(context: Context) -> None:
    service.correlate(SYSTEM, "hears", instance_id=context["id"], variables={"n": 1}, sender_id=context["id"])


play(
    "a message arrives",
    HEARS,
    prepare=started("hears"),
    act=in_one(hears),
    after=is_at("v"),
    again=in_one(hears),
)
play(
    "a message comes too early and is kept",
    prepare=lambda _context: None,
    act=in_one(lambda _context: service.correlate(SYSTEM, "early", sender_id="early-1", ttl=timedelta(days=1))),
    after=lambda _context: [one.delivered_at for one in kept("early")] == [None],
    again=in_one(lambda _context: service.correlate(SYSTEM, "early", sender_id="early-1", ttl=timedelta(days=1))),
)
play(
    "a process begins to wait for a kept message",
    s.diagram("takes", s.start(), WAITING, s.receive("m", "takes"), s.user("v", **GROUP), s.end(), "s->u->m->v->e"),
    prepare=lambda context: (
        begin("takes", context),
        service.correlate(SYSTEM, "takes", business_key="takes", ttl=timedelta(days=1), variables={"n": 1}),
    ),
    act=in_one(complete),
    after=lambda context: is_at("v")(context) and kept("takes")[0].instance_id == context["id"],
)
play(
    "a message starts a process",
    s.diagram("bymessage", s.start("s", s.message("bymessage")), WAITING, s.end(), "s -> u -> e"),
    prepare=lambda _context: None,
    act=in_one(lambda _context: service.correlate(SYSTEM, "bymessage", sender_id="bymessage-1")),
    after=lambda _context: count("bymessage") == 1,
    again=in_one(lambda _context: service.correlate(SYSTEM, "bymessage", sender_id="bymessage-1")),
)
play(
    "one process tells another by a message",
    s.diagram("tells", s.start(), WAITING, s.throw("t", s.message("told")), s.end(), "s -> u -> t -> e"),
    s.diagram("told", s.start(), s.receive("m", "told"), s.user("v", **GROUP), s.end(), "s -> m -> v -> e"),
    prepare=lambda context: (
        context.update(other=service.start(SYSTEM, "told", Subject("thing", ids.new_id()), business_key="tells").id),
        begin("tells", context),
    ),
    act=in_one(complete),
    after=lambda context: ended(context) and at({"id": context["other"]}) == ["v"],
)
play(
    "a signal reaches three and starts a fourth",
    s.diagram("heard", s.start(), s.catch("c", s.signal("all")), s.user("v", **GROUP), s.end(), "s -> c -> v -> e"),
    s.diagram("called", s.start("s", s.signal("all")), WAITING, s.end(), "s -> u -> e"),
    prepare=lambda context: context.update(ids=[begin("heard", context) for _ in range(3)]),
    act=in_one(lambda _context: service.signal(SYSTEM, "all")),
    after=lambda context: all(at({"id": one}) == ["v"] for one in context["ids"]) and count("called") == 1,
)

# --- processes that call each other --------------------------------------------------------------------------------

INNER = s.diagram(
    "inner", s.start(), WAITING, s.xor("g", default="e"), s.end("e"), s.end("bad", s.error("E1")),
    "s -> u -> g -> e; g -> bad if ${bad == true}",
)  # fmt: skip
OUTER = s.diagram(
    "outer",
    s.start(),
    s.user("o", **GROUP),
    s.call("h", "inner", s.ALL_OUT),
    s.boundary("b", "h", s.error("E1")),
    s.user("v w", **GROUP),
    s.end(),
    "s -> o -> h -> v -> e; b -> w -> e",
)


def calling(context: Context) -> None:
    begin("outer", context)
    complete(context, "o")
    context["child"] = child(context)


play(
    "a process calls another",
    OUTER,
    INNER,
    prepare=started("outer"),
    act=in_one(lambda context: complete(context, "o")),
    after=lambda context: at({"id": child(context)}) == ["u"],
)
play(
    "a called process returns",
    prepare=calling,
    act=in_one(lambda context: complete(context, bad=False)),
    after=is_at("v"),
)
play(
    "an error comes to the caller",
    prepare=calling,
    act=in_one(lambda context: complete(context, bad=True)),
    after=is_at("w"),
)
play(
    "a caller is cancelled with what it called",
    prepare=calling,
    act=in_one(lambda context: service.cancel_instance(context["who"], context["id"], "test")),
    after=lambda context: status(context) == status({"id": context["child"]}) == "cancelled",
)

# --- what is told of it --------------------------------------------------------------------------------------------


def number_all(_context: Context) -> None:
    while outbox.number():
        pass


def waiting() -> int:
    return session().scalar(select(func.count()).select_from(WaitingEvent)) or 0


def positions() -> list[int]:
    return list(session().scalars(select(OutboxEvent.position).order_by(OutboxEvent.position)))


play(
    "the relay gives the first positions",
    s.diagram("news", *TINY),
    prepare=started("news"),
    act=lambda _context: outbox.relay(),
    after=lambda _context: waiting() == 0 and positions() == list(range(1, len(positions()) + 1)),
)
play(
    "the relay gives the next positions",
    prepare=lambda context: (
        number_all(context),
        begin("news", context),
        context.update(before=len(positions())),
    ),
    act=lambda _context: outbox.relay(),
    after=lambda context: waiting() == 0 and positions() == list(range(1, context["before"] + 3)),
)

# --- operators -----------------------------------------------------------------------------------------------------

play(
    "suspend",
    RICH,
    prepare=started("rich"),
    act=in_one(lambda context: service.suspend(context["who"], context["id"], "test")),
    after=lambda context: queries.get_instance(context["id"]).suspended,
)
play(
    "resume: a message came meanwhile",
    s.diagram("halts", s.start(), s.receive("m", "halts"), s.user("v", **GROUP), s.end(), "s -> m -> v -> e"),
    prepare=lambda context: (
        begin("halts", context),
        service.suspend(context["who"], context["id"], "test"),
        service.correlate(SYSTEM, "halts", business_key="halts", ttl=timedelta(days=1)),
    ),
    act=in_one(lambda context: service.resume(context["who"], context["id"], "test")),
    after=is_at("v"),
)
play(
    "set variables: a condition comes true",
    s.diagram("sets", s.start(), s.catch("c", s.when("${x > 1}")), s.user("v", **GROUP), s.end(), "s -> c -> v -> e"),
    prepare=started("sets", x=0),
    act=in_one(lambda context: service.set_variables(context["who"], context["id"], {"x": 2}, reason="test")),
    after=is_at("v"),
)
PARKS = s.diagram("parks", s.start(), s.compute("c", "${missing + 1}", "y"), WAITING, s.end(), "s -> c -> u -> e")
play(
    "retry an incident with the value that was missing",
    PARKS,
    prepare=started("parks"),
    act=in_one(lambda context: service.retry_incident(context["who"], incident(context).id, "mended", {"missing": 1})),
    after=is_at("u"),
)
play(
    "skip an incident",
    prepare=started("parks"),
    act=in_one(lambda context: service.skip_incident(context["who"], incident(context).id, {"y": 1}, "by hand")),
    after=is_at("u"),
)
play(
    "move a token",
    s.diagram("moves", s.start(), s.user("u v", **GROUP), s.end(), "s -> u -> v -> e"),
    prepare=started("moves"),
    act=in_one(
        lambda context: service.move_token(
            context["who"],
            context["id"],
            cancel=[token_at(context["id"], "u")],
            start_before=["v"],
            reason="test",
        )
    ),
    after=is_at("v"),
)
play(
    "deploy the next version: starts move over",
    s.diagram("ships", s.start("s", s.every("R/PT1H")), s.start("m", s.message("ships")), WAITING, s.end(),
              "s -> u -> e; m -> u"),
    prepare=lambda _context: None,
    act=in_one(
        lambda _context: service.deploy(
            SYSTEM,
            s.diagram("ships", s.start("s", s.every("R/PT2H")), s.start("m", s.message("ships")),
                      s.user("u v", **GROUP), s.end(), "s -> u -> v -> e; m -> u"),
        )
    ),
    after=lambda _context: (
        session().scalar(select(func.count()).where(ProcessDefinition.key == "ships")) == 2
        and len(jobs.jobs_of("process-start", "ships")) == 1
    ),
)  # fmt: skip

# --- what is no longer kept (the last one: the others look at all that was told) ----------------------------------

play(
    "old events are deleted from the front of the feed",
    s.diagram("old", *TINY),
    prepare=lambda context: (begin("old", context), number_all(context)),
    act=lambda _context: forget_most(),
    after=lambda _context: positions() == [outbox.after(None, 1).last],
)


def forget_most() -> None:
    """All but the last event are past their time."""
    with transaction():
        keep = select(func.max(OutboxEvent.position)).scalar_subquery()
        long_ago = clock.now() - timedelta(days=31)
        session().execute(update(OutboxEvent).where(OutboxEvent.position != keep).values(at=long_ago))
        forgetting.forget()
