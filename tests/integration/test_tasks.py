"""Tasks of people by the dialect: who sees, takes, gives, does them."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core import clock, jobs, outbox
from app.core.db import session
from app.core.outbox import OutboxEvent
from app.tasks import notices
from tests.conftest import NOON
from tests.identity.factories import make_user, stand_in
from tests.integration import diagrams
from tests.processes.diagrams import chain, end, node, process, start


@pytest.fixture
def ask(rest):
    rest.deploy(diagrams.one_user(label="Approve it"))
    return rest


@pytest.fixture
def boss():
    return make_user(login="boss", roles=["manager"], name="Boss")


def one(rest, instance=None):
    (task,) = rest.tasks(instance or rest.start("ask"))
    return task


def test_a_task_as_the_dialect_shows_it(ask):
    instance = ask.start("ask", business_key="K")
    task = one(ask, instance)
    definition = ask.get("/process-definition/key/ask")["id"]
    assert task == {
        "id": task["id"],
        "name": "Approve it",
        "assignee": None,
        "owner": None,
        "created": "2026-11-23T04:00:00.000+0000",
        "lastUpdated": "2026-11-23T04:00:00.000+0000",
        "due": task["due"],
        "followUp": None,
        "delegationState": None,
        "description": None,
        "executionId": task["executionId"],
        "parentTaskId": None,
        "priority": 50,
        "processDefinitionId": definition,
        "processInstanceId": instance,
        "caseExecutionId": None,
        "caseDefinitionId": None,
        "caseInstanceId": None,
        "taskDefinitionKey": "approve",
        "suspended": False,
        "formKey": None,
        "camundaFormRef": None,
        "tenantId": None,
        "taskState": "Created",
    }
    assert task["executionId"].startswith(f"{instance}:")
    assert ask.get(f"/task/{task['id']}") == task
    ask.get("/task/nothing", 404)


def test_what_the_diagram_tells_of_a_task_is_its_description(rest):
    rest.deploy(
        process(
            start(),
            node("userTask", "look", "<documentation>Look\n well</documentation>"),
            end(),
            chain("s", "look", "e"),
            key="told",
        )
    )
    (task,) = rest.tasks(rest.start("told"))
    (past,) = rest.get("/history/task", taskId=task["id"])
    assert task["description"] == past["description"] == "Look well"
    rest.put(f"/task/{task['id']}", {**task, "description": "Other"})
    assert rest.get(f"/task/{task['id']}")["description"] == "Other"


def test_claim_complete_and_the_process_goes_on(ask, boss):
    instance = ask.start("ask")
    task = one(ask, instance)
    ask.post(f"/task/{task['id']}/claim", {"userId": "boss"}, 204)
    assert ask.get(f"/task/{task['id']}")["assignee"] == "boss"
    body = {"variables": {"ok": {"value": True}, "n": {"value": 7, "type": "Long"}}, "withVariablesInReturn": True}
    returned = ask.post(f"/task/{task['id']}/complete", body)
    assert returned["n"] == {"type": "Long", "value": 7, "valueInfo": {}}
    assert ask.get(f"/history/process-instance/{instance}")["state"] == "COMPLETED"
    (past,) = ask.get("/history/task", processInstanceId=instance)
    assert (past["assignee"], past["deleteReason"], past["taskState"]) == ("boss", "completed", "Completed")
    said = ask.post(f"/task/{task['id']}/complete", {}, 500)
    assert said["type"] == "RestException"
    assert said["message"] == f"Cannot complete task {task['id']}: Cannot find task with id {task['id']}: task is null"
    ask.post("/task/nothing/claim", {"userId": "boss"}, 500)
    ask.get(f"/task/{task['id']}", 404)


def test_a_task_somebody_has_is_not_given_away(ask, boss):
    other = make_user(login="other", roles=["manager"])
    task = one(ask)
    path = f"/task/{task['id']}"
    ask.post(f"{path}/claim", {"userId": "boss"}, 204)
    said = ask.post(f"{path}/claim", {"userId": other.login}, 500)
    assert (said["type"], said["message"]) == (
        "TaskAlreadyClaimedException",
        f"Task '{task['id']}' is already claimed by someone else.",
    )
    ask.post(f"{path}/claim", {"userId": "boss"}, 204)
    ask.post(f"{path}/assignee", {"userId": "other"}, 204)
    assert ask.get(path)["assignee"] == "other"
    ask.post(f"{path}/unclaim", None, 204)
    assert ask.get(path)["assignee"] is None
    said = ask.post(f"{path}/claim", {"userId": "nobody-there"}, 500)
    assert "nobody-there" in said["message"]


def test_who_may_only_do_what_they_are_asked(ask, program):
    task = one(ask)
    path = f"/task/{task['id']}"
    manager, seller = program("manager", login="mia"), program("sales", login="sam")
    assert [found["id"] for found in manager.get("/task")] == [task["id"]]
    assert seller.get("/task") == []
    assert seller.get("/task/count")["count"] == 0
    seller.get(path, 403)
    seller.post(f"{path}/claim", {"userId": "sam"}, 403)
    seller.post(f"{path}/complete", {}, 403)
    seller.get(f"{path}/variables", 403)
    manager.post(f"{path}/claim", {"userId": "sam"}, 403)
    manager.post(f"{path}/assignee", {"userId": "sam"}, 403)
    manager.post(f"{path}/claim", {"userId": "mia"}, 204)
    manager.put(f"{path}/variables/x", {"value": 1})
    manager.post(f"{path}/unclaim", None, 204)
    manager.post(f"{path}/complete", {"variables": {"y": {"value": 2}}}, 204)
    assert manager.get("/task") == []


def test_four_eyes_hold_for_everybody(rest):
    second = node("userTask", "second", youxu__fourEyes="first", camunda__candidateGroups="integration")
    first = node("userTask", "first", camunda__candidateGroups="integration")
    rest.deploy(process(start(), first, second, end(), chain("s", "first", "second", "e"), key="two"))
    instance = rest.start("two")
    rest.post(f"/task/{one(rest, instance)['id']}/complete", {}, 204)
    task = one(rest, instance)
    assert task["taskDefinitionKey"] == "second"
    for verb, body in (
        ("complete", {}),
        ("claim", {"userId": rest.user.login}),
        ("assignee", {"userId": rest.user.login}),
    ):
        rest.post(f"/task/{task['id']}/{verb}", body, 403)


def test_a_substitute_works_through_the_dialect_and_the_excluded_get_it_by_no_way(rest, program):
    anna = make_user(login="anna", roles=["manager"])
    bo = program("sales")
    stand_in(anna, bo.user)
    first, second = (
        node("userTask", "first", camunda__assignee="anna"),
        node("userTask", "second", youxu__fourEyes="first"),
    )
    rest.deploy(process(start(), first, second, end(), chain("s", "first", "second", "e"), key="eyes"))
    instance = rest.start("eyes")
    (task,) = bo.get("/task")
    bo.post(f"/task/{task['id']}/complete", {}, 204)
    (past,) = rest.get("/history/task", taskId=task["id"])
    assert (past["assignee"], past["onBehalfOf"]) == (bo.user.login, "anna")
    (done,) = rest.get("/history/user-operation", taskId=task["id"], operationType="Complete")
    assert (done["userId"], done["onBehalfOf"]) == (bo.user.login, "anna")
    (visit,) = rest.get("/history/activity-instance", processInstanceId=instance, activityId="first")
    assert (visit["assignee"], visit["onBehalfOf"]) == (bo.user.login, "anna")
    (waiting,) = rest.get("/history/activity-instance", processInstanceId=instance, activityId="second")
    assert waiting["onBehalfOf"] is None
    while outbox.number():
        pass
    told = session().scalars(select(OutboxEvent).where(OutboxEvent.type == "youxu.task.completed")).one().data
    assert (told["completed_by"], told["on_behalf_of"]) == (bo.user.id, anna.id)
    path = f"/task/{one(rest, instance)['id']}"
    for login in ("anna", bo.user.login):
        for verb in ("claim", "assignee", "delegate"):
            rest.post(f"{path}/{verb}", {"userId": login}, 403)
        for kind in ("candidate", "assignee"):
            rest.post(f"{path}/identity-links", {"userId": login, "type": kind}, 403)
        rest.put(path, {"assignee": login}, 403)


def test_delegating_and_resolving(ask, boss):
    helper = make_user(login="helper", roles=["sales"])
    task = one(ask)
    path = f"/task/{task['id']}"
    ask.post(f"{path}/claim", {"userId": "boss"}, 204)
    ask.post(f"{path}/delegate", {"userId": helper.login}, 204)
    found = ask.get(path)
    assert (found["assignee"], found["owner"], found["delegationState"]) == ("helper", "boss", "PENDING")
    assert ask.get("/task", delegationState="PENDING")[0]["id"] == task["id"]
    ask.post(f"{path}/resolve", {"variables": {"done": {"value": 1}}}, 204)
    found = ask.get(path)
    assert (found["assignee"], found["delegationState"]) == ("boss", "RESOLVED")
    assert ask.variables(task["processInstanceId"]) == {"done": 1}


def test_updating_describes_the_task(ask, boss):
    task = one(ask)
    path = f"/task/{task['id']}"
    changed = {
        "name": "New",
        "description": "why",
        "priority": 80,
        "assignee": "boss",
        "owner": "boss",
        "due": "2026-12-01T00:00:00.000+0000",
        "followUp": "2026-11-30T00:00:00.000+0000",
        "delegationState": None,
        "unknown": 1,
    }
    ask.put(path, changed)
    found = ask.get(path)
    assert {name: found[name] for name in changed if name != "unknown"} == {
        name: value for name, value in changed.items() if name != "unknown"
    }
    ask.put(path, {"delegationState": "MAYBE"}, 400)
    ask.put(path, {"due": "soon"}, 400)
    ask.put("/task/nothing", {}, 404)


def test_a_task_of_its_own(ask, boss):
    ask.post("/task/create", {"id": "my-task", "name": "Call back", "assignee": "boss", "priority": 3}, 204)
    found = ask.get("/task/my-task")
    assert (found["name"], found["assignee"], found["priority"]) == ("Call back", "boss", 3)
    assert found["processInstanceId"] is None
    ask.post("/task/create", {"id": "my-task"}, 500)
    ask.put("/task/my-task/localVariables/a", {"value": 1})
    assert ask.get("/task/my-task/variables")["a"]["value"] == 1
    ask.post("/task/my-task/complete", {}, 204)
    ask.post("/task/create", {"id": "other"}, 204)
    ask.delete("/task/other")
    ask.delete("/task/other", 500)
    process_task = one(ask)
    said = ask.delete(f"/task/{process_task['id']}", 500)
    assert said["message"] == "The task cannot be deleted because is part of a running process"


def test_every_filter_of_the_list(ask, boss):
    instance = ask.start("ask", business_key="B-7", size=3)
    other = ask.start("ask", business_key="C-1", size=9)
    first, second = one(ask, instance), one(ask, other)
    ask.put(f"/task/{first['id']}", {"assignee": "boss", "owner": "boss", "priority": 90, "description": "Big one"})
    ask.put(f"/task/{first['id']}/localVariables/mine", {"value": "x"})
    definition = ask.get("/process-definition/key/ask")["id"]
    only_first = [
        {"processInstanceId": instance},
        {"processInstanceBusinessKey": "B-7"},
        {"processInstanceBusinessKeyLike": "B%"},
        {"processInstanceBusinessKeyIn": "B-7,Z"},
        {"assignee": "boss"},
        {"assigneeIn": "boss,nobody"},
        {"assigneeLike": "bo%"},
        {"owner": "boss"},
        {"assigned": "true"},
        {"priority": 90},
        {"minPriority": 60},
        {"description": "Big one"},
        {"descriptionLike": "big%"},
        {"involvedUser": "boss"},
        {"processVariables": "size_eq_3"},
        {"processVariables": "size_lt_5"},
        {"taskVariables": "mine_eq_x"},
        {"candidateGroup": "manager", "includeAssignedTasks": "true", "assigned": "true"},
        {"executionId": first["executionId"]},
        {"taskId": first["id"]},
    ]
    both = [
        {"processDefinitionKey": "ask"},
        {"processDefinitionKeyIn": "ask,x"},
        {"processDefinitionId": definition},
        {"taskDefinitionKey": "approve"},
        {"taskDefinitionKeyIn": "approve"},
        {"taskDefinitionKeyLike": "app%"},
        {"taskDefinitionKeyNotIn": "x"},
        {"name": "approve IT"},
        {"nameLike": "%prove%"},
        {"nameNotLike": "x%"},
        {"active": "true"},
        {"createdAfter": "2026-11-23T03:00:00.000+0000"},
        {"createdOn": "2026-11-23T04:00:00.000+0000"},
        {"dueAfter": "2026-11-23T04:00:00.000+0000"},
        {"followUpBeforeOrNotExistent": "2027-01-01T00:00:00.000+0000"},
        {"withCandidateGroups": "true"},
        {"withoutCandidateUsers": "true"},
        {"withoutTenantId": "true"},
        {"processInstanceIdIn": f"{instance},{other}"},
    ]
    nobody = [
        {"assignee": "nobody"},
        {"suspended": "true"},
        {"createdBefore": "2026-11-23T03:00:00.000+0000"},
        {"withoutDueDate": "true"},
        {"withoutCandidateGroups": "true"},
        {"withCandidateUsers": "true"},
        {"parentTaskId": "x"},
        {"tenantIdIn": "t"},
        {"caseInstanceId": "c"},
        {"processVariables": "size_eq_4"},
        {"candidateGroup": "sales"},
        {"dueBefore": "2026-11-23T04:00:00.000+0000"},
        {"delegationState": "RESOLVED"},
        {"taskDefinitionKeyNotIn": "approve"},
    ]
    for queries, expected in ((only_first, {first["id"]}), (both, {first["id"], second["id"]}), (nobody, set())):
        for query in queries:
            assert {found["id"] for found in ask.get("/task", **query)} == expected, query
            assert ask.get("/task/count", **query)["count"] == len(expected), query
    assert [found["id"] for found in ask.get("/task", unassigned="true")] == [second["id"]]
    assert [found["id"] for found in ask.get("/task", candidateUser="boss")] == [second["id"]]
    assert [found["id"] for found in ask.get("/task", candidateGroups="manager,sales")] == [second["id"]]
    assert len(ask.get("/task", candidateUser="boss", includeAssignedTasks="true")) == 2


def test_posted_queries_sort_page_and_combine(ask, boss):
    tasks = [one(ask, ask.start("ask", business_key=key)) for key in ("A", "B", "C")]
    for place, task in enumerate(tasks):
        ask.put(f"/task/{task['id']}", {"priority": 10 * place})
    body = {"sorting": [{"sortBy": "priority", "sortOrder": "desc"}, {"sortBy": "id", "sortOrder": "asc"}]}
    assert [found["priority"] for found in ask.post("/task", body)] == [20, 10, 0]
    page = ask.ask("POST", "/task", json=body, query_string={"firstResult": 1, "maxResults": 1})
    assert [found["priority"] for found in page] == [10]
    either = {"orQueries": [{"processInstanceBusinessKey": "A", "minPriority": 20}]}
    assert len(ask.post("/task", either)) == 2
    assert ask.post("/task/count", {**either, "processDefinitionKey": "ask"})["count"] == 2
    variables = {"processVariables": [{"name": "x", "operator": "eq", "value": 1}]}
    assert ask.post("/task", variables) == []
    ask.post("/task", {"sorting": [{"sortBy": "color", "sortOrder": "asc"}]}, 400)
    ask.post("/task", {"orQueries": 5}, 400)
    ask.get("/task", 400, priority="high")


def test_a_list_of_tasks_costs_the_same_however_long(ask, statements):
    ask.start("ask", n=1)
    statements.clear()
    ask.get("/task")
    few = len(statements)
    statements.clear()
    ask.get("/task", processVariables="n_eq_1")
    looked = len(statements)
    for number in range(10):
        ask.start("ask", n=number % 2)
    statements.clear()
    assert len(ask.get("/task")) == 11
    assert len(statements) == few
    statements.clear()
    assert len(ask.get("/task", processVariables="n_eq_1")) == 6
    assert len(statements) == looked


def test_variables_of_a_task(ask):
    instance = ask.start("ask", shared=1)
    task = one(ask, instance)
    path = f"/task/{task['id']}"
    ask.put(f"{path}/localVariables/own", {"value": 5, "type": "Long"})
    assert ask.get(f"{path}/localVariables") == {"own": {"type": "Long", "value": 5, "valueInfo": {}}}
    assert set(ask.get(f"{path}/variables")) == {"shared", "own"}
    ask.post(f"{path}/variables", {"modifications": {"shared": {"value": 2}}, "deletions": []}, 204)
    assert ask.variables(instance) == {"shared": 2}
    assert set(ask.get(f"{path}/form-variables", variableNames="own,none")) == {"own"}
    ask.delete(f"{path}/localVariables/own")
    assert ask.get(f"{path}/localVariables") == {}
    ask.get("/task/nothing/variables", 500)


def test_people_comments_and_attachments(ask, boss):
    task = one(ask)
    path = f"/task/{task['id']}"
    ask.post(f"{path}/identity-links", {"userId": "boss", "type": "candidate"}, 204)
    ask.post(f"{path}/identity-links", {"groupId": "sales", "type": "candidate"}, 204)
    ask.post(f"{path}/identity-links", {"userId": "boss", "type": "owner"}, 204)
    links = ask.get(f"{path}/identity-links")
    assert {(link["userId"], link["groupId"], link["type"]) for link in links} == {
        (None, "manager", "candidate"),
        (None, "sales", "candidate"),
        ("boss", None, "candidate"),
        ("boss", None, "owner"),
    }
    assert len(ask.get(f"{path}/identity-links", type="owner")) == 1
    ask.post(f"{path}/identity-links/delete", {"groupId": "sales", "type": "candidate"}, 204)
    assert len(ask.get(f"{path}/identity-links")) == 3
    for wrong in ({}, {"userId": "a", "groupId": "b", "type": "candidate"}, {"groupId": "wibble", "type": "candidate"}):
        ask.post(f"{path}/identity-links", wrong, 400)

    said = ask.post(f"{path}/comment/create", {"message": "Look here"})
    assert (said["message"], said["userId"], said["taskId"]) == ("Look here", ask.user.login, task["id"])
    assert ask.get(f"{path}/comment/{said['id']}")["message"] == "Look here"
    assert len(ask.get(f"{path}/comment")) == 1
    ask.post(f"{path}/comment/create", {}, 400)
    ask.get(f"{path}/comment/nothing", 404)

    form = {"attachment-name": "Plan", "attachment-type": "text/plain", "content": (io.BytesIO(b"abc"), "plan.txt")}
    made = ask.ask("POST", f"{path}/attachment/create", data=form, content_type="multipart/form-data")
    assert (made["name"], made["url"]) == ("Plan", None)
    link = ask.ask("POST", f"{path}/attachment/create", data={"url": "https://x.example/y", "attachment-name": "L"})
    assert link["url"] == "https://x.example/y"
    assert len(ask.get(f"{path}/attachment")) == 2
    answer = ask.client.get(f"/engine-rest{path}/attachment/{made['id']}/data", headers=ask.headers)
    assert answer.data == b"abc"
    ask.get(f"{path}/attachment/{link['id']}/data", 404)
    ask.delete(f"{path}/attachment/{link['id']}")
    assert len(ask.get(f"{path}/attachment")) == 1
    ask.ask("POST", f"{path}/attachment/create", 400, data={})


def test_an_error_of_a_task_is_caught(rest):
    boundary = '<boundaryEvent id="b" attachedToRef="do"><errorEventDefinition errorRef="err"/></boundaryEvent>'
    do = node("userTask", "do", camunda__candidateGroups="manager")
    fix = node("userTask", "fix", camunda__candidateGroups="manager")
    parts = (start(), do, boundary, fix, end(), end("e2"), chain("s", "do", "e"), chain("b", "fix", "e2"))
    rest.deploy(process(*parts, key="p", before=diagrams.ERROR))
    instance = rest.start("p")
    path = f"/task/{one(rest, instance)['id']}"
    rest.post(f"{path}/bpmnError", {}, 400)
    rest.post(f"{path}/bpmnEscalation", {}, 400)
    rest.post(f"{path}/bpmnError", {"errorCode": "E42", "variables": {"v": {"value": 1}}}, 204)
    assert one(rest, instance)["taskDefinitionKey"] == "fix"
    assert rest.variables(instance) == {"v": 1}


def test_what_the_diagram_says_of_the_task(rest, boss):
    task = node(
        "userTask",
        "t",
        camunda__assignee="boss",
        camunda__priority="77",
        camunda__followUpDate="P1D",
        camunda__dueDate="PT2H",
    )
    rest.deploy(process(start(), task, end(), chain("s", "t", "e"), key="p"))
    found = one(rest, rest.start("p"))
    assert (found["assignee"], found["priority"]) == ("boss", 77)
    assert found["followUp"] == "2026-11-24T04:00:00.000+0000"
    assert found["due"] == "2026-11-23T06:00:00.000+0000"
    with clock.moved(NOON + timedelta(days=1)):
        while jobs.run_due():
            pass
        (notice,) = notices.notices_of(boss.id).items
    assert (notice.notice.kind, notice.notice.task_id) == ("start", found["id"])


def test_history_tells_who_did_what(ask, boss):
    instance = ask.start("ask", business_key="H", n=1)
    with clock.moved(NOON + timedelta(seconds=90)):
        task = one(ask, instance)
        ask.post(f"/task/{task['id']}/claim", {"userId": "boss"}, 204)
        ask.post(f"/task/{task['id']}/complete", {"variables": {"n": {"value": 2}}}, 204)
    (past,) = ask.get("/history/process-instance", processInstanceBusinessKey="H", finished="true")
    assert {
        name: past[name] for name in ("id", "state", "startActivityId", "durationInMillis", "startUserId", "endTime")
    } == {
        "id": instance,
        "state": "COMPLETED",
        "startActivityId": "s",
        "durationInMillis": 90_000,
        "startUserId": ask.user.login,
        "endTime": "2026-11-23T04:01:30.000+0000",
    }
    assert ask.get("/history/process-instance", variables="n_eq_2")[0]["id"] == instance
    assert ask.post("/history/process-instance/count", {"unfinished": True})["count"] == 0
    assert ask.get("/history/process-instance/count", completed="true", externallyTerminated="true")["count"] == 1
    assert ask.get("/history/process-instance", startedAfter="2026-11-24T00:00:00.000+0000") == []
    visits = ask.get("/history/activity-instance", processInstanceId=instance, sortBy="occurrence", sortOrder="asc")
    assert [visit["activityId"] for visit in visits] == ["s", "approve", "e"]
    approve = visits[1]
    assert (approve["activityType"], approve["activityName"], approve["assignee"]) == ("userTask", "Approve it", "boss")
    assert (approve["durationInMillis"], approve["canceled"], approve["taskId"]) == (90_000, False, task["id"])
    assert (
        ask.get("/history/activity-instance/count", processInstanceId=instance, activityType="userTask")["count"] == 1
    )
    assert (
        ask.get("/history/activity-instance", activityName="Approve it", finished="true")[0]["activityId"] == "approve"
    )
    (done,) = ask.get("/history/task", processInstanceId=instance, finished="true", taskAssignee="boss")
    assert (done["duration"], done["endTime"]) == (90_000, "2026-11-23T04:01:30.000+0000")
    assert ask.get("/history/task/count", unfinished="true")["count"] == 0
    (variable,) = ask.get("/history/variable-instance", processInstanceId=instance, variableName="n")
    assert (variable["value"], variable["processDefinitionKey"]) == (2, "ask")
    assert ask.get(f"/history/variable-instance/{variable['id']}")["value"] == 2
    assert ask.get("/history/variable-instance/count", variableNameLike="n%")["count"] == 1
    assert ask.get("/variable-instance", variableName="n") == []
    operations = ask.get("/history/user-operation", processInstanceId=instance, sortBy="timestamp", sortOrder="asc")
    assert {"Create", "Assign", "Complete"} <= {one["operationType"] for one in operations}
    assert ask.get("/history/user-operation/count", taskId=task["id"], operationType="Complete")["count"] == 1


def test_what_was_cancelled_is_shown_as_cancelled(ask):
    instance = ask.start("ask")
    ask.delete(f"/process-instance/{instance}")
    (visit,) = ask.get("/history/activity-instance", processInstanceId=instance, activityId="approve")
    assert visit["canceled"] is True
    assert visit["endTime"] is not None
    assert (
        ask.get("/history/activity-instance", processInstanceId=instance, canceled="true")[0]["activityId"] == "approve"
    )
    (task,) = ask.get("/history/task", processInstanceId=instance)
    assert task["taskState"] == "Deleted"
