"""Naming a substitute on the pages, and the inbox and the task of who stands in, as a browser asks for them."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.core.db import session
from app.core.subject import Subject
from app.fulfilment import timeline
from app.identity.models import Substitution
from app.processes import queries as processes
from app.processes.cockpit import history
from app.tasks import queries as tasks
from tests.fulfilment.flow_world import make_flow
from tests.fulfilment.test_pages_inbox import as_person, decide, text
from tests.identity.factories import bearer, sign_in, stand_in

DAYS = {"first_day": "2026-11-23", "last_day": "2026-11-27"}


@pytest.fixture
def flow(tx):
    return make_flow()


def test_a_substitute_is_named_and_ended_on_ones_own_page(client, flow):
    tom = flow.users["other"]
    as_person(client, flow, "bob")
    assert "Nobody stands in for you" in text(client.get("/account/substitutes"))
    given = {"substitute_id": tom.id, **DAYS, "scope": "role:order_desk", "reason": "leave"}
    refused = client.post("/account/substitutes", data={**given, "last_day": "2026-11-22"})
    assert refused.status_code == 422
    assert "This day is over." in text(refused)
    assert 'value="leave"' in text(refused), "what was written is kept"
    assert client.post("/account/substitutes", data=given).status_code == 302
    one = session().scalars(select(Substitution)).one()
    for name, words in (("bob", "Who stands in for me"), ("other", "For whom I stand in")):
        page = text(as_person(client, flow, name).get("/account/substitutes"))
        assert words in page
        assert "group “Order desk”" in page
    assert as_person(client, flow, "qa").post(f"/substitutes/{one.id}/end").status_code == 403
    assert as_person(client, flow, "other").post(f"/substitutes/{one.id}/end").status_code == 302
    assert client.post(f"/substitutes/{one.id}/end").status_code == 409
    chinese = text(client.get("/account/substitutes?lang=zh_Hans"))
    assert "提前结束" in chinese


def test_managers_name_one_for_somebody_else_and_others_may_not(client, flow):
    given = {"user_id": flow.users["bob"].id, "substitute_id": flow.users["other"].id, **DAYS}
    assert as_person(client, flow, "bob").get("/substitutes").status_code == 403
    assert client.post("/substitutes", data=given).status_code == 403
    as_person(client, flow, "boss")
    assert "Nobody stands in for anybody" in text(client.get("/substitutes"))
    refused = client.post("/substitutes", data=given)
    assert refused.status_code == 422
    assert "Say why you do this for somebody else." in text(refused)
    assert client.post("/substitutes", data={**given, "user_id": "none"}).status_code == 422
    assert client.post("/substitutes", data={**given, "reason": "ill"}).status_code == 302
    page = text(client.get("/substitutes"))
    assert "Tom stands in for Bob." in page


def test_who_stands_in_finds_takes_and_decides_and_it_stands_everywhere(client, flow):
    order = flow.submit()
    stand_in(flow.users["bob"], flow.users["other"])
    as_person(client, flow, "other")
    page = text(client.get("/inbox"))
    assert "Bob until" in page
    assert order.number not in page
    page = text(client.get("/inbox?tab=for"))
    assert order.number in page
    assert order.number in text(client.get(f"/inbox?tab=for&person={flow.users['bob'].id}"))
    task = flow.task(order)
    assert "recorded as done by you on behalf of Bob" in text(client.get(f"/tasks/{task.id}"))
    told = client.post(f"/tasks/{task.id}/claim?tab=for", headers={"HX-Request": "true"}).get_data(as_text=True)
    back = f"/tasks/{task.id}/release"
    assert f'hx-post="{back}?tab=for"' in told  # taken from the list, it can be given back at once
    assert "hx-swap-oob" in told
    told = client.post(f"{back}?tab=for", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "toast-undo" not in told
    client.post(f"/tasks/{task.id}/claim?tab=for", headers={"HX-Request": "true"})
    assert "for Bob" in text(client.get("/inbox?tab=mine"))
    token = bearer(flow.users["other"])
    (item,) = client.get("/api/v1/tasks?list=for", headers=token).json["items"]
    assert (item["id"], item["on_behalf_of"]) == (task.id, flow.users["bob"].id)
    sign_in(client, flow.users["other"])
    assert decide(client, task, order.version, outcome="approve").status_code == 302
    assert "Tom on behalf of Bob decided it" in text(client.get(f"/tasks/{task.id}"))
    assert "for Bob" in text(client.get("/inbox?tab=done"))
    assert "Tom on behalf of Bob" in {one.actor for one in timeline.of_order(order.id)}
    instance = processes.instance_of(Subject("order", order.id))
    lines = history.told(instance.definition_id, processes.events_of(instance.id))
    assert "Tom on behalf of Bob" in {line.actor for line in lines}


def test_a_second_approval_is_not_for_who_stands_in_for_the_first(client, flow):
    order = flow.submit(product=flow.valuable, unit_price="60000.00")
    flow.decide("both", order, "approve")
    stand_in(flow.users["both"], flow.users["other"])
    task = flow.task(order)
    as_person(client, flow, "other")
    assert order.number not in text(client.get("/inbox?tab=for"))
    page = text(client.get(f"/tasks/{task.id}"))
    assert "Otto, for whom you stand in, did the step before" in page
    assert 'id="decision"' not in page
    refused = decide(client, task, order.version, outcome="approve")
    assert refused.status_code == 403
    assert tasks.get_task(task.id).status == "open"


def test_who_asked_for_it_does_not_approve_it(client, flow):
    order = flow.submit()
    task = flow.task(order)
    flow.users["ann"].roles = ["manager", "order_desk", "sales"]
    page = text(as_person(client, flow, "ann").get(f"/tasks/{task.id}"))
    assert "You asked for this" in page
    assert decide(client, task, order.version, outcome="approve").status_code == 403
