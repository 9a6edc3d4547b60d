"""Moving instances to another version in a browser: by the table, by clicks, as a batch, put back again."""

from __future__ import annotations

import re
from functools import partial

import pytest
from playwright.sync_api import expect

from app.core import db
from app.core.permissions import SYSTEM
from app.identity import queries as people
from app.processes import queries, service
from tests.e2e.test_cockpit import ready
from tests.e2e.test_pages import TEXTS, untranslated
from tests.processes.test_moving import NEW, OLD, PAGE, RENAMED

PLACES = ("#diagram-old", "#diagram-new")


@pytest.fixture(scope="module")
def world(site):
    """Three versions, six instances on the first."""
    with db.transaction():
        old, new, renamed = (service.deploy(SYSTEM, xml).id for xml in (OLD, NEW, RENAMED))
        operator = people.actor_of(people.find_by_login("operator"))
        started = [service.start_definition(operator, old, business_key=f"V-{n}").id for n in range(6)]
        moved = service.start_definition(operator, old, business_key="V-moved").id
        service.migrate(operator, moved, new, reason="first")
    return {"instances": started, "moved": moved, "renamed": renamed}


def version(instance_id: str) -> int:
    with db.transaction(write=False):
        return queries.deployed(queries.get_instance(instance_id).definition_id).version


def shape(page, side: str, element: str, kind: str = ""):
    return page.locator(f"#diagram-{side} .djs-shape{kind}[data-element-id='{element}']")


def opened(person, query: str):
    page = person.go(f"{PAGE}?{query}")
    for place in PLACES:
        ready(page, place)
    person.look()
    return page


@pytest.mark.parametrize(("language", "size"), [("zh_Hans", "phone"), ("en", "desk")])
def test_the_dry_run_fits_and_speaks_the_readers_language(site, sign_in, world, language, size):
    person = sign_in("operator", language, size)
    english = untranslated() - {"Review"} if language == "zh_Hans" else set()  # one element of the diagram is called so
    for query in ("from=1&to=2", "from=1&to=3", f"instance={world['instances'][5]}&to=3&map.check=review"):
        page = opened(person, query)
        person.look_at_both_sizes(partial(side_by_side, page))
        assert sorted({text for text in page.evaluate(TEXTS) if text in english}) == [], query
    for path in (f"{PAGE}?from=3&to=2", f"/processes/instances/{world['moved']}?tab=versions"):
        page = person.go(path)
        person.look_at_both_sizes()
        assert sorted({text for text in page.evaluate(TEXTS) if text in english}) == [], path


def side_by_side(page, size):
    """The old diagram beside the new one where there is room, else above it."""
    boxes = [page.locator(place).bounding_box() for place in PLACES]
    assert (boxes[0]["y"] == boxes[1]["y"]) == (size == "desk")


def test_watches_that_end_and_begin_are_marked(site, sign_in, world):
    page = opened(sign_in("operator", "en"), "from=1&to=2")
    assert shape(page, "old", "late", ".is-going").count() == 1
    assert shape(page, "new", "stop", ".is-coming").count() == 1
    assert page.locator("#diagram-old .token").inner_text() == page.locator("#diagram-new .token").inner_text()
    assert "Watched no more: 2-hour reminder." in page.inner_text("#diagram-old .diagram-summary")


def test_a_mapping_is_chosen_by_two_clicks_and_the_dry_run_follows(site, sign_in, world):
    person = sign_in("operator", "en")
    page = opened(person, "from=1&to=3")
    expect(shape(page, "old", "check", ".is-failed")).to_have_count(1)
    assert page.locator("#go button").is_disabled()
    shape(page, "old", "check").click()
    assert "is chosen" in page.inner_text("#moves-hint")
    shape(page, "new", "e").click()
    assert "another kind of element" in page.inner_text("#moves-hint")
    shape(page, "new", "review").click()
    page.wait_for_selector("#dry-run .tone-success")
    assert "map.check=review" in page.url
    expect(shape(page, "old", "check", ".is-failed")).to_have_count(0)
    assert shape(page, "new", "review", ".is-active").count() == 1
    assert page.locator("#go button").is_enabled()
    page.reload()
    ready(page, "#diagram-new")
    assert page.locator("#map-check").input_value() == "review"
    person.look()


@pytest.mark.parametrize(("language", "size"), [("en", "desk"), ("zh_Hans", "phone")])
def test_some_are_moved_by_keyboard_and_put_back_as_batches(site, sign_in, world, language, size):
    person = sign_in("operator", language, size)
    page = opened(person, "from=1&to=3")
    page.focus("#map-check")
    page.keyboard.press("End")
    page.wait_for_selector("#dry-run .tone-success")
    assert page.evaluate("document.activeElement.id") == "map-check"
    page.select_option("#f-count", "1")
    page.fill("[name=reason]", "Renamed")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/processes/batches/0"))
    person.look()
    moved = [one for one in world["instances"] if version(one) == 3]
    assert len(moved) == 1
    page.fill("#undo [name=reason]", "A mistake")
    page.click("#undo button")
    before = page.url
    page.locator("dialog[open] button.btn-primary, dialog[open] button.btn-danger").click()
    page.wait_for_url(lambda url: url not in (before, f"{before}#undo"))
    person.look()
    assert version(moved[0]) == 1


def test_one_is_moved_from_its_page_and_put_back(site, sign_in, world):
    instance = world["instances"][0]
    person = sign_in("operator", "en")
    page = person.go(f"/processes/instances/{instance}")
    page.locator("a", has_text="Move to another version").first.click()
    page.wait_for_url("**/migrate?instance=**")
    page.select_option("#f-to", "2")
    page.wait_for_url("**to=2**")
    ready(page, "#diagram-new")
    page.fill("[name=reason]", "New rules")
    page.click("#go button")
    page.wait_for_url(re.compile(r"/processes/instances/[^/]+$"))
    assert version(instance) == 2
    page = person.go(f"/processes/instances/{instance}?tab=versions")
    page.locator("tbody a", has_text="Undo").click()
    page.fill("[name=reason]", "A mistake")
    page.locator("#preview button[type=submit]").click()
    page.wait_for_selector("#preview button[name=confirm]")
    person.look()
    page.click("button[name=confirm]")
    page.wait_for_url("**tab=versions**")
    assert version(instance) == 1
    assert "It was undone already." in page.inner_text("main")
    person.look()
