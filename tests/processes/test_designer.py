"""Drafts of diagrams: written, merged, reviewed, approved by another person, in force; scenarios as their gate."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.core import clock, ids, jobs
from app.core.db import session
from app.core.errors import Invalid, StaleVersion
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.decisions import queries as decision_queries
from app.decisions import service as decisions
from app.processes import definitions, service
from app.processes.designer import approving, drafts, governing, queries, replaying, scenarios, trying, uses
from app.processes.designer.approving import NotApprovedYet, NotSent, OvertakenDraft, OwnDraft, ScenariosBroken
from app.processes.designer.drafts import NoDraft, OtherProcess
from app.processes.designer.merging import merge
from app.processes.designer.remarks import with_remarks
from app.processes.designer.sandbox import CannotPlay, Play
from app.processes.engine import DiagramRefused, compile_definition
from app.processes.external import service as external
from app.processes.external.models import ExternalTask
from app.processes.models import ProcessEvent, ProcessInstance
from app.processes.service.deploying import FOLDER
from app.processes.service.starting import DefinitionSuspended
from app.tasks import notices
from app.tasks import service as tasks
from app.tasks.models import Task
from tests.decisions import factories
from tests.fulfilment.entry_world import DIAGRAMS
from tests.fulfilment.flow_world import make_flow
from tests.identity.factories import actor_for, make_user, sign_in
from tests.processes.diagrams import chain, end, flow, node, process, start, user

APPROVAL = (FOLDER / "approval.bpmn").read_bytes()


@pytest.fixture
def people(tx):
    """A designer, another, one who approves; the approval as shipped is in force."""
    factories.IN_FORCE.put()
    DIAGRAMS.put()
    roles = {"dora": ("designer",), "dan": ("designer",), "quin": ("qa_ra",), "op": ("operator",)}
    return {login: make_user(login=login, roles=role) for login, role in roles.items()}


@pytest.fixture
def act(people):
    return {login: actor_for(user) for login, user in people.items()}


def changed(xml: bytes, *pairs: tuple[str, str]) -> bytes:
    for old, new in pairs:
        assert old.encode() in xml, old
        xml = xml.replace(old.encode(), new.encode())
    return xml


def checked_twice(xml: bytes, step: str = "note_block") -> bytes:
    """The approval with one more service step before the release."""
    node = (
        f'<bpmn:serviceTask id="once_more" name="Once more" youxu:step="{step}"><bpmn:incoming>f_document</bpmn:incoming>'
        "<bpmn:outgoing>f_more</bpmn:outgoing></bpmn:serviceTask>"
        '<bpmn:sequenceFlow id="f_more" sourceRef="once_more" targetRef="release_order" />'
    )
    return changed(
        xml,
        (
            'sourceRef="make_document" targetRef="release_order" />',
            f'sourceRef="make_document" targetRef="once_more" />{node}',
        ),
        (
            "<bpmn:incoming>f_document</bpmn:incoming>\n      <bpmn:outgoing>f_afterwards",
            "<bpmn:incoming>f_more</bpmn:incoming>\n      <bpmn:outgoing>f_afterwards",
        ),
    )


def test_from_draft_to_version(act):
    draft = drafts.begin(act["dora"], "approval", "One more step")
    assert trying.try_draft(draft).passed
    assert trying.try_draft(draft).coverage.percent == 100
    with pytest.raises(approving.NothingChanged):
        approving.send(act["dora"], draft.id, 1, "")
    drafts.save(act["dora"], draft.id, 1, checked_twice(APPROVAL, step="unheard_of"))
    with pytest.raises(DiagramRefused) as refused:
        approving.send(act["dora"], draft.id, 2, "")
    assert "once_more" in refused.value.details["fields"]
    with pytest.raises(StaleVersion):
        drafts.save(act["dan"], draft.id, 1, APPROVAL)
    with pytest.raises(OtherProcess):
        drafts.save(act["dora"], draft.id, 2, process("<startEvent id='s'/>", key="other"))
    drafts.save(act["dora"], draft.id, 2, checked_twice(APPROVAL))
    approving.send(act["dora"], draft.id, 3, "twice is better")
    (asked,) = notices.notices_of(act["quin"].id).items
    assert (asked.notice.kind, asked.about, asked.notice.read_at) == ("review", "One more step", None)
    assert [queries.waiting_for(act[name].id) for name in ("quin", "dora")] == [1, 0]
    with pytest.raises(NoDraft):
        drafts.save(act["dan"], draft.id, 3, APPROVAL)
    with pytest.raises(OwnDraft):
        approving.approve(act["dora"], draft.id, 3, "mine is good")
    approving.reject(act["quin"], draft.id, 3, "scenarios first")
    assert (notices.unread(act["quin"].id), queries.waiting_for(act["quin"].id)) == (0, 0)
    with pytest.raises(NotSent):
        approving.approve(act["quin"], draft.id, 3, "well")
    approving.send(act["dora"], draft.id, 3, "as asked")
    with pytest.raises(ScenariosBroken):
        approving.approve(act["quin"], draft.id, 3, "well")
    with pytest.raises(NotApprovedYet):
        approving.put_live(act["quin"], draft.id, 3)
    approving.approve(act["quin"], draft.id, 3, "well", override="they follow tomorrow")
    made = approving.put_live(act["dora"], draft.id, 3)
    assert definitions.in_force("approval").id == made.id
    assert made.version == 2
    origin = queries.draft_of(made.id)
    assert origin is not None
    assert (origin.status, origin.override, origin.decided_by) == ("live", "they follow tomorrow", act["quin"].name)
    assert queries.revision_of(draft.id, 3) is None  # nobody will merge into it any more


def test_two_people_at_one_diagram(act):
    draft = drafts.begin(act["dora"], "approval", "both")
    theirs = changed(checked_twice(APPROVAL), ('name="Approve"', 'name="Agree"'))
    drafts.save(act["dora"], draft.id, 1, theirs)
    mine = changed(APPROVAL, ('name="Reserve stock"', 'name="Reserve"'), ('x="300" y="610"', 'x="300" y="618"'))
    found = merge(APPROVAL, mine, theirs)
    assert found.conflicts == []
    assert set(found.taken) == {"approve", "f_document", "once_more", "f_more"}
    both = compile_definition(found.xml)
    assert both.elements["reserve_stock"].name["en"] == "Reserve"
    assert both.elements["approve"].name["en"] == "Agree"
    assert [out.target for out in both.elements["make_document"].outs] == ["once_more"]
    assert b'y="618"' in found.xml
    assert "f_more" in both.elements["release_order"].comes_by
    conflict = merge(APPROVAL, changed(mine, ('name="Approve"', 'name="Permit"')), theirs)
    assert conflict.conflicts == ["approve"]
    assert b'name="Permit"' in conflict.xml
    removed = merge(theirs, theirs, APPROVAL)
    assert compile_definition(removed.xml).elements.keys() == compile_definition(APPROVAL).elements.keys()
    own = drafts.branch(act["dan"], draft.id, mine, "mine alone")
    assert (own.branched_from, own.base_id) == (draft.id, draft.base_id)
    assert [one.id for one in queries.open_drafts("approval", but=own.id)] == [draft.id]
    drafts.visit(act["dan"], draft.id, changing=True)
    assert [(one.name, one.changing) for one in queries.others_at(draft.id, act["dora"].id)] == [
        (act["dan"].name, True)
    ]
    assert queries.others_at(draft.id, act["dan"].id) == []


def test_what_came_into_force_meanwhile_is_brought_in_first(act):
    draft = drafts.begin(act["dora"], "approval", "late")
    drafts.save(act["dora"], draft.id, 1, changed(APPROVAL, ('name="Approve"', 'name="Agree"')))
    service.deploy(act["dan"], checked_twice(APPROVAL), forms=draft.forms)
    with pytest.raises(OvertakenDraft):
        approving.send(act["dora"], draft.id, 2, "")
    assert approving.bring_up(act["dora"], draft.id, 2) == []
    assert approving.is_behind(draft) == 0
    assert {"once_more", "f_more"} <= {*trying.compiled(draft).elements, "f_more"}
    with pytest.raises(Invalid) as unsaid:
        approving.send(act["dora"], draft.id, 3, " ")
    assert "note" in unsaid.value.details["fields"]
    assert approving.send(act["dora"], draft.id, 3, "as asked").status == "review"


def script(given: Any = None, *acts: dict[str, Any]) -> scenarios.Script:
    return scenarios.read_script({"given": given or {}, "do": list(acts)})


WAITING = process(
    """<startEvent id="s"/><sequenceFlow id="f1" sourceRef="s" targetRef="ask"/>
    <userTask id="ask"/><boundaryEvent id="late" attachedToRef="ask" cancelActivity="true"><timerEventDefinition>
    <timeDuration>PT2H</timeDuration></timerEventDefinition></boundaryEvent>
    <sequenceFlow id="f2" sourceRef="ask" targetRef="work"/><sequenceFlow id="f3" sourceRef="late" targetRef="hear"/>
    <serviceTask id="work" camunda:type="external" camunda:topic="t"><extensionElements>
    <camunda:errorEventDefinition errorRef="bad" expression="${execution.getVariable('bad') == true}"/>
    </extensionElements></serviceTask>
    <boundaryEvent id="broken" attachedToRef="work"><errorEventDefinition/></boundaryEvent>
    <sequenceFlow id="f4" sourceRef="work" targetRef="call"/><sequenceFlow id="f5" sourceRef="broken" targetRef="hear"/>
    <receiveTask id="hear" messageRef="m"/><sequenceFlow id="f6" sourceRef="hear" targetRef="end"/>
    <callActivity id="call" calledElement="other" camunda:asyncBefore="true"><extensionElements>
    <camunda:out variables="all"/></extensionElements></callActivity>
    <sequenceFlow id="f7" sourceRef="call" targetRef="end"/><endEvent id="end"/>""",
    before='<message id="m" name="paid"/>',
)


@pytest.mark.parametrize(
    ("given", "acts", "path"),
    [
        ({}, [{"wait": "PT1H"}], "s ask"),
        ({}, [{"wait": "P1D"}], "s ask late hear"),
        ({}, [{"wait": "P1D"}, {"message": "paid", "with": {"sum": 5}}], "s ask late hear end"),
        ({}, [{"answer": "ask"}, {"fail": "work", "code": "X"}], "s ask work broken hear"),
        ({}, [{"answer": "ask"}, {"work": "work", "with": {"bad": True}}], "s ask work broken hear"),
        ({"calls": {"call": {"done": 1}}}, [{"answer": "ask"}, {"work": "work"}], "s ask work call end"),
        ({}, [{"answer": "ask"}, {"work": "work"}, {"work": "call", "with": {"done": 1}}], "s ask work call end"),
    ],
)
def test_a_script_moves_the_world(tx, given, acts, path):
    played = Play(compile_definition(WAITING), script(given, *acts), {}).run()
    assert played.path == path.split()
    assert played.faults == []


@pytest.mark.parametrize(
    "acts", [[{"answer": "work"}], [{"message": "unheard"}], [{"wait": "tomorrow"}], [{"fail": "ask", "code": "X"}]]
)
def test_what_cannot_be_done_is_said(tx, acts):
    with pytest.raises(CannotPlay):
        Play(compile_definition(WAITING), script({}, *acts), {}).run()


@pytest.mark.parametrize(
    "text",
    [
        "a: b",
        "- {do: []}",
        "- {scenario: x, do: [{jump: y}]}",
        "- {scenario: x, given: {facts: 5}}",
        "- {scenario: x, expect: {path: y}}",
        "- &a {scenario: *a}",
        "- {scenario: {fr: x}}",
        "[" * 40,
    ],
)
def test_texts_that_are_no_scenarios(text):
    with pytest.raises(scenarios.ScenariosInvalid):
        scenarios.read_scenarios(text)


@pytest.mark.any_database
def test_the_pages(people, client, act):
    def send(path: str, status: int = 302, /, **form: Any) -> Any:
        answer = client.post(path, data=form, content_type="multipart/form-data")
        assert answer.status_code == status, answer.text[-2000:]
        return answer

    client.set_cookie("language", "en")
    sign_in(client, people["dora"])
    begun = send("/processes/drafts", **{"from": "version", "key": "approval", "title": "With more"})
    here = begun.location.removesuffix("/diagram")
    file = (io.BytesIO(checked_twice(APPROVAL, step="unheard_of")), "x.bpmn")
    found = send(f"{here}/diagram", 200, file=file, revision="1").json
    assert [(one["element"], one["warning"]) for one in found["findings"]] == [("once_more", False)]
    assert b"There is no step" in client.get(here).data
    file = (io.BytesIO(checked_twice(APPROVAL)), "x.bpmn")
    assert send(f"{here}/check", 200, file=file).json == {"findings": []}
    file = (io.BytesIO(checked_twice(APPROVAL)), "x.bpmn")
    send(f"{here}/diagram", 200, file=file, revision="2")
    file = (io.BytesIO(APPROVAL), "x.bpmn")
    merged = send(f"{here}/merge", 200, file=file, revision="1").json
    assert merged["conflicts"] == []
    assert "once_more" in merged["xml"]
    page = client.get(f"{here}/scenarios").text
    assert "do not come out as expected" not in page
    assert page.count("Expect what came of it") >= 2
    tried = trying.try_draft(queries.get_draft(here.rpartition("/")[2])).results
    first, *others = [place for place, one in enumerate(tried) if not one.passed]  # those that end in a release
    draft = queries.get_draft(here.rpartition("/")[2])
    assert f"Expect what came of all {1 + len(others)} that differ" in page
    done = send(f"{here}/scenarios/accept", scenario=str(first), revision=str(draft.revision))
    assert done.location.endswith(f"/scenarios#scenario-{first + 1}")
    assert [place for place, one in enumerate(trying.try_draft(draft).results) if not one.passed] == others
    send(f"{here}/scenarios/accept", 422, scenario=["0", "99"], revision=str(draft.revision))
    send(f"{here}/scenarios/accept", scenario=list(map(str, others)), revision=str(draft.revision))
    assert trying.try_draft(draft).passed
    assert draft.scenarios.startswith("# What the approval must do")
    compared = client.get(f"{here}/compare.json").json
    assert compared["old"]["version"] == 1
    assert "once_more" in compared["new"]["names"]
    played = send(
        f"{here}/play", 200, script='{"given": {"decisions": {"compliance": "clear", "stock": "short"}}}'
    ).json
    assert played["active"] == ["approve"]
    assert played["open"][0]["form"]["components"]
    for told, reason in (
        ('{"compliance": "perhaps"}', "“perhaps” is no route of its rules. There are: clear, blocked."),
        ('{"nowhere": "clear"}', "No rules are asked at “nowhere”."),
    ):
        refused = send(f"{here}/play", 200, script=f'{{"given": {{"decisions": {told}}}}}')
        assert reason in refused.json["fault"]
    script = '{"given": {"decisions": {"compliance": "clear"}}}'
    shown = {"name": "Waits", "script": script, "revision": str(draft.revision)}
    other = send(f"{here}/play/keep", 422, path='["submitted"]', **shown)
    assert "another way than the page shows" in other.text
    send(f"{here}/play/keep", 422, **shown)
    path = send(f"{here}/play", 200, script=script).json["path"]
    send(f"{here}/play/keep", 200, path=json.dumps(path), **shown)
    assert "scenario: Waits" in draft.scenarios
    send(f"{here}/send", revision=str(draft.revision), note="see the scenarios")
    assert send(f"{here}/approve", 403, revision=str(draft.revision), reason="mine").status_code == 403
    sign_in(client, people["quin"])
    send(f"{here}/approve", 422, revision=str(draft.revision), reason=" ")
    send(f"{here}/approve", revision=str(draft.revision), reason="agreed")
    send(f"{here}/live", revision=str(draft.revision))
    assert "agreed" in client.get("/processes/approval").text
    assert governing.scenarios_of("approval") == draft.scenarios
    sign_in(client, people["op"])
    send("/processes/definitions/approval/active", version="2", active="0", reason="stop for the audit")
    assert "Deactivated" in client.get("/processes/approval").text
    with pytest.raises(DefinitionSuspended):
        service.start_definition(act["op"], definitions.in_force("approval").id)
    send("/processes/definitions/approval/active", version="2", active="1", reason="done")
    assert "Deactivated" not in client.get("/processes/approval").text


@pytest.mark.any_database
def test_forms_of_a_draft(people, client, act):
    draft = drafts.begin(act["dora"], "approval", "forms")
    sign_in(client, people["dora"])
    here = f"/processes/drafts/{draft.id}/forms"
    assert client.post(here, data={"key": "approve", "revision": "1"}).status_code == 422
    assert client.post(here, data={"key": "no spaces", "revision": "1"}).status_code == 422
    assert client.post(here, data={"key": "second", "revision": "1"}).location == f"{here}/second"
    for text in (
        "[]",
        "nonsense",
        '{"components": 5}',
        '{"components": [5]}',
        '{"components": [{"type": "x", "values": [1]}]}',
        '{"components": [{"type": "x", "key": "a"}, {"type": "group", "components": [{"type": "x", "key": "a"}]}]}',
    ):
        assert client.post(f"{here}/second", data={"form": text, "revision": "2"}).status_code == 422, text
    form = '{"components": [{"type": "checkbox", "key": "seen", "label": "Seen"}]}'
    assert client.post(f"{here}/second", data={"form": form, "revision": "1"}).status_code == 409
    assert client.post(f"{here}/second", data={"form": form, "revision": "2"}).json == {"revision": 3}
    assert draft.forms["second"]["components"][0]["key"] == "seen"
    assert "second" in client.get(f"/processes/drafts/{draft.id}").text  # the approver sees it
    named = {(one.kind, one.name, one.element) for one in uses.uses()}
    assert {("form", "approve", "second_approval"), ("step", "note_block", "note_block")} <= named
    assert [one.element for one in uses.uses("ruleSet", "stock_gate")] == ["stock"]
    assert client.get("/processes/drafts/uses?kind=form&name=approve").text.count("<code>") == 0


def test_the_past_on_a_draft(tx):
    """An order that was approved is played on drafts: the same way, past a new step, and with other rules."""
    flow = make_flow()
    order = flow.submit()
    flow.decide("desk2", order, "rework", "price")
    actor = flow.actor("boss")
    draft = drafts.begin(actor, "approval", "past")
    for again in (False, True):
        past = replaying.replay(draft, again=again)
        assert (past.played, past.other) == (1, 0), past.differences
    skipped = changed(
        APPROVAL, ('sourceRef="mark_rework" targetRef="rework"', 'sourceRef="mark_rework" targetRef="reject_order"')
    )
    drafts.save(actor, draft.id, 1, skipped)
    (parted,) = replaying.replay(draft).differences
    assert (parted.after, parted.then, parted.now, parted.count) == ("mark_rework", "rework", "reject_order", 1)
    assert parted.examples[0][1] == order.number
    matrix = decision_queries.active_version("approval_matrix")
    text = matrix.body.replace("route: one", "route: two")
    assert text != matrix.body
    rules = decisions.submit(actor, text, cases="[]")
    drafts.save(actor, draft.id, 2, APPROVAL)
    same = replaying.replay(draft, plans={"approval_matrix": decision_queries.plan_of(rules)})
    assert same.other == 0  # it was returned before the matrix mattered
    order = flow.submit()
    flow.decide("desk2", order, "approve")
    (parted,) = replaying.replay(draft, plans={"approval_matrix": decision_queries.plan_of(rules)}).differences
    assert (parted.after, parted.now) == ("approve_answer", "second_approval")


def test_timers_of_the_past_fire_when_they_did(tx):
    """One that nobody fired in time parts no order; another time for it, or another process, does."""
    flow = make_flow()
    waited = {}
    for hours in (30, 60):  # the worker is down for the whole time
        order = flow.submit(quantity=60)
        flow.decide("desk2", order, "approve")
        assert flow.at(order) == ["resolve_shortage"]
        waited[hours] = order
    for hours, order in waited.items():
        with clock.moved(clock.now() + timedelta(hours=hours)):
            flow.decide("desk2", order, "rework", "too few")
    late = flow.submit(quantity=60)
    flow.decide("desk2", late, "approve")
    with clock.moved(clock.now() + timedelta(days=4)):
        while jobs.run_due():
            pass
        draft = drafts.begin(flow.actor("boss"), "approval", "timers")
        for again in (False, True):
            past = replaying.replay(draft, again=again)
            assert (past.played, past.same, past.unplayed) == (3, 3, [])
        drafts.save(flow.actor("boss"), draft.id, 1, changed(APPROVAL, (">P2D<", ">P1D<")))
        (parted,) = replaying.replay(draft).differences
        assert (parted.after, parted.then, parted.now, parted.count) == (
            "resolve_shortage", "shortage_answer", "shortage_late", 2
        )  # fmt: skip
        assert {number for _id, number in parted.examples} == {order.number for order in waited.values()}
        each_second = ("<bpmn:timeDuration>P2D</bpmn:timeDuration>", "<bpmn:timeCycle>R/PT1S</bpmn:timeCycle>")
        drafts.save(flow.actor("boss"), draft.id, 2, changed(APPROVAL, each_second))
        assert sum(one.count for one in replaying.replay(draft).differences) == 3  # soon seen, however often it fires
        drafts.save(flow.actor("boss"), draft.id, 3, changed(APPROVAL, (">P2D<", ">P9D<")))
        (parted,) = replaying.replay(draft).differences
        assert (parted.after, parted.then, parted.now) == ("resolve_shortage", "shortage_late", "")
        assert [number for _id, number in parted.examples] == [late.number]


def test_the_past_of_programs_and_of_what_it_was_given(people, act):
    """What a start was given and a worker brought decides again; what is not on record is said, not counted."""
    xml = process(
        start(),
        node("exclusiveGateway", "large", default="large-weigh"),
        node("serviceTask", "weigh", camunda__type="external", camunda__topic="weigh"),
        node("exclusiveGateway", "heavy", default="heavy-e"),
        user("lift"),
        end(),
        chain("s", "large"),
        flow("large", "weigh"),
        flow("large", "lift", "${boxes > 9}"),
        chain("weigh", "heavy"),
        flow("heavy", "lift", "${kilos > 20}"),
        flow("heavy", "e"),
        chain("lift", "e"),
        key="parcel",
    )
    service.deploy(SYSTEM, xml)
    for boxes, kilos in ((1, 30), (2, 8), (10, 0)):
        one = service.start(act["op"], "parcel", Subject("parcel", ids.new_id()), variables={"boxes": boxes})
        if kilos:
            wanted = select(ExternalTask.id).where(ExternalTask.instance_id == one.id)
            work = session().scalars(wanted).one()
            external.lock(SYSTEM, work, "w", 60_000)
            external.complete(SYSTEM, work, "w", {"kilos": kilos})
    draft = drafts.begin(act["dora"], "parcel", "past")
    past = replaying.replay(draft)
    assert (past.played, past.other, past.unplayed) == (3, 0, [])
    drafts.save(act["dora"], draft.id, 1, changed(xml, ("kilos > 20", "kilos > 50"), ("boxes > 9", "boxes > 1")))
    past = replaying.replay(draft)
    assert [(one.after, one.then, one.now, one.count) for one in past.differences] == [
        ("heavy", "lift", "e", 1),
        ("large", "weigh", "lift", 1),
    ]
    service.deploy(SYSTEM, changed(xml, ("kilos > 20", "kilos > 50")))  # what parts them then is not the draft
    untouched, back = (drafts.begin(act["dora"], "parcel", title) for title in ("as it is", "as it was"))
    past = replaying.replay(untouched)
    assert (past.played, past.other, past.unplayed) == (3, 0, [])
    drafts.save(act["dora"], back.id, 1, xml)
    (parted,) = replaying.replay(back).differences
    assert (parted.after, parted.then, parted.now, parted.count) == ("heavy", "e", "lift", 1)
    first = select(ProcessEvent).where(ProcessEvent.kind == "started", ProcessEvent.instance_id == one.id)
    assert session().scalars(first).one().details == {"variables": {"boxes": 10}}
    much = {"boxes": 1, "note": "x" * 30_000}
    service.start(act["op"], "parcel", Subject("parcel", ids.new_id()), variables=much)
    (gap,) = replaying.replay(draft).unplayed
    assert (gap.count, gap.reason) == (1, "What it was given at its start is not on record.")


OUT = '<extensionElements><camunda:out source="found" target="grade"/></extensionElements>'
INNER = process(
    start("is"),
    user("look"),
    node("exclusiveGateway", "bad", default="bad-ie"),
    end("ie"),
    end("broken", '<errorEventDefinition id="bd" errorRef="x1"/>'),
    chain("is", "look", "bad"),
    flow("bad", "ie"),
    flow("bad", "broken", "${0 > found}"),
    key="inner",
    before='<error id="x1" errorCode="X1"/>',
)


def outer(inner: str = "inner", out: str = OUT, limit: int = 5) -> bytes:
    """What is called says a grade, or ends with an error."""
    caught = node("boundaryEvent", "failed", '<errorEventDefinition id="fd" errorRef="x1"/>', attachedToRef="call")
    parts = (start(), node("callActivity", "call", out, calledElement=inner), caught)
    gate = node("exclusiveGateway", "good", default="good-e")
    paths = (chain("s", "call", "good"), flow("good", "praise", f"${{grade > {limit}}}"), flow("good", "e"))
    rest = (
        user("praise"),
        user("mend"),
        end(),
        end("e2"),
        end("e3"),
        chain("praise", "e2"),
        chain("failed", "mend", "e3"),
    )
    given = {"key": "outer", "before": '<error id="x1" errorCode="X1"/>'}
    return process(*parts, gate, *rest, *paths, **given)


def test_the_past_of_called_processes(people, act):
    """What a called process had at its end comes back to the draft, which takes of it what it wants."""
    service.deploy(SYSTEM, INNER)
    service.deploy(SYSTEM, outer())
    for found in (9, 3, -1):
        service.start(act["op"], "outer", Subject("parcel", ids.new_id()))
        (task,) = [
            one for one in session().scalars(select(Task).where(Task.status == "open")) if one.element_id == "look"
        ]
        tasks.complete(SYSTEM, task.id, {}, variables={"found": found})
    outers = session().scalars(select(ProcessInstance.status).where(ProcessInstance.key == "outer"))
    assert sorted(outers) == ["completed", "running", "running"]
    draft = drafts.begin(act["dora"], "outer", "past")
    past = replaying.replay(draft)
    assert (past.played, past.other, past.unplayed) == (3, 0, [])
    drafts.save(act["dora"], draft.id, 1, outer(limit=2))
    assert [(one.after, one.then, one.now, one.count) for one in replaying.replay(draft).differences] == [
        ("good", "e", "praise", 1)
    ]
    other = OUT.replace('source="found"', 'sourceExpression="${found - 8}"')
    drafts.save(act["dora"], draft.id, 2, outer(out=other))
    past = replaying.replay(draft)
    assert [(one.after, one.then, one.now) for one in past.differences] == [("good", "praise", "e")]
    drafts.save(act["dora"], draft.id, 3, outer(inner="elsewhere"))
    (gap,) = replaying.replay(draft).unplayed
    assert (gap.count, gap.reason) == (3, "“call” calls another process now: what it would bring back is not known.")
    drafts.save(act["dora"], draft.id, 4, outer())
    inner = ProcessInstance.__table__
    session().execute(inner.update().where(inner.c.key == "inner").values(super_token=None))  # long ago, not kept
    (gap,) = replaying.replay(draft).unplayed
    assert (gap.count, gap.reason) == (3, "What a called process brought back is not on record.")


def test_comments_outlive_a_modeler_that_does_not_know_them(act):
    """Each stands again where it stood; that of an element which was deleted is gone, and nothing else changes."""
    bare = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<d:definitions xmlns:d="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d">\n'
        '  <d:process id="p" isExecutable="true">\n    <d:startEvent id="s">\n      <d:outgoing>f</d:outgoing>\n'
        '    </d:startEvent>\n    <d:userTask id="u" /><d:task id="t" />\n  </d:process>\n</d:definitions>\n'
    )
    told = changed(
        bare.encode(),
        ("<d:definitions", "<!-- 许可 -->\n<d:definitions"),
        ("    <d:userTask", "    <!-- asks - twice -->\n    <!-- second -->\n    <d:userTask"),
        ("  </d:process>", "    <!-- last -->\n  </d:process>"),
        ('<d:task id="t" />', '<!-- of t --><d:task id="t" />'),
        ("</d:definitions>\n", "</d:definitions>\n<!-- end -->\n"),
    ).decode()
    assert with_remarks(told, bare) == told
    assert with_remarks(told, told) == told
    assert with_remarks(bare, bare) is bare
    inside = bare.replace("<d:outgoing>", "<!-- way --><d:outgoing>")
    assert with_remarks(inside, bare).count("<!-- way -->") == 1
    gone = bare.replace('<d:userTask id="u" />', "")
    assert "twice" not in with_remarks(told, gone)
    assert "<!-- last -->" in with_remarks(told, gone)
    draft = drafts.begin(act["dora"], "approval", "remarks")
    noted = changed(APPROVAL, ("<bpmn:userTask", "<!-- who approves -->\n    <bpmn:userTask"))
    drafts.save(act["dora"], draft.id, 1, noted)
    saved = drafts.save(act["dora"], draft.id, 2, checked_twice(APPROVAL))
    assert saved.xml.count("<!-- who approves -->") == noted.count(b"<!-- who approves -->")
    assert "once_more" in saved.xml
