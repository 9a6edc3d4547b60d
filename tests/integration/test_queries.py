"""Queries of the dialect that narrow as they say: nothing that is asked is left aside."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration import diagrams
from tests.processes.diagrams import chain, end, flow, fork, process, start, user

INPUT = (
    '<extensionElements><camunda:inputOutput><camunda:inputParameter name="mine">${n + 1}</camunda:inputParameter>'
    "</camunda:inputOutput></extensionElements>"
)


def ids(found: list[Any]) -> list[str]:
    return [one["id"] for one in found]


def test_variables_of_one_place_are_found_by_it(rest):
    rest.deploy(process(start(), diagrams.external("do", inner=INPUT), end(), chain("s", "do", "e"), key="local"))
    instance, other = rest.start("local", n=1), rest.start("local", n=5)
    (task,) = rest.get("/external-task", processInstanceId=instance)
    (found,) = rest.get("/variable-instance", executionIdIn=task["executionId"])
    assert (found["name"], found["value"], found["executionId"]) == ("mine", 2, task["executionId"])
    assert found["activityInstanceId"] == task["activityInstanceId"]
    assert rest.get(f"/variable-instance/{found['id']}")["value"] == 2
    assert rest.get("/variable-instance", activityInstanceIdIn=task["activityInstanceId"]) == [found]
    assert rest.post("/variable-instance", {"variableScopeIdIn": [task["activityInstanceId"]]}) == [found]
    both = rest.get(
        "/variable-instance", processInstanceIdIn=f"{instance},{other}", sortBy="variableName", sortOrder="desc"
    )
    assert [one["name"] for one in both] == ["n", "n", "mine", "mine"]
    assert rest.get("/variable-instance", executionIdIn="nobody") == []
    assert rest.get("/variable-instance/count", executionIdIn=instance)["count"] == 1
    rest.get("/variable-instance", 400, sortBy="size", sortOrder="asc")


def test_any_of_several_conditions(rest):
    rest.deploy(diagrams.one_user())
    one, other, third = (rest.start("ask", business_key=key) for key in ("A", "B", "C"))
    either = {"orQueries": [{"businessKey": "A", "processInstanceIds": [other]}]}
    for path in ("/process-instance", "/history/process-instance"):
        assert sorted(ids(rest.post(path, either))) == sorted([one, other])
        assert rest.post(f"{path}/count", {**either, "processInstanceIds": [one, third]})["count"] == 1
    rest.post("/process-instance", {"orQueries": [{"variables": [{"name": "a", "operator": "eq", "value": 1}]}]}, 400)


def test_past_tasks_by_variables_and_people(rest):
    rest.deploy(diagrams.one_user())
    instance = rest.start("ask", n=1)
    (task,) = rest.tasks(instance)
    rest.post(f"/task/{task['id']}/complete", None, 204)
    assert ids(rest.get("/history/task", processVariables="n_eq_1")) == [task["id"]]
    assert rest.post("/history/task", {"processVariables": [{"name": "n", "operator": "gt", "value": 1}]}) == []
    assert rest.get("/history/task/count", processVariables="n_gteq_1", processInstanceId=instance)["count"] == 1
    assert ids(rest.get("/history/task", taskHadCandidateGroup="manager")) == [task["id"]]
    for nothing in (
        "taskHadCandidateGroup",
        "taskInvolvedUser",
        "taskAssigneeLike",
        "caseInstanceId",
        "taskDueDateAfter",
    ):
        value = "2030-11-24T00:00:00.000+0000" if "Date" in nothing else "x"
        assert rest.get("/history/task", **{nothing: value}) == []
    (visit,) = rest.get("/history/activity-instance", processInstanceId=instance, activityId="approve")
    assert ids(rest.get("/history/task", activityInstanceIdIn=visit["id"])) == [task["id"]]


def test_open_tasks_by_visit_and_no_expressions(rest):
    rest.deploy(diagrams.forked())
    instance = rest.start("fork")
    tree = rest.get(f"/process-instance/{instance}/activity-instances")
    left = next(one for one in tree["childActivityInstances"] if one["activityId"] == "left")
    (task,) = rest.get("/task", activityInstanceIdIn=left["id"])
    assert task["taskDefinitionKey"] == "left"
    rest.get("/task", 400, assigneeExpression="${currentUser()}")


def test_past_instances_by_what_they_visited(rest):
    rest.deploy(diagrams.one_user())
    instance = rest.start("ask")
    assert ids(rest.get("/history/process-instance", activeActivityIdIn="approve")) == [instance]
    assert rest.get("/history/process-instance", activeActivityIdIn="s") == []
    assert ids(rest.get("/history/process-instance", executedActivityIdIn="s")) == [instance]
    assert rest.get("/history/process-instance", executedActivityAfter="2030-01-01T00:00:00.000+0000") == []
    assert rest.get("/history/process-instance", incidentMessageLike="%") == []
    assert rest.get("/process-instance", incidentMessageLike="%") == []


def test_definitions_wait_for_what_starts_them(rest):
    rest.deploy(diagrams.starts_by_message(), diagrams.waits_for_message())
    instance = rest.start("pay")
    waits, starts = rest.get("/event-subscription", eventName="paid")
    assert (waits["processInstanceId"], waits["activityId"]) == (instance, "wait")
    assert waits["createdDate"] is not None
    assert (starts["processInstanceId"], starts["activityId"], starts["eventType"]) == (None, "s", "message")
    assert rest.get("/event-subscription/count", eventName="paid")["count"] == 2
    assert rest.get("/event-subscription", eventSubscriptionId=starts["id"]) == [starts]


@pytest.mark.parametrize("answered", ["true", "false"])
def test_ending_what_is_not_there(rest, answered):
    rest.delete(f"/process-instance/nobody?failIfNotExists={answered}", 404 if answered == "true" else 204)


def test_a_token_starts_along_a_flow(rest):
    split = fork("split")
    rest.deploy(
        process(
            start(),
            split,
            user("a"),
            user("b"),
            end(),
            chain("s", "split", "a", "e"),
            flow("split", "b"),
            flow("b", "e"),
            key="two",
        )
    )
    instance = rest.start("two")
    xml = rest.get("/process-definition/key/two/xml")["bpmn20Xml"]
    found = xml[: xml.index('targetRef="b"')].rpartition('id="')[2].partition('"')[0]
    rest.post(
        f"/process-instance/{instance}/modification",
        {"instructions": [{"type": "startTransition", "transitionId": found}]},
        204,
    )
    assert [one["taskDefinitionKey"] for one in rest.tasks(instance)].count("b") == 2
    gone = {"instructions": [{"type": "startTransition", "transitionId": "nowhere"}]}
    assert rest.post(f"/process-instance/{instance}/modification", gone, 500)["type"] == "NotValidException"


def test_what_is_not_there_is_said_in_english(rest):
    assert rest.get("/nothing/here", 404)["message"].isascii()
    assert rest.ask("PATCH", "/task", 405)["message"].isascii()


def test_what_is_delegated_is_resolved_before_it_is_completed(rest):
    rest.deploy(diagrams.one_user())
    (task,) = rest.tasks(rest.start("ask"))
    rest.post(f"/task/{task['id']}/delegate", {"userId": rest.user.login}, 204)
    assert "delegated" in rest.post(f"/task/{task['id']}/complete", None, 500)["message"]
    rest.post(f"/task/{task['id']}/resolve", None, 204)
    rest.post(f"/task/{task['id']}/complete", None, 204)


def test_operations_by_what_none_of_them_shows(rest):
    rest.deploy(diagrams.one_user())
    instance = rest.start("ask")
    assert rest.get("/history/user-operation/count", processInstanceId=instance)["count"] > 0
    assert rest.get("/history/user-operation", processInstanceId=instance, externalTaskId="x") == []
    assert rest.get("/deployment/registered") == []


def test_a_task_without_a_deployed_form(rest):
    rest.deploy(diagrams.one_user(camunda__formKey="embedded:app:x.html"))
    (task,) = rest.tasks(rest.start("ask"))
    assert rest.get(f"/task/{task['id']}/deployed-form", 400)["type"] == "BadUserRequestException"
