"""CAPA: planned, approved by another, carried out by owners, verified and closed by people who own none of the actions."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.audit.queries import entries_of
from app.audit.signatures import faults_of, signatures_of
from app.core import clock, jobs
from app.core.db import session
from app.core.errors import DomainError, Invalid
from app.core.kept import sums_of
from app.documents.queries import documents_of
from app.fulfilment import saying
from app.fulfilment.queries import inbox_rows as rows_of
from app.tasks import ladder, teamwork
from app.tasks import queries as tasks
from app.tasks.queries import get_task
from app.tasks.records import Notice
from app.vigilance import capas, panels, queries
from app.vigilance.models import Capa
from tests.identity.factories import bearer, make_user, sign_in
from tests.vigilance.world import make_vigilance

pytestmark = pytest.mark.any_database


@pytest.fixture
def world(tx):
    return make_vigilance()


def refused(act):
    """What is said against it; nothing of it stays."""
    inside = session().begin_nested()
    with pytest.raises(DomainError) as refusal:
        act()
    inside.rollback()
    return refusal.value


def test_from_problem_to_close(world):
    complaint = world.complain()
    one = world.capa(source_kind="complaint", source=complaint.number, problem="")
    assert (one.problem, one.lot_id, one.source_id) == ("open", world.lot.id, complaint.id)
    assert world.at(one) == ["investigate"]
    assert isinstance(refused(lambda: world.propose(one)), Invalid), "no action is planned"
    world.plan(one, "wang", "tess")
    world.plan(one, "wang", days=6)
    assert set(refused(lambda: world.propose(one, days=3)).details["fields"]) == {"check_on"}
    world.propose(one)
    refused(lambda: world.answer("rae", one, "approve_plan", outcome="approve"))
    assert isinstance(refused(lambda: world.plan(one, "rae")), capas.PlanSubmitted), "approved is what was seen"
    first = one.actions[0]
    assert isinstance(refused(lambda: capas.remove_action(world.actor("rae"), one, first)), capas.PlanSubmitted)
    world.answer("hedda", one, "approve_plan", outcome="approve")
    assert one.stage == "acting"
    assert isinstance(refused(lambda: world.plan(one, "rae")), capas.NotPlanning)
    todo = world.tasks(one, "act")
    assert sorted(task.assignee_id for task in todo) == sorted(
        world.users[name].id for name in ("wang", "wang", "tess")
    )
    assert {panels.action_of(task, one).number for task in todo} == {1, 2, 3}, "each task says which action it is"
    late = next(task for task in todo if panels.action_of(task, one).number == 3)
    assert clock.local_date(late.due_at) == clock.today() + timedelta(days=6)
    for name in ("wang", "tess"):
        world.answer(name, one, "act", evidence=f"done by {name}")
    assert [(action.done_by is None, action.evidence) for action in one.actions].count((True, "")) == 1
    world.answer("wang", one, "act", evidence="the last one")
    assert all(action.done_by == action.owner_id for action in one.actions)
    assert one.stage == "verifying"
    early = refused(lambda: world.answer("rio", one, "verify", outcome="approve", reason="0 of 50 open"))
    assert set(early.details["fields"]) == {"early"}, "its day is still to come"
    world.answer("rio", one, "verify", outcome="approve", reason="0 of 50 open", early="no goods until then")
    assert (one.stage, one.effective) == ("closing", True)
    refused(lambda: world.answer("rio", one, "close_case", outcome="approve"))
    world.answer("hedda", one, "close_case", outcome="approve", reason="helped")
    assert (one.stage, one.closed_by, world.at(one)) == ("closed", world.users["hedda"].id, [])
    (verified,) = (entry for entry in entries_of(one.subject) if entry.action == "capa:verify")
    assert verified.details["early"] == "no goods until then"
    signed = signatures_of(one.subject)
    assert sorted(signature.meaning for signature in signed) == ["approval", "approval", "review"]
    assert not any(faults_of(signed).values())


def test_lists_name_the_action_and_messages_what_comes_next(world, statements):
    one = world.capa()
    world.plan(one, "wang", "tess")
    world.propose(one)
    (decided,) = world.tasks(one, "approve_plan")
    world.answer("hedda", one, "approve_plan", outcome="approve")
    statements.clear()
    told = saying.told_of(get_task(decided.id))
    assert len(statements) <= 5, statements
    assert told.startswith(f"Approve: {one.number}. Next: Carry out the action, with ")
    assert all(f"with {name} (due " in told for name in ("Wang", "Tess"))
    (row,) = rows_of(tasks.inbox(world.actor("tess"), which="mine")).items
    assert row.about == "Action 2: by tess"
    (mine,) = (task for task in world.tasks(one, "act") if task.assignee_id == world.users["tess"].id)
    assert saying.name_of(mine) == f"Carry out the action: {one.number} · Action 2: by tess"
    with clock.moved(clock.now() + timedelta(hours=1)):
        world.answer("tess", one, "act", evidence="done")
    assert saying.next_of(get_task(mine.id)).startswith("Still open: Carry out the action, with Wang")
    world.answer("wang", one, "act", evidence="done")
    (verified,) = world.tasks(one, "verify")
    world.answer("rio", one, "verify", outcome="approve", reason="0 of 50", early="no goods until then")
    assert saying.told_of(get_task(verified.id)).startswith(f"Effective: {one.number}. Next: Close, with ")
    (closed,) = world.tasks(one, "close_case")
    world.answer("hedda", one, "close_case", outcome="approve", reason="helped")
    assert saying.told_of(get_task(closed.id)) == f"Close: {one.number}. Nothing is left to do: the process has ended."


def test_owners_neither_verify_nor_close(world):
    one = world.capa()
    world.plan(one, "rio", "hedda", "wang")
    world.propose(one)
    world.answer("hedda", one, "approve_plan", outcome="approve")
    for name in ("rio", "hedda", "wang"):
        world.answer(name, one, "act", evidence="done")
    assert isinstance(
        refused(lambda: world.answer("rio", one, "verify", outcome="approve", reason="x", early="no goods until then")),
        capas.OwnsAction,
    )
    world.answer("rae", one, "verify", outcome="approve", reason="checked", early="no goods until then")
    assert isinstance(refused(lambda: world.answer("hedda", one, "close_case", outcome="approve")), capas.OwnsAction)
    assert one.stage == "closing"


def test_what_did_not_help_is_planned_anew(world):
    one = world.capa()
    world.plan(one, "wang")
    world.propose(one)
    world.answer("hedda", one, "approve_plan", outcome="rework", reason="and prevention?")
    assert (one.stage, world.at(one)) == ("planning", ["investigate"])
    world.propose(one)
    world.answer("hedda", one, "approve_plan", outcome="approve")
    world.answer("wang", one, "act", evidence="done")
    world.answer("rae", one, "verify", outcome="rework", reason="2 of 50 open", early="no goods until then")
    assert (one.stage, one.effective, one.root_cause) == ("planning", False, "jaw worn")
    with pytest.raises(capas.NotPlanning):
        capas.remove_action(world.actor("rae"), one, one.actions[0])
    world.plan(one, "tess")
    world.propose(one, root_cause="jaw bent")
    world.answer("hedda", one, "approve_plan", outcome="approve")
    (task,) = world.tasks(one, "act")
    assert panels.action_of(task, one).owner_id == world.users["tess"].id, "what was done is not asked again"
    needless = world.capa(problem="once")
    world.plan(needless, "wang")
    world.propose(needless)
    world.answer("hedda", needless, "approve_plan", outcome="reject", reason="a single mistake")
    assert (needless.stage, needless.conclusion) == ("dropped", "a single mistake")


def test_who_could_approve_is_said_before_it_is_too_late(world, client):
    client.set_cookie("language", "en")
    said = {}
    for name in ("hedda", "rae"):
        sign_in(client, world.users[name])
        said[name] = client.get("/capa/new").text
    assert "Only you could approve the plan." in said["hedda"]
    assert "Only Hedda could approve the plan." in said["rae"]
    world.users["hedda"].roles = ["quality_head", "qa_ra"]
    one = world.capa(by="hedda")
    world.plan(one, "wang")
    world.propose(one, by="hedda")
    assert "Nobody could approve the plan." in client.get(f"/capa/{one.id}").text
    second = make_user(login="hugo", name="Hugo", roles=("quality_head",))
    page = client.get(f"/capa/{one.id}").text
    assert "The plan can be approved by: Hugo." in page
    assert "its actions stay as they are" in page
    assert "Plan an action" not in page
    world.users["hugo"] = second
    world.answer("hugo", one, "approve_plan", outcome="rework", reason="and prevention?")
    shown = client.get(f"/tasks/{world.tasks(one, 'investigate')[0].id}").text
    assert all(text in shown for text in ("jaw worn", "0 of 50")), "what is on file need not be written again"


def test_late_owners_are_told_once(world):
    one = world.capa()
    world.plan(one, "wang", days=2)
    world.propose(one)
    world.answer("hedda", one, "approve_plan", outcome="approve")

    def told():
        rows = session().query(Notice).filter_by(kind="escalate", user_id=world.users["wang"].id)
        return rows.count()

    for days, count in ((2, 0), (3, 1), (4, 1)):
        with clock.moved(clock.now() + timedelta(days=days)):
            ladder.look_for_ripe()
            while jobs.run_due():
                pass
            assert told() == count, days
            assert bool(queries.late_actions()) is (days > 2)


def test_programs(world, client):
    complaint = world.complain()
    headers = bearer(world.users["rae"])
    body = {"source_kind": "complaint", "source": complaint.number}
    url = "/api/v1/capas"
    assert client.post(url, json=body, headers=bearer(world.users["sal"])).status_code == 403
    for wrong, field in (({"source": "CP-2026-999999"}, "source"), ({"source_kind": "luck"}, "source_kind")):
        answer = client.post(url, json={**body, **wrong}, headers=headers)
        assert (answer.status_code, list(answer.json["error"]["details"]["fields"])) == (422, [field])
    keyed = {**headers, "Idempotency-Key": "k-1"}
    made, again = (client.post(url, json=body, headers=keyed) for _twice in range(2))
    assert (made.status_code, again.json["number"]) == (201, made.json["number"])
    assert made.json["tasks"][0]["element"] == "investigate"
    assert client.get(made.headers["Location"], headers=headers).json["stage"] == "planning"
    assert client.get(f"{url}?state=open", headers=headers).json["total"] == 1
    assert client.get(f"{url}?state=overdue", headers=headers).json["total"] == 0
    assert client.get(f"{url}/none", headers=headers).status_code == 404


def test_clicked_through(world, client):
    client.set_cookie("language", "en")
    sign_in(client, world.users["rae"])
    assert "No CAPA" in client.get("/capa").text
    complaint = world.complain()
    form = client.get(f"/capa/new?source_kind=complaint&source={complaint.number}").text
    assert complaint.number in form
    assert client.post("/capa/new", data={"source_kind": "audit", "source": "", "problem": "x"}).status_code == 422
    data = {"source_kind": "complaint", "source": complaint.number, "problem": "<i>open"}
    here = client.post("/capa/new", data=data).headers["Location"]
    one = session().query(Capa).one()
    day = (clock.today() + timedelta(days=3)).isoformat()
    action = {"kind": "preventive", "text": "check <b>jaws", "owner": "WANG", "due_on": day}
    for over, status in (({"owner": "nobody"}, 422), ({"due_on": "2020-01-01"}, 422), ({"text": ""}, 422), ({}, 302)):
        assert client.post(f"{here}/actions", data={**action, **over}).status_code == status
    client.post(f"{here}/actions", data=action)
    assert client.post(f"{here}/actions/{one.actions[1].id}/remove").status_code == 302
    world.propose(one)
    world.answer("hedda", one, "approve_plan", outcome="approve")
    (task,) = world.tasks(one, "act")
    teamwork.attach(world.actor("wang"), task.id, "jaws.txt", b"measured")
    sign_in(client, world.users["wang"])
    page = client.get(f"/tasks/{task.id}").text
    assert all(text in page for text in ("Action 1", "check &lt;b&gt;jaws", one.number))
    sign_in(client, world.users["hedda"])
    page = client.get(here).text
    assert all(text in page for text in ("&lt;i&gt;open", "jaws.txt", "Carry out the action", "Wang"))
    file = queries.files_of(one)[0]
    assert client.get(f"{here}/files/{file.id}").data == b"measured"
    assert client.get(f"{here}/files/none").status_code == 404
    world.answer("wang", one, "act", evidence="done")
    (check,) = world.tasks(one, "verify")
    sign_in(client, world.users["rio"])
    page = client.get(f"/tasks/{check.id}").text
    assert all(text in page for text in (f"{here}/files/{file.id}", "Its day is still to come."))
    world.answer("rio", one, "verify", outcome="approve", reason="0 of 50", early="no goods until then")
    (signed,) = (signature for signature in signatures_of(one.subject) if signature.task_id == check.id)
    assert signed.manifest["subject"]["files"] == {file.id: sums_of([file.content_id])[file.content_id]}
    assert not any(faults_of([signed]).values())
    assert all(text in client.get(here).text for text in ("actions effective", "no goods until then"))
    sign_in(client, world.users["hedda"])
    assert client.post(f"{here}/paper").status_code == 302
    world.answer("hedda", one, "close_case", outcome="approve", reason="helped")
    newest, first = documents_of(one.subject)
    assert (newest.number, newest.version, newest.content["conclusion"]) == (first.number, 2, "helped")
    assert sorted(row["name"] for row in newest.content["signed"]) == ["Hedda", "Hedda", "Rio"]
    assert client.get(f"/documents/{newest.id}").status_code == 200
    client.set_cookie("language", "zh_Hans")
    for address, word in (
        ("/capa?state=closed", "措施有效"),
        (here, "预防措施"),
        (f"/complaints/{complaint.id}", one.number),
    ):
        assert word in client.get(address).text
    sign_in(client, world.users["sal"])
    assert client.get(here).status_code == 200
    assert client.post(f"{here}/actions", data=action).status_code == 403
