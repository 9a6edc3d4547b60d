"""A designer in a browser: a step added to the approval, with a rule, reviewed, approved by another, live, instances
moved to it; what the modeler does not know survives; two people at one draft; both languages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from lxml import etree
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.core import db
from app.core.subject import Subject
from app.identity import queries as people
from app.orders.models import Order
from app.processes import queries as processes
from app.processes.definitions import deployed
from app.processes.designer import drafts, queries
from app.processes.service.deploying import FOLDER
from tests.e2e.test_journey import costly, enter_order, solid
from tests.e2e.test_pages import TEXTS, untranslated

APPROVAL = (FOLDER / "approval.bpmn").read_bytes()
OPEN_GROUPS = """() => { for (const head of document.querySelectorAll('.bio-properties-panel-group-header:not(.open)'))
  head.querySelector('.bio-properties-panel-arrow, button')?.click(); }"""
LATIN = re.compile(r"\b[A-Za-z]{3,}\b")
CODES = re.compile(
    r"\b[a-z]+(_[a-z]+)*\b|BPMN|UDI|JavaScript|Powered by bpmn.io|JSON|Ctrl|Shift|Del|ISO|PT4H|P2D|EL|\$\{\w*\}|Youxu|English|Webhook|approval"
)
"""What a Chinese page shows as it is: ids, keys on the keyboard, notations."""

ODD = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
  xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI"
  xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:youxu="urn:youxu:bpmn:1" xmlns:x="urn:other:tool"
  xmlns:bioc="http://bpmn.io/schema/bpmn/biocolor/1.0" xmlns:color="http://www.omg.org/spec/BPMN/non-normative/color/1.0"
  id="d" targetNamespace="t" exporter="Another" exporterVersion="9" x:kept="yes">
  <bpmn:process id="odd" name="Odd" youxu:nameZh="奇" isExecutable="true" x:owner="logistics">
    <bpmn:extensionElements><x:plan cost="5"><x:note>keep &amp; hold</x:note></x:plan></bpmn:extensionElements>
    <bpmn:startEvent id="s" name="Go" youxu:nameZh="走"><bpmn:outgoing>f</bpmn:outgoing></bpmn:startEvent>
    <bpmn:userTask id="u" name="Look" camunda:candidateGroups="manager" x:colour="red">
      <bpmn:documentation>as before</bpmn:documentation>
      <bpmn:extensionElements><x:hint at="3" /><camunda:properties><camunda:property name="a" value="b" />
      </camunda:properties></bpmn:extensionElements>
      <bpmn:incoming>f</bpmn:incoming><bpmn:outgoing>g</bpmn:outgoing></bpmn:userTask>
    <bpmn:endEvent id="e"><bpmn:incoming>g</bpmn:incoming></bpmn:endEvent>
    <bpmn:sequenceFlow id="f" sourceRef="s" targetRef="u" /><bpmn:sequenceFlow id="g" sourceRef="u" targetRef="e" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="dd" name="Sheet"><bpmndi:BPMNPlane id="p" bpmnElement="odd">
    <bpmndi:BPMNShape id="s_di" bpmnElement="s"><dc:Bounds x="101.5" y="99" width="36" height="36" /></bpmndi:BPMNShape>
    <bpmndi:BPMNShape id="u_di" bpmnElement="u" bioc:stroke="#831311" bioc:fill="#ffcdd2" color:background-color="#ffcdd2"
      color:border-color="#831311"><dc:Bounds x="203" y="77" width="131" height="83" /></bpmndi:BPMNShape>
    <bpmndi:BPMNShape id="e_di" bpmnElement="e"><dc:Bounds x="440" y="99" width="36" height="36" /></bpmndi:BPMNShape>
    <bpmndi:BPMNEdge id="f_di" bpmnElement="f"><di:waypoint x="137" y="117" /><di:waypoint x="170" y="121" />
      <di:waypoint x="203" y="117" /></bpmndi:BPMNEdge>
    <bpmndi:BPMNEdge id="g_di" bpmnElement="g"><di:waypoint x="334" y="117" /><di:waypoint x="440" y="117" /></bpmndi:BPMNEdge>
  </bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</bpmn:definitions>
"""


def said(xml: str) -> set[tuple[Any, ...]]:
    """Every element with its attributes and text, whatever the order and the prefixes."""
    found = set()
    for node in etree.fromstring(xml.encode()).iter():
        above = node.getparent()
        near = None if above is None else (above.tag, above.get("id"))
        found.add((node.tag, near, tuple(sorted(node.attrib.items())), (node.text or "").strip()))
    return found


def begun(title: str, xml: bytes | None = None, login: str = "designer") -> str:
    with db.transaction():
        actor = people.actor_of(people.find_by_login(login))
        made = drafts.begin(actor, "approval", title) if xml is None else drafts.begin_with(actor, xml, title)
        return made.id


def stored(draft_id: str) -> str:
    with db.transaction(write=False):
        return queries.get_draft(draft_id).xml


def drawing(person: Any, draft_id: str) -> Page:
    page = person.go(f"/processes/drafts/{draft_id}/diagram")
    page.wait_for_selector(".modeler[data-checked=true]")
    return page


def choose(page: Page, element: str) -> None:
    """Select an element of the diagram, as a click does, wherever it is on the sheet."""
    page.evaluate(
        """(id) => { const view = document.querySelector('.modeler').drawing.view;
        view.get('selection').select(view.get('elementRegistry').get(id)); }""",
        element,
    )


def save(page: Page, word: str = "Saved") -> None:
    page.keyboard.press("Control+s")
    expect(page.locator(".modeler-state")).to_have_text(word)


def added_step(page: Page) -> str:
    """A task from the palette, dropped on the label of the flow to the confirmation; the id it got."""
    page.click(".djs-palette .entry[data-action='create.task']")
    box = page.locator(".djs-shape[data-element-id=f_complete_label] .djs-hit").first.bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(middle[0] - 30, middle[1] - 60, steps=4)
    page.mouse.move(*middle, steps=6)
    page.mouse.click(*middle)
    page.keyboard.press("Escape")
    name, above, below = page.evaluate(
        """() => { const made = document.querySelector('.modeler').drawing.view.get('elementRegistry')
        .find((one) => one.type === 'bpmn:Task');
        return [made.id, made.incoming.map((one) => one.source.id), made.outgoing.map((one) => one.target.id)]; }"""
    )
    assert (above, below) == (["stock"], ["make_document"])
    return str(name)


def test_a_step_with_a_rule_goes_live_and_instances_move_to_it(site, sign_in):
    number = enter_order(sign_in("sales"), product=costly(site), customer=solid(site), reference="E2E-draw", quantity=3)
    designer = sign_in("designer")
    page = designer.go("/processes/approval")
    page.get_by_role("button", name="Change this diagram").click()
    page.wait_for_selector(".modeler[data-checked=true]")
    here = page.url.removesuffix("/diagram").removeprefix(site.url)
    name = added_step(page)
    choose(page, name)
    page.click(".djs-context-pad .entry[data-action=replace]")
    page.wait_for_selector(".djs-popup .entry[data-id=replace-with-expanded-subprocess]")
    assert page.locator(".djs-popup .entry[data-id*=ad-hoc]").count() == 0, "the lint refuses it"
    page.click(".djs-popup .entry[data-id=replace-with-rule-task]")
    expect(page.locator(".modeler-findings")).to_contain_text("A business rule task must name its rule set")
    expect(page.locator(".modeler-mark.tone-danger")).to_have_count(1)
    page.locator(".modeler-findings button").first.click()
    page.select_option("#bio-properties-panel-youxu-ruleSet", "stock_gate")
    expect(page.locator(".modeler-findings li")).to_have_count(0)
    designer.look_at_both_sizes()
    save(page)
    page.get_by_role("link", name="Review").click()
    expect(page.locator(".compare-list .tone-success").first).to_contain_text("Added")
    assert page.locator(".compare-canvas .is-added").count() >= 2
    page.get_by_role("link", name="Scenarios").click()
    page.get_by_role("button", name="Expect what came of it").last.click()
    page.wait_for_url("**/scenarios#scenario-*")
    assert page.evaluate("scrollY") > 300, "the page stays where one was"
    page.locator("summary", has_text="Expect what came of all").click()
    designer.look()
    page.get_by_role("button", name="Expect all of these").click()
    expect(page.get_by_role("button", name="Expect what came of it")).to_have_count(0)
    designer.look_at_both_sizes()
    page.get_by_role("link", name="Review").click()
    page.fill("[name=note]", "Look at the stock once more")
    page.get_by_role("button", name="Send for review").click()
    page.wait_for_selector("text=It waits for somebody who may approve diagrams")

    other = sign_in("qa", "zh_Hans", "phone")
    page = other.go(here)
    other.look_at_both_sizes()
    page.fill("#approve-reason", "同意")
    page.locator("form[action$='/approve'] button").click()
    page.locator("form[action$='/live'] button").click()
    page.locator("dialog.ask button[value=yes]").click()
    page.wait_for_selector("text=已成为版本 2")
    other.look()

    operator = sign_in("operator")
    page = operator.go(here)
    page.get_by_role("link", name="Move running instances to it").click()
    operator.look()
    page.fill("[name=reason]", "one step more")
    page.locator("#go button").click()
    page.wait_for_selector("text=Finished")
    with db.transaction(write=False):
        order = db.session().scalars(select(Order).where(Order.number == number)).one()
        instance = processes.instance_of(Subject("order", order.id), "approval")
        assert instance is not None
        assert deployed(instance.definition_id).version == 2
        assert name in deployed(instance.definition_id).definition.elements


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_what_the_modeler_does_not_know_survives(sign_in, language):
    xml = ODD.replace('id="odd"', f'id="odd_{language}"').replace('bpmnElement="odd"', f'bpmnElement="odd_{language}"')
    draft = begun("odd", xml.encode())
    page = drawing(sign_in("designer", language), draft)
    page.evaluate(
        """() => { const view = document.querySelector('.modeler').drawing.view;
        view.get('modeling').updateProperties(view.get('elementRegistry').get('u'), {'camunda:priority': '5'}); }"""
    )
    save(page, "Saved" if language == "en" else "已保存")
    assert said(stored(draft)) == said(xml.replace('x:colour="red"', 'x:colour="red" camunda:priority="5"'))


def test_chinese_pages_of_drafts_speak_chinese(sign_in):
    person = sign_in("designer", "zh_Hans")
    draft = begun("加一步")
    page = drawing(person, draft)
    english = untranslated()
    for element in ("approve", "matrix", "f_clear", "reserve_stock", "submitted", "approval"):
        choose(page, element)
        page.wait_for_timeout(50)
        page.evaluate(OPEN_GROUPS)
        page.wait_for_timeout(50)
        for _look in range(40):  # while others compute, the panel is not drawn to its end at once
            texts = page.evaluate(TEXTS)
            wrong = {one for one in texts if one in english or LATIN.search(CODES.sub("", one))}
            if not wrong:
                break
            page.wait_for_timeout(75)
        assert wrong == set(), element
    page.click(".modeler-tools button[aria-pressed]")
    texts = page.evaluate(TEXTS)
    assert {one for one in texts if LATIN.search(CODES.sub("", one))} == set()
    for path in ("", "/scenarios", "/play"):
        page = person.go(f"/processes/drafts/{draft}{path}")
        assert {one for one in page.evaluate(TEXTS) if one in english} == set()
    person.go("/processes/drafts")
    person.look_at_both_sizes()


def test_two_at_one_draft_lose_nothing(sign_in):
    draft = begun("both")
    one = sign_in("designer")
    page = drawing(one, draft)
    rename = """([id, name]) => { const view = document.querySelector('.modeler').drawing.view;
        view.get('modeling').updateProperties(view.get('elementRegistry').get(id), {name}); }"""
    page.evaluate(rename, ["approve", "Mine"])
    other = sign_in("admin")
    beside = drawing(other, draft)
    expect(beside.locator(".modeler-people")).to_contain_text("Also open at: 流程设计师甲")
    beside.evaluate(rename, ["reserve_stock", "Theirs"])
    save(beside)
    page.keyboard.press("Control+s")
    expect(page.locator(".modeler-notice")).to_contain_text("This was changed meanwhile")
    page.get_by_role("button", name="Take their changes into mine").click()
    expect(page.locator(".modeler-notice")).to_contain_text("Taken from 系统管理员")
    one.look()
    save(page)
    kept = stored(draft)
    assert 'name="Mine"' in kept
    assert 'name="Theirs"' in kept
    beside.evaluate(rename, ["approve", "Again theirs"])
    beside.keyboard.press("Control+s")
    beside.get_by_role("button", name="Keep mine as a draft of its own").click()
    beside.wait_for_url(lambda url: draft not in url)
    with db.transaction(write=False):
        assert [one.branched_from for one in queries.open_drafts("approval") if one.title == "both (2)"] == [draft]


def test_a_draft_is_played_through_and_kept_as_a_scenario(sign_in):
    draft = begun("played")
    person = sign_in("designer")
    page = person.go(f"/processes/drafts/{draft}/play")
    page.locator("summary", has_text="What is given").click()
    page.fill("#given-decisions", '{"compliance": "clear"}')
    page.locator("#given-decisions").blur()
    expect(page.locator(".player-open strong").first).to_have_text("Approve")
    person.look_at_both_sizes()
    page.locator(".player-open .answers button", has_text="Approve").click()
    expect(page.locator(".player-script")).to_have_text("answered “Approve”: Approve")
    late: list[Any] = []
    page.route(
        "**/play", lambda route: route.continue_() if '"do":[]' in route.request.post_data else late.append(route)
    )
    page.fill("#given-decisions", '{"compliance": "clear", "matrix": "two"}')
    page.get_by_role("button", name="Begin again").click()  # straight from the field, whose question has no answer yet
    expect(page.locator(".player-script li")).to_have_count(0)
    expect(page.locator(".player-path")).to_have_text(re.compile("Approval matrix → Approve$"))
    assert [route.request.failure for route in late] == ["net::ERR_ABORTED"], "its answer would overtake the other's"
    page.unroute("**/play")
    page.locator(".player-open .answers button", has_text="Reject").click()
    expect(page.locator(".player-side")).to_contain_text("The process has come to its end.")
    page.locator(".player-side input[aria-label='Name in English']").fill("Rejected at once")
    page.locator(".player-side section:last-child button").click()
    page.wait_for_url(lambda url: url.endswith("/scenarios"))
    expect(page.locator(".scenario-list")).to_contain_text("Rejected at once")
    with db.transaction(write=False):
        assert "scenario: Rejected at once" in queries.get_draft(draft).scenarios


@pytest.mark.parametrize(
    ("language", "shown", "word"), [("en", "Your decision", "Saved"), ("zh_Hans", "您的决定", "已保存")]
)
def test_a_form_is_edited_in_the_readers_language(sign_in, language, shown, word):
    draft = begun("form")
    person = sign_in("designer", language)
    page = person.go(f"/processes/drafts/{draft}/forms/approve")
    page.locator(".fjs-editor-container .fjs-element", has_text=shown).last.click()
    page.locator(".bio-properties-panel-group-header").first.click()
    if language == "zh_Hans":
        texts = {one for one in page.evaluate(TEXTS) if LATIN.search(CODES.sub("", one))}
        assert texts == set()
    page.fill("#bio-properties-panel-label", "X!")
    expect(page.locator(".form-editor-seen")).to_contain_text("X!")
    person.look_at_both_sizes()
    page.keyboard.press("Control+s")
    expect(page.locator(".modeler-state")).to_have_text(word)
    with db.transaction(write=False):
        kept = queries.get_draft(draft).forms["approve"]["components"][1]
    texts = {"en": kept["label"], "zh": kept["properties"]["label_zh"]}
    expected = {"en": "Your decision", "zh": "您的决定"} | {language[:2]: "X!"}
    assert texts == expected
    assert [one["label_zh"] for one in kept["values"]] == ["同意", "退回修改", "驳回"]
