"""kill -9 before and after every write and every commit of every kind of step, in a real child process.

After each death a fresh connection sees the database as it was before the step (every table compared), or as it is
after the step; `invariants` hold, and what was interrupted can be done. `make test` kills at the ends, around the
commits and at some places chosen by a seed; `--full` everywhere.
"""

from __future__ import annotations

import os
import random
import signal
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, event, update

from app.core import clock, db
from app.core.jobs import Job
from tests.conftest import NOON, fresh_database
from tests.identity.factories import actor_for, make_user
from tests.processes import conftest as steps  # noqa: F401 - registers test_note
from tests.processes import invariants, plays
from tests.processes.all_plays import PLAYS

pytestmark = pytest.mark.waits  # for processes that are forked, which is dear in a large one
WRITES = ("INSERT", "UPDATE", "DELETE")
PASSING = {"locked_by", "locked_until", "ready_at", "fence", "deaths"}
"""Columns of a job that say who has it just now."""
BESIDE = {"periodic_runs", "workers"}
SOME = 1
"""Places killed at in `make test`, besides the first, the last and the commits; another one on each database."""


class Places:
    """Where a process may die: before and after each write, and around each commit of a transaction that wrote.

    Tells each place as it comes by; dies at the one of number `die_at`, or before the commit of number `at_commit`.
    """

    def __init__(self, told: int, die_at: int | None = None, at_commit: int | None = None) -> None:
        self.told, self.die_at, self.at_commit = told, die_at, at_commit
        self.passed = self.commits = 0
        self.wrote = False

    def here(self, name: str) -> None:
        os.write(self.told, f"{name}\n".encode())
        self.commits += name == "before COMMIT"
        if self.passed == self.die_at or (name == "before COMMIT" and self.commits == self.at_commit):
            os.kill(os.getpid(), signal.SIGKILL)
        self.passed += 1

    def watch(self, engine: Engine) -> None:
        event.listen(engine, "before_cursor_execute", lambda *given: self._statement("before", given[2]))
        event.listen(engine, "after_cursor_execute", lambda *given: self._statement("after", given[2]))
        event.listen(engine, "rollback", lambda *_given: setattr(self, "wrote", False))
        commit = engine.dialect.do_commit

        def do_commit(connection: Any) -> None:
            if not self.wrote:
                return commit(connection)
            self.wrote = False
            self.here("before COMMIT")
            commit(connection)
            return self.here("after COMMIT")

        engine.dialect.do_commit = do_commit  # type: ignore[method-assign]

    def _statement(self, when: str, statement: str) -> None:
        if statement.lstrip().upper().startswith(WRITES):
            self.wrote = True
            self.here(f"{when} {' '.join(statement.split()[:3])}")


def killed(settings: Any, work: Any, **where: int) -> list[str]:
    """Do the work in a process of its own, which connects anew and is killed there: the places it came by."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            db.engine().dispose(close=False)
            Places(writing, **where).watch(db.connect(settings))
            work()
        except BaseException as fault:
            os.write(writing, f"fault: {fault!r}\n"[:4000].encode())
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as told:
        names = told.read().splitlines()
    how = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert how == -signal.SIGKILL, (how, names)
    return names


def stored() -> dict[str, list[str]]:
    """Every table, but for what says who has a job just now."""
    found = {}
    with db.transaction(write=False):
        session = db.session()
        cursor = session.connection().connection.cursor()
        for table in db.Base.metadata.tables.values():
            columns = ", ".join(c.name for c in table.columns if table.name != "jobs" or c.name not in PASSING)
            cursor.execute(f"SELECT {columns} FROM {table.name}".replace("exclusive", '"exclusive"'))
            found[table.name] = sorted(map(repr, cursor.fetchall()))
        cursor.close()
    return {name: rows for name, rows in found.items() if name not in BESIDE}


def take_over() -> None:
    """As when the lock of the dead worker has run out; its death is not held against the job."""
    with db.transaction():
        session = db.session()
        session.execute(
            update(Job).where(Job.locked_until.is_not(None)).values(
                locked_by=None, locked_until=None, ready_at=Job.due_at, deaths=0
            )
        )  # fmt: skip


def places_of(names: list[str], full: bool, name: str) -> list[int]:
    everywhere = range(len(names))
    if full:
        return list(everywhere)
    wanted = {0, len(names) - 1, *(n for n in everywhere if "COMMIT" in names[n])}
    rest = sorted(set(everywhere) - wanted)
    return sorted(wanted | set(random.Random(name).sample(rest, min(SOME, len(rest)))))


@pytest.fixture(scope="module")
def stage(request, settings, app, with_tables, tmp_path_factory):
    """A database with everything deployed, for all plays of this module."""
    kind = request.config.getoption("--db")
    server = request.getfixturevalue("postgres_server") if kind == "postgres" else None
    folder = tmp_path_factory.mktemp("crashes")
    before = db._engine
    with fresh_database(kind, folder, server, like=with_tables) as url, clock.moved(NOON):
        own = replace(settings, database_url=url, data=folder)
        db.connect(own)
        with db.transaction():
            who = actor_for(make_user(roles=["manager"]))
        made = plays.set_up(who)
        try:
            yield own, made
        finally:
            db.engine().dispose()
            db._engine = before


@pytest.mark.parametrize("play", PLAYS, ids=[one.name for one in PLAYS])
def test_a_death_anywhere_leaves_the_step_undone_or_done(play, stage, request):
    settings, made = stage
    context = made.contexts[play.name]
    db.connect(settings)
    plays.prepare(play, context)
    before = stored()

    def killed_at(**where):
        db.engine().dispose()
        names = killed(settings, lambda: play.act(context), **where)
        db.connect(settings)
        return names

    names = [*killed_at(at_commit=2 if play.in_jobs else 1), "after COMMIT"]
    assert stored() == before
    take_over()
    deaths = places_of(names, request.config.getoption("--full"), play.name + request.config.getoption("--db"))
    for place in deaths[:-1]:
        killed_at(die_at=place)
        assert stored() == before, f"killed {names[place]}: something of the step is stored, though not all"
        take_over()
    killed_at(die_at=deaths[-1])
    done = stored()
    assert done != before
    with db.transaction(write=False):
        assert play.after(context)
        assert invariants.broken() == []
    if play.again is not None:
        play.again(context)
        assert stored() == done, "sent again: nothing may change"
    assert len(deaths) >= 4
