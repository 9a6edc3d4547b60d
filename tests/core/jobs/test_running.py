"""Jobs run once, at their time; failures wait, then tell; whoever changes a job first wins. Deterministic."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from app.core import db, jobs
from app.core.errors import NotFound
from app.core.jobs import Job, JobBeingRun, Outcome, claiming, running
from tests.conftest import NOON
from tests.core.jobs import handlers
from tests.core.jobs.handlers import effects, new, row, stored

pytestmark = pytest.mark.usefixtures("jobs_db")


def test_a_due_job_runs_once_and_a_future_one_waits(time_):
    now, later = stored(new(), new(after=60))
    assert jobs.run_due() == 1
    assert effects() == [now]
    assert row(now) is None
    assert jobs.run_due() == 0
    time_.forward(60)
    assert jobs.run_due() == 1
    assert effects() == [now, later]


def test_due_jobs_run_in_the_order_of_their_due_times_then_as_made(time_):
    last, *same = stored(new(after=5, source="a"), *(new(after=2, source=f"b{n}") for n in range(5)))
    first = stored(new(after=1, source="c"))
    time_.forward(10)
    assert jobs.run_due() == 7
    assert effects() == [*first, *same, last]


def test_priority_goes_first_among_what_is_taken_together():
    low, high = stored(new(source="a"), new(source="b", priority=50))
    jobs.run_due()
    assert effects() == [high, low]


def test_a_rolled_back_schedule_leaves_nothing():
    with pytest.raises(RuntimeError), db.transaction():  # noqa: PT012
        jobs.schedule([new()])
        raise RuntimeError
    assert jobs.run_due() == 0


def test_failures_wait_by_the_backoff_then_tell(time_):
    (job,) = stored(new("test_fail", backoff=[10, 60], retries=3))
    for attempt, wait in ((1, 10), (2, 60)):
        assert jobs.run_due() == 1
        kept = row(job)
        assert (kept.attempts, kept.retries, kept.locked_until) == (attempt, 3 - attempt, None)
        assert kept.due_at == kept.ready_at == time_.now + timedelta(seconds=wait)
        assert kept.error == "told to fail"
        assert "ValueError: told to fail" in kept.error_details
        assert jobs.run_due() == 0
        time_.forward(wait)
    assert handlers.exhausted == []
    assert jobs.run_due() == 1
    assert handlers.exhausted == [(job, "told to fail")]
    kept = row(job)
    assert (kept.retries, kept.ready_at, kept.attempts) == (0, None, 3)
    assert effects() == ["incident"], "what the handler wrote is undone, what the hook wrote is kept"
    time_.forward(10_000)
    assert jobs.run_due() == 0


def test_new_retries_let_an_exhausted_job_run_again(time_):
    (job,) = stored(new("test_fail", retries=1))
    jobs.run_due()
    time_.forward(60)
    with db.transaction():
        session = db.session()
        jobs.get(job).payload = {"mended": True}
        session.flush()
        jobs.set_retries(job, 2)
    assert row(job).attempts == 0
    assert jobs.run_due() == 1
    assert effects() == ["incident", job]


def test_a_failing_hook_is_asked_again(time_):
    (job,) = stored(new("test_fail", retries=1, payload={"hook_fails": True}))
    jobs.run_due()
    assert row(job).retries == 1, "never silently stuck"
    assert effects() == []
    time_.forward(10)
    jobs.run_due()
    assert row(job).retries == 0
    assert effects() == ["incident"]
    assert len(handlers.exhausted) == 2


def test_an_unknown_kind_fails_like_any_other():
    (job,) = stored(new("nobody_knows", retries=1))
    assert jobs.run_due() == 1
    assert "nobody_knows" in row(job).error
    assert row(job).retries == 0


def test_a_repeating_job_moves_and_gets_its_retries_back(time_):
    (job,) = stored(new("test_again", payload={"fail_at": 2}, retries=2, backoff=[3]))
    jobs.run_due()
    assert row(job).due_at == NOON + timedelta(seconds=10)
    time_.forward(10)
    jobs.run_due()
    assert (row(job).retries, row(job).attempts, row(job).payload["done"]) == (1, 1, 1)
    with db.transaction():
        jobs.get(job).payload = {"done": 1}
    time_.forward(3)
    jobs.run_due()
    kept = row(job)
    assert (kept.retries, kept.attempts, kept.error, kept.due_at) == (2, 0, None, NOON + timedelta(seconds=23))
    time_.forward(10)
    jobs.run_due()
    assert row(job) is None
    assert effects() == [job] * 3


@pytest.mark.parametrize("lost", [StaleDataError("x"), IntegrityError("x", {}, Exception("unique"))])
def test_a_lost_race_is_run_again_without_costing_a_retry(lost):
    tries = []

    def race(job):
        tries.append(job.id)
        if len(tries) < 4:
            raise lost

    handlers.during[0] = race
    (job,) = stored(new("test_hook"))
    jobs.run_due()
    assert row(job) is None
    assert len(tries) == 4
    assert effects() == [job]


def test_a_race_that_is_always_lost_counts_as_a_failure_in_the_end():
    tries = []

    def race(job):
        tries.append(job.id)
        raise StaleDataError("for ever")

    handlers.during[0] = race
    (job,) = stored(new("test_hook"))
    jobs.run_due()
    assert len(tries) == running.RACES
    assert row(job).retries == 2
    assert effects() == []


def test_a_handler_may_cancel_its_own_source():
    mine, other = stored(new("test_cancels_itself"), new(after=100))
    jobs.run_due()
    assert effects() == [mine]
    assert row(mine) is None
    assert row(other) is None


def test_a_handler_may_suspend_its_own_source():
    mine, other = stored(new("test_suspends_itself"), new(after=100))
    jobs.run_due()
    assert effects() == [mine]
    assert row(mine) is None
    assert row(other).suspended


def test_suspended_jobs_wait_and_run_late_on_resume(time_):
    (job,) = stored(new())
    with db.transaction():
        assert jobs.suspend_of("test", "s") == 1
        assert jobs.suspend_of("test", "s") == 0
    time_.forward(500)
    assert jobs.run_due() == 0
    with db.transaction():
        jobs.set_due(job, time_.now + timedelta(seconds=5))
    assert row(job).ready_at is None
    with db.transaction():
        assert jobs.resume_of("test", "s") == 1
    assert jobs.run_due() == 0
    time_.forward(5)
    assert jobs.run_due() == 1


def test_cancel_takes_only_the_refs_named():
    one, two, three = stored(*(new(source_ref=ref, after=9) for ref in "123"))
    with db.transaction():
        assert jobs.cancel_of("test", "s", ["1", "3", "9"]) == 2
        assert [job.id for job in jobs.jobs_of("test", "s")] == [two]
        assert jobs.cancel_of("test", "s") == 1
    assert row(one) is row(three) is None


def test_the_verbs_name_what_is_not_there():
    with db.transaction():
        for verb in (lambda: jobs.set_due("no", NOON), lambda: jobs.set_retries("no", 1), lambda: jobs.run_now("no")):
            with pytest.raises(NotFound):
                verb()
        with pytest.raises(NotFound):
            jobs.get("no")


# --- fencing -------------------------------------------------------------------------------------------------------


def claimed(limit=10, owner="w1"):
    return [one for unit in claiming.claim(owner, limit) for one in unit.claims]


def test_a_late_worker_is_fenced_off_when_its_lock_expired(time_):
    (job,) = stored(new())
    (late,) = claimed()
    assert claimed(owner="w2") == []
    time_.forward(14)
    assert claimed(owner="w2") == []
    time_.forward(2)
    (fresh,) = claimed(owner="w2")
    assert row(job).deaths == 1
    assert running.run_job(late.id, late.fence) is Outcome.GONE
    assert effects() == []
    assert running.run_job(fresh.id, fresh.fence) is Outcome.DONE
    assert running.run_job(late.id, late.fence) is Outcome.GONE
    assert effects() == [job]


def test_a_lock_is_kept_while_it_is_renewed(time_):
    (_job,) = stored(new())
    held = claimed()
    for _ in range(5):
        time_.forward(12)
        with db.transaction():
            claiming.renew(held)
        assert claimed(owner="w2") == []
    with db.transaction():
        claiming.release(held)
    assert len(claimed(owner="w2")) == 1


CHANGES = {
    "cancel": lambda job: jobs.cancel_of("test", job.source_id),
    "suspend": lambda job: jobs.suspend_of("test", job.source_id),
    "set_due": lambda job: jobs.set_due(job.id, NOON + timedelta(hours=1)),
    "set_retries": lambda job: jobs.set_retries(job.id, 0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_who_changes_a_claimed_job_before_it_runs_has_won(change):
    (job,) = stored(new())
    (mine,) = claimed()
    with db.transaction():
        CHANGES[change](row_in(job))
    assert running.run_job(mine.id, mine.fence) is Outcome.GONE
    assert effects() == []
    assert jobs.run_due() == 0
    assert (row(job) is None) == (change == "cancel")


@pytest.mark.parametrize("change", CHANGES)
def test_who_changes_a_job_while_its_handler_runs_has_won(change, request):
    """PostgreSQL only: on SQLite nobody else can write meanwhile."""
    if request.config.getoption("--db") == "sqlite":
        pytest.skip("one writer at a time")
    (job,) = stored(new("test_hook"))
    (mine,) = claimed()
    handlers.during[0] = lambda job: elsewhere(lambda: CHANGES[change](row_in(job.id)))
    assert running.run_job(mine.id, mine.fence) is Outcome.GONE
    assert effects() == []
    assert (row(job) is None) == (change == "cancel")


def elsewhere(verb):
    """Run and commit in another thread, with another connection, before going on."""

    def work():
        with db.transaction():
            verb()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


def row_in(job_id):
    return db.session().get(Job, job_id, populate_existing=True)


# --- run_now -------------------------------------------------------------------------------------------------------


def test_run_now_runs_a_future_suspended_job_in_the_callers_transaction():
    (job,) = stored(new(after=1000, suspended=True))
    with pytest.raises(RuntimeError), db.transaction():  # noqa: PT012
        assert jobs.run_now(job) == (Outcome.DONE, None)
        raise RuntimeError
    assert row(job) is not None
    with db.transaction():
        jobs.run_now(job)
    assert row(job) is None
    assert effects() == [job]


def test_run_now_records_a_failure_and_undoes_the_rest():
    (job,) = stored(new("test_fail", after=1000, retries=2))
    with db.transaction():
        assert jobs.run_now(job) == (Outcome.FAILED, "told to fail")
    assert row(job).retries == 1
    with db.transaction():
        assert jobs.run_now(job) == (Outcome.EXHAUSTED, "told to fail")
    assert effects() == ["incident"]


def test_run_now_of_a_job_that_cancels_itself_and_fails_keeps_it():
    def both(job):
        jobs.cancel_of(job.source_kind, job.source_id)
        raise ValueError("after all")

    handlers.during[0] = both
    (job,) = stored(new("test_hook"))
    with db.transaction():
        assert jobs.run_now(job) == (Outcome.FAILED, "after all")
    assert row(job).error == "after all"


def test_run_now_leaves_alone_what_a_worker_has(time_):
    (job,) = stored(new(after=1))
    stored(new(after=0))
    claimed(limit=1)
    with pytest.raises(JobBeingRun), db.transaction():
        jobs.run_now(job)  # its exclusive sibling is being run
    time_.forward(30)
    with db.transaction():
        jobs.run_now(job)
    assert effects() == [job]


def test_run_now_against_workers_runs_once(request):
    """A person presses the button while a worker takes the same job: one effect, no error."""
    for _round in range(8):
        (job,) = stored(new(source=f"r{_round}"))
        gate = threading.Barrier(2)
        said = []

        def press(job=job, gate=gate, said=said):
            gate.wait()
            try:
                with db.transaction():
                    said.append(jobs.run_now(job)[0])
            except (JobBeingRun, NotFound) as refused:
                said.append(type(refused))

        thread = threading.Thread(target=press)
        thread.start()
        gate.wait()
        jobs.run_due()
        thread.join(20)
        jobs.run_due()
        assert effects().count(job) == 1
        assert row(job) is None
        assert said[0] in (Outcome.DONE, JobBeingRun, NotFound)


# --- exclusive, suspects, storms -----------------------------------------------------------------------------------


def test_jobs_of_one_source_come_in_one_unit_others_apart():
    stored(*(new(source=source) for source in "aabab"), new(source="a", exclusive=False))
    units = claiming.claim("w1", 100)
    assert sorted(len(unit.claims) for unit in units) == [1, 2, 3]


def test_nobody_gets_a_job_whose_exclusive_sibling_is_taken(time_):
    first, second, free = stored(new(source="a"), new(source="a"), new(source="a", exclusive=False))
    (mine,) = claimed(limit=1)
    assert mine.id == first
    assert [one.id for one in claimed(owner="w2")] == [free]
    running.run_job(mine.id, mine.fence)
    assert [one.id for one in claimed(owner="w2")] == [second]


def test_a_source_with_many_due_jobs_does_not_hold_up_the_others():
    stored(*(new(source="many") for _ in range(300)), new(source="other"))
    assert len(claimed(limit=20)) == 20
    assert len(claimed(limit=20, owner="w2")) == 1


def test_a_job_that_kills_its_workers_is_run_alone_then_given_up(time_):
    (bad,) = stored(new("test_fail"))
    for _death in range(3):
        assert len(claimed()) == 1
        time_.forward(21)
    stored(new(source="good"))
    assert row(bad).deaths == 2
    assert [one.id for one in claimed_while_busy()] != [bad], "not beside others"
    time_.forward(21)
    assert [one.id for one in claimed()] == [bad], "alone"
    time_.forward(21)
    claimed()
    kept = row(bad)
    assert (kept.retries, kept.ready_at) == (0, None)
    assert "4" in kept.error
    assert handlers.exhausted == [(bad, kept.error)]


def test_a_hook_that_fails_for_a_killer_does_not_stop_the_others(time_):
    (bad,) = stored(new("test_fail", payload={"hook_fails": True}))
    for _death in range(4):
        claimed()
        time_.forward(21)
    (good,) = stored(new(source="good"))
    jobs.run_due()
    assert effects() == [good]
    assert row(bad).retries == 1
    time_.forward(300)
    jobs.run_due()
    assert row(bad).retries == 0
    assert effects() == ["incident", good]


def claimed_while_busy():
    return [one for unit in claiming.claim("w3", 10, calm=False) for one in unit.claims]


def test_a_storm_drains_in_order_and_in_bounded_batches(time_, statements):
    ids = stored(*(new(after=-number, source=f"s{number}") for number in range(2000)))
    taken = []

    def look(_conn, _cursor, statement, parameters, *_rest):
        if statement.startswith("UPDATE jobs"):
            taken.append(len(parameters))

    event.listen(Engine, "before_cursor_execute", look)
    try:
        assert jobs.run_due(limit=3000) == 2000
    finally:
        event.remove(Engine, "before_cursor_execute", look)
    assert effects() == ids[::-1], "oldest first"
    assert len(taken) == 40
    assert max(taken) < 60


@pytest.mark.parametrize("pending", [20_000, pytest.param(100_000, marks=pytest.mark.full)])
def test_future_jobs_cost_nothing(time_, statements, request, pending):
    with db.transaction():
        session = db.session()
        for start in range(0, pending, 10_000):
            jobs.schedule(new(after=3600 + n, source=f"s{start + n}") for n in range(10_000))
        if request.config.getoption("--db") == "postgres":
            session.execute(text("ANALYZE jobs"))
    statements.clear()
    for _tick in range(3):
        assert claiming.claim("w1", 40) == []
    assert len(statements) == 3, "one read per look, nothing else"
    with db.transaction(write=False):
        session = db.session()
        wanted = claiming._due(time_.now, 40).compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN QUERY PLAN " if session.get_bind().dialect.name == "sqlite" else "EXPLAIN "
        plan = "\n".join(str(line) for line in session.execute(text(explain + str(wanted).replace(":", r"\:"))))
    assert "ix_jobs_ready_at_id" in plan
    assert "SCAN jobs" not in plan
    assert "Seq Scan" not in plan
    (due,) = stored(new(source="now"))
    assert jobs.run_due() == 1
    assert effects() == [due]


# --- deaths at every write -----------------------------------------------------------------------------------------


class Killed(BaseException):
    """As if the process had died here."""


@pytest.mark.parametrize("kind", ["test_effect", "test_again", "test_cancels_itself", "test_fail"])
def test_a_death_at_any_write_of_a_run_leaves_the_job(time_, kind):
    (job,) = stored(new(kind, retries=1))
    write, outcome = 0, None
    while outcome is None:
        write += 1
        (mine,) = claimed(owner=f"w{write}")
        before, done = row(job), effects()
        try:
            with dying_at(write):
                outcome = running.run_job(mine.id, mine.fence)
        except Killed:
            kept = row(job)
            assert (kept.fence, kept.retries, kept.error) == (before.fence, 1, None)
            assert effects() == done
        with db.transaction():
            claiming.release([mine])
    assert write >= 3
    assert effects() == (["incident"] if kind == "test_fail" else [job])
    assert outcome is {"test_again": Outcome.MOVED, "test_fail": Outcome.EXHAUSTED}.get(kind, Outcome.DONE)


@contextmanager
def dying_at(write):
    """The write of that number (from 1) never happens."""
    seen = []

    def die(_conn, _cursor, statement, *_rest):
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            seen.append(statement)
            if len(seen) == write:
                raise Killed

    event.listen(Engine, "before_cursor_execute", die)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", die)


def test_every_verb_keeps_the_row_true(time_):
    """`ready_at` always follows from the rest; the database itself would refuse anything else."""
    (job,) = stored(new("test_fail", retries=2))
    for verb in (
        lambda: jobs.suspend_of("test", "s"),
        lambda: jobs.set_retries(job, 0),
        lambda: jobs.resume_of("test", "s"),
        lambda: jobs.set_due(job, NOON - timedelta(seconds=1)),
        lambda: jobs.set_retries(job, 2),
        lambda: jobs.run_now(job),
    ):
        with db.transaction():
            verb()
        kept = row(job)
        wanted = None if kept.suspended or kept.retries == 0 else kept.due_at
        assert (kept.ready_at, kept.locked_until) == (wanted, None)
    with pytest.raises(IntegrityError), db.transaction():
        db.session().execute(text("UPDATE jobs SET ready_at = NULL"))
    with db.transaction(write=False):
        session = db.session()
        assert session.scalar(select(Job.fence)) == 6
