"""The scenarios beside the shipped diagrams, each played on a database, with a clock that the test moves, by servers that
are killed: an act is first tried by a process that dies before it is stored, then done by another one, which knows only
what the database says.

In `make test` each database has every second scenario, SQLite those that PostgreSQL has not; with `--full` all on both.
The designer plays the same scenarios without a database (a test of each diagram). Service steps are not really done here
and rules are asked what the scenario gives; both have tests of their own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.core import clock, db, intervals, jobs
from app.core.ids import new_id
from app.core.permissions import SYSTEM, Actor
from app.core.subject import Subject
from app.processes import definitions, queries, service, world
from app.processes.designer.sandbox import MORNING, REQUESTER, Stage, moment
from app.processes.designer.scenarios import Scenario, read_scenarios
from app.processes.service import following, going_on, starting
from app.tasks import queries as tasks
from app.tasks import service as inbox
from tests.conftest import fresh_database
from tests.decisions.factories import seed
from tests.identity.factories import actor_for, make_user
from tests.processes.test_crashes import killed, take_over

pytestmark = pytest.mark.waits  # for processes that are forked, which is dear in a large one
FOLDER = Path(__file__).parents[2] / "bpmn"
ALL = [
    pytest.param(path.name.removesuffix(".scenarios.yaml"), scenario, id=f"{path.name.split('.')[0]}-{number}")
    for path in sorted(FOLDER.glob("*.scenarios.yaml"))
    for number, scenario in enumerate(read_scenarios(path.read_text()), 1)
]


class Told(Stage):
    """What the scenario says; how often something was asked before is counted in the history of the instance."""

    def recall(self, instance_id: str, steps: dict[str, str]) -> None:
        """Begin where the history ends."""
        with db.transaction(write=False):
            lines = [(one.kind, one.element_id) for one in queries.events_of(instance_id, limit=10_000)]
        decided = Counter(element for kind, element in lines if kind == "decided")
        performed = Counter(steps[element] for kind, element in lines if kind == "performed")
        self._asked, self._visits = dict(decided), {**decided, **performed}


class Played:
    """One scenario about one subject; what was begun is found by the subject alone."""

    def __init__(self, key: str, scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
        self.key, self.scenario = key, scenario
        self.given = scenario.script.given
        self.subject = Subject("thing", new_id())
        self.now = moment(self.given.get("at", MORNING))
        self.people: dict[str, Actor] = {}
        self.told = Told(scenario.script)
        with db.transaction(write=False):
            elements = definitions.in_force(key).definition.elements.values()
        self.steps = {one.id: str(getattr(one, "step", "")) for one in elements}
        monkeypatch.setattr(world.World, "decide", lambda _world, element, values: self.told.decide(element, values))
        monkeypatch.setattr(world.World, "perform", lambda _world, *what: self.told.perform(*what))

    def begin(self) -> None:
        """At the start event that the scenario names, or the plain one."""
        by = self.person(str(self.given.get("initiator", REQUESTER)))
        with clock.moved(self.now), db.transaction():
            starting.begin(
                *(by, definitions.in_force(self.key), self.subject, self.given.get("variables", {}), by.id),
                business_key=self.subject.id,
                at=self.given.get("start"),
            )
            following.follow()
        self.work()

    def do(self, act: dict[str, Any]) -> None:
        """One act, as its edge does it, and the jobs that follow."""
        if "wait" in act:
            self.now = intervals.parse_duration(str(act["wait"])).after(self.now)
        else:
            with clock.moved(self.now), db.transaction():
                self.tell(act)
        self.work()

    def tell(self, act: dict[str, Any]) -> None:
        """An answer, a message or a signal."""
        brought = act.get("with", {})
        if "answer" in act:
            open_tasks = tasks.open_tasks_of(self.subject)
            task = next(task for task in open_tasks if task.element_id == act["answer"])
            inbox.complete(self.person(str(act.get("by", act["answer"]))), task.id, brought, for_others=True)
        elif "message" in act:
            service.correlate(SYSTEM, act["message"], business_key=self.subject.id, variables=brought)
        else:
            service.signal(SYSTEM, act["signal"], variables=brought)

    def work(self) -> None:
        """What is due by now is done."""
        with clock.moved(self.now):
            while jobs.run_due():
                pass

    def person(self, name: str) -> Actor:
        """Known since before the first death."""
        if name not in self.people:
            with db.transaction():
                self.people[name] = actor_for(make_user(name=name, roles=["manager"]))
        return self.people[name]

    @property
    def instance_id(self) -> str:
        with db.transaction(write=False):
            return queries.instances_of(self.subject, self.key)[-1].id

    def path(self) -> list[str]:
        """Elements in the order in which tokens came to them."""
        first = self.instance_id
        with db.transaction(write=False):
            lines = queries.events_of(first, limit=10_000)
        return [one.element_id for one in lines if one.kind == "entered" or one.flow_id is not None]


@pytest.fixture(scope="module")
def stage(request, settings, app, with_tables, tmp_path_factory):
    """A database with every shipped diagram and rule set."""
    kind = request.config.getoption("--db")
    server = request.getfixturevalue("postgres_server") if kind == "postgres" else None
    folder = tmp_path_factory.mktemp("scenarios")
    before = db._engine
    with fresh_database(kind, folder, server, like=with_tables) as url:
        own = replace(settings, database_url=url, data=folder)
        db.connect(own)
        with db.transaction():
            seed()
            for path in sorted(FOLDER.glob("*.bpmn")):
                service.deploy(SYSTEM, path.read_bytes())
        try:
            yield own
        finally:
            db.engine().dispose()
            db._engine = before


@pytest.fixture
def turn(request):
    """Skips what the other database plays."""
    number = request.node.callspec.indices["key"]
    half = ("sqlite", "postgres").index(request.config.getoption("--db"))
    if not request.config.getoption("--full") and number % 2 != half:
        pytest.skip("the other database's: make test-full")


@pytest.mark.parametrize(("key", "scenario"), ALL)
def test_every_path_is_taken_by_servers_that_die(key, scenario, turn, stage, monkeypatch):
    db.connect(stage)
    monkeypatch.setattr(going_on, "signature_at", lambda _made, _element: "")  # people sign on pages
    played = Played(key, scenario, monkeypatch)
    acts = scenario.script.acts
    for act in acts:
        if "answer" in act:
            played.person(str(act.get("by", act["answer"])))
    played.begin()
    for act in acts:
        played.told.recall(played.instance_id, played.steps)
        if "wait" not in act:
            db.engine().dispose()
            killed(stage, lambda act=act: played.do(act), at_commit=1)
            db.connect(stage)
            take_over()
        played.do(act)
    expected = scenario.expect
    assert played.path() == expected["path"]
    last = played.instance_id
    with db.transaction(write=False):
        assert (queries.get_instance(last).status == "completed") == ("waits" not in expected)
