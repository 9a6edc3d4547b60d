"""Tests of other slices hold their transaction open around everything: jobs run in it as savepoints."""

from sqlalchemy import text

from app.core import jobs
from tests.core.jobs.handlers import TABLE, new


def test_run_due_works_inside_a_test_that_holds_the_transaction(tx):
    tx.execute(text(TABLE))
    ok, bad = jobs.schedule([new(), new("test_fail", source="b", retries=1)])
    assert jobs.run_due() == 2
    assert list(tx.scalars(text("SELECT job FROM job_effects ORDER BY job"))) == sorted([ok, "incident"])
    assert jobs.get(bad).retries == 0
