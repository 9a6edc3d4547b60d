"""Clients that nobody here wrote, against a real server process: npm camunda-external-task-client-js, PyPI pycamunda and
camunda-external-task-client-python3."""

from __future__ import annotations

import datetime as dt
import fcntl
import io
import json
import os
import shutil
import socket
import subprocess
import time
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from app.core import clock, db
from app.operate import schema
from tests.conftest import fresh_database
from tests.identity.factories import PASSWORD, bearer, make_user
from tests.integration import diagrams
from tests.operate.test_server import ask, flask, until

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pycamunda.activityinst
    import pycamunda.deployment
    import pycamunda.externaltask
    import pycamunda.incident
    import pycamunda.message
    import pycamunda.processdef
    import pycamunda.processinst
    import pycamunda.signal
    import pycamunda.task
    import pycamunda.variable
    import pycamunda.version
    from camunda.client.engine_client import EngineClient
    from camunda.external_task.external_task_worker import ExternalTaskWorker

CLIENTS = Path(__file__).with_name("clients")
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.waits]


class Server:
    """A server and how to get in."""

    def __init__(self, port: str, headers: dict[str, str]) -> None:
        self.base = f"http://127.0.0.1:{port}/engine-rest"
        self.headers = headers
        self.session = requests.Session()
        self.session.headers.update(headers)

    @property
    def token(self) -> str:
        return self.headers["Authorization"].removeprefix("Bearer ")

    def deploy(self, *named: tuple[str, bytes]) -> None:
        files = {name: (name, io.BytesIO(content)) for name, content in named}
        answer = self.session.post(f"{self.base}/deployment/create", data={"deployment-name": "t"}, files=files)
        assert answer.status_code == 200, answer.text

    def start(self, key: str, business_key: str | None = None, **variables) -> str:
        body = {"variables": variables, "businessKey": business_key}
        answer = self.session.post(f"{self.base}/process-definition/key/{key}/start", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    def get(self, path: str, **args):
        answer = self.session.get(self.base + path, params=args)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def server(request, settings, app, tmp_path_factory):
    """One server for all of them, on a database of its own."""
    kind = request.config.getoption("--db")
    base = request.getfixturevalue("postgres_server") if kind == "postgres" else None
    folder, before = tmp_path_factory.mktemp("clients"), db._engine
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    with fresh_database(kind, folder, base) as url:
        engine = db.connect(replace(settings, database_url=url, data=folder))
        try:
            with clock.moved(clock._machine_time):
                schema.migrate()
                with db.transaction():
                    make_user(login="admin1", roles=["admin"])
                    headers = bearer(make_user(login="robot", roles=["integration", "designer"]))
                    make_user(login="mona", roles=["manager"])
        finally:
            engine.dispose()
            db._engine = before
        given = {"DATABASE_URL": url, "DATA": str(folder), "SECRET_KEY": "s" * 40, "PORT": port}
        place = {**os.environ, **given}
        with flask(place, "serve", "--workers", "1"):
            until(lambda: ask(place, "/readyz")[0] == 200, 60)
            yield Server(port, headers)


def named(key: str, topic: str, **given: str) -> tuple[str, bytes]:
    return f"{key}.bpmn", diagrams.one_external(key, topic, **given)


def test_the_published_javascript_client(server):
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("there is no Node: the JavaScript client is not tried")
    lock, stamp = CLIENTS / "package-lock.json", CLIENTS / "node_modules" / ".package-lock.json"
    with lock.open() as alone:  # the other database's tests may come at the same moment
        fcntl.flock(alone, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.stat().st_mtime < lock.stat().st_mtime:
            subprocess.run([npm, "ci"], cwd=CLIENTS, check=True, capture_output=True, timeout=300)
            stamp.touch()
    properties = diagrams.properties(colour="red")
    risky = diagrams.with_error("risky").replace(b'topic="work"', b'topic="js-error"')
    server.deploy(
        named("a", "js-complete", inner=properties),
        named("b", "js-failure"),
        ("c.bpmn", risky),
        named("d", "js-locks"),
    )
    file = {"value": "aGFsbG8=", "type": "File", "valueInfo": {"filename": "a.txt", "mimetype": "text/plain"}}
    given = {
        "amount": {"value": 41, "type": "Integer"},
        "when": {"value": "2026-11-22T22:00:00.000+0000", "type": "Date"},
        "doc": {"value": '{"b":2}', "type": "Json"},
        "file": file,
    }
    done = server.start("a", "K-1", **given)
    failed, wrong, locked = server.start("b"), server.start("risky"), server.start("d")
    environment = {**os.environ, "BASE": server.base, "TOKEN": server.token}
    told = subprocess.run(
        [node, "worker.js"], cwd=CLIENTS, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    seen = json.loads(told.stdout.splitlines()[-1])
    assert told.returncode == 0, (seen, told.stderr)
    assert seen["errors"] == []
    assert seen["complete"] == {
        "amount": 41,
        "when": "2026-11-22T22:00:00.000Z",
        "doc": {"b": 2},
        "file": "hallo",
        "filename": "a.txt",
        "colour": "red",
        "businessKey": "K-1",
    }
    for instance in (done, locked):
        assert server.get(f"/history/process-instance/{instance}")["state"] == "COMPLETED"
    found = {one["name"]: one for one in server.get("/history/variable-instance", processInstanceId=done)}
    assert {name: found[name]["value"] for name in ("sum", "ok", "name", "nothing", "big", "ratio", "doc")} == {
        "sum": 42,
        "ok": True,
        "name": "Zoë",
        "nothing": None,
        "big": 2**40,
        "ratio": 0.5,
        "doc": '{"a":[1]}',
    }
    assert (found["when"]["type"], found["when"]["value"]) == ("Date", "2026-11-22T22:00:00.000+0000")
    assert "passing" not in found
    assert [one["incidentMessage"] for one in server.get("/incident", processInstanceId=failed)] == ["no paper"]
    assert [one["taskDefinitionKey"] for one in server.get("/task", processInstanceId=wrong)] == ["repair"]
    assert server.get(f"/process-instance/{wrong}/variables")["why"]["value"] == "jam"


def test_the_published_python_worker(server):
    server.deploy(
        named("ok", "py-ok", inner=diagrams.properties(colour="blue")),
        named("bad", "py-bad"),
        ("risky.bpmn", diagrams.with_error().replace(b'topic="work"', b'topic="py-err"')),
        ("pay.bpmn", diagrams.waits_for_message()),
    )
    config = {"auth_basic": {"username": "robot", "password": PASSWORD}, "asyncResponseTimeout": 4000, "maxTasks": 1}
    engine = EngineClient(server.base, config)
    worker = ExternalTaskWorker("py-worker", server.base, config)

    began = time.monotonic()
    with pytest.raises(Exception, match="no External Task found"):
        worker.fetch_and_execute("py-ok", lambda task: task.complete({}))
    assert time.monotonic() - began > 3.5, "it does not sleep by itself after an empty answer: the poll must be held"

    ok = engine.start_process("ok", {"n": 1, "nested": {"a": [1]}}, business_key="B")["id"]
    seen = {}

    def succeed(task):
        seen["n"], seen["nested"] = task.get_variable("n"), task.get_variable("nested")
        seen["colour"] = task.get_extension_properties()["colour"]
        return task.complete({"result": {"x": 1}, "flag": True}, {"own": 1})

    worker.fetch_and_execute("py-ok", succeed)
    assert seen == {"n": 1, "nested": {"a": [1]}, "colour": "blue"}
    assert server.get(f"/history/process-instance/{ok}")["state"] == "COMPLETED"

    bad = engine.start_process("bad", {}, tenant_id="t1")["id"]
    worker.fetch_and_execute("py-bad", lambda task: task.failure("oh", "details", 0, 1000))
    assert server.get("/incident", processInstanceId=bad)[0]["incidentMessage"] == "oh"

    wrong = engine.start_process("risky", {})["id"]
    worker.fetch_and_execute("py-err", lambda task: task.bpmn_error("E42", "jam", {"v": 1}))
    assert server.get("/task", processInstanceId=wrong)[0]["taskDefinitionKey"] == "repair"

    engine.start_process("pay", {"color": "red"}, business_key="P-1")
    (found,) = engine.get_process_instance("pay", ["color_eq_red"])
    (result,) = engine.correlate_message("paid", business_key="P-1", process_variables={"amount": 3})
    assert result["execution"]["processInstanceId"] == found["id"]
    server.session.put(
        f"{server.base}/process-instance/{found['id']}/variables/file",
        json={"value": "aGFsbG8=", "type": "File", "valueInfo": {"filename": "a.txt"}},
    )
    meta = engine.get_process_instance_variable(found["id"], "file", with_meta=True)
    assert (meta["value"].strip(), meta["type"]) == ("aGFsbG8=", "File")


def test_the_published_python_client_sees_jobs(server):
    server.deploy(("timed.bpmn", diagrams.timed()))
    instance = server.start("timed")
    engine = EngineClient(server.base, {"auth_bearer": {"access_token": server.token}})
    (job,) = engine.get_jobs(0, 10, process_instance_id=instance)
    assert engine.set_job_retry(job["id"], 4)
    assert engine.get_jobs(0, 10, process_instance_id=instance)[0]["retries"] == 4
    assert engine.get_jobs(0, 10, with_failure=True) == []


def call(server, request):
    """A request of pycamunda with our credentials."""
    request.auth = ("robot", server.token)
    return request()


def test_pycamunda(server, tmp_path):
    url = server.base
    assert call(server, pycamunda.version.Get(url)).startswith("7.")
    (tmp_path / "ask.bpmn").write_bytes(diagrams.one_user(label="Approve"))
    create = pycamunda.deployment.Create(url, name="by pycamunda", source="test", enable_duplicate_filtering=True)
    with (tmp_path / "ask.bpmn").open() as file:
        create.add_resource(file)
        made = call(server, create)
    (definition,) = made.deployed_process_definitions.values()
    assert definition.key == "ask"
    assert call(server, pycamunda.deployment.Get(url, id_=made.id_)).name == "by pycamunda"
    assert len(call(server, pycamunda.deployment.GetResources(url, id_=made.id_))) == 1
    assert call(server, pycamunda.processdef.GetList(url, key="ask", latest_version=True))[0].id_ == definition.id_
    assert call(server, pycamunda.processdef.Get(url, id_=definition.id_)).version == 1
    assert "Approve" in call(server, pycamunda.processdef.GetXML(url, key="ask"))

    starting = pycamunda.processdef.StartInstance(url, key="ask", business_key="PY", with_variables_in_return=True)
    starting.add_variable(name="amount", value=7)
    instance = call(server, starting)
    assert instance.business_key == "PY"
    assert call(server, pycamunda.processinst.Get(url, id_=instance.id_)).definition_id == definition.id_
    assert len(call(server, pycamunda.processinst.GetList(url, process_definition_key="ask"))) == 1
    tree = call(server, pycamunda.processinst.GetActivityInstance(url, id_=instance.id_))
    assert [child.activity_id for child in tree.child_activity_instances] == ["approve"]
    update = pycamunda.processinst.VariablesUpdate(
        url, process_instance_id=instance.id_, var_name="note", value="x", type_="String"
    )
    call(server, update)
    variables = call(server, pycamunda.processinst.VariablesGetList(url, process_instance_id=instance.id_))
    assert (variables["amount"].value, variables["note"].value) == (7, "x")
    assert call(server, pycamunda.variable.GetList(url, process_instance_id_in=[instance.id_]))

    tasks = call(server, pycamunda.task.GetList(url, process_instance_id=instance.id_))
    (task,) = tasks
    assert task.name == "Approve"
    call(server, pycamunda.task.Claim(url, id_=task.id_, user_id="mona"))
    assert call(server, pycamunda.task.Get(url, id_=task.id_)).assignee == "mona"
    call(server, pycamunda.task.Unclaim(url, id_=task.id_))
    call(server, pycamunda.task.SetAssignee(url, id_=task.id_, user_id="mona"))
    comment = call(server, pycamunda.task.CommentCreate(url, task_id=task.id_, message="hello"))
    assert comment.message == "hello"
    assert len(call(server, pycamunda.task.CommentGetList(url, task_id=task.id_))) == 1
    call(server, pycamunda.task.IdentityLinksAdd(url, task_id=task.id_, user_id="mona", type_="candidate"))
    assert call(server, pycamunda.task.IdentityLinksGetList(url, task_id=task.id_))
    completing = pycamunda.task.Complete(url, id_=task.id_)
    completing.add_variable(name="ok", value=True)
    call(server, completing)
    assert server.get(f"/history/process-instance/{instance.id_}")["state"] == "COMPLETED"
    with pytest.raises(pycamunda.PyCamundaException):
        call(server, pycamunda.task.Complete(url, id_=task.id_))


def test_pycamunda_on_external_tasks_messages_and_signals(server):
    url = server.base
    server.deploy(
        named("job", "pc"),
        ("risky.bpmn", diagrams.with_error().replace(b'topic="work"', b'topic="pc-err"')),
        ("pay.bpmn", diagrams.waits_for_message()),
        ("sig.bpmn", diagrams.waits_for_signal()),
    )
    for number in range(3):
        server.start("job", f"J-{number}")
    fetching = pycamunda.externaltask.FetchAndLock(url, worker_id="pc", max_tasks=10, use_priority=True)
    fetching.add_topic("pc", lock_duration=60_000)
    tasks = call(server, fetching)
    assert {task.business_key for task in tasks} == {"J-0", "J-1", "J-2"}
    one, two, three = (task.id_ for task in tasks)
    call(server, pycamunda.externaltask.ExtendLock(url, id_=one, new_duration=90_000, worker_id="pc"))
    completing = pycamunda.externaltask.Complete(url, id_=one, worker_id="pc")
    completing.add_variable(name="done", value=1)
    call(server, completing)
    failing = pycamunda.externaltask.HandleFailure(
        url, id_=two, worker_id="pc", error_message="e", error_details="d", retries=0, retry_timeout=0
    )
    call(server, failing)
    failed = pycamunda.incident.IncidentType.failed_external_task
    incidents = call(server, pycamunda.incident.GetList(url, incident_type=failed))
    assert "e" in [incident.incident_message for incident in incidents]
    call(server, pycamunda.externaltask.SetRetries(url, id_=two, retries=3))
    call(server, pycamunda.externaltask.SetPriority(url, id_=two, priority=5))
    call(server, pycamunda.externaltask.Unlock(url, id_=three))
    found = call(server, pycamunda.externaltask.Get(url, id_=two, request_error_details=False))
    assert (found.retries, found.priority) == (3, 5)
    listing = pycamunda.externaltask.GetList(
        url, topic_name="pc", request_error_details=False
    )  # those it asks nameless
    assert len(call(server, listing)) == 2

    risky = server.start("risky")
    fetching = pycamunda.externaltask.FetchAndLock(url, worker_id="pc", max_tasks=1)
    fetching.add_topic("pc-err", lock_duration=60_000)
    (task,) = call(server, fetching)
    error = pycamunda.externaltask.HandleBPMNError(
        url, id_=task.id_, worker_id="pc", error_code="E42", error_message="jam"
    )
    call(server, error)
    assert server.get("/task", processInstanceId=risky)[0]["taskDefinitionKey"] == "repair"

    paid = server.start("pay", "M-1")
    correlating = pycamunda.message.CorrelateSingle(url, message_name="paid", business_key="M-1", result_enabled=True)
    results = call(server, correlating)
    assert results[0].execution.process_instance_id == paid
    heard = server.start("sig")
    call(server, pycamunda.signal.EventAll(url, name="alarm"))
    assert len(server.get("/task", processInstanceId=heard)) == 1


def test_a_hundred_waiting_workers_do_not_slow_the_pages(server):
    """Answers while nobody waits, and while a hundred do: the median must not suffer."""
    body = {
        "workerId": "w",
        "maxTasks": 1,
        "asyncResponseTimeout": 20_000,
        "topics": [{"topicName": "none", "lockDuration": 1}],
    }

    def median() -> float:
        took = []
        for _time in range(40):
            began = time.monotonic()
            assert server.session.get(f"{server.base}/task").status_code == 200
            took.append(time.monotonic() - began)
        return sorted(took)[20]

    quiet = median()
    waiting = []
    payload = json.dumps(body)
    host, port = server.base.removeprefix("http://").split("/")[0].split(":")
    try:
        for _number in range(100):
            one = socket.create_connection((host, int(port)))
            head = f"POST /engine-rest/external-task/fetchAndLock HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: {server.headers['Authorization']}\r\nContent-Length: {len(payload)}\r\n\r\n"
            one.sendall((head + payload).encode())
            waiting.append(one)
        time.sleep(1.5)
        busy = median()
    finally:
        for one in waiting:
            one.close()
    assert busy < 3 * quiet + 0.02, f"{quiet * 1000:.1f} ms alone, {busy * 1000:.1f} ms with a hundred waiting"


def test_the_machine_clock_is_used(server):
    server.deploy(named("clocked", "t"))
    server.start("clocked")
    found = server.get("/external-task", topicName="t")[0]["createTime"]
    made = dt.datetime.strptime(found, "%Y-%m-%dT%H:%M:%S.%f%z")
    assert abs((clock._machine_time() - made).total_seconds()) < 60
