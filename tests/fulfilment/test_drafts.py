"""Drafts: what one writes to a task is there again, on another device too, and goes with the task."""

from __future__ import annotations

import json

import pytest

from app.core.errors import Invalid
from app.fulfilment.pages import drafts as pages
from app.tasks import drafts, periodic
from app.tasks.service import TaskClosed
from tests.fulfilment.flow_world import make_flow
from tests.identity.factories import sign_in


@pytest.fixture
def flow(tx):
    return make_flow()


def write(client, task, answers):
    return client.post(f"/tasks/{task.id}/draft?lang=en", data={"answers": answers})


def test_a_draft_is_kept_shown_discarded_and_goes_with_the_task(app, client, flow):
    order = flow.submit()
    task = flow.task(order)
    sign_in(client, flow.users["bob"])
    told = write(client, task, json.dumps({"reason": "Half a sent"})).get_json()
    assert told["text"] == "Draft saved at 12:00."
    write(client, task, json.dumps({"reason": "Half a sentence", "gone": 1}))
    elsewhere = app.test_client()
    sign_in(elsewhere, flow.users["bob"])
    page = elsewhere.get(f"/tasks/{task.id}?lang=en").get_data(as_text=True)
    assert "Half a sentence" in page
    assert "Draft saved at 12:00." in page
    assert "The form has changed" not in page
    sign_in(elsewhere, flow.users["desk2"])
    assert "Half a sentence" not in elsewhere.get(f"/tasks/{task.id}").get_data(as_text=True), "drafts are one's own"

    client.post(f"/tasks/{task.id}/draft/discard")
    assert "Half a sentence" not in client.get(f"/tasks/{task.id}").get_data(as_text=True)
    write(client, task, json.dumps({"reason": "Again"}))
    client.post(f"/tasks/{task.id}/complete", data={"seen_version": order.version, "outcome": "approve"})
    assert drafts.session().get(drafts.TaskDraft, (task.id, flow.users["bob"].id)) is None
    assert write(client, task, "{}").status_code == 409


def test_a_draft_for_another_form_is_taken_over_with_a_warning(client, flow):
    task = flow.task(flow.submit())
    bob = flow.actor("bob")
    drafts.save(bob, task, {"reason": "Kept", "colour": "red"}, "0" * 64)
    found = pages.found(bob, task, {"components": [{"type": "textarea", "key": "reason"}]})
    assert (found.answers, found.changed) == ({"reason": "Kept"}, True)
    sign_in(client, flow.users["bob"])
    assert "The form has changed since you saved your draft." in client.get(f"/tasks/{task.id}?lang=en").get_data(
        as_text=True
    )


@pytest.mark.parametrize("body", ["", "[]", "null", "{", '{"a": NaN}'])
def test_what_is_no_draft_is_refused(client, flow, body):
    task = flow.task(flow.submit())
    sign_in(client, flow.users["bob"])
    assert write(client, task, body).status_code == 422
    sign_in(client, flow.users["other"])
    assert write(client, task, "{}").status_code == 403


def test_drafts_are_bounded(flow, monkeypatch):
    task, bob = flow.task(flow.submit()), flow.actor("bob")
    with pytest.raises(Invalid):
        drafts.save(bob, task, {"reason": "x" * 70_000}, "")
    monkeypatch.setattr(drafts, "MOST", 1)
    first = flow.task(flow.submit())
    drafts.save(bob, first, {"reason": "x"}, "")
    drafts.save(bob, task, {"reason": "y"}, "")
    kept = [drafts.draft_of(bob, one) is not None for one in (first, task)]
    assert sum(kept) == 1


def test_drafts_of_tasks_that_end_otherwise_go_too(flow):
    order = flow.submit()
    task, bob = flow.task(order), flow.actor("bob")
    drafts.save(bob, task, {"reason": "x"}, "")
    periodic.forget_drafts()
    assert drafts.draft_of(bob, task) is not None
    flow.decide("desk2", order, "approve")
    with pytest.raises(TaskClosed):
        drafts.save(bob, drafts.session().get(type(task), task.id, populate_existing=True), {}, "")
    periodic.forget_drafts()
    assert drafts.session().get(drafts.TaskDraft, (task.id, bob.id), populate_existing=True) is None
