"""Races, decided: whichever of two comes first, and wherever it is when the other comes, the outcome is one of those
that make sense, what is stored is sound, and nobody sees an error of the database.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.core import clock, db, ids, jobs
from app.core.db import session, transaction
from app.core.errors import DomainError
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.processes import queries, service
from app.processes.external import service as external
from app.processes.models import ProcessDefinition, ProcessInstance
from app.tasks import service as inbox
from app.tasks.models import Task
from tests.conformance import shapes as s
from tests.conftest import NOON, fresh_database
from tests.identity.factories import actor_for, make_user
from tests.processes import conftest as steps  # noqa: F401 - registers test_note
from tests.processes import interleaving, invariants
from tests.processes.interleaving import COMMIT, Outcome, served
from tests.processes.plays import GROUP, WAITING, Context, begin, child, due, task_of, token_at

Verb = Callable[[Context, list[str]], Any]


@dataclass(frozen=True)
class Race:
    name: str
    prepare: Callable[[Context], Any]
    one: Verb
    other: Verb
    check: Callable[[Context, Any, Any], Any]
    """(context, what `one` came to, what `other` came to), in a transaction; asserts."""
    deadlocks: bool = False
    """Each may hold what the other needs next; the database ends one of them, which is served again."""


RACES: list[Race] = []
WHOLE: set[str] = set()
"""Instances that ended well in rounds before."""


def race(name: str, **given: Any) -> None:
    RACES.append(Race(name, **given))


def asks(verb: Callable[[Context], Any]) -> Verb:
    """A request."""
    return lambda context, retried: served(lambda: verb(context), retried)


def works(_context: Context, _retried: list[str]) -> int:
    """A worker looks for one job and runs it."""
    return jobs.run_due(limit=1)


def completes(context: Context, element: str = "u", **answers: Any) -> Any:
    return inbox.complete(context["who"], context[element], None, variables=answers)


def with_task(key: str, *elements: str, **variables: Any) -> Callable[[Context], None]:
    def prepare(context: Context) -> None:
        begin(key, context, **variables)
        for element in elements or ("u",):
            context[element] = task_of(context["id"], element)

    return prepare


def at(context: Context, key: str = "id") -> list[str]:
    return sorted(one.element_id for one in queries.tokens_of(context[key]) if one.state in ("waiting", "joined"))


def status(context: Context, key: str = "id") -> str:
    return queries.get_instance(context[key]).status


def refused(result: Any, *kinds: type) -> bool:
    return isinstance(result, kinds or DomainError)


def exactly_one(*results: Any) -> bool:
    return sum(not refused(result) for result in results) == 1


TIMED_ANEW = s.diagram(
    "timed",
    s.start(),
    WAITING,
    s.boundary("b", "u", s.after("PT9H")),
    s.user("late v more", **GROUP),
    s.end(),
    "s -> u -> v -> more -> e; b -> late -> e",
)
DIAGRAMS = [
    s.diagram("one", s.start(), s.user("u v", **GROUP), s.end(), "s -> u -> v -> e"),
    s.diagram(
        "timed",
        s.start(),
        WAITING,
        s.boundary("b", "u", s.after("PT1H")),
        s.user("late v", **GROUP),
        s.end(),
        "s -> u -> v -> e; b -> late -> e",
    ),
    s.diagram(
        "fork",
        s.start(),
        s.par("f j"),
        s.user("u v z", **GROUP),
        s.end(),
        "s -> f -> u -> j -> z -> e; f -> v -> j",
    ),
    s.diagram("waits", s.start(), WAITING, s.receive("m", "waits"), s.user("v", **GROUP), s.end(), "s->u->m->v->e"),
    s.diagram(
        "hears",
        s.start(),
        s.receive("m", "hears"),
        s.boundary("b", "m", s.after("PT1H")),
        s.user("v late", **GROUP),
        s.end(),
        "s -> m -> v -> e; b -> late -> e",
    ),
    s.diagram("signal", s.start(), WAITING, s.catch("c", s.signal("go")), s.user("v", **GROUP), s.end(), "s->u->c->v->e"),
    s.diagram("job", s.start(), s.task("w", camunda__asyncBefore="true"), s.user("v", **GROUP), s.end(), "s -> w -> v -> e"),
    s.diagram("child", s.start(), WAITING, s.end(), "s -> u -> e"),
    s.diagram(
        "parent",
        s.start(),
        s.call("h", "child"),
        s.boundary("b", "h", s.after("PT1H")),
        s.user("v late", **GROUP),
        s.end(),
        "s -> h -> v -> e; b -> late -> e",
    ),
    s.diagram(
        "herd",
        s.start(),
        s.call("h", "child", s.many("2", until="${nrOfCompletedInstances == 1}")),
        s.user("v", **GROUP),
        s.end(),
        "s -> h -> v -> e",
    ),
    s.diagram(
        "throws", s.start(), WAITING, s.throw("t", s.message("waits")), s.end(), "s -> u -> t -> e"
    ),
    s.diagram("echo", s.start(), WAITING, s.throw("t", s.signal("echo")), s.catch("c", s.signal("echo")), s.end(), "s->u->t->c->e"),
    s.diagram("work", s.start(), s.external("x", topic="races"), s.boundary("b", "x", s.after("PT1H")), s.user("v late", **GROUP), s.end(),
              "s -> x -> v -> e; b -> late -> e"),
]  # fmt: skip


def next_version(key: str) -> str:
    """Deployed, not in force: only a name differs."""
    (xml,) = [one for one in DIAGRAMS if f'<process id="{key}"'.encode() in one]
    other = xml.replace(b'<userTask id="v"', f'<userTask id="v" name="{ids.new_id()}"'.encode())
    return service.deploy(SYSTEM, other, release=False).id


# --- people, timers, operators -------------------------------------------------------------------------------------

race(
    "two completes of one task",
    prepare=with_task("one"),
    one=asks(completes),
    other=asks(completes),
    check=lambda c, a, b: (
        exactly_one(a, b) and at(c) == ["v"] and (refused(a, inbox.TaskClosed) or refused(b, inbox.TaskClosed))
    ),
)
race(
    "claim against claim",
    prepare=with_task("one"),
    one=asks(lambda c: inbox.claim(c["who"], c["u"])),
    other=asks(lambda c: inbox.claim(c["too"], c["u"])),
    check=lambda c, a, b: exactly_one(a, b) and (refused(a, inbox.AlreadyClaimed) or refused(b, inbox.AlreadyClaimed)),
)
race(
    "claim against complete by another",
    prepare=with_task("one"),
    one=asks(lambda c: inbox.claim(c["too"], c["u"])),
    other=asks(completes),
    check=lambda c, a, b: exactly_one(a, b),
)
race(
    "complete against the timer that cuts the task short",
    prepare=lambda c: (with_task("timed")(c), due(c)),
    one=asks(completes),
    other=works,
    check=lambda c, a, b: at(c) == (["late"] if refused(a, inbox.TaskClosed) else ["v"]),
)
race(
    "complete against cancel",
    prepare=with_task("one"),
    one=asks(completes),
    other=asks(lambda c: service.cancel_instance(c["who"], c["id"], "test")),
    check=lambda c, a, b: (
        status(c) == "cancelled" and not refused(b) and (not refused(a) or refused(a, inbox.TaskClosed))
    ),
)
race(
    "complete against suspend",
    prepare=with_task("one"),
    one=asks(completes),
    other=asks(lambda c: service.suspend(c["who"], c["id"], "test")),
    check=lambda c, a, b: not refused(b) and at(c) == (["u"] if refused(a, service.Suspended) else ["v"]),
)
race(
    "parallel branches come to their join at once",
    prepare=with_task("fork", "u", "v"),
    one=asks(completes),
    other=asks(lambda c: completes(c, "v")),
    check=lambda c, a, b: not refused(a) and not refused(b) and at(c) == ["z"],
)
race(
    "migrate against complete",
    prepare=lambda c: (
        with_task("timed")(c),
        c.update(to=service.deploy(SYSTEM, TIMED_ANEW, release=False).id),
    ),
    one=asks(completes),
    other=asks(lambda c: service.migrate(c["who"], c["id"], c["to"], reason="x")),
    check=lambda c, a, b: (
        not refused(a) and not refused(b) and at(c) == ["v"] and queries.get_instance(c["id"]).definition_id == c["to"]
    ),
)
race(
    "migrate against the timer that cuts the task short",
    prepare=lambda c: (
        with_task("timed")(c),
        c.update(to=service.deploy(SYSTEM, TIMED_ANEW, release=False).id),
        due(c),
    ),
    one=asks(lambda c: service.migrate(c["who"], c["id"], c["to"], reason="x")),
    other=works,
    check=lambda c, a, b: not refused(a) and (at(c) == ["late"] or b == 0),
)
race(
    "set variables against complete",
    prepare=with_task("one"),
    one=asks(completes),
    other=asks(lambda c: service.set_variables(c["who"], c["id"], {"x": 1}, reason="test")),
    check=lambda c, a, b: not refused(a) and not refused(b) and queries.variables_of(c["id"])["x"] == 1,
)
race(
    "move against complete",
    prepare=lambda c: (with_task("one")(c), c.update(token=token_at(c["id"], "u"))),
    one=asks(completes),
    other=asks(lambda c: service.move_token(c["who"], c["id"], cancel=[c["token"]], start_before=["v"], reason="x")),
    check=lambda c, a, b: (
        exactly_one(a, b) and at(c) == ["v"] and (refused(a, inbox.TaskClosed) or refused(b, service.TokenNotReady))
    ),
)  # fmt: skip
race(
    "migrate against complete",
    prepare=lambda c: (with_task("one")(c), c.update(to=next_version("one"))),
    one=asks(completes),
    other=asks(lambda c: service.migrate(c["who"], c["id"], c["to"], reason="x")),
    check=lambda c, a, b: (
        not refused(a) and not refused(b) and at(c) == ["v"] and queries.get_instance(c["id"]).definition_id == c["to"]
    ),
)
race(
    "migrate against the timer",
    prepare=lambda c: (with_task("timed")(c), due(c), c.update(to=next_version("timed"))),
    one=works,
    other=asks(lambda c: service.migrate(c["who"], c["id"], c["to"], reason="x")),
    check=lambda c, a, b: (
        not refused(b) and queries.get_instance(c["id"]).definition_id == c["to"] and at(c) in (["late"], ["u"])
    ),
)
race(
    "resumed twice",
    prepare=lambda c: (begin("waits", c), service.suspend(c["who"], c["id"], "x")),
    one=asks(lambda c: service.resume(c["who"], c["id"], "x")),
    other=asks(lambda c: service.resume(c["who"], c["id"], "x")),
    check=lambda c, a, b: [one.kind for one in queries.events_of(c["id"])].count("resumed") == 1,
)

# --- jobs ----------------------------------------------------------------------------------------------------------

race(
    "two workers and one job",
    prepare=lambda c: begin("job", c),
    one=works,
    other=works,
    check=lambda c, a, b: (a, b) in ((1, 0), (0, 1)) and at(c) == ["v"],
)
race(
    "a job against suspend",
    prepare=lambda c: begin("job", c),
    one=works,
    other=asks(lambda c: service.suspend(c["who"], c["id"], "test")),
    check=lambda c, a, b: not refused(b) and at(c) in (["v"], ["w"]) and queries.get_instance(c["id"]).suspended,
)
race(
    "a job against cancel",
    prepare=lambda c: begin("job", c),
    one=works,
    other=asks(lambda c: service.cancel_instance(c["who"], c["id"], "test")),
    check=lambda c, a, b: not refused(b) and status(c) == "cancelled",
)
race(
    "external work done against the timer that cuts it short",
    prepare=lambda c: (begin("work", c), due(c), c.update(work=work_of(c))),
    one=asks(lambda c: external.complete(SYSTEM, c["work"], "w1", {})),
    other=works,
    check=lambda c, a, b: at(c) == (["late"] if refused(a, external.NoExternalTask) else ["v"]),
)
race(
    "external work reported late against another worker who takes it",
    prepare=lambda c: (begin("work", c), c.update(work=work_of(c, -1))),
    one=asks(lambda c: external.complete(SYSTEM, c["work"], "w1", {})),
    other=asks(lambda c: len(external.fetch_and_lock(external.Fetch("w2", 1, [external.Topic("races", 60_000)])))),
    check=lambda c, a, b: (b == 0 and not refused(a) and at(c) == ["v"]) or (b == 1 and refused(a, external.OtherWorker) and at(c) == ["x"]),
)  # fmt: skip


def work_of(context: Context, seconds: int = 3600) -> str:
    """The external task of the instance, locked by w1 for so long."""
    from app.processes.external.models import ExternalTask

    (row,) = session().scalars(select(ExternalTask).where(ExternalTask.instance_id == context["id"]))
    row.worker_id, row.lock_expires_at = "w1", clock.now() + timedelta(seconds=seconds)
    session().flush()
    return row.id


# --- messages and signals ------------------------------------------------------------------------------------------


def sends(name: str, **given: Any) -> Verb:
    return asks(
        lambda c: service.correlate(
            SYSTEM, name, business_key=c.get("key"), **{k: v(c) if callable(v) else v for k, v in given.items()}
        )
    )


def keyed(key: str, *elements: str) -> Callable[[Context], None]:
    """An instance with a business key of its own."""

    def prepare(context: Context) -> None:
        context["key"] = ids.new_id()
        made = service.start(context["who"], key, Subject("thing", ids.new_id()), business_key=context["key"])
        context["id"] = made.id
        for element in elements:
            context[element] = task_of(made.id, element)

    return prepare


DAY = timedelta(days=1)
race(
    "a message against the instance that just begins to wait for it",
    prepare=keyed("waits", "u"),
    one=asks(completes),
    other=sends("waits", ttl=DAY),
    check=lambda c, a, b: not refused(a) and not refused(b) and at(c) == ["v"],
)
race(
    "a thrown message against the instance that just begins to wait for it",
    prepare=lambda c: (
        keyed("waits", "u")(c),
        c.update(thrower=service.start(SYSTEM, "throws", Subject("thing", ids.new_id()), business_key=c["key"]).id),
        c.update(t=task_of(c["thrower"])),
    ),
    one=asks(completes),
    other=asks(lambda c: completes(c, "t")),
    check=lambda c, a, b: not refused(a) and not refused(b) and at(c) == ["v"],
)
race(
    "the same message twice at once",
    prepare=keyed("hears"),
    one=sends("hears", sender_id=lambda c: c["key"]),
    other=sends("hears", sender_id=lambda c: c["key"]),
    check=lambda c, a, b: (
        not refused(a) and not refused(b) and a[0].instance_id == b[0].instance_id == c["id"] and at(c) == ["v"]
    ),
)
race(
    "the same message twice at once, kept",
    prepare=keyed("one"),
    one=sends("nobody", sender_id=lambda c: c["key"], ttl=DAY),
    other=sends("nobody", sender_id=lambda c: c["key"], ttl=DAY),
    check=lambda c, a, b: a == b == [],
)
race(
    "two messages for one that waits",
    prepare=keyed("hears"),
    one=sends("hears"),
    other=sends("hears"),
    check=lambda c, a, b: (
        exactly_one(a, b) and (refused(a, service.NoMatch) or refused(b, service.NoMatch)) and at(c) == ["v"]
    ),
)
race(
    "a message against the timer that ends the wait",
    prepare=lambda c: (keyed("hears")(c), due(c)),
    one=sends("hears"),
    other=works,
    check=lambda c, a, b: at(c) == (["late"] if refused(a, service.NoMatch) else ["v"]),
)
race(
    "a message against cancel",
    prepare=keyed("hears"),
    one=sends("hears"),
    other=asks(lambda c: service.cancel_instance(c["who"], c["id"], "test")),
    check=lambda c, a, b: (
        not refused(b) and status(c) == "cancelled" and (not refused(a) or refused(a, service.NoMatch))
    ),
)
race(
    "a message to be kept against suspend",
    prepare=keyed("hears"),
    one=sends("hears", ttl=DAY),
    other=asks(lambda c: service.suspend(c["who"], c["id"], "test")),
    check=lambda c, a, b: (
        not refused(a) and not refused(b) and (service.resume(c["who"], c["id"], "x"), at(c))[1] == ["v"]
    ),
)
race(
    "a message to be kept against resume",
    prepare=lambda c: (keyed("hears")(c), service.suspend(c["who"], c["id"], "test")),
    one=sends("hears", ttl=DAY),
    other=asks(lambda c: service.resume(c["who"], c["id"], "test")),
    check=lambda c, a, b: not refused(a) and not refused(b) and at(c) == ["v"],
)
race(
    "a signal against the instance that just begins to wait for it",
    prepare=with_task("signal"),
    one=asks(lambda c: service.signal(SYSTEM, "go")),
    other=asks(completes),
    check=lambda c, a, b: (
        not refused(a) and not refused(b) and at(c) in (["v"], ["c"]) and (service.signal(SYSTEM, "go"), True)[1]
    ),
)
race(
    "a signal to three against a second one",
    prepare=lambda c: c.update(ids=[waiting_for_signal(c) for _ in range(3)]),
    one=asks(lambda c: service.signal(SYSTEM, "go")),
    other=asks(lambda c: service.signal(SYSTEM, "go")),
    check=lambda c, a, b: sorted((a, b)) == [0, 3] and all(at({"id": one}) == ["v"] for one in c["ids"]),
)
race(
    "a signal to three against the end of one of them",
    prepare=lambda c: c.update(ids=[waiting_for_signal(c) for _ in range(3)]),
    one=asks(lambda c: service.signal(SYSTEM, "go")),
    other=asks(lambda c: service.cancel_instance(c["who"], c["ids"][1], "test")),
    check=lambda c, a, b: a in (2, 3) and not refused(b),
)
race(
    "two instances throw the signal that both wait for",
    prepare=lambda c: [with_task("echo")(c), c.update(v=c["u"]), with_task("echo")(c)],
    one=asks(completes),
    other=asks(lambda c: completes(c, "v")),
    check=lambda c, a, b: not refused(a) and not refused(b),
)


def waiting_for_signal(context: Context) -> str:
    with_task("signal")(context)
    completes(context)
    return context["id"]


# --- calls ---------------------------------------------------------------------------------------------------------


def called(context: Context) -> None:
    begin("parent", context)
    context["child"] = child(context)
    context["u"] = task_of(context["child"])


def herd(context: Context) -> None:
    begin("herd", context)
    found = select(Task.id).join(ProcessInstance, ProcessInstance.id == Task.source_id)
    mine = session().scalars(found.where(ProcessInstance.super_instance_id == context["id"]))
    context["u"], context["v"] = mine


race(
    "a caller is cancelled against the end of what it called",
    prepare=called,
    one=asks(completes),
    other=asks(lambda c: service.cancel_instance(c["who"], c["id"], "test")),
    check=lambda c, a, b: (
        not refused(b)
        and status(c) == "cancelled"
        and status(c, "child") == ("cancelled" if refused(a) else "completed")
    ),
)
race(
    "a called process returns against the timer at its caller",
    prepare=lambda c: (called(c), due(c)),
    one=asks(completes),
    other=works,
    check=lambda c, a, b: at(c) == (["late"] if refused(a) else ["v"]),
    deadlocks=True,
)
race(
    "two called processes return at once and one is enough",
    prepare=herd,
    one=asks(completes),
    other=asks(lambda c: completes(c, "v")),
    check=lambda c, a, b: exactly_one(a, b) and at(c) == ["v"],
    deadlocks=True,
)

# --- definitions and starts ----------------------------------------------------------------------------------------


def ships(version: str) -> bytes:
    return s.diagram("ships", s.start("s", s.message("ships")), s.start("t", s.every("R/P9D")), s.user(f"u{version}", **GROUP), s.end(),
                     f"s -> u{version} -> e; t -> u{version}")  # fmt: skip


def deploy_new(which: str) -> Verb:
    return asks(lambda c: service.deploy(SYSTEM, ships(c[which])).version)


def two_names(context: Context) -> None:
    service.deploy(SYSTEM, ships("0"))
    context["one"], context["two"] = ids.new_id(), ids.new_id()


def versions_are_whole(context: Context, *made: Any) -> bool:
    numbers = list(session().scalars(select(ProcessDefinition.version).where(ProcessDefinition.key == "ships")))
    return sorted(numbers) == list(range(1, len(numbers) + 1)) and len(jobs.jobs_of("process-start", "ships")) == 1


race(
    "deploy against deploy of the same key",
    prepare=two_names,
    one=deploy_new("one"),
    other=deploy_new("two"),
    check=lambda c, a, b: abs(a - b) == 1 and versions_are_whole(c),
)
race(
    "deploy against deploy of the same file",
    prepare=two_names,
    one=deploy_new("one"),
    other=deploy_new("one"),
    check=lambda c, a, b: a == b and versions_are_whole(c),
)
race(
    "deploy against start",
    prepare=two_names,
    one=deploy_new("one"),
    other=asks(lambda c: service.start(SYSTEM, "one", Subject("thing", ids.new_id())).id),
    check=lambda c, a, b: not refused(b) and versions_are_whole(c),
)
race(
    "deploy against a message that starts",
    prepare=two_names,
    one=deploy_new("one"),
    other=asks(lambda c: service.correlate(SYSTEM, "ships")),
    check=lambda c, a, b: not refused(b) and len(b) == 1 and b[0].started and versions_are_whole(c),
)
race(
    "two starts about one subject",
    prepare=lambda c: c.update(subject=Subject("thing", ids.new_id())),
    one=asks(lambda c: service.start(SYSTEM, "one", c["subject"]).id),
    other=asks(lambda c: service.start(SYSTEM, "one", c["subject"]).id),
    check=lambda c, a, b: (
        exactly_one(a, b) and (refused(a, service.AlreadyRunning) or refused(b, service.AlreadyRunning))
    ),
)
race(
    "two restarts of one subject",
    prepare=lambda c: (begin("one", c), c.update(subject=queries.get_instance(c["id"]).subject)),
    one=asks(lambda c: service.restart(SYSTEM, c["subject"], "one", reason="x").id),
    other=asks(lambda c: service.restart(SYSTEM, c["subject"], "one", reason="x").id),
    check=lambda c, a, b: (
        sorted(one.status for one in queries.instances_of(c["subject"])) == ["running", "superseded", "superseded"]
    ),
)


@pytest.fixture(scope="module")
def arena(request, settings, app, with_tables, tmp_path_factory):
    """A database with everything deployed; who acts."""
    kind = request.config.getoption("--db")
    server = request.getfixturevalue("postgres_server") if kind == "postgres" else None
    folder = tmp_path_factory.mktemp("races")
    before = db._engine
    remove = interleaving.install()
    with fresh_database(kind, folder, server, like=with_tables) as url, clock.moved(NOON):
        db.connect(replace(settings, database_url=url, data=folder))
        with transaction():
            people = [actor_for(make_user(roles=["manager"])) for _ in range(2)]
            for diagram in DIAGRAMS:
                service.deploy(SYSTEM, diagram)
        yield people
        remove()
        db.engine().dispose()
        db._engine = before


@pytest.mark.parametrize("turn", ["as said", "other first"])
@pytest.mark.parametrize("race_", RACES, ids=[one.name for one in RACES])
def test_the_outcome_makes_sense_wherever_they_meet(race_, turn, arena, request):
    verbs = (race_.one, race_.other) if turn == "as said" else (race_.other, race_.one)
    places = places_of(request.config.getoption("--full"), race_.name + turn)
    met = 0
    for place in places:
        context: Context = {"who": arena[0], "too": arena[1]}
        with transaction():
            clear_the_floor()
            race_.prepare(context)
        outcome = interleaving.race(
            lambda retried, c=context: verbs[0](c, retried), lambda retried, c=context: verbs[1](c, retried), place
        )
        if not outcome.reached and place != COMMIT:
            break
        met += outcome.reached
        judge(race_, turn, place, context, outcome)
    assert met


def judge(race_: Race, turn: str, place: int, context: Context, outcome: Outcome) -> None:
    one, other = outcome.both if turn == "as said" else outcome.both[::-1]
    where = f"{race_.name}, {turn}, halted at {place}: {one!r}, {other!r}, served again for {outcome.retried}"
    with transaction():
        assert race_.check(context, one, other), f"{where}; at {at(context) if 'id' in context else ''}"
        wrong = invariants.broken(audit=False, skip=WHOLE)
        assert wrong == [], f"{where}: {wrong}"
    if not race_.deadlocks:
        assert "40P01" not in outcome.retried, f"{where}: they waited for each other"


def places_of(full: bool, name: str) -> list[int]:
    """Statements of the first before which it is halted. SQLite has one writer: where it is makes no difference."""
    if db.engine().dialect.name != "postgresql":
        return [COMMIT]
    return [COMMIT, *range(60)] if full else [COMMIT, random.Random(name).randrange(8)]


def clear_the_floor() -> None:
    """End what ran before and take its jobs away."""
    running = select(ProcessInstance.id).where(
        ProcessInstance.status == "running", ProcessInstance.super_instance_id.is_(None)
    )
    for instance in list(session().scalars(running)):
        service.cancel_instance(SYSTEM, instance, "the next round")
