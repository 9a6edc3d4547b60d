"""External tasks by the dialect: fetched, locked, done, failed, given free."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core import clock
from tests.conftest import NOON
from tests.integration import diagrams
from tests.processes.diagrams import chain, end, node, process, start


def later(**time):
    return clock.moved(NOON + timedelta(**time))


@pytest.fixture
def job(rest):
    rest.deploy(diagrams.one_external(inner=diagrams.properties(colour="red"), camunda__taskPriority="7"))
    return rest


def test_a_task_is_fetched_with_everything_a_worker_needs(job):
    instance = job.start("job", amount=3, business_key="B-1")
    (task,) = job.fetch(includeExtensionProperties=True)
    definition = job.get("/process-definition/key/job")
    assert task["variables"] == {"amount": {"type": "Integer", "value": 3, "valueInfo": {}}}
    assert task["extensionProperties"] == {"colour": "red"}
    expected = {
        "topicName": "work",
        "workerId": "w1",
        "lockExpirationTime": "2026-11-23T04:01:00.000+0000",
        "createTime": "2026-11-23T04:00:00.000+0000",
        "activityId": "do",
        "processInstanceId": instance,
        "processDefinitionId": definition["id"],
        "processDefinitionKey": "job",
        "processDefinitionVersionTag": None,
        "businessKey": "B-1",
        "tenantId": None,
        "retries": None,
        "priority": 7,
        "suspended": False,
        "errorMessage": None,
        "errorDetails": None,
    }
    assert {name: task[name] for name in expected} == expected
    assert task["executionId"].startswith(f"{instance}:")
    assert job.get(f"/execution/{task['executionId']}")["processInstanceId"] == instance


def test_nobody_else_gets_it_before_the_lock_ends(job):
    job.start("job")
    (task,) = job.fetch(lock=1000)
    assert job.fetch(worker="w2") == []
    assert job.fetch(worker="w1") == []
    with later(seconds=1):
        (again,) = job.fetch(worker="w2")
        assert again["id"] == task["id"]


def test_completing_goes_on_with_the_variables(job):
    instance = job.start("job", amount=3)
    (task,) = job.fetch()
    values = {"amount": {"value": 4, "type": "Long"}, "note": {"value": {"a": 1}}}
    job.post(f"/external-task/{task['id']}/complete", {"workerId": "w1", "variables": values}, 204)
    assert job.get(f"/history/process-instance/{instance}")["state"] == "COMPLETED"
    found = {one["name"]: one for one in job.get("/history/variable-instance", processInstanceId=instance)}
    assert (found["amount"]["type"], found["amount"]["value"]) == ("Long", 4)
    assert found["note"]["value"] == {"a": 1}
    assert job.get("/external-task/count")["count"] == 0
    gone = job.post(f"/external-task/{task['id']}/complete", {"workerId": "w1"}, 404)
    assert gone == {
        "type": "RestException",
        "message": f"External task with id {task['id']} does not exist",
        "code": 0,
    }


def test_a_late_worker_is_not_believed_after_another_has_the_task(job):
    job.start("job")
    (task,) = job.fetch(lock=1000)
    with later(seconds=2):
        job.fetch(worker="w2")
        for verb, body in (
            ("complete", {}),
            ("failure", {"retries": 1}),
            ("bpmnError", {"errorCode": "E"}),
            ("extendLock", {"newDuration": 1000}),
            ("lock", {"lockDuration": 1000}),
        ):
            said = job.post(f"/external-task/{task['id']}/{verb}", {"workerId": "w1", **body}, 400)
            assert said["type"] == "RestException"
            assert said["message"].endswith("by worker 'w1'. It is locked by worker 'w2'.")


def test_who_is_late_but_alone_is_believed(job):
    job.start("job")
    (task,) = job.fetch(lock=1000)
    with later(minutes=5):
        job.post(f"/external-task/{task['id']}/complete", {"workerId": "w1"}, 204)


def test_a_failure_waits_and_the_last_one_is_an_incident(job):
    instance = job.start("job")
    (task,) = job.fetch()
    told = {"workerId": "w1", "errorMessage": "no paper", "errorDetails": "tray 2", "retries": 1, "retryTimeout": 5000}
    job.post(f"/external-task/{task['id']}/failure", told, 204)
    assert job.fetch() == []
    with later(seconds=5):
        (task,) = job.fetch()
        assert (task["retries"], task["errorMessage"], task["errorDetails"]) == (1, "no paper", "tray 2")
        job.post(f"/external-task/{task['id']}/failure", {**told, "retries": 0, "retryTimeout": 0}, 204)
        assert job.fetch() == []
        (incident,) = job.get("/incident", processInstanceId=instance)
        assert incident["incidentType"] == "failedExternalTask"
        assert (incident["configuration"], incident["incidentMessage"]) == (task["id"], "no paper")
        assert job.get(f"/external-task/{task['id']}/errorDetails") == "tray 2"
        job.put(f"/external-task/{task['id']}/retries", {"retries": 2})
        assert job.get("/incident/count")["count"] == 0
        assert job.get("/history/incident", processInstanceId=instance)[0]["resolved"] is True
        assert len(job.fetch()) == 1


def test_resolving_the_incident_gives_one_more_try(job):
    instance = job.start("job")
    (task,) = job.fetch()
    job.post(f"/external-task/{task['id']}/failure", {"workerId": "w1", "retries": 0}, 204)
    (incident,) = job.get("/incident", processInstanceId=instance)
    job.delete(f"/incident/{incident['id']}")
    (task,) = job.fetch()
    assert task["retries"] == 1


def test_a_failure_can_set_variables(job):
    instance = job.start("job")
    (task,) = job.fetch()
    told = {"retries": 3, "variables": {"tried": {"value": 1}}, "localVariables": {"mine": {"value": 2}}}
    job.post(f"/external-task/{task['id']}/failure", {"workerId": "w1", **told}, 204)
    assert job.variables(instance) == {"tried": 1}
    (task,) = job.fetch()
    assert {name: one["value"] for name, one in task["variables"].items()} == {"tried": 1, "mine": 2}
    assert job.get(f"/execution/{task['executionId']}/localVariables")["mine"]["value"] == 2


def test_an_error_is_caught_by_the_diagram(rest):
    rest.deploy(diagrams.with_error())
    instance = rest.start("risky")
    (task,) = rest.fetch()
    body = {"workerId": "w1", "errorCode": "E42", "errorMessage": "jam", "variables": {"x": {"value": 1}}}
    rest.post(f"/external-task/{task['id']}/bpmnError", body, 204)
    (repair,) = rest.tasks(instance)
    assert repair["taskDefinitionKey"] == "repair"
    assert rest.variables(instance) == {"x": 1, "code": "E42", "why": "jam"}
    assert rest.get("/external-task", processInstanceId=instance) == []


def test_locks_are_extended_taken_and_given_back(job):
    job.start("job")
    (task,) = job.fetch(lock=1000)
    path = f"/external-task/{task['id']}"
    job.post(f"{path}/extendLock", {"workerId": "w1", "newDuration": 9000}, 204)
    assert job.get(path)["lockExpirationTime"] == "2026-11-23T04:00:09.000+0000"
    job.post(f"{path}/extendLock", {"workerId": "w1", "newDuration": -1}, 400)
    job.post(f"{path}/lock", {"workerId": "w2", "lockDuration": 9000}, 400)
    with later(seconds=20):
        said = job.post(f"{path}/extendLock", {"workerId": "w1", "newDuration": 9000}, 400)
        assert said["message"] == "Cannot extend a lock that expired"
        job.post(f"{path}/lock", {"workerId": "w2", "lockDuration": 9000}, 204)
        assert job.get(path)["workerId"] == "w2"
        job.post(f"{path}/unlock", None, 204)
        job.ask("POST", f"{path}/unlock", 204, data=b"{}", content_type="application/json")
        assert job.get(path)["workerId"] is None
        assert len(job.fetch()) == 1


def test_priority_and_age_order_the_fetch(job):
    first, second = job.start("job"), None
    with later(seconds=1):
        second = job.start("job")
        ids = {one["processInstanceId"]: one["id"] for one in job.get("/external-task")}
        job.put(f"/external-task/{ids[second]}/priority", {"priority": 2**40})
        body = {"workerId": "w", "maxTasks": 1, "topics": [{"topicName": "work", "lockDuration": 1}]}
        fetch = "/external-task/fetchAndLock"
        assert job.post(fetch, {**body, "usePriority": True})[0]["processInstanceId"] == second
    with later(seconds=2):
        assert job.post(fetch, {**body, "sorting": None})[0]["processInstanceId"] == first
    with later(seconds=3):
        newest = {"sorting": [{"sortBy": "createTime", "sortOrder": "desc"}]}
        assert job.post(fetch, {**body, **newest})[0]["processInstanceId"] == second


def test_topics_choose_by_key_definition_tag_and_variables(job):
    job.start("job", kind="a", business_key="K1")
    job.start("job", kind="b", business_key="K2")
    definition = job.get("/process-definition/key/job")["id"]

    def found(**topic):
        with later(hours=len(seen)):
            seen.append(1)
            return sorted(one["businessKey"] for one in job.fetch(lock=1, **topic))

    seen: list[int] = []
    assert found() == ["K1", "K2"]
    assert found(businessKey="K2") == ["K2"]
    assert found(processDefinitionId=definition) == ["K1", "K2"]
    assert found(processDefinitionIdIn=["job:1:none"]) == []
    assert found(processDefinitionKeyIn=["job", "x"]) == ["K1", "K2"]
    assert found(processDefinitionKey="x") == []
    assert found(processDefinitionVersionTag="v1") == []
    assert found(processVariables={"kind": "b"}) == ["K2"]
    assert found(processVariables={"kind": "b", "missing": 1}) == []
    assert found(withoutTenantId=True) == ["K1", "K2"]
    assert found(tenantIdIn=["t"]) == []


def test_only_the_variables_asked_for_are_sent(job):
    job.start("job", a=1, b={"x": [1]})
    (task,) = job.fetch(lock=1, variables=["b", "nothing"], deserializeValues=False)
    assert task["variables"]["b"]["value"] == '{"x":[1]}'
    assert set(task["variables"]) == {"b"}
    with later(seconds=1):
        (task,) = job.fetch(lock=1, variables=None, deserializeValues=True)
        assert task["variables"]["b"]["value"] == {"x": [1]}
    with later(seconds=2):
        (task,) = job.fetch(lock=1, localVariables=True)
        assert task["variables"] == {}


def test_a_suspended_instance_waits(job):
    instance = job.start("job")
    job.put(f"/process-instance/{instance}/suspended", {"suspended": True})
    assert job.fetch() == []
    (task,) = job.get("/external-task", suspended="true")
    assert task["suspended"] is True
    job.put(f"/process-instance/{instance}/suspended", {"suspended": False})
    assert len(job.fetch()) == 1


def test_ending_the_instance_takes_its_tasks_along(job):
    instance = job.start("job")
    (task,) = job.fetch()
    job.delete(f"/process-instance/{instance}")
    assert job.get("/external-task/count")["count"] == 0
    job.post(f"/external-task/{task['id']}/complete", {"workerId": "w1"}, 404)


def test_lists_and_counts_narrow(job):
    one, two = job.start("job"), job.start("job")
    (task,) = job.fetch(most=1)
    (free,) = job.get("/external-task", notLocked="true")
    assert {task["processInstanceId"], free["processInstanceId"]} == {one, two}
    assert job.get("/external-task", workerId="w1")[0]["id"] == task["id"]
    assert job.post("/external-task", {"workerId": "w1", "locked": True, "unknown": 1})[0]["id"] == task["id"]
    assert job.get("/external-task/count", topicName="work")["count"] == 2
    assert job.post("/external-task/count", {"processInstanceIdIn": [one]})["count"] == 1
    assert job.get("/external-task", externalTaskIdIn=f"{task['id']},x", maxResults=5)[0]["id"] == task["id"]
    assert job.get("/external-task/topic-names") == ["work"]
    assert job.get("/external-task/topic-names", withLockedTasks="true") == ["work"]
    job.put("/external-task/retries", {"externalTaskIds": [task["id"], free["id"]], "retries": 0})
    assert job.get("/external-task/count", noRetriesLeft="true")["count"] == 2
    batch = job.post("/external-task/retries-async", {"retries": 5, "externalTaskQuery": {"topicName": "work"}})
    assert batch["totalJobs"] == 2
    assert job.get("/external-task/count", withRetriesLeft="true")["count"] == 2
    job.get("/external-task/nothing", 404)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"workerId": "w"}, 500),
        ({"workerId": "w", "maxTasks": -1, "topics": []}, 500),
        ({"workerId": "w", "maxTasks": "many", "topics": []}, 400),
        ({"workerId": "w", "maxTasks": 1, "topics": [{"topicName": "t"}]}, 500),
        ({"workerId": "w", "maxTasks": 1, "topics": [{"topicName": "t", "lockDuration": 0}]}, 500),
        ({"workerId": "w", "maxTasks": 1, "topics": [{"lockDuration": 1}]}, 400),
        ({"workerId": "w", "maxTasks": 1, "topics": "t"}, 400),
        ({"workerId": "w", "maxTasks": 1, "topics": [], "asyncResponseTimeout": 1_800_001}, 400),
        ({"workerId": "w", "maxTasks": 1, "topics": [], "sorting": [{"sortBy": "name", "sortOrder": "asc"}]}, 400),
        ({"workerId": "w", "maxTasks": 0, "topics": []}, 200),
        ({"workerId": "w", "maxTasks": 5, "topics": [], "asyncResponseTimeout": 1_800_000}, 200),
    ],
)
def test_wrong_fetches_are_answered_as_the_dialect_does(body, status, rest):
    answer = rest.post("/external-task/fetchAndLock", body, status)
    assert isinstance(answer, list) if status == 200 else set(answer) == {"type", "message", "code"}


def test_a_list_costs_the_same_however_long(job, statements):
    for _number in range(3):
        job.start("job", a=1)
    statements.clear()
    job.get("/external-task")
    few = len(statements)
    job.fetch(lock=1)
    fetched = len(statements) - few
    for _number in range(9):
        job.start("job", a=1)
    statements.clear()
    job.get("/external-task")
    assert len(statements) == few
    with later(seconds=1):
        assert len(job.fetch(most=100)) == 12
    assert len(statements) - few == fetched


def test_a_process_says_the_priority_of_work_that_says_none_itself(rest):
    parts = [diagrams.external("a", "work"), diagrams.external("b", "work", camunda__taskPriority="7")]
    rest.deploy(process(start(), *parts, end(), chain("s", "a", "b", "e"), camunda__taskPriority="${p}"))
    rest.start("p", p=3)
    assert [task["priority"] for task in rest.get("/external-task")] == [3]
    (task,) = rest.fetch("work")
    rest.post(f"/external-task/{task['id']}/complete", {"workerId": "w1"}, 204)
    assert [task["priority"] for task in rest.get("/external-task")] == [7]


@pytest.fixture
def judged(rest):
    told = (
        '<extensionElements><camunda:errorEventDefinition errorRef="err" expression="${bad}"/>'
        '<camunda:errorEventDefinition errorRef="err" '
        "expression=\"${externalTask.errorMessage == 'no stock'}\"/></extensionElements>"
    )
    caught = '<boundaryEvent id="b" attachedToRef="a"><errorEventDefinition errorRef="err"/></boundaryEvent>'
    parts = [diagrams.external("a", "work", inner=told), caught, node("userTask", "u"), end(), end("x")]
    way = chain("s", "a", "e") + chain("b", "u", "x")
    rest.deploy(process(start(), *parts, way, before=diagrams.ERROR))
    return rest


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("complete", {"variables": {"bad": {"value": True}}}),
        ("failure", {"errorMessage": "no stock", "retries": 0}),
    ],
)
def test_a_report_that_the_diagram_calls_an_error_is_one(judged, verb, body):
    instance = judged.start("p", bad=False)
    (task,) = judged.fetch("work")
    judged.post(f"/external-task/{task['id']}/{verb}", {"workerId": "w1", **body}, 204)
    assert [one["taskDefinitionKey"] for one in judged.tasks(instance)] == ["u"]
    assert judged.get("/external-task") == []
    assert judged.get("/incident") == []


def test_another_report_is_no_error(judged):
    instance = judged.start("p", bad=False)
    (task,) = judged.fetch("work")
    judged.post(f"/external-task/{task['id']}/failure", {"workerId": "w1", "errorMessage": "later", "retries": 1}, 204)
    (task,) = judged.fetch("work")
    judged.post(f"/external-task/{task['id']}/complete", {"workerId": "w1"}, 204)
    assert judged.get(f"/history/process-instance/{instance}")["state"] == "COMPLETED"


def test_a_report_that_cannot_be_judged_waits_for_a_person(judged):
    judged.start("p")
    (task,) = judged.fetch("work")
    judged.post(f"/external-task/{task['id']}/complete", {"workerId": "w1"}, 204)
    assert [one["activityId"] for one in judged.get("/incident")] == ["a"]
