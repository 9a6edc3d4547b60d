"""The rule studio in a browser: a rule picked, a wrong value told, tested, approved by another, in force, rolled back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from app.core import db
from app.core.subject import Subject
from app.decisions import queries, service
from tests.decisions.factories import shipped, whole
from tests.e2e.barriers import barriers_on
from tests.e2e.test_pages import TEXTS, untranslated

NEW_CASE = (
    "- {case: one per cent a day, facts: {contract: {number: K, sla_hours: null, days_left: 9, "
    "penalty_permille_per_day: 10}}, expect: {lines: {R1: 60}}}"
)


def pick_fact(page: Page, search: str) -> None:
    """Search in the list of facts by keyboard alone."""
    page.locator(".fact-search").last.fill(search)
    page.keyboard.press("Enter")
    expect(page.locator("select[name$='-op']").last).to_be_visible()


def test_a_rule_is_added_tested_approved_put_into_force_and_rolled_back(sign_in):
    desk = sign_in("desk")
    page = desk.go("/rules/priority")
    page.get_by_role("button", name="Change these rules").click()
    page.wait_for_url("**/versions/2")
    page.get_by_role("button", name="Add a rule").click()
    pick_fact(page, "penalty rate")
    page.locator("select[name$='-op']").select_option(">=")
    desk.look()  # the field for the value comes anew with the operator
    page.locator("input[name$='-value']").fill("one")
    page.fill("[name=name_en]", "High penalty")
    page.fill("[name=name_zh]", "高罚金")
    page.fill("[name=points]", "60")
    page.select_option("[name=factor]", "customer")
    page.fill("[name=reason_en]", "A day late costs {contract.penalty_permille_per_day}")
    page.fill("[name=reason_zh]", "延期一日罚{contract.penalty_permille_per_day}")
    page.get_by_role("button", name="Save rule").click()
    expect(page.locator(".condition .invalid-feedback")).to_have_text("must be a number, not “one”")
    page.locator("input[name$='-value']").fill("1")
    page.get_by_role("button", name="Save rule").click()
    row = page.locator(".rule-row[data-rule=R1]")
    expect(row.locator(".rule-when")).to_have_text("contract: penalty rate per day late ≥ 1%")
    expect(row.locator(".rule-cases")).to_contain_text("no test")
    desk.look()

    page.get_by_role("link", name="Tests").click()
    text = page.locator("#cases")
    text.fill(text.input_value() + NEW_CASE.replace("R1: 60", "R1: 61") + "\n")
    page.get_by_role("button", name="Save and run the tests").click()
    expect(page.locator(".case-wrong")).to_have_text("Points: found R1 +60, expected R1 +61")
    page.get_by_role("button", name="Test", exact=True).click(timeout=60_000)  # a process of its own takes seconds
    expect(page.locator(".refusal-sentence")).to_contain_text("one per cent a day")
    page.go_back()
    text = page.locator("#cases")
    text.fill(text.input_value().replace("R1: 61", "R1: 60"))
    page.get_by_role("button", name="Save and run the tests").click()
    expect(page.locator("#tested, .tested-line").first).to_contain_text(
        re.compile(r"All \d+ tests come out as expected")
    )
    page.get_by_role("button", name="Test", exact=True).click(timeout=60_000)  # a process of its own takes seconds
    expect(page.locator(".way [aria-current]")).to_have_text("Tested", timeout=30_000)
    desk.look()

    qa = sign_in("qa", "zh_Hans", "phone")
    other = qa.go("/rules/priority/versions/2")
    other.fill("#approve-reason", "与合同部核对")
    other.get_by_role("button", name="批准此版本").click()
    expect(other.locator(".way [aria-current]")).to_have_text("已批准")
    other.get_by_role("button", name="使其生效").click()
    other.locator("dialog.ask button[value=yes]").click()
    expect(other.locator(".way [aria-current]")).to_have_text("生效中")
    qa.look()
    with db.transaction(write=False):
        assert queries.active_version("priority").number == 2

    other.get_by_text("退回到第1版").click()
    other.fill("#back-reason", "分值过高")
    other.get_by_role("button", name="回退到第1版").click()
    expect(other.locator(".version-state strong")).to_have_text("第1版")
    with db.transaction(write=False):
        assert queries.active_version("priority").number == 1
    history = qa.go("/rules/priority/history")
    expect(history.locator(".events")).to_contain_text("分值过高")
    expect(history.locator(".events")).to_contain_text("与合同部核对")
    qa.look()


def test_a_date_is_set_and_taken_back(sign_in):
    with db.transaction():
        author = service.submit(_actor("designer"), queries.active_version("task_outcome").body + "# dated\n")
        service.try_version(_actor("designer"), author)
        service.approve(_actor("qa"), author)
    manager = sign_in("manager")
    page = manager.go(f"/rules/task_outcome/versions/{author.number}")
    page.select_option("[name=when]", "later")
    page.fill("[name=at]", "2099-01-01T08:00")
    page.get_by_role("button", name="Put into force").click()
    page.locator("dialog.ask button[value=yes]").click()
    expect(page.locator(".content")).to_contain_text("It comes into force by itself at 2099-01-01 08:00")
    manager.look()
    page.get_by_role("button", name="Take the date back").click()
    expect(page.get_by_role("button", name="Put into force")).to_be_visible()


def test_rules_are_moved_copied_and_edited_on_a_phone(sign_in):
    desk = sign_in("desk2", "zh_Hans", "phone")
    page = desk.go("/rules/approval_matrix")
    page.get_by_role("button", name="修改这些规则").click()
    page.wait_for_url("**/versions/2")
    first, second = (page.locator(".rules > .rule-row").nth(at).get_attribute("data-rule") for at in (0, 1))
    page.locator(f"[id='edit-{second}']").focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator(".rules > .rule-row").first).to_have_attribute("data-rule", str(second))
    row = page.locator(f".rule-row[data-rule={first}]")
    row.locator("summary.btn").click()
    row.get_by_role("button", name="复制").click()
    copied = page.locator(f".rule-row[data-rule={first}c]")
    expect(copied).to_contain_text("已停用")
    copied.get_by_role("button", name="编辑").click()
    page.fill("[name=name_zh]", "抄来的规则")
    desk.look()
    page.get_by_role("button", name="保存规则").click()
    expect(page.locator(f".rule-row[data-rule={first}c]")).to_contain_text("抄来的规则")
    page.locator(f".rule-row[data-rule={first}c] summary.btn").click()
    page.locator(f".rule-row[data-rule={first}c]").get_by_role("button", name="删除").click()
    page.locator("dialog.ask button[value=yes]").click()
    expect(page.locator(f".rule-row[data-rule={first}c]")).to_have_count(0)
    desk.look()


def test_the_text_offers_what_fits_and_marks_what_is_wrong(sign_in):
    designer = sign_in("designer")
    page = designer.go("/rules/stock_gate")
    page.get_by_role("button", name="Change these rules").click()
    page.wait_for_url("**/versions/2")
    page.get_by_role("link", name="Text", exact=True).click()
    editor = page.locator(".cm-content")
    expect(editor).to_be_visible()
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("\n- id: Z1\n  when: {all: [{qc: lines_w")
    page.keyboard.press("Control+Space")
    expect(page.locator(".cm-tooltip-autocomplete")).to_contain_text("lines_waiting_release")
    page.keyboard.press("Enter")
    expect(editor).to_contain_text("lines_waiting_release")
    expect(page.locator(".cm-lint-marker-error")).to_be_visible()
    designer.look()
    page.get_by_role("button", name="Save text").click()
    expect(page.locator(".note.tone-danger")).to_be_visible()
    with db.transaction(write=False):
        assert queries.numbered_version("stock_gate", 2).revision == 1


@pytest.mark.parametrize(
    ("language", "size"), [pytest.param("en", "phone", marks=pytest.mark.full), ("zh_Hans", "desk")]
)
def test_every_page_of_the_studio_is_whole(sign_in, language, size):
    with db.transaction():
        made = service.decide("priority", Subject("order", "o1"), facts=whole(shipped("priority")))
    person = sign_in("auditor", language, size)
    version, english = "/rules/compliance_gate/versions/1", untranslated()
    for path in (
        *("/rules", "/rules/compliance_gate", f"{version}/settings", f"{version}/cases", f"{version}/text"),
        *("/rules/compliance_gate/history", "/rules/approval_matrix/uses", "/rules/compliance_gate/compare"),
        *("/rules/facts", "/rules/facts/contract", "/rules/facts/line.short"),
        *(f"/decisions/{made.id}", f"/decisions/{made.id}/what-if", f"/decisions/{made.id}/replay"),
        "/decisions/about/order/o1",
    ):
        page = person.go(path)
        if language == "zh_Hans" and not path.endswith("/text"):
            assert [text for text in page.evaluate(TEXTS) if text in english] == [], path
            assert barriers_on(page, contrast=False) == [], path


def test_what_if_answers_while_one_types(sign_in):
    with db.transaction():
        given = whole(shipped("priority"), order={"order_type": "emergency"})
        made = service.decide("priority", Subject("order", "o2"), facts=given)
    person = sign_in("sales")
    page = person.go(f"/decisions/{made.id}/what-if")
    page.select_option("[name='order-0-order_type']", "normal")
    expect(page.locator("#outcome")).to_contain_text(re.compile("P0.*P3", re.DOTALL))
    page.fill("[name='order-0-hours_to_surgery']", "20")
    expect(page.locator("#outcome")).to_contain_text("Surgery within 24 h")
    person.look()


def _actor(login: str):
    from app.identity import queries as people

    return people.actor_of(people.find_by_login(login))
