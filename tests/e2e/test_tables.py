"""The editor of decision tables in a browser: made, written, refused at the cell, saved, tried; both languages."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from app.core import db
from app.decisions import queries, service
from app.identity import queries as people
from tests.e2e.test_pages import TEXTS, untranslated

RICH = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" xmlns:other="urn:other" id="d" name="d" namespace="x"
  xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/" xmlns:dc="http://www.omg.org/spec/DMN/20180521/DC/">
  <decision id="freight" name="Freight"><extensionElements><other:owner name="logistics"/></extensionElements>
    <decisionTable id="t" hitPolicy="FIRST">
      <input id="i1" label="Ordertype" other:colour="red"><inputExpression id="e1" typeRef="string"><text>order.order_type</text>
        </inputExpression><inputValues id="v1"><text>"normal","sample"</text></inputValues></input>
      <input label="Weight"><inputExpression typeRef="number"><text>weight</text></inputExpression></input>
      <input label="Paid"><inputExpression typeRef="boolean"><text>paid</text></inputExpression></input>
      <input label="Day"><inputExpression typeRef="date"><text>day</text></inputExpression></input>
      <output id="o1" label="Fee" name="fee" typeRef="integer"/>
      <rule id="r1"><description>light</description><inputEntry><text>"sample"</text></inputEntry>
        <inputEntry><text>&lt; 5</text></inputEntry><inputEntry><text>-</text></inputEntry><inputEntry/>
        <outputEntry><text>12</text></outputEntry></rule>
    </decisionTable>
  </decision>
  <dmndi:DMNDI><dmndi:DMNDiagram id="dd"><dmndi:DMNShape id="s" dmnElementRef="freight">
    <dc:Bounds x="7" y="8" width="180" height="80"/></dmndi:DMNShape></dmndi:DMNDiagram></dmndi:DMNDI>
</definitions>
"""
CASES = """- {case: light, facts: {input: {c1: sample, c2: 1}}, expect: {result: {fee: 15}}}
- {case: the rest, facts: {input: {c1: normal, c2: 9}}, expect: {result: {fee: 3}}}
"""
INSIDE = TEXTS.replace("document.body", "box").replace("document.querySelectorAll", "box.querySelectorAll")
INSIDE = INSIDE.replace("() => {", "(box) => {", 1).replace(".swagger-ui", ".fact-choice")
"""Texts of one element, titles and labels too; the choice of facts is ours and names codes."""
DATA = r"order_type|order|Ordertype|Weight|Paid|Day|Fee|light|fee|weight|paid|day|normal|sample|true|false|date|DMN"
LATIN = re.compile(rf"(?!\b({DATA})\b)\b[A-Za-z]{{3,}}")


def write(page: Page, row: int, column: int, text: str) -> None:
    """Type into a cell, rules and columns from 1."""
    cell = page.locator(".table-box tbody tr").nth(row - 1).locator("td.input-cell, td.output-cell").nth(column - 1)
    cell.locator("[contenteditable]").click()
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def state(page: Page, words: str) -> None:
    """What stands beside the button."""
    expect(page.locator(".table-state")).to_have_text(words)


def given(text: str, login: str = "designer"):
    """A draft that somebody uploaded."""
    with db.transaction():
        return service.submit(people.actor_of(people.find_by_login(login)), text, "t.dmn", cases="[]").number


def stored(rule_set: str) -> str:
    with db.transaction(write=False):
        return queries.numbered_version(rule_set, 1).body


def test_a_table_is_written_refused_at_its_cell_saved_and_tried(sign_in):
    given(RICH)
    desk = sign_in("desk")
    page = desk.go("/rules/freight/versions/1")
    page.get_by_role("link", name="Edit the table").click()
    desk.look()
    state(page, "Nothing changed")
    write(page, 1, 1, '"sampel"')
    state(page, "Not saved yet")
    expect(page.locator(".table-marks .tone-warning")).to_contain_text("“sampel” is no value of “order.order_type”")
    while page.get_by_role("button", name="Undo").is_enabled():
        page.keyboard.press("Control+z")
    expect(page.locator(".table-box tbody td.input-cell").first).to_have_text('"sample"')
    state(page, "Nothing changed")
    assert stored("freight") == RICH

    write(page, 1, 5, "fifteen")
    expect(page.locator(".table-box td[data-mark=wrong]")).to_have_text("fifteen")
    page.get_by_role("button", name="Save").click()
    state(page, "Not saved: see below.")
    expect(page.locator(".table-marks .tone-danger")).to_contain_text(
        "Rule 1: column “Fee”: “fifteen” is no constant of type int"
    )
    assert stored("freight") == RICH
    write(page, 1, 5, "15")
    page.keyboard.press("Enter")  # the last rule: one more comes
    write(page, 2, 5, "3")
    expect(page.locator(".table-marks .note")).to_have_count(0)
    desk.look_at_both_sizes()
    page.keyboard.press("Control+s")
    state(page, "Saved")
    kept = stored("freight")
    for part in ('<other:owner name="logistics"', 'other:colour="red"', 'x="7"', 'id="e1"', "light", "inputValues"):
        assert part in kept, part

    page.get_by_role("link", name="Tests").click()
    page.fill("#cases", CASES)
    page.get_by_role("button", name="Save and run the tests").click()
    expect(page.locator("#tested, .tested-line").first).to_contain_text("All 2 tests come out as expected")


def test_who_comes_late_loses_nothing(sign_in):
    given(RICH.replace('id="freight"', 'id="late"'))
    desk = sign_in("desk2")
    page = desk.go("/rules/late/versions/1/table")
    write(page, 1, 5, "20")
    with db.transaction():
        version = queries.numbered_version("late", 1)
        service.save_draft(
            people.actor_of(people.find_by_login("qa")), version, 1, text=version.body.replace("12", "99")
        )
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".note.tone-danger").first).to_contain_text("This was changed meanwhile")
    with page.expect_download() as copy:
        page.get_by_role("button", name="Keep a copy").click()
    assert ">20<" in copy.value.path().read_text()
    assert ">99<" in stored("late")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(f"{desk.site.url}/rules")
    assert asked == ["beforeunload"]


def test_a_new_table_begins_from_choices_and_takes_facts(sign_in):
    desk = sign_in("desk")
    page = desk.go("/rules/new-table")
    page.fill("[name=key]", "way")
    page.fill("[name=name]", "Way")
    page.locator(".fact-search").fill("order type")
    page.keyboard.press("Enter")
    page.fill("[name=outputs-0-name]", "route")
    page.get_by_role("button", name="Make the table").click()
    desk.look()
    page.get_by_role("button", name="Add an input").click()
    expect(page.locator(".table-marks")).to_contain_text("input 2 has no expression")
    page.locator(".table-box th.input-cell .edit-button").nth(1).click()
    page.locator(".fact-choice .fact-search").fill("order value")
    page.keyboard.press("Enter")
    expect(page.locator(".table-asked")).to_contain_text("order: order value (in fen: 100 are 1 CNY)")
    expect(page.locator(".table-marks .note")).to_have_count(0)
    page.get_by_role("button", name="Save").click()
    state(page, "Saved")
    assert ">order.total_fen<" in stored("way")


def test_the_editor_speaks_chinese_on_a_phone(sign_in):
    given(RICH.replace('id="freight"', 'id="zh"').replace('name="Freight"', 'name="运费"'))
    phone = sign_in("qa", "zh_Hans", "phone")
    page = phone.go("/rules/zh/versions/1/table")
    box = page.locator(".table-box")
    seen: set[str] = set()

    def look(menu: str) -> None:
        expect(box.locator(menu).first).to_be_visible()
        seen.update(box.evaluate(INSIDE))
        page.keyboard.press("Escape")

    for head in (0, 4):
        box.locator(".edit-button").nth(head).click()
        look(".context-menu")
    for column in range(5):
        cell = box.locator("tbody tr").first.locator("td.input-cell, td.output-cell").nth(column)
        cell.click(button="right")
        look(".context-menu")
        cell.click()
        box.locator(".simple-mode-button").click()
        look(".context-menu")
    box.locator("th.input-cell").nth(1).click(button="right")
    look(".context-menu")
    box.locator(".hit-policy .dms-input-select").click()
    look(".dms-select-options")
    phone.look()
    assert [text for text in seen if LATIN.search(text) and text != "Powered by bpmn.io"] == []
    assert sorted(set(page.evaluate(TEXTS)) & untranslated()) == []
