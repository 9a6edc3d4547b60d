"""/metrics: who may read it, what stands in it, that one broken number does not hide the others."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core import clock, jobs, metrics
from app.core.jobs import WorkerBeat
from tests.conftest import NOON
from tests.core.jobs.handlers import new
from tests.identity.factories import bearer, make_user, sign_in


@pytest.fixture
def operator(client):
    return make_user(roles=["operator"])


def numbers(answer) -> dict[str, float]:
    lines = [line for line in answer.text.splitlines() if line and not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_only_who_has_the_right_may_read(client, operator):
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer no"}).status_code == 401
    assert client.get("/metrics", headers=bearer(make_user(roles=["sales"]))).status_code == 403
    assert client.get("/metrics", headers=bearer(operator, ["order:read"])).status_code == 403
    answer = client.get("/metrics", headers=bearer(operator, ["metrics:read"]))
    assert answer.status_code == 200
    assert answer.content_type == metrics.CONTENT_TYPE
    sign_in(client, operator)
    assert client.get("/metrics").status_code == 200


def test_jobs_and_workers_are_measured_as_of_now(client, operator, tx):
    tx.add(WorkerBeat(id="a", host="h", pid=1, started_at=NOON, beat_at=NOON - timedelta(seconds=19)))
    tx.add(WorkerBeat(id="b", host="h", pid=2, started_at=NOON, beat_at=NOON - timedelta(seconds=21)))
    jobs.schedule([new(after=-90), new(after=-5), new(after=100), new(suspended=True), new(retries=0)])
    found = numbers(client.get("/metrics", headers=bearer(operator)))
    assert found["youxu_jobs_due"] == 2
    assert found["youxu_jobs_waiting"] == 5
    assert found["youxu_jobs_exhausted"] == 1
    assert found["youxu_timer_lag_seconds"] == 90
    assert found["youxu_workers_alive"] == 1
    assert found["youxu_instances_open"] == 0


def test_runs_are_counted(client, operator, tx):
    before = numbers(client.get("/metrics", headers=bearer(operator)))
    jobs.schedule([new("nobody_knows", source=str(n)) for n in range(3)])
    jobs.run_due()
    after = numbers(client.get("/metrics", headers=bearer(operator)))
    name = 'youxu_jobs_failed_total{kind="nobody_knows"}'
    assert after[name] - before.get(name, 0) == 3


def test_a_number_that_cannot_be_read_is_left_out(client, operator, monkeypatch, tx):
    def broken():
        return tx.scalar(text("SELECT * FROM nowhere"))

    monkeypatch.setitem(metrics._gauges, "youxu_broken", ("x", "", broken))
    monkeypatch.setitem(metrics._gauges, "youxu_by_kind", ("x", "kind", lambda: {"a": 1, "b": 2.5}))
    found = numbers(client.get("/metrics", headers=bearer(operator)))
    assert "youxu_broken" not in found
    assert found['youxu_by_kind{kind="b"}'] == 2.5
    assert "youxu_jobs_due" in found


def test_a_name_is_declared_once():
    for declare in (metrics.counter, metrics.histogram):
        with pytest.raises(RuntimeError, match="twice"):
            declare("youxu_jobs_due", "x")


def test_processes_that_share_a_folder_are_added_up(tmp_path):
    """In a process of its own: the library takes the folder once per process."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            counted = metrics.counter("youxu_shared_total", "x", "kind")
            timed = metrics.histogram("youxu_shared_seconds", "x")
            counted.inc("a")  # as the demo data's steps are, before the server is one
            timed.observe(1)
            metrics.share(tmp_path, empty=True)
            other = os.fork()
            for _ in range(2):
                counted.inc("a")
                timed.observe(0.003)
            if other == 0:
                os._exit(0)
            os.waitpid(other, 0)
            metrics._gauges.clear()
            told = metrics.text().decode()
            assert 'youxu_shared_total{kind="a"} 4.0' in told
            assert "youxu_shared_seconds_count 4.0" in told
            assert 'youxu_shared_seconds_bucket{le="0.0025"} 0.0' in told
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_probe_says_why_the_server_is_not_ready(app, client, tx, monkeypatch):
    assert client.get("/readyz").status_code == 200, "tests need no worker"
    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], testing=False))
    answer = client.get("/readyz")
    assert (answer.status_code, client.get("/healthz").status_code) == (503, 200)
    assert "worker" in answer.text
    beat = WorkerBeat(id="a", host="h", pid=1, started_at=clock.now(), beat_at=clock.now())
    tx.add(beat)
    tx.flush()
    assert client.get("/readyz").status_code == 200
    beat.beat_at = clock.now() - timedelta(seconds=21)
    tx.flush()
    assert client.get("/readyz").status_code == 503
