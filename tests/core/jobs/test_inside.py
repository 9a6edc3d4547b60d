"""Tests of other slices hold their transaction open around everything: jobs run in it as savepoints. And what a worker
does between two jobs."""

import gc
import weakref

from sqlalchemy import text

from app.core import jobs
from app.core.jobs.worker import TIDY, tidy
from tests.core.jobs.handlers import TABLE, new


def test_run_due_works_inside_a_test_that_holds_the_transaction(tx):
    tx.execute(text(TABLE))
    ok, bad = jobs.schedule([new(), new("test_fail", source="b", retries=1)])
    assert jobs.run_due() == 2
    assert list(tx.scalars(text("SELECT job FROM job_effects ORDER BY job"))) == sorted([ok, "incident"])
    assert jobs.get(bad).retries == 0


def test_garbage_waits_for_the_end_of_a_job_and_no_longer() -> None:
    class Knot:
        pass

    gc.collect()
    gc.disable()
    try:
        knots = [Knot() for _each in range(TIDY[0] + 1)]
        for knot in knots:
            knot.__dict__["self"] = knot
        last = weakref.ref(knots[-1])
        del knot, knots
        assert last() is not None
        tidy()
        assert last() is None
    finally:
        gc.enable()
