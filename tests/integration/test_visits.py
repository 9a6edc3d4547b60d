"""/history/activity-instance and the tree of activities: what was visited, in the dialect's own names."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.integration import diagrams
from tests.processes.diagrams import chain, end, flow, node, process, start, user

BODY = "approve#multiInstanceBody"


def visits(rest: Any, instance: str, **more: str) -> list[Any]:
    args = {"processInstanceId": instance, "sortBy": "occurrence", "sortOrder": "asc", **more}
    found = rest.get("/history/activity-instance", **args)
    assert rest.get("/history/activity-instance/count", **args)["count"] == len(found)
    return list(found)


def complete_all(rest: Any, instance: str) -> None:
    for task in rest.tasks(instance):
        rest.post(f"/task/{task['id']}/complete", None, 204)


def test_the_body_of_a_multi_instance_is_no_visit_of_the_activity(rest):
    many = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    rest.deploy(process(start(), node("userTask", "approve", many), end(), chain("s", "approve", "e"), key="many"))
    instance = rest.start("many")
    complete_all(rest, instance)
    seen = visits(rest, instance)
    assert [one["activityId"] for one in seen] == ["s", BODY, "approve", "approve", "e"]
    body = seen[1]
    assert (body["activityType"], body["parentActivityInstanceId"]) == ("multiInstanceBody", instance)
    assert {one["parentActivityInstanceId"] for one in seen[2:4]} == {body["id"]}
    assert len(visits(rest, instance, activityId="approve")) == 2
    assert [one["id"] for one in visits(rest, instance, activityId=BODY)] == [body["id"]]
    assert [one["id"] for one in visits(rest, instance, activityType="multiInstanceBody")] == [body["id"]]
    assert len(visits(rest, instance, activityType="userTask", activityIdIn=f"approve,{BODY}")) == 2
    assert rest.get(f"/history/activity-instance/{quote(body['id'])}")["activityId"] == BODY
    rest.get("/history/activity-instance/approve:nobody:3", 404)


def test_a_step_done_by_a_job_is_one_visit(rest):
    task = node("scriptTask", "sum", "<script>${1+1}</script>", scriptFormat="juel", camunda__asyncBefore="true")
    rest.deploy(process(start(), task, end(), chain("s", "sum", "e"), key="later"))
    instance = rest.start("later")
    (job,) = rest.get("/job", processInstanceId=instance)
    rest.post(f"/job/{job['id']}/execute", None, 204)
    seen = visits(rest, instance)
    assert [(one["activityId"], one["endTime"] is not None) for one in seen] == [
        ("s", True),
        ("sum", True),
        ("e", True),
    ]


def test_of_the_events_after_a_gateway_only_the_one_that_came_is_visited(rest):
    message = '<intermediateCatchEvent id="told"><messageEventDefinition messageRef="m1"/></intermediateCatchEvent>'
    timer = (
        '<intermediateCatchEvent id="late"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
        "</timerEventDefinition></intermediateCatchEvent>"
    )
    gateway = '<eventBasedGateway id="either"/>'
    flows = [chain("s", "either", "told", "e"), flow("either", "late"), flow("late", "e")]
    rest.deploy(process(start(), gateway, message, timer, end(), *flows, key="choice", before=diagrams.MESSAGE))
    instance = rest.start("choice")
    assert [one["activityId"] for one in visits(rest, instance, unfinished="true")] == ["either"]
    tree = rest.get(f"/process-instance/{instance}/activity-instances")
    assert [one["activityId"] for one in tree["childActivityInstances"]] == ["either"]
    rest.post("/message", {"messageName": "paid", "processInstanceId": instance}, 204)
    assert [one["activityId"] for one in visits(rest, instance)] == ["s", "either", "told", "e"]
    assert not any(one["canceled"] for one in visits(rest, instance))


def test_what_happened_in_a_subprocess_names_it(rest):
    inside = f'<subProcess id="sub">{start("si")}{user("ask")}{end("se")}{chain("si", "ask", "se")}</subProcess>'
    rest.deploy(process(start(), inside, end(), chain("s", "sub", "e"), key="nested"))
    instance = rest.start("nested")
    complete_all(rest, instance)
    seen = {one["activityId"]: one for one in visits(rest, instance)}
    assert seen["sub"]["parentActivityInstanceId"] == instance
    assert {seen[one]["parentActivityInstanceId"] for one in ("si", "ask", "se")} == {seen["sub"]["id"]}
