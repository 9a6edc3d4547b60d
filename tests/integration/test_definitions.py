"""Deploying by form upload, and what is known of deployments and definitions."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from app.core import clock, jobs
from app.core.permissions import SYSTEM
from app.processes.designer import governing
from tests.conformance import shapes as s
from tests.conftest import NOON
from tests.integration import diagrams
from tests.processes.diagrams import chain, end, node, process, start, user


def test_a_modeler_deploys_and_starts(rest):
    made = rest.deploy(
        ("invoice.bpmn", diagrams.one_user("invoice", label="Check")),
        deployment_name="invoice",
        deployment_source="Camunda Modeler",
        enable_duplicate_filtering="true",
    )
    assert (made["name"], made["source"], made["tenantId"]) == ("invoice", "Camunda Modeler", None)
    assert made["deploymentTime"] == "2026-11-23T04:00:00.000+0000"
    assert made["links"][0]["href"].endswith(f"/engine-rest/deployment/{made['id']}")
    ((outer, definition),) = made["deployedProcessDefinitions"].items()
    assert definition["id"] == outer
    assert outer.startswith("invoice:1:")
    assert (definition["key"], definition["version"], definition["resource"]) == ("invoice", 1, "invoice.bpmn")
    assert definition["deploymentId"] == made["id"]
    assert made["deployedDecisionDefinitions"] is None
    started = rest.post(f"/process-definition/{outer}/start", {"businessKey": None, "variables": None})
    assert {name: started[name] for name in ("definitionId", "definitionKey", "businessKey", "ended", "suspended")} == {
        "definitionId": outer,
        "definitionKey": "invoice",
        "businessKey": None,
        "ended": False,
        "suspended": False,
    }


def test_the_same_files_again_are_the_deployment_there_is(rest):
    given = {"deployment_name": "n", "enable_duplicate_filtering": "True"}
    first = rest.deploy(diagrams.one_user(), **given)
    again = rest.deploy(diagrams.one_user(), **given)
    assert (again["id"], again["deployedProcessDefinitions"]) == (first["id"], None)
    other = rest.deploy(diagrams.one_user(label="B"), **given)
    assert [one["version"] for one in other["deployedProcessDefinitions"].values()] == [2]
    plain = rest.deploy(diagrams.one_user(label="B"))
    assert plain["id"] != other["id"]
    (kept,) = plain["deployedProcessDefinitions"].values()
    assert (kept["version"], kept["deploymentId"]) == (2, plain["id"])


def test_forms_come_along_and_are_shown(rest):
    form = {"id": "f1", "type": "default", "components": [{"type": "textfield", "key": "why", "label": "Why"}]}
    xml = process(
        start(), user("ask", camunda__formKey="camunda-forms:deployment:f1.form"), end(), chain("s", "ask", "e")
    )
    rest.deploy(("p.bpmn", xml), ("f1.form", json.dumps(form).encode()))
    (task,) = rest.tasks(rest.start("p"))
    assert task["formKey"] == "camunda-forms:deployment:f1.form"
    assert rest.get(f"/task/{task['id']}/deployed-form")["components"][0]["key"] == "why"
    assert rest.get(f"/task/{task['id']}/form")["key"] == task["formKey"]


def test_a_refused_diagram_says_which_element_and_why(rest):
    broken = process(start(), node("complexGateway", "odd"), end(), chain("s", "odd", "e"))
    said = rest.deploy(("bad.bpmn", broken), ("good.bpmn", diagrams.one_user("good")), status=400)
    assert said["type"] == "ParseException"
    assert said["message"].startswith("ENGINE-09005 Could not parse BPMN process. Errors: ")
    assert said["code"] == 0
    (error, *_more) = said["details"]["bad.bpmn"]["errors"]
    assert error["mainBpmnElementId"] == "odd"
    assert error["bpmnElementIds"] == ["odd"]
    assert set(error) >= {"message", "line", "column"}
    assert said["details"]["bad.bpmn"]["warnings"] == []


@pytest.mark.parametrize("content", [b"", b"<", b"\xff\xfe", b"not xml at all", b"<a/>", b"\x00"])
def test_what_is_no_diagram_is_refused_the_same_way(content, rest):
    said = rest.deploy(("x.bpmn", content), status=400)
    assert said["type"] == "ParseException"
    assert "x.bpmn" in said["details"]


def test_wrong_uploads_are_refused(rest):
    assert rest.post("/deployment/create", None, 400)["message"] == (
        "No deployment resources contained in the form upload."
    )
    rest.deploy(status=400)
    rest.deploy(("f.form", b"[]"), status=400)
    rest.deploy(diagrams.one_user(), status=400, tenant_id="t")
    rest.deploy(("x" * 300 + ".bpmn", diagrams.one_user()), status=400)


def test_other_files_are_kept_as_they_are(rest):
    made = rest.deploy(("a.bpmn", diagrams.one_user()), ("notes/read.txt", b"hello"))
    files = rest.get(f"/deployment/{made['id']}/resources")
    assert [one["name"] for one in files] == ["a.bpmn", "notes/read.txt"]
    answer = rest.client.get(
        f"/engine-rest/deployment/{made['id']}/resources/{files[1]['id']}/data", headers=rest.headers
    )
    assert answer.data == b"hello"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    rest.get(f"/deployment/{made['id']}/resources/nothing", 404)
    rest.get("/deployment/nothing", 404)


def test_deployments_are_listed_and_counted(rest):
    rest.deploy(diagrams.one_user("a"), deployment_name="one")
    rest.deploy(diagrams.one_user("b"), deployment_name="two", deployment_source="src")
    assert rest.get("/deployment", maxResults=0) == []
    assert [one["name"] for one in rest.get("/deployment", sortBy="name", sortOrder="desc")] == ["two", "one"]
    assert rest.get("/deployment/count", nameLike="t%")["count"] == 1
    assert rest.get("/deployment/count", withoutSource="true")["count"] == 1
    assert rest.get("/deployment", after="2026-11-24T00:00:00.000+0000") == []


def test_definitions_are_listed(rest):
    rest.deploy(diagrams.one_user("a", label="First"))
    rest.deploy(diagrams.one_user("a", label="Second"))
    rest.deploy(diagrams.one_user("b"))
    keys = [(one["key"], one["version"]) for one in rest.get("/process-definition", sortBy="version", sortOrder="desc")]
    assert keys[0] == ("a", 2)
    assert rest.get("/process-definition/count")["count"] == 3
    latest = rest.get("/process-definition", latestVersion="true", key="a")
    assert [one["version"] for one in latest] == [2]
    assert rest.get("/process-definition", keysIn="b,c")[0]["key"] == "b"
    assert rest.get("/process-definition", version=1, keyLike="a%")[0]["version"] == 1
    one = rest.get("/process-definition/key/a")
    assert rest.get(f"/process-definition/{one['id']}") == one
    assert rest.get(f"/process-definition/{one['id'].rpartition(':')[2]}") == one
    assert "Second" in rest.get(f"/process-definition/{one['id']}/xml")["bpmn20Xml"]
    assert rest.get("/process-definition/key/a/xml")["id"] == one["id"]
    rest.get("/process-definition/nothing", 404)
    rest.get("/process-definition/key/nothing", 404)
    rest.post("/process-definition/key/nothing/start", {}, 404)


def test_a_suspended_definition_starts_nothing(rest):
    rest.deploy(diagrams.one_user())
    rest.put("/process-definition/key/ask/suspended", {"suspended": True})
    said = rest.post("/process-definition/key/ask/start", {}, 500)
    assert said["type"] == "SuspendedEntityInteractionException"
    assert rest.get("/process-definition", suspended="true")[0]["suspended"] is True
    rest.put("/process-definition/key/ask/suspended", {"suspended": False})
    rest.start("ask")


def test_statistics_count_what_runs(rest):
    rest.deploy(diagrams.one_external())
    rest.start("job")
    rest.start("job")
    (task, _other) = rest.fetch()
    rest.post(f"/external-task/{task['id']}/failure", {"workerId": "w1", "retries": 0}, 204)
    (found,) = rest.get("/process-definition/statistics", incidents="true")
    assert found["instances"] == 2
    assert found["incidents"] == [{"incidentType": "failedExternalTask", "incidentCount": 1}]


def test_deleting_a_deployment_takes_it_back(rest):
    first = rest.deploy(diagrams.one_user(label="One"))
    second = rest.deploy(diagrams.one_user(label="Two"))
    instance = rest.start("ask")
    said = rest.delete(f"/deployment/{second['id']}", 500)
    assert said["type"] == "ProcessEngineException"
    assert rest.get(f"/deployment/{second['id']}")["id"] == second["id"]
    rest.ask("DELETE", f"/deployment/{second['id']}", 204, query_string={"cascade": "true"})
    assert rest.get(f"/history/process-instance/{instance}")["state"] == "EXTERNALLY_TERMINATED"
    assert rest.get("/process-definition/key/ask")["version"] == 1
    rest.delete(f"/deployment/{first['id']}")
    rest.get("/process-definition/key/ask", 404)
    rest.post("/process-definition/key/ask/start", {}, 404)
    assert rest.get("/process-definition") == rest.get("/deployment") == []
    rest.delete(f"/deployment/{first['id']}", 404)
    rest.deploy(diagrams.one_user(label="Two"))
    rest.start("ask")


def test_a_start_message_is_taken_back_too(rest):
    made = rest.deploy(diagrams.starts_by_message())
    rest.delete(f"/deployment/{made['id']}")
    rest.post("/message", {"messageName": "paid"}, 400)


def test_tools_find_out_where_they_are(rest, client):
    assert client.get("/engine-rest/version").json == {"version": "7.24.0"}
    assert client.get("/engine-rest/engine").json == [{"name": "default"}]
    assert client.get("/engine-rest/engine/default/version").json == {"version": "7.24.0"}
    assert rest.get("/engine/default/deployment", maxResults=0) == []
    unknown = client.get("/engine-rest/engine/other/version")
    assert (unknown.status_code, unknown.json["type"]) == (400, "RestException")
    known = client.get("/.well-known/camunda-automation-platform/webapps").json
    assert known["cockpitUrl"].endswith("/processes")
    for address in ("/engine-rest/nothing", "/engine-rest/engine/default/nothing", "/engine-rest/task/x/y/z"):
        answer = client.get(address)
        assert (answer.status_code, answer.json["type"]) == (404, "NotFoundException")


def due(key):
    return [job.due_at for job in jobs.jobs_of("process-start", key)]


def test_start_timers_are_set_again_when_the_same_diagram_is_deployed_again(rest):
    diagram = s.diagram("once", s.start("s", s.after("PT1H")), s.user("u"), s.end(), "s -> u -> e")
    rest.deploy(diagram, deployment_name="d")
    (first,) = rest.get("/process-definition", key="once")
    with clock.moved(NOON + timedelta(hours=2)):
        assert jobs.run_due() == 1
        assert due("once") == [], "it has fired"
        for options in ({"enable_duplicate_filtering": "true"}, {"deploy_changed_only": "true"}):
            rest.deploy(diagram, deployment_name="d", **options)
            assert due("once") == []
        rest.deploy(diagram, ("note.txt", b"x"), deployment_name="d", deploy_changed_only="true")
        assert due("once") == [], "this file has not changed"
        rest.deploy(diagram, deployment_name="d")
        assert due("once") == [NOON + timedelta(hours=3)]
        rest.deploy(diagram, deployment_name="d")
        assert len(due("once")) == 1
    (same,) = rest.get("/process-definition", key="once")
    assert (same["id"], same["version"]) == (first["id"], 1)


def test_a_governed_process_is_not_deployed_past_its_review(rest):
    first = rest.deploy(diagrams.one_user("free"))
    governing.set_governed(SYSTEM, "free", governed=True, reason="from now on")
    said = rest.deploy(diagrams.one_user("free", label="Otherwise"), status=400)
    assert said["type"] == "ParseException"
    assert said["message"].startswith("ENGINE-09005 Could not parse BPMN process. Errors: ")
    (error,) = said["details"]["d0.bpmn"]["errors"]
    assert error["mainBpmnElementId"] == "free"
    assert "another person approves" in error["message"]
    assert "/processes/drafts" in error["message"]
    rest.deploy(diagrams.one_user("other"))
    kept = rest.delete(f"/deployment/{first['id']}?cascade=true", status=500)
    assert (kept["type"], sorted(kept)) == ("ProcessEngineException", ["code", "message", "type"])
    assert "another person approves" in kept["message"]
    (still,) = rest.get("/process-definition", key="free")
    assert still["deploymentId"] == first["id"]
