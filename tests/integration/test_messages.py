"""Messages, signals, timers by the dialect."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core import clock
from tests.conftest import NOON
from tests.integration import diagrams
from tests.processes.diagrams import chain, end, process, user


@pytest.fixture
def pay(rest):
    rest.deploy(diagrams.waits_for_message())
    return rest


def test_a_message_finds_the_one_who_waits(pay):
    one, two = pay.start("pay", business_key="A", n=1), pay.start("pay", business_key="B", n=2)
    body = {
        "messageName": "paid",
        "businessKey": "A",
        "processVariables": {"amount": {"value": 5}},
        "resultEnabled": True,
    }
    (result,) = pay.post("/message", body)
    assert result["resultType"] == "Execution"
    assert result["processInstance"] is None
    assert result["execution"]["processInstanceId"] == one
    assert pay.variables(one) == {"n": 1, "amount": 5}
    assert [task["taskDefinitionKey"] for task in pay.tasks(one)] == ["after"]
    pay.post("/message", {"messageName": "paid", "correlationKeys": {"n": {"value": 2, "type": "Integer"}}}, 204)
    assert len(pay.tasks(two)) == 1


def test_exactly_one_must_match_unless_all_are_meant(pay):
    first, second = pay.start("pay"), pay.start("pay")
    said = pay.post("/message", {"messageName": "paid"}, 400)
    assert (said["type"], said["code"]) == ("RestException", 0)
    assert "Cannot correlate message 'paid'" in said["message"]
    said = pay.post("/message", {"messageName": "paid", "businessKey": "nobody"}, 400)
    assert "No process definition or execution matches the parameters" in said["message"]
    body = {"messageName": "paid", "all": True, "resultEnabled": True, "variablesInResultEnabled": True}
    body |= {"processVariables": {"v": {"value": 1}}}
    results = pay.post("/message", body)
    assert {one["execution"]["processInstanceId"] for one in results} == {first, second}
    assert results[0]["variables"]["v"]["value"] == 1
    assert pay.post("/message", body) == []


def test_a_message_to_one_instance(pay):
    one, _two = pay.start("pay"), pay.start("pay")
    pay.post("/message", {"messageName": "paid", "processInstanceId": one}, 204)
    assert len(pay.tasks(one)) == 1


def test_a_message_starts_a_process(rest):
    rest.deploy(diagrams.starts_by_message())
    body = {"messageName": "paid", "businessKey": "N", "resultEnabled": True, "processVariables": {"x": {"value": 1}}}
    (result,) = rest.post("/message", body)
    assert (result["resultType"], result["execution"]) == ("ProcessDefinition", None)
    made = result["processInstance"]
    assert (made["businessKey"], made["definitionKey"]) == ("N", "bymsg")
    assert rest.variables(made["id"]) == {"x": 1}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messageName": ""},
        {"messageName": "m", "tenantId": "t", "withoutTenantId": True},
        {"messageName": "m", "variablesInResultEnabled": True},
        {"messageName": "m", "processVariables": {"a": {"value": 1, "type": "Wibble"}}},
        {"messageName": "m", "correlationKeys": 5},
        {"messageName": ["m"]},
    ],
)
def test_wrong_messages(body, rest):
    assert rest.post("/message", body, 400)["type"] == "InvalidRequestException"


def test_subscriptions_are_listed_and_triggered(pay):
    instance = pay.start("pay")
    (found,) = pay.get("/event-subscription", processInstanceId=instance)
    assert (found["eventType"], found["eventName"], found["activityId"]) == ("message", "paid", "wait")
    assert pay.get("/event-subscription/count", eventName="paid")["count"] == 1
    (execution,) = pay.get("/execution", messageEventSubscriptionName="paid")
    path = f"/execution/{execution['id']}/messageSubscriptions/paid"
    assert pay.get(path)["eventName"] == "paid"
    pay.post(f"{path}/trigger", {"variables": {"t": {"value": 1}}}, 204)
    assert pay.variables(instance) == {"t": 1}
    pay.post(f"{path}/trigger", {}, 404)


def test_an_execution_is_signalled(pay):
    instance = pay.start("pay")
    pay.post(f"/execution/{instance}/signal", {"variables": {"s": {"value": 1}}}, 204)
    assert pay.variables(instance) == {"s": 1}
    pay.post("/execution/nothing/signal", {}, 500)


def test_a_signal_reaches_all_or_one(rest):
    rest.deploy(diagrams.waits_for_signal())
    one, two, three = (rest.start("sig") for _number in range(3))
    (execution,) = rest.get("/execution", signalEventSubscriptionName="alarm", processInstanceId=one)
    rest.post("/signal", {"name": "alarm", "executionId": execution["id"]}, 204)
    assert [len(rest.tasks(instance)) for instance in (one, two, three)] == [1, 0, 0]
    rest.post("/signal", {"name": "alarm", "variables": {"loud": {"value": True}}}, 204)
    assert rest.variables(three) == {"loud": True}
    rest.post("/signal", {"name": "alarm"}, 204)
    rest.post("/signal", {"name": "alarm", "executionId": execution["id"]}, 500)
    rest.post("/signal", {}, 400)


def test_a_condition_starts_a_process(rest):
    """Only when somebody tells the values: then each start event whose condition holds begins an instance."""
    condition = "<conditionalEventDefinition><condition>${%s}</condition></conditionalEventDefinition>"
    starts = [
        f'<startEvent id="{name}">{condition % text}</startEvent>' for name, text in (("s1", "n == 1"), ("s2", "m"))
    ]
    flows = [chain("s1", "one", "e"), chain("s2", "two", "e")]
    rest.deploy(process(*starts, user("one"), user("two"), end(), *flows, key="when"))
    assert rest.post("/condition", {"variables": {"n": {"value": 2}}}) == []
    body = {"variables": {"n": {"value": 1}, "m": {"value": True}}, "businessKey": "K"}
    made = rest.post("/condition", body)
    assert [(one["definitionKey"], one["businessKey"]) for one in made] == [("when", "K")] * 2
    found = [[task["taskDefinitionKey"] for task in rest.tasks(one["id"])] for one in made]
    assert found == [["one"], ["two"]]
    assert rest.post("/condition", {**body, "processDefinitionId": made[0]["definitionId"]})
    rest.post("/condition", {**body, "processDefinitionId": "when:1:nothing"}, 404)
    rest.post("/condition", {}, 400)


def test_a_timer_is_a_job(rest):
    rest.deploy(diagrams.timed())
    instance = rest.start("timed")
    (job,) = rest.get("/job", processInstanceId=instance, timers="true", sortBy="jobDueDate", sortOrder="asc")
    assert (job["dueDate"], job["retries"]) == ("2026-11-23T05:00:00.000+0000", 3)
    assert job["processDefinitionKey"] == "timed"
    assert rest.get("/job/count", executable="true")["count"] == 0
    assert rest.get("/job", withException="true") == []
    path = f"/job/{job['id']}"
    rest.put(f"{path}/duedate", {"duedate": "2026-11-23T04:30:00.000+0000"})
    assert rest.get(path)["dueDate"] == "2026-11-23T04:30:00.000+0000"
    rest.put(f"{path}/retries", {"retries": 5})
    assert rest.get(path)["retries"] == 5
    rest.put(f"{path}/retries", {}, 400)
    rest.put(f"{path}/retries", {"retries": -1}, 400)
    rest.put(f"{path}/duedate", {"duedate": "soon"}, 400)
    rest.get("/job", dueDates="gt_2026-11-23T04:00:00.000+0000")
    with clock.moved(NOON + timedelta(hours=1)):
        assert rest.get("/job/count", executable="true")["count"] == 1
    rest.post(f"{path}/execute", None, 204)
    assert len(rest.tasks(instance)) == 1
    for method, address in (("GET", path), ("POST", f"{path}/execute"), ("PUT", f"{path}/retries")):
        body = {"json": {"retries": 1}} if method == "PUT" else {}
        assert rest.ask(method, address, 404, **body)["message"] == f"Job with id {job['id']} does not exist"


def test_events_that_came_are_not_told_as_cancelled(pay):
    pay.deploy(diagrams.timed(), diagrams.waits_for_signal())
    message, timer, signal = pay.start("pay"), pay.start("timed"), pay.start("sig")
    pay.post("/message", {"messageName": "paid"}, 204)
    pay.post("/signal", {"name": "alarm"}, 204)
    pay.post(f"/job/{pay.get('/job')[0]['id']}/execute", None, 204)
    for instance, kind in (
        (message, "receiveTask"),
        (timer, "intermediateTimer"),
        (signal, "intermediateSignalCatch"),
    ):
        (visit,) = pay.get("/history/activity-instance", processInstanceId=instance, activityId="wait")
        assert (visit["activityType"], visit["canceled"], visit["endTime"] is None) == (kind, False, False)
        (after,) = pay.get("/history/activity-instance", processInstanceId=instance, unfinished="true")
        assert after["activityId"] == "after"
