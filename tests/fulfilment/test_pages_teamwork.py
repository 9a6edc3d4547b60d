"""The page of a task worked on together, and the notices, as a browser asks for them."""

from __future__ import annotations

import io

import pytest

from app.tasks import queries as tasks
from app.tasks import service, teamwork
from tests.fulfilment.flow_world import make_flow
from tests.identity.factories import actor_for, sign_in


@pytest.fixture
def flow(tx):
    return make_flow()


def as_person(client, flow, name, language="en"):
    sign_in(client, flow.users[name])
    client.set_cookie("language", language)
    return client


def test_from_claim_to_notice(client, flow):
    order = flow.submit()
    task = flow.task(order)
    at = f"/tasks/{task.id}"
    client = as_person(client, flow, "bob")
    page = client.post(f"{at}/claim", follow_redirects=True).text
    assert f'action="{at}/release" class="toast-undo"' in page
    assert "Put off" in page
    assert "Delegate, it comes back to me" in page
    said = client.post(
        f"{at}/comments", data={"message": f"<b>@{flow.users['other'].login}</b>"}, follow_redirects=True
    )
    assert "&lt;b&gt;@" in said.text
    assert (
        "Done. They were told."
        in client.post(
            f"{at}/hand-over", data={"user": flow.users["desk2"].id, "how": "delegate"}, follow_redirects=True
        ).text
    )
    told = as_person(client, flow, "desk2").get("/notices").text
    assert f"{flow.users['bob'].name} asks you to do it for them" in told
    assert client.get("/menu/badges").json["fulfilment.notices"] == "1"
    opened = client.post(f"{at}/notices", follow_redirects=True).text
    assert "Done, give it back" in opened
    assert client.get("/menu/badges").json["fulfilment.notices"] == ""
    assert "The task is back with who asked you." in client.post(f"{at}/resolve", follow_redirects=True).text
    assert "mentioned you" in as_person(client, flow, "other").get("/notices").text
    assert client.get(at).status_code == 200, "who was mentioned may look"
    assert 'name="outcome"' not in client.get(at).text


def test_put_off_urge_and_copy(client, flow):
    order = flow.submit()
    at = f"/tasks/{flow.task(order).id}"
    client = as_person(client, flow, "ann")
    assert "people were asked to hurry." in client.post(f"{at}/urge", follow_redirects=True).text
    assert "You have urged already." in client.post(f"{at}/urge", follow_redirects=True).text
    assert "There is nobody called x." in client.post(f"{at}/copies", data={"to": "x"}, follow_redirects=True).text
    login = flow.users["planner"].login
    assert (
        "1 person was copied in."
        in client.post(f"{at}/copies", data={"to": f"{login}，{login}"}, follow_redirects=True).text
    )
    client = as_person(client, flow, "bob")
    client.post(f"{at}/claim")
    for wrong in ("soon", "2026-13-45T99:99", "2020-01-01T00:00"):
        answer = client.post(f"{at}/follow-up", data={"until": wrong}, follow_redirects=True)
        assert "tone-danger" in answer.text
    page = client.post(f"{at}/follow-up", data={"until": "2026-12-01T09:00"}, follow_redirects=True).text
    assert f'action="{at}/follow-up" class="toast-undo"' in page
    assert "1 task is put off." in client.get("/inbox?tab=mine").text
    assert "The task is in your list again." in client.post(f"{at}/follow-up", follow_redirects=True).text  # undone
    client.post(f"{at}/follow-up", data={"until": "2026-12-01T09:00"})
    notices = client.get("/notices").text
    assert 'name="back" value="notices"' in notices
    back = client.post(f"{at}/follow-up", data={"back": "notices"})
    assert back.location == "/notices#later"
    assert "put off" not in client.get("/inbox?tab=mine").text
    page = client.post(f"{at}/follow-up", data={"until": "2026-12-01T09:00"}, follow_redirects=True).text
    assert "Put off until" in page
    assert order.number not in client.get("/inbox?tab=mine").text
    assert "until 2026-12-01 09:00" in client.get("/notices").text


def test_attachments_come_back_as_files_to_save(client, flow):
    task = flow.task(flow.submit())
    at = f"/tasks/{task.id}/attachments"
    client = as_person(client, flow, "bob")
    large = b"%PDF-" + b"0" * (3 * 1024 * 1024)
    page = client.post(at, data={"file": (io.BytesIO(large), "报告.pdf")}, follow_redirects=True).text
    assert "报告.pdf" in page
    (made,) = teamwork.together(flow.actor("bob"), task).files
    answer = client.get(f"{at}/{made.id}")
    assert (answer.data, answer.content_type) == (large, "application/pdf")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    evil = client.post(at, data={"file": (io.BytesIO(b"<script>"), "x.pdf")}, follow_redirects=True).text
    assert "The content is not what the name" in evil
    assert client.post(at, data={"file": (io.BytesIO(b"0" * 6_000_000), "x.pdf")}).status_code == 413
    assert as_person(client, flow, "other").get(f"{at}/{made.id}").status_code == 403
    assert as_person(client, flow, "other").post(f"/tasks/{task.id}/comments", data={"message": "x"}).status_code == 403
    client = as_person(client, flow, "bob")
    assert "The attachment is gone." in client.post(f"{at}/{made.id}/remove", follow_redirects=True).text
    assert client.get(f"{at}/{made.id}").status_code == 404


def test_closed_tasks_and_chinese_pages(client, flow):
    task = flow.task(flow.submit())
    teamwork.copy_to(flow.actor("ann"), task.id, [flow.users["bob"].login])
    teamwork.urge(flow.actor("ann"), task.id)
    service.cancel_of(task.source_id, "gone")
    client = as_person(client, flow, "bob", "zh_Hans")
    page = client.get("/notices").text
    assert "抄送给您" in page
    assert "已关闭" in page
    shown = client.get(f"/tasks/{task.id}").text
    assert "协作" in shown
    assert "延后" not in shown
    refused = client.post(f"/tasks/{task.id}/attachments", data={"file": (io.BytesIO(b"a"), "a.txt")})
    assert refused.status_code == 302, "told on the page"
    assert client.post("/notices/read", data={"until": "'\x00"}).status_code in (400, 404)
    assert "全部标为已读" not in client.post("/notices/read", follow_redirects=True).text


def test_others_asked_to_approve_too(client, flow):
    order = flow.submit()
    task = flow.task(order)
    quinn = flow.users["other"]
    client = as_person(client, flow, "bob")
    client.post(f"/tasks/{task.id}/claim")
    asked = client.post(
        f"/tasks/{task.id}/approvers", data={"approvers": quinn.login, "why": "<i>Look</i>"}, follow_redirects=True
    ).text
    assert "1 person was asked to approve too." in asked
    assert "not answered yet" in asked
    seen = {"seen_version": order.version, "outcome": "approve"}
    assert "have not answered" in client.post(f"/tasks/{task.id}/complete", data=seen).text
    question = next(one for one in tasks.inbox(actor_for(quinn), which="mine").items)
    page = as_person(client, flow, "other").get(f"/tasks/{question.id}").text
    assert "&lt;i&gt;Look&lt;/i&gt;" in page
    assert 'value="rework"' not in page
    client.post(f"/tasks/{question.id}/complete", data={**seen, "outcome": "reject", "reason": "No"})
    client = as_person(client, flow, "bob", "zh_Hans")
    assert "所以不能同意" in client.post(f"/tasks/{task.id}/complete", data=seen).text
    withdrawn = client.post(f"/tasks/{question.id}/withdraw", follow_redirects=True).text
    assert "询问已撤回。" in withdrawn
    assert client.post(f"/tasks/{task.id}/complete", data=seen).status_code == 302


def test_people_are_suggested_while_their_names_are_typed(client, flow):
    client = as_person(client, flow, "bob")
    someone = flow.users["desk2"]
    assert {"value": someone.login, "label": someone.name} in client.get(f"/people/suggest?q={someone.login[:4]}").json
    assert client.get("/people/suggest?q=%25").json == []
    assert client.get("/people/suggest").json == []
