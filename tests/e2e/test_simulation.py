"""A draft simulated in a browser: how far it is, what would change, in both languages and at both sizes."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from app.core import db
from app.core.permissions import SYSTEM
from app.decisions import queries, service
from tests.e2e.test_pages import TEXTS, untranslated
from tests.e2e.test_priority import entered

WORDS = {
    "en": ("Simulate", "Who moves farthest", "As a table", "Simulated"),
    "zh_Hans": ("模拟", "移动最多", "以表格显示", "模拟过"),
}


@pytest.mark.parametrize(("language", "size"), [("en", "desk"), ("zh_Hans", "phone")])
def test_from_a_draft_to_what_would_change(site, sign_in, language, size):
    for order_type in ("replacement", "normal"):
        entered(site, order_type)
    with db.transaction():
        body = queries.active_version("priority").body
        draft = service.begin_draft(SYSTEM, queries.active_version("priority"))
        more = {"en": "normal", "zh_Hans": "replacement"}[language]
        rule = (
            "- id: T1\n  name: {en: Of this kind, zh: 此类订单}\n"
            f"  when: {{all: [{{order: order_type == '{more}'}}]}}\n  then: {{points: 60, factor: customer}}\n"
            "  reason: {en: It is of this kind, zh: 属于此类}\n"
        )
        service.save_draft(SYSTEM, draft, draft.revision, text=body + rule)
    simulate, farthest, as_table, done = WORDS[language]
    person = sign_in("desk", language, size)
    page = person.go(f"/rules/priority/versions/{draft.number}")
    page.get_by_role("link", name=simulate, exact=True).click()
    page.get_by_role("button", name=simulate, exact=True).click()
    expect(page.locator(".simulation-sentence")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("heading", name=farthest)).to_be_visible()
    expect(page.locator(".why-step").first).to_contain_text("+60")
    page.get_by_text(as_table).click()
    person.look()
    if language == "zh_Hans":
        assert set(page.evaluate(TEXTS)) & untranslated() == set()
    person.look_at_both_sizes()
    with db.transaction():
        held = queries.get_version(draft.id)
        service.passed(SYSTEM, held, service.trial_of(held))
    other = sign_in("qa", language, size).go(f"/rules/priority/versions/{draft.number}")
    expect(other.locator(".content")).to_contain_text(done)
