"""With real commits and threads: long polls, races, all or nothing."""

from __future__ import annotations

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.core import clock, db
from app.integration.engine_rest.external_fetch import parking
from app.processes.external import news
from app.processes.external.parking import Closing
from tests.identity.factories import make_token, make_user
from tests.integration import diagrams
from tests.integration.conftest import Program

pytestmark = pytest.mark.waits


@pytest.fixture
def rest(app, live):
    with db.transaction():
        user = make_user(login="robot", roles=("integration", "designer"))
        token = make_token(user)
    return Program(app.test_client(), user, {"Authorization": f"Bearer {token}"})


@pytest.fixture
def job(rest):
    rest.deploy(diagrams.one_external())
    return rest


def another(app, rest):
    return Program(app.test_client(), rest.user, rest.headers)


def poll(app, rest, worker, patience, topic="work", most=1):
    """A worker's long poll in its own thread; seconds it took and what it got."""
    began = time.monotonic()
    body = {
        "workerId": worker,
        "maxTasks": most,
        "asyncResponseTimeout": patience,
        "topics": [{"topicName": topic, "lockDuration": 60_000}],
    }
    answer = app.test_client().post("/engine-rest/external-task/fetchAndLock", json=body, headers=rest.headers)
    return time.monotonic() - began, answer.status_code, answer.json


def waiting(count):
    until = time.monotonic() + 5
    while parking.count() != count:
        assert time.monotonic() < until, f"{parking.count()} wait, not {count}"
        time.sleep(0.01)


def test_a_poll_waits_and_is_answered_when_a_task_comes(app, job):
    with ThreadPoolExecutor(1) as pool:
        polled = pool.submit(poll, app, job, "w1", 20_000)
        waiting(1)
        instance = job.start("job")
        took, status, tasks = polled.result(10)
    assert status == 200
    assert [task["processInstanceId"] for task in tasks] == [instance]
    assert took < 3
    assert parking.count() == 0


def test_a_poll_ends_empty_when_its_time_is_over(app, job):
    took, status, tasks = poll(app, job, "w1", 400)
    assert (status, tasks) == (200, [])
    assert 0.35 < took < 3


def test_without_patience_the_answer_comes_at_once(app, job):
    took, _status, tasks = poll(app, job, "w1", None)
    assert tasks == []
    assert took < 1


def test_who_came_first_is_served_first(app, job):
    with ThreadPoolExecutor(3) as pool:
        polls = []
        for place in range(3):
            polls.append(pool.submit(poll, app, job, f"w{place}", 4000))
            waiting(place + 1)
        first, second = job.start("job"), None
        assert polls[0].result(10)[2][0]["processInstanceId"] == first
        time.sleep(0.5)  # the others have been looked after too: what comes from here on is the next one's
        second = job.start("job")
        assert polls[1].result(10)[2][0]["processInstanceId"] == second
        assert polls[2].result(10)[2] == []


def test_a_poll_is_answered_when_another_process_makes_a_task(app, job, monkeypatch):
    """No news reaches this process: it looks by itself."""
    with ThreadPoolExecutor(1) as pool:
        polled = pool.submit(poll, app, job, "w1", 20_000)
        waiting(1)
        monkeypatch.setattr(news, "announce", lambda: None)
        job.start("job")
        took, _status, tasks = polled.result(10)
    assert len(tasks) == 1
    assert took < 5


def test_a_lock_that_runs_out_wakes_a_poll(app, job):
    job.start("job")
    job.fetch(worker="old", lock=60_000)
    start = clock.now()
    began = time.monotonic()

    def moving():
        passed = time.monotonic() - began
        return start.replace() if passed < 1 else start.replace(minute=start.minute + 5)

    with clock.moved(moving):
        took, _status, tasks = poll(app, job, "new", 20_000)
    assert [task["workerId"] for task in tasks] == ["new"]
    assert took < 5


def test_those_who_wait_hold_no_connection_and_no_turn_to_write(app, job):
    with ThreadPoolExecutor(20) as pool:
        polls = [pool.submit(poll, app, job, f"w{place}", 15_000) for place in range(20)]
        waiting(20)
        assert db.engine().pool.checkedout() <= 1  # at most the one look for all of them
        assert app.extensions["write_slots"]._value == app.config["SETTINGS"].write_slots
        instances = {job.start("job") for _number in range(20)}
        got = [task["processInstanceId"] for one in polls for task in one.result(20)[2]]
    assert sorted(got) == sorted(instances)


def test_more_than_may_wait_are_answered_at_once(app, job, monkeypatch):
    monkeypatch.setattr(parking, "most", 2)
    with ThreadPoolExecutor(2) as pool:
        polls = [pool.submit(poll, app, job, f"w{place}", 3000) for place in range(2)]
        waiting(2)
        took, status, tasks = poll(app, job, "w9", 30_000)
        assert (status, tasks) == (200, [])
        assert took < 1
        assert all(one.result(10)[2] == [] for one in polls)


def test_a_server_that_stops_lets_nobody_wait(app, job, monkeypatch):
    with ThreadPoolExecutor(1) as pool:
        polled = pool.submit(poll, app, job, "w1", 30_000)
        waiting(1)
        monkeypatch.setattr(parking, "is_alive", lambda: False)
        took, status, said = polled.result(10)
    assert (status, said["message"]) == (500, "Request rejected due to shutdown of application server.")
    assert took < 5
    with pytest.raises(Closing):
        parking._enter(None)


def test_two_workers_never_get_the_same_task(app, job):
    instances = {job.start("job") for _number in range(30)}

    def work(worker):
        got = []
        for _time in range(8):
            got += poll(app, job, worker, None, most=2)[2]
        return got

    with ThreadPoolExecutor(6) as pool:
        got = [task["processInstanceId"] for found in pool.map(work, [f"w{n}" for n in range(6)]) for task in found]
    assert len(got) == len(set(got)) == 30
    assert set(got) == instances


def test_two_who_complete_one_task_are_one(app, job):
    job.start("job")
    (task,) = job.fetch()
    together = threading.Barrier(4)

    def complete(_number):
        client = app.test_client()
        together.wait()
        path = f"/engine-rest/external-task/{task['id']}/complete"
        return client.post(path, json={"workerId": "w1"}, headers=job.headers).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(complete, range(4))) == [204, 404, 404, 404]


def test_two_who_claim_one_task_are_one(app, rest):
    rest.deploy(diagrams.one_user())
    with db.transaction():
        for place in range(4):
            make_user(login=f"m{place}", roles=["manager"])
    (task,) = rest.tasks(rest.start("ask"))
    together = threading.Barrier(4)

    def claim(place):
        client = app.test_client()
        together.wait()
        path = f"/engine-rest/task/{task['id']}/claim"
        answer = client.post(path, json={"userId": f"m{place}"}, headers=rest.headers)
        return answer.status_code, (answer.json or {}).get("type")

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(claim, range(4)))
    assert answers == [(204, None)] + [(500, "TaskAlreadyClaimedException")] * 3


def test_a_refused_deployment_leaves_nothing(rest):
    bad = diagrams.one_user("bad").replace(b"userTask", b"complexGateway")
    form = {name: (io.BytesIO(xml), name) for name, xml in (("a.bpmn", diagrams.one_user("a")), ("b.bpmn", bad))}
    said = rest.ask("POST", "/deployment/create", 400, data=form, content_type="multipart/form-data")
    assert said["type"] == "ParseException"
    assert rest.get("/deployment") == rest.get("/process-definition") == []


def test_what_a_refused_completion_changed_is_undone(rest):
    form = (
        b'{"components": [{"type": "radio", "key": "ok", "validate": {"required": true}, "values": [{"value": "y"}]}]}'
    )
    rest.deploy(("d.bpmn", diagrams.one_user(camunda__formKey="f")), ("f.form", form))
    instance = rest.start("ask")
    (task,) = rest.tasks(instance)
    path = f"/task/{task['id']}"
    said = rest.post(f"{path}/complete", {"variables": {"ok": {"value": "no"}, "more": {"value": 1}}}, 400)
    assert said["message"].startswith(f"Cannot complete task {task['id']}: ok: ")
    assert rest.variables(instance) == {}
    assert rest.get(path)["assignee"] is None
    rest.post(f"{path}/complete", {"variables": {"ok": {"value": "y"}}}, 204)
