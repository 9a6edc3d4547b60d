"""`/engine-rest` under attack: every refusal is one of the dialect's, none is a fault of ours, rights hold."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import db
from app.core.refusals import SENTENCES
from app.identity.models import User
from app.identity.roles import ROLES
from app.tasks.models import Task, TaskStatus
from tests.hostile.html import TRACES
from tests.hostile.routes import PATHS, QUERIES, VALUES, Route, has_turn, routes
from tests.hostile.test_requests import BODIES
from tests.hostile.test_rights import denials, right_of
from tests.hostile.world import ATTACK, Site
from tests.identity.factories import actor_for, bearer
from tests.integration import diagrams

FAULT = str(SENTENCES[500])
PUBLIC = {f"engine_rest.{name}" for name in ("version", "engines", "root", "other_engine")} | {
    "engine_rest_known.webapps"
}
NAMES = (
    *("workerId", "maxTasks", "topics", "asyncResponseTimeout", "usePriority", "sorting", "variables", "retries"),
    *("localVariables", "errorMessage", "errorDetails", "retryTimeout", "errorCode", "newDuration", "lockDuration"),
    *("priority", "externalTaskIds", "externalTaskQuery", "processInstanceIds", "suspended", "businessKey", "name"),
    *("messageName", "correlationKeys", "processVariables", "processInstanceId", "all", "resultEnabled", "userId"),
    *("instructions", "modifications", "deletions", "value", "type", "valueInfo", "duedate", "executionId", "message"),
    *("orQueries", "sortBy", "sortOrder", "firstResult", "maxResults", "groupId", "due", "followUp", "assignee", "id"),
    *("delegationState", "description", "owner", "parentTaskId", "taskVariables", "candidateUser", "createdAfter"),
    *("startInstructions", "withVariablesInReturn", "processDefinitionId", "activityIdIn", "variableValues", "latest"),
    *("escalationCode", "deleteReason", "processInstanceQuery", "annotation", "dueDates", "version", "activityType"),
)
ODD: tuple[Any, ...] = (
    *(
        None,
        True,
        0,
        -1,
        1.5,
        2**31,
        2**63,
        10**40,
        "",
        "x",
        "9" * 400,
        "a\u0000b",
        "\u202e订单😀",
        [],
        {},
        [None],
        [[]],
    ),
    *([{}], [{"a": 1}], {"a": None}, {"a": {}}, {"a": {"value": []}}, {"": {"value": 1}}, {"answers": {"value": 1}}),
    *({"f": {"value": "!!", "type": "File", "valueInfo": {"filename": 5}}}, {"v": {"value": 1, "type": "Date"}}),
    *({"v": {"value": "[" * 3000, "type": "Json"}}, {"v": {"value": 2**70}}, {"v": {"value": 1e308, "type": "Double"}}),
    *([{"topicName": "t", "lockDuration": 10**18}], [{"topicName": 5, "lockDuration": "x"}], [{"type": "cancel"}]),
    *([{"name": "a", "operator": "like", "value": "%" * 4000}], [{"sortBy": "id", "sortOrder": "up"}], ATTACK),
    *("2026-13-45T00:00:00.000+0000", "9999-12-31T23:59:59.999-1400", "0001-01-01T00:00:00.000+1400", "a_eq_1,b"),
    *(
        "a_like_" + "%a" * 400,
        "_eq_",
        "true",
        "asc",
        "1e400",
        ["x"] * 11_000,
        {f"v{n}": {"value": n} for n in range(1500)},
    ),
)


class Program:
    """An administrator's token gone mad."""

    def __init__(self, app: Flask, site: Site) -> None:
        self.app, self.site = app, site
        self.client = app.test_client()
        self.headers = {"Authorization": f"Bearer {site.token}"}
        self.wrong: list[str] = []
        self.ids = world(self)

    def send(self, method: str, url: str, **given: Any) -> int:
        answer = self.client.open(url, method=method, headers={**self.headers, **given.pop("headers", {})}, **given)
        said = f"{method} {url[:100]} {str(given)[:160]} → {answer.status_code} {answer.text[:160]}"
        text = answer.data.decode("utf-8", "replace")
        self.wrong += [f"{said}: shows {trace!r}" for trace in TRACES if trace in text]
        if FAULT in text:
            self.wrong.append(f"{said}: a fault of ours")
        if "X-Evil" in answer.headers or "evil.example" in answer.headers.get("Location", ""):
            self.wrong.append(f"{said}: a header of the attacker's")
        if answer.status_code >= 400:
            plain = answer.headers["Content-Type"] == "application/json"
            if not plain or not set(answer.json) >= {"type", "message", "code"}:
                self.wrong.append(f"{said}: not the dialect's")
        elif (answer.mimetype or "").startswith("text/html"):
            self.wrong.append(f"{said}: a page")
        return answer.status_code

    def url(self, route: Route, **over: str) -> str:
        """The address with ids that exist."""
        values = {name: quote(self.id_for(route, name), safe="") for name in route.rule.arguments}
        return route.fill({**values, **over})

    def id_for(self, route: Route, name: str) -> str:
        if name == "place_id":
            kind = "task_id" if "/task/" in route.rule.rule else "instance_id"
            return self.ids[kind]
        if name == "instance_id" and route.rule.rule.startswith("/engine-rest/history"):
            return self.ids["instance_id"]
        return self.ids[name]

    def report(self) -> None:
        assert not self.wrong, "\n".join([f"{len(self.wrong)} faults", *self.wrong[:40]])


def world(program: Program) -> dict[str, str]:
    """Something of each kind, every text of it an attack; the ids."""

    def ask(method: str, path: str, **given: Any) -> Any:
        answer = program.client.open(f"/engine-rest{path}", method=method, headers=program.headers, **given)
        assert answer.status_code in (200, 204), (path, answer.text)
        return answer.json if answer.status_code == 200 else None

    files = {
        "job.bpmn": diagrams.one_external("job"),
        "timed.bpmn": diagrams.timed(),
        "ask.bpmn": diagrams.one_user(),
        "pay.bpmn": diagrams.waits_for_message(),
        "notes.html": ATTACK.encode(),
    }
    form = {name: (io.BytesIO(content), name) for name, content in files.items()}
    deployed = ask(
        "POST", "/deployment/create", data={"deployment-name": ATTACK, **form}, content_type="multipart/form-data"
    )
    resources = ask("GET", f"/deployment/{deployed['id']}/resources")
    given = {"variables": {"text": {"value": ATTACK}}, "businessKey": ATTACK[:200]}
    instances = {
        key: ask("POST", f"/process-definition/key/{key}/start", json=given) for key in ("job", "timed", "ask", "pay")
    }
    ask("POST", "/process-definition/key/job/start", json=given)
    instance = instances["job"]["id"]
    fetch = {"workerId": ATTACK[:50], "maxTasks": 5, "topics": [{"topicName": "work", "lockDuration": 1000}]}
    first, *_more = ask("POST", "/external-task/fetchAndLock", json=fetch)
    told = {"workerId": fetch["workerId"], "retries": 0, "errorMessage": ATTACK, "errorDetails": ATTACK}
    ask("POST", f"/external-task/{first['id']}/failure", json=told)
    (task,) = ask("GET", "/task", query_string={"processInstanceId": instances["ask"]["id"]})
    path = f"/task/{task['id']}"
    comment = ask("POST", f"{path}/comment/create", json={"message": ATTACK})
    upload = {
        "attachment-name": ATTACK,
        "attachment-type": "text/html",
        "content": (io.BytesIO(ATTACK.encode()), "x.html"),
    }
    attachment = ask("POST", f"{path}/attachment/create", data=upload, content_type="multipart/form-data")
    visits = ask("GET", "/history/activity-instance", query_string={"processInstanceId": instances["ask"]["id"]})
    return {
        "visit_id": visits[0]["id"],
        "external_id": first["id"],
        "task_id": task["id"],
        "instance_id": instances["ask"]["id"],
        "definition_id": instances["job"]["definitionId"],
        "key": "job",
        "deployment_id": deployed["id"],
        "resource_id": next(one["id"] for one in resources if one["name"] == "notes.html"),
        "job_id": ask("GET", "/job")[0]["id"],
        "incident_id": ask("GET", "/incident", query_string={"processInstanceId": first["processInstanceId"]})[0]["id"],
        "comment_id": comment["id"],
        "attachment_id": attachment["id"],
        "variable_id": f"{instance}:text",
        "name": "text",
        "tenant_id": "t",
        "rest": "x",
    }


@pytest.fixture
def program(app: Flask, site: Site) -> Iterator[Program]:
    made = Program(app, site)
    yield made
    made.report()


def attacked(app: Flask) -> list[Route]:
    """All but what would end the world that is attacked."""
    return [route for route in routes(app, dialect=True) if route.method != "DELETE" or "<name>" in route.rule.rule]


def test_everything_answers_to_who_may(app, program):
    for route in routes(app, dialect=True):
        if route.method == "GET":
            status = program.send("GET", program.url(route))
            assert status in (200, 204, 400, 404), f"{route.rule} {status}"


def test_nonsense_in_addresses(share, app, program):
    for place, route in enumerate(attacked(app)):
        for name in route.rule.arguments:
            for value in share.of(PATHS, place):
                program.send(route.method, program.url(route, **{name: value}))


def test_nonsense_in_queries(share, app, program):
    rng = random.Random(7)
    for place, route in enumerate(attacked(app)):
        if route.method != "GET":
            continue
        url = program.url(route)
        for query in share.of(QUERIES, place):
            program.send("GET", f"{url}?{query}")
        names = NAMES if share.step == 1 else rng.sample(NAMES, 12)
        values = [one for one in (*ODD, *VALUES) if isinstance(one, str | int | float)]
        for name, value in share.halved([(name, rng.choice(values)) for name in names], place):
            program.send("GET", url, query_string={name: str(value).replace("\x00", "")[:3000]})


def test_nonsense_in_bodies(share, app, program):
    rng = random.Random(11)
    for place, route in enumerate(attacked(app)):
        if route.method == "GET":
            continue
        url = program.url(route)
        for body in share.of(BODIES, place):
            program.send(route.method, url, data=body, content_type="application/json")
        program.send(route.method, url, data=b"{}")
        mixtures = []
        for _time in range(max(1, 30 // share.step**2)):
            body = {name: rng.choice(ODD) for name in rng.sample(NAMES, rng.randint(1, 12))}
            mixtures.append((body, rng.choice(["application/json", None])))
        for body, kind in share.halved(mixtures, place):
            program.send(route.method, url, data=json.dumps(body), content_type=kind)


def test_each_field_of_each_body_alone(share, app, program):
    """Around one odd value everything else is right, so that it is not refused for something else."""
    usual: dict[str, Any] = {
        "workerId": "w",
        "maxTasks": 1,
        "topics": [{"topicName": "work", "lockDuration": 1}],
        "messageName": "paid",
        "name": "alarm",
        "retries": 1,
        "userId": None,
        "message": "m",
        "errorCode": "E",
        "escalationCode": "E",
        "suspended": False,
        "newDuration": 5,
        "lockDuration": 5,
        "priority": 1,
        "value": 1,
    }
    posted = [route for route in attacked(app) if route.method in ("POST", "PUT")]
    for place, route in enumerate(posted):
        url = program.url(route)
        for number, name in enumerate(NAMES):
            odd = [value for turn, value in enumerate(ODD) if (turn + place + number) % (share.step * 24) == 0]
            for value in share.halved(odd, place):
                program.send(
                    route.method, url, data=json.dumps({**usual, name: value}), content_type="application/json"
                )


def test_odd_uploads(share, app, program):
    files = (b"", b"\x00", b"<", b"<a/>", ATTACK.encode(), b"\xff\xfe", b"PK\x03\x04" * 50, b"[" * 9000, b'{"id": 5}')
    names = ("x.bpmn", "x.form", "../../x.bpmn", "x\x00.bpmn", "", "n" * 300, "x.txt", "deployment-name")
    for route in attacked(app):
        if route.method != "POST" or not route.rule.rule.endswith(("/create", "/data")):
            continue
        for number, content in enumerate(files):
            for name in share.halved(names, number):
                for part in ("data", "content", name or "p"):
                    form = {part: (io.BytesIO(content), name), "valueType": "File", "deployment-name": ATTACK * 20}
                    program.send("POST", program.url(route), data=form, content_type="multipart/form-data")
        program.send("POST", program.url(route), data=b"--x\r\n", content_type="multipart/form-data; boundary=x")


@pytest.mark.any_database
def test_what_is_larger_than_a_mebibyte_is_refused(app, program):
    for route in attacked(app):
        if route.method in ("POST", "PUT"):
            assert program.send(route.method, program.url(route), data=b" " * (1024 * 1024 + 1)) == 413


def test_stored_attacks_are_handed_out_as_files_and_json_only(app, program):
    for route in routes(app, dialect=True):
        if route.method != "GET":
            continue
        answer = program.client.get(program.url(route), headers=program.headers)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        kinds = ("application/json", "application/octet-stream", "text/plain")
        assert answer.mimetype in kinds or (answer.status_code, answer.data) == (204, b"")


@pytest.mark.any_database
@pytest.mark.parametrize("role", ROLES)
def test_rights_hold_for_every_role(role, app, site, program, request):
    """Every route by three of the roles that lack its right, or by each of them."""
    with db.transaction():
        user: User = db.session().get(User, site.users[role].id)
        headers = bearer(user)
    actors, refused = {name: actor_for(site.users[name]) for name in ROLES}, 0
    before = denials()
    for place, route in enumerate(routes(app, dialect=True)):
        right = right_of(route)
        if right is None or actors[role].may(right):
            continue
        lacking = [name for name in ROLES if not actors[name].may(right)]
        if not request.config.getoption("--full") and not has_turn(lacking, role, place, 3):
            continue
        answer = program.client.open(program.url(route), method=route.method, headers=headers)
        assert answer.status_code == 403, f"{role} {route.method} {route.rule}: {answer.status_code}"
        assert answer.json["type"] == "AuthorizationException"
        refused += 1
    assert denials() - before == refused
    assert refused or role == "admin" or not request.config.getoption("--full")  # some lack few


@pytest.mark.any_database
def test_nobody_gets_in_unnamed(app, program):
    client = app.test_client()
    open_to_all = set()
    for route in routes(app, dialect=True):
        answer = client.open(program.url(route), method=route.method, data=b"{{{")
        if right_of(route) is None:
            open_to_all.add(route.rule.endpoint)
            assert answer.status_code < 500
            continue
        assert answer.status_code == 401, f"{route.method} {route.rule}: {answer.status_code}"
        assert answer.json["type"] == "AuthenticationException"
        assert answer.headers.getlist("WWW-Authenticate")[0].startswith("Basic")
    assert open_to_all == PUBLIC


@pytest.mark.any_database
def test_somebody_without_rights_changes_no_task_of_others(app, site, program):
    """Whoever is signed in may work on tasks: only on those they are asked to do."""
    with db.transaction():
        user: User = db.session().get(User, site.users["transport"].id)
        headers = bearer(user)
        tasks = list(db.session().scalars(select(Task.id).where(Task.status == TaskStatus.OPEN.value)))
    for task in tasks:
        for route in routes(app, dialect=True):
            if not {"task_id", "place_id"} & route.rule.arguments or "/task/" not in route.rule.rule:
                continue
            url = program.url(route, task_id=task, place_id=task)
            body = {
                "userId": "role-transport",
                "message": "x",
                "type": "candidate",
                "groupId": "transport",
                "errorCode": "E",
            }
            answer = program.client.open(url, method=route.method, headers=headers, json=body | {"value": 1})
            assert answer.status_code in (400, 403, 500), f"{route.method} {url} {answer.status_code}"
            if answer.status_code == 500:
                assert "NullValueException" in answer.text or "cannot give it back" in answer.text
        assert program.client.get("/engine-rest/task", headers=headers).json == []
