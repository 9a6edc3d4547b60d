"""Away and stood in for, in a browser: named on a phone, found and decided by the substitute, told in the history."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core import clock, db
from app.core.subject import Subject
from app.identity import queries as people
from app.tasks.models import Task
from app.tasks.queries import open_tasks_of
from tests.e2e.test_priority import entered

WORDS = {
    "en": ("Name a substitute", "on behalf of", "End now", "ended early"),
    "zh_Hans": ("指定代理人", "（代 ", "立即结束", "提前结束"),
}


@pytest.mark.parametrize(("language", "size"), [("zh_Hans", "phone"), ("en", "desk")])
def test_somebody_away_is_stood_in_for(site, sign_in, language, size):
    name, behalf, end, ended = WORDS[language]
    order_id = entered(site, "normal")
    with db.transaction(write=False):
        (task,) = open_tasks_of(Subject("order", order_id))
        away, helper = people.find_by_login("desk2"), people.find_by_login("transport")
    person = sign_in("desk2", language, size)
    page = person.go("/account/substitutes")
    person.look_at_both_sizes()
    page.select_option("[name=substitute_id]", helper.id)
    page.fill("[name=last_day]", (clock.today() + timedelta(days=3)).isoformat())
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state()
    person.look_at_both_sizes()

    other = sign_in("transport", language, size)
    inbox = other.go(f"/inbox?tab=for&person={away.id}")
    other.look_at_both_sizes()
    inbox.locator(f"#task-{task.id} a[href='/tasks/{task.id}']").click()
    inbox.wait_for_url(f"**/tasks/{task.id}")
    other.look_at_both_sizes()
    assert away.name in inbox.locator(".note").first.inner_text()
    inbox.locator("#decision button[value=approve], #decision button[value=recheck]").first.click()
    inbox.wait_for_load_state()
    other.look()
    assert behalf in inbox.locator("main").inner_text()
    with db.transaction(write=False):
        assert db.session().scalar(select(Task.completed_by).where(Task.id == task.id)) == helper.id
    assert behalf in other.go(f"/orders/{order_id}").locator("main").inner_text()

    page.get_by_role("button", name=end, exact=True).first.click()
    page.locator("dialog[open] button[value=yes]").click()
    page.get_by_text(ended).first.wait_for()
