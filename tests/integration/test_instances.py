"""Instances by the dialect: started, found, changed, moved, ended."""

from __future__ import annotations

import io

import pytest

from tests.identity.factories import bearer, make_user
from tests.integration import diagrams
from tests.processes.diagrams import chain, end, node, process, start


@pytest.fixture
def ask(rest):
    rest.deploy(diagrams.one_user())
    return rest


def test_starting_answers_the_variables_if_asked(ask):
    body = {
        "variables": {"n": {"value": 1, "type": "Long"}, "o": {"value": {"a": 1}}},
        "withVariablesInReturn": True,
        "businessKey": "B",
        "unknown": [1],
    }
    started = ask.post("/process-definition/key/ask/start", body)
    assert started["variables"]["n"] == {"type": "Long", "value": 1, "valueInfo": {}}
    assert started["variables"]["o"]["value"] == '{"a":1}'
    assert started["links"][0]["rel"] == "self"
    ask.ask("POST", "/process-definition/key/ask/start", 200)
    ask.ask("POST", "/process-definition/key/ask/start", 200, data=b"{}", content_type="text/plain")
    ask.post("/process-definition/key/ask/tenant-id/t1/start", {})


@pytest.mark.parametrize("sent", [b"{", b"[]", b"5", b'{"variables": 5}', b'{"variables": {"a": 5}}', b"\xff"])
def test_wrong_bodies_are_refused_in_the_dialect(sent, ask):
    said = ask.ask("POST", "/process-definition/key/ask/start", 400, data=sent)
    assert set(said) == {"type", "message", "code"}


def test_lists_narrow_and_count(ask):
    one = ask.start("ask", business_key="K-1", color="red", n=5, ok=True)
    two = ask.start("ask", business_key="K-2", color="blue", n=15)
    ids = lambda **query: [found["id"] for found in ask.get("/process-instance", **query)]  # noqa: E731
    assert ids(sortBy="instanceId", sortOrder="asc") == sorted([one, two])
    assert ids(businessKey="K-1") == [one]
    assert ids(businessKeyLike="K-%", sortBy="businessKey", sortOrder="desc") == [two, one]
    assert ids(processInstanceIds=f"{one},x") == [one]
    assert ids(processDefinitionKey="other") == []
    assert ids(activityIdIn="approve,x", processDefinitionKeyIn="ask") == sorted([one, two])
    assert ids(activityIdIn="x") == []
    assert ids(variables="color_eq_red") == [one]
    assert ids(variables="n_gt_10") == [two]
    assert ids(variables="color_like_%e%,n_lteq_5") == [one]
    assert ids(variables="ok_eq_true") == [one]
    assert ids(variables="color_eq_RED", variableValuesIgnoreCase="true") == [one]
    assert ids(suspended="true") == []
    body = {
        "variables": [{"name": "n", "operator": "eq", "value": 15}],
        "sorting": [{"sortBy": "instanceId", "sortOrder": "asc"}],
    }
    assert [found["id"] for found in ask.post("/process-instance", body)] == [two]
    assert ask.post("/process-instance/count", body)["count"] == 1
    assert ask.get("/process-instance/count", processDefinitionKey="ask")["count"] == 2
    assert ids(firstResult=1, maxResults=1, sortBy="instanceId", sortOrder="asc") == sorted([one, two])[1:]
    ask.get("/process-instance", 400, variables="color")
    ask.get("/process-instance", 400, maxResults="many")
    ask.get("/process-instance", 400, sortBy="instanceId")
    ask.get("/process-instance/nothing", 404)


def test_a_list_with_variables_costs_two_statements_for_all(ask, statements):
    for number in range(12):
        ask.start("ask", n=number)
    statements.clear()
    ask.get("/process-instance")
    plain = len(statements)
    statements.clear()
    assert len(ask.get("/process-instance", variables="n_gteq_3")) == 9
    assert len(statements) <= plain + 1


def test_variables_are_read_and_changed(ask):
    instance = ask.start("ask", a=1, b="x")
    path = f"/process-instance/{instance}/variables"
    assert ask.get(path)["a"] == {"type": "Integer", "value": 1, "valueInfo": {}}
    assert ask.get(f"{path}/b")["value"] == "x"
    ask.put(f"{path}/a", {"value": 2, "type": "Long"})
    ask.put(f"{path}/d", {"value": "2026-11-22T23:00:00.000+0100", "type": "Date"})
    assert ask.get(f"{path}/a")["type"] == "Long"
    assert ask.get(f"{path}/d")["value"] == "2026-11-22T22:00:00.000+0000"
    ask.post(path, {"modifications": {"c": {"value": [1]}}, "deletions": ["b", "a"]}, 204)
    assert set(ask.get(path)) == {"c", "d"}
    ask.put(f"{path}/a", {"value": 3})
    assert ask.get(f"{path}/a")["type"] == "Integer"
    ask.delete(f"{path}/a")
    said = ask.get(f"{path}/a", 404)
    assert said["message"] == "process instance variable with name a does not exist"
    ask.put(f"{path}/answers", {"value": 1}, 400)
    ask.put(f"{path}/x", {"value": "x", "type": "Long"}, 400)
    ask.get("/process-instance/nothing/variables", 500)


def test_files_travel_beside_the_state(ask):
    instance = ask.start("ask")
    path = f"/process-instance/{instance}/variables"
    info = {"filename": "a b.txt", "mimetype": "text/plain", "encoding": "UTF-8"}
    ask.put(f"{path}/file", {"value": "aGFsbG8=", "type": "File", "valueInfo": info})
    shown = ask.get(f"{path}/file")
    assert (shown["type"], shown["value"]) == ("File", None)
    assert shown["valueInfo"]["filename"] == "a b.txt"
    for address in (f"{path}/file/data", f"/execution/{instance}/localVariables/file/data"):
        answer = ask.client.get(f"/engine-rest{address}", headers=ask.headers)
        assert answer.data == b"hallo"
        assert 'filename="a b.txt"' in answer.headers["Content-Disposition"]
    form = {"data": (io.BytesIO(b"\x00\x01"), "x.html", "text/html"), "valueType": "File"}
    ask.ask("POST", f"{path}/page/data", 204, data=form, content_type="multipart/form-data")
    answer = ask.client.get(f"/engine-rest{path}/page/data", headers=ask.headers)
    assert (answer.data, answer.mimetype) == (b"\x00\x01", "application/octet-stream")
    ask.ask("POST", f"{path}/raw/data", 204, data={"data": (io.BytesIO(b"r"), "r")}, content_type="multipart/form-data")
    assert ask.get(f"{path}/raw")["type"] == "Bytes"
    ask.put(f"{path}/text", {"value": "content:1", "type": "String"})
    ask.get(f"{path}/text/data", 400)
    ask.get(f"{path}/none/data", 404)
    (found,) = ask.get("/variable-instance", processInstanceIdIn=instance, variableName="file")
    answer = ask.client.get(f"/engine-rest/variable-instance/{found['id']}/data", headers=ask.headers)
    assert answer.data == b"hallo"


def test_the_tree_shows_every_token_those_at_a_join_too(rest):
    rest.deploy(diagrams.forked())
    instance = rest.start("fork")
    left, right = sorted(rest.tasks(instance), key=lambda one: one["taskDefinitionKey"])
    tree = rest.get(f"/process-instance/{instance}/activity-instances")
    assert tree["id"] == instance
    assert tree["activityType"] == "processDefinition"
    assert sorted(one["activityId"] for one in tree["childActivityInstances"]) == ["left", "right"]
    rest.post(f"/task/{left['id']}/complete", {}, 204)
    tree = rest.get(f"/process-instance/{instance}/activity-instances")
    assert sorted(one["activityId"] for one in tree["childActivityInstances"]) == ["join", "right"]
    rest.post(f"/task/{right['id']}/complete", {}, 204)
    tree = rest.get(f"/process-instance/{instance}/activity-instances")
    (last,) = tree["childActivityInstances"]
    assert (last["activityId"], last["parentActivityInstanceId"]) == ("last", instance)
    rest.get("/process-instance/nothing/activity-instances", 404)


def test_a_called_instance_is_found_by_its_caller(rest):
    rest.deploy(diagrams.one_user(), diagrams.calls())
    caller = rest.start("caller")
    (called,) = rest.get("/process-instance", superProcessInstance=caller)
    assert called["definitionKey"] == "ask"
    (found,) = rest.get("/process-instance", subProcessInstance=called["id"])
    assert found["id"] == caller
    assert [one["id"] for one in rest.get("/process-instance", rootProcessInstances="true")] == [caller]
    assert [one["id"] for one in rest.get("/process-instance", leafProcessInstances="true")] == [called["id"]]
    past = rest.get(f"/history/process-instance/{called['id']}")
    assert (past["superProcessInstanceId"], past["rootProcessInstanceId"]) == (caller, caller)
    (visit,) = rest.get("/history/activity-instance", processInstanceId=caller, activityType="callActivity")
    assert visit["calledProcessInstanceId"] == called["id"]
    (task,) = rest.tasks(called["id"])
    rest.post(f"/task/{task['id']}/complete", None, 204)
    assert rest.get(f"/history/process-instance/{caller}")["state"] == "COMPLETED"


def test_tokens_are_moved(rest):
    rest.deploy(diagrams.forked())
    instance = rest.start("fork")
    tree = rest.get(f"/process-instance/{instance}/activity-instances")
    left = next(one for one in tree["childActivityInstances"] if one["activityId"] == "left")
    instructions = [
        {"type": "cancel", "activityInstanceId": left["id"]},
        {"type": "cancel", "activityId": "right"},
        {"type": "startBeforeActivity", "activityId": "last", "variables": {"moved": {"value": True}}},
    ]
    rest.post(f"/process-instance/{instance}/modification", {"instructions": instructions}, 204)
    (task,) = rest.tasks(instance)
    assert task["taskDefinitionKey"] == "last"
    assert rest.variables(instance) == {"moved": True}
    for wrong in ([{"type": "cancel"}], [{"type": "fly"}], [{"type": "startBeforeActivity"}]):
        rest.post(f"/process-instance/{instance}/modification", {"instructions": wrong}, 400)
    gone = [{"type": "cancel", "activityInstanceId": "x:1:99"}]
    rest.post(f"/process-instance/{instance}/modification", {"instructions": gone}, 500)


def test_instances_of_a_repeated_activity_begin_and_end_together(rest):
    many = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    rest.deploy(process(start(), node("userTask", "a", many), node("userTask", "b"), end(), chain("s", "a", "b", "e")))
    instance = rest.start("p")
    path = f"/process-instance/{instance}/modification"
    body = "a#multiInstanceBody"
    alone = {"instructions": [{"type": "startBeforeActivity", "activityId": "a"}]}
    assert body in rest.post(path, alone, 400)["message"]
    rest.post(path, {"instructions": [{"type": "startBeforeActivity", "activityId": body}]}, 204)
    assert len(rest.tasks(instance)) == 4
    instructions = [{"type": "cancel", "activityId": body}, {"type": "startBeforeActivity", "activityId": "b"}]
    rest.post(path, {"instructions": instructions}, 204)
    assert [task["taskDefinitionKey"] for task in rest.tasks(instance)] == ["b"]


def test_suspending_halts_and_ending_ends(ask):
    instance = ask.start("ask")
    ask.put(f"/process-instance/{instance}/suspended", {"suspended": True})
    assert ask.get(f"/process-instance/{instance}")["suspended"] is True
    (task,) = ask.tasks(instance)
    assert task["suspended"] is True
    ask.post(f"/task/{task['id']}/complete", {}, 500)
    ask.put("/process-instance/suspended", {"suspended": False, "processDefinitionKey": "ask"})
    ask.delete(f"/process-instance/{instance}")
    ask.get(f"/process-instance/{instance}", 404)
    ask.delete(f"/process-instance/{instance}", 404)
    past = ask.get(f"/history/process-instance/{instance}")
    assert past["state"] == "EXTERNALLY_TERMINATED"
    assert past["endTime"] == "2026-11-23T04:00:00.000+0000"


def test_executions_are_instances_and_what_waits_in_them(ask):
    instance = ask.start("ask")
    found = ask.get("/execution", processInstanceId=instance)
    assert found[0]["id"] == instance
    assert found[1]["id"].startswith(f"{instance}:")
    (at,) = ask.get("/execution", activityId="approve")
    assert at["processInstanceId"] == instance
    assert ask.get("/execution/count", processInstanceId=instance)["count"] == 2
    ask.put(f"/execution/{at['id']}/localVariables/mine", {"value": 1})
    assert ask.get(f"/execution/{at['id']}/localVariables")["mine"]["value"] == 1
    assert "mine" not in ask.variables(instance)
    ask.deploy(diagrams.receives(), diagrams.timed())
    told, late = ask.start("told"), ask.start("timed")
    assert [one["processInstanceId"] for one in ask.get("/execution", activityId="hold")] == [told]
    assert [one["id"] for one in ask.get("/process-instance", activityIdIn="wait")] == [late]
    ask.get("/execution/nothing", 404)
    ask.get(f"/execution/{instance}:999", 404)


def test_what_others_may_not(program):
    program("integration", "designer").deploy(diagrams.one_user())
    seller = program("sales")
    seller.get("/process-instance", 403)
    seller.post("/process-definition/key/ask/start", {}, 403)
    seller.post("/external-task/fetchAndLock", {"workerId": "w", "maxTasks": 1, "topics": []}, 403)
    said = program("integration").deploy(diagrams.one_user("x"), status=403)
    assert said["type"] == "AuthorizationException"


HIDING = (
    ("/process-instance/{id}/variables", {}),
    ("/process-instance/{id}/variables/n", {}),
    ("/process-instance/{id}/variables/n/data", {}),
    ("/execution/{id}/localVariables", {}),
    ("/variable-instance", {"processInstanceIdIn": "{id}"}),
    ("/variable-instance/count", {}),
    ("/history/variable-instance", {"processInstanceId": "{id}"}),
    ("/process-instance", {"variables": "n_gteq_1"}),
    ("/process-instance/count", {"variables": "n_gteq_1"}),
    ("/history/process-instance", {"variables": "n_gteq_1"}),
    ("/history/task", {"processVariables": "n_gteq_1"}),
    ("/history/task/count", {"taskVariables": "n_gteq_1"}),
    ("/execution", {"processVariables": "n_gteq_1"}),
)


@pytest.mark.parametrize(("path", "query"), HIDING)
def test_variables_need_a_right_of_their_own(path, query, ask):
    one = ask.start("ask", n=5)
    address, query = path.format(id=one), {name: value.format(id=one) for name, value in query.items()}
    assert ask.client.get(f"/engine-rest{address}", headers=ask.headers, query_string=query).status_code in (200, 400)
    for headers in (
        bearer(make_user(roles=["manager"])),
        bearer(ask.user, ["engine:read", "engine:start", "engine:work"]),
    ):
        answer = ask.client.get(f"/engine-rest{address}", headers=headers, query_string=query)
        assert answer.status_code == 403, answer.text
        assert set(answer.json) >= {"type", "message"}
        assert "process:variables" in answer.json["message"]
        assert ask.client.get("/engine-rest/process-instance", headers=headers).status_code == 200


def test_a_worker_sees_the_variables_of_its_own_work(rest):
    rest.deploy(diagrams.one_external())
    rest.start("job", n=5)
    worker = bearer(rest.user, ["engine:work"])
    body = {"workerId": "w", "maxTasks": 1, "topics": [{"topicName": "work", "lockDuration": 1000}]}
    (task,) = rest.client.post("/engine-rest/external-task/fetchAndLock", headers=worker, json=body).json
    assert task["variables"]["n"]["value"] == 5
