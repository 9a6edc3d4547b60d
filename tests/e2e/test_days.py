"""Fields for a day in a form: year first for everybody, and what is no day stays empty instead of becoming another."""

from __future__ import annotations

import pytest

from app.core import clock, db
from app.identity import queries as people
from app.tasks.queries import open_tasks_of
from app.vigilance import capas
from tests.conftest import NOON


@pytest.mark.parametrize(("language", "size"), [("zh_Hans", "phone"), ("en", "desk")])
def test_a_day_is_what_was_written(site, sign_in, language, size):
    with clock.moved(NOON), db.transaction():
        actor = people.actor_of(people.find_by_login("qa2"))
        given = {"source_kind": "audit", "source": f"Audit {language}", "problem": "seals are weak"}
        (task,) = open_tasks_of(capas.begin_capa(actor, given).subject)
    person = sign_in("qa", language, size)
    page = person.go(f"/tasks/{task.id}")
    field = page.locator(".fjs-datepicker input").first
    for written, day in (
        ("2027-01-15", "2027-01-15"),
        ("3/4/2027", ""),
        ("2027年1月20日", "2027-01-20"),
        ("2027-02-30", ""),
        ("2027/2/3", "2027-02-03"),
    ):
        field.click()
        field.fill(written)
        field.press("Tab")
        page.wait_for_function("day => document.querySelector('.fjs-datepicker input').value === day", arg=day)
    person.look()
