"""Several tasks at once: each is done or refused for itself."""

from __future__ import annotations

import re

import pytest

from app.core.errors import Invalid
from app.fulfilment import several
from app.tasks import queries as tasks
from tests.fulfilment.flow_world import make_flow
from tests.identity.factories import actor_for, sign_in

pytestmark = pytest.mark.any_database


@pytest.fixture
def flow(tx):
    return make_flow()


def test_each_is_done_or_refused_for_itself(flow):
    orders = [flow.submit() for _ in range(3)]
    ids = [flow.task(order).id for order in orders]
    bob, other = actor_for(flow.users["bob"]), actor_for(flow.users["desk2"])
    several.take(other, ids[:1])
    results = several.take(bob, [ids[2], ids[0], "nothing", ids[1], ids[1]])
    assert [(one.task_id, one.code) for one in results] == [
        (ids[2], "done"),
        (ids[0], "AlreadyClaimed"),
        ("nothing", "NotFound"),
        (ids[1], "done"),
    ]
    assert flow.users["desk2"].name in results[1].sentence
    seen = {ids[0]: orders[0].version, ids[1]: orders[1].version + 1, ids[2]: orders[2].version}
    decided = several.decide(bob, seen, {"outcome": "approve", "reason": ""})
    assert [one.code for one in decided] == ["AlreadyClaimed", "StaleVersion", "done"]
    assert [tasks.get_task(one).status for one in ids] == ["open", "open", "completed"]
    reasonless = several.decide(bob, {ids[1]: orders[1].version}, {"outcome": "reject"})
    assert (reasonless[0].code, reasonless[0].sentence) == ("Invalid", "Please give a reason.")
    assert [one.code for one in several.hand_over(bob, ids, flow.users["desk2"].id)][1:] == ["done", "TaskClosed"]
    for act in (
        lambda: several.take(bob, []),
        lambda: several.take(bob, [str(one) for one in range(several.MOST + 1)]),
        lambda: several.hand_over(bob, ids, ""),
        lambda: several.decide(bob, seen, {"outcome": ""}),
    ):
        with pytest.raises(Invalid):
            act()


def test_the_page_from_choosing_to_results(client, flow, statements):
    orders = [flow.submit() for _ in range(4)]
    ids = [flow.task(order).id for order in orders]
    sign_in(client, flow.users["bob"])
    client.set_cookie("language", "en")
    inbox = client.get("/inbox?tab=groups").text
    assert all(f'form="pick" name="task" value="{one}"' in inbox for one in ids)
    counted = []
    for chosen in (ids[:1], ids):
        statements.clear()
        page = client.get("/inbox/several", query_string={"task": [*chosen, "gone"]}).text
        counted.append(len(statements))
    assert counted[0] == counted[1], "no statement more for more tasks"
    assert "1 of the chosen tasks is not for you, or is gone." in page
    assert re.findall(r'name="outcome" value="(\w+)"', page) == ["approve", "rework", "reject"]
    taken = client.post("/inbox/several/take", data={"task": ids}).text
    assert "Take: 4 tasks done." in taken
    assert "Undo: give them back" in taken
    given_back = client.post("/inbox/several/give-back", data={"task": ids}).text
    assert "4 tasks are back with their groups." in given_back
    assert "Undo: take them again" in given_back
    assert "Take: 4 tasks done." in client.post("/inbox/several/take", data={"task": ids}).text
    seen = {f"seen_{one}": order.version for one, order in zip(ids, orders, strict=True)}
    seen[f"seen_{ids[3]}"] = 99
    client.set_cookie("language", "zh_Hans")
    decided = client.post("/inbox/several/decide", data={"task": ids, "outcome": "approve", **seen}).text
    assert "已完成 3 个任务。 1 个未能完成。" in decided
    assert [tasks.get_task(one).status for one in ids] == ["completed"] * 3 + ["open"]
    assert "没有选择任务。" in client.get("/inbox/several").text
    assert "请选择 1 至 50 个任务。" in client.post("/inbox/several/take").text


def test_programs_do_several_too(client, flow):
    order = flow.submit()
    sign_in(client, flow.users["bob"])
    one = {"id": flow.task(order).id, "seen_version": order.version}
    answer = client.post("/api/v1/several-tasks", json={"act": "decide", "tasks": [one], "outcome": "approve"})
    assert answer.json == {"items": [{"id": one["id"], "done": True, "code": "done", "message": ""}]}
    again = client.post("/api/v1/several-tasks", json={"act": "take", "tasks": [one, {"id": "x"}]}).json["items"]
    assert [item["code"] for item in again] == ["TaskClosed", "NotFound"]
    refused = client.post("/api/v1/several-tasks", json={"act": "hand_over", "tasks": [one]})
    assert refused.status_code == 422
    assert "user" in refused.text


def test_what_must_be_signed_is_not_decided_together(client, flow):
    order = flow.submit(product=flow.valuable, unit_price="60000.00")
    order = flow.decide("bob", order, "approve")
    second = flow.task(order)
    assert second.element_id == "second_approval"
    boss = actor_for(flow.users["boss"])
    assert several.common(boss, [second]).outcomes == {}
    (refused,) = several.decide(boss, {second.id: order.version}, {"outcome": "approve"})
    assert (refused.done, refused.code) == (False, "SignatureNeeded")
