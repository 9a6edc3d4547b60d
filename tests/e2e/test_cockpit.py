"""The cockpit in a browser: a drawing for diagrams without one, heat, a stuck instance put right, tokens moved, a batch."""

from __future__ import annotations

import re

import pytest

from app.core import db
from app.core.permissions import SYSTEM
from app.identity import queries as people
from app.processes import queries, service
from app.processes.cockpit import messages, standing
from tests.e2e.barriers import barriers_on
from tests.e2e.test_pages import TEXTS, untranslated
from tests.processes.cockpit_world import begin, deploy_all, keep_message
from tests.processes.diagrams import HEAD, chain, end, flow, node, start, user

INNER = chain("is", "it", "ie")
POOLS = (
    f"{HEAD}<collaboration id='c'><participant id='hospital' name='Hospital' processRef='drawn'/>"
    "<participant id='carrier' name='Carrier'/></collaboration><process id='drawn' isExecutable='true'>"
    + start()
    + node("subProcess", "sub", start("is") + user("it") + end("ie") + INNER, name_="Inside")
    + node(
        "boundaryEvent",
        "late",
        node("timerEventDefinition", "d", "<timeDuration>PT1H</timeDuration>"),
        attachedToRef="sub",
    )
    + user("after")
    + end()
    + end("e2")
    + chain("s", "sub", "after", "e")
    + flow("late", "e2")
    + flow("after", "sub", "${again}")
    + "</process></definitions>"
)


@pytest.fixture(scope="module")
def world(site):
    """One that waits for everything, stuck ones, a message that nobody waits for."""
    with db.transaction():
        deploy_all()
        service.deploy(SYSTEM, POOLS.encode())
        operator = people.actor_of(people.find_by_login("operator"))
        busy = begin(operator, "busy", "E-busy", amount=12, lines=[{"sku": "A"}] * 30)
        stuck = [begin(operator, "stuck", f"E-{n}") for n in range(4)]
        drawn = begin(operator, "drawn", "E-drawn")
        keep_message(operator, key="K-9", boxes=[1, 2])
        (kept,) = messages.page_of("waiting", "", "", 1).items
        (timer,) = standing.standing_of(busy.id).jobs
        (incident,) = standing.open_incidents_of(stuck[0].id)
        return {
            "busy": busy.id,
            "stuck": [one.id for one in stuck],
            "drawn": drawn.id,
            "message": kept.id,
            "job": timer.id,
            "incident": incident.id,
        }


def ready(page, place: str = "[data-island=diagram]") -> None:
    page.wait_for_selector(f"{place}[data-ready] .djs-element")


def at(instance_id: str) -> set[str]:
    with db.transaction(write=False):
        return {one.element_id for one in standing.standing_of(instance_id).places}


@pytest.mark.parametrize(
    ("language", "size"), [("zh_Hans", "phone"), pytest.param("en", "desk", marks=pytest.mark.full)]
)
def test_every_page_fits_and_speaks_the_readers_language(site, sign_in, world, language, size):
    person = sign_in("operator", language, size)
    here = f"/processes/instances/{world['busy']}"
    tabs = ("variables", "history", "jobs", "messages", "tasks", "calls", "incidents")
    english = untranslated() if language == "zh_Hans" else set()
    for path in (
        *("/processes", "/processes/busy", "/processes/approval", "/processes/instances", "/processes/batches"),
        *("/processes/instances?process=busy&state=any&text=nothing", f"/processes/instances/{world['stuck'][3]}"),
        *(f"{here}?tab={tab}" for tab in tabs),
        *(f"{here}/do/{verb}" for verb in ("suspend", "cancel", "move", "variable", "variable?name=lines")),
        *(f"{here}/jobs/{world['job']}", f"/processes/incidents/{world['incident']}?way=edit"),
        *("/processes/messages?name=shipment.arrived&key=K-9", f"/processes/messages/{world['message']}"),
    ):
        page = person.go(path)
        if page.locator("[data-island=diagram]").count():
            ready(page)
        person.look_at_both_sizes()
        wrong = sorted({text for text in page.evaluate(TEXTS) if text in english})
        assert wrong == [], path
        if size == "desk":
            assert barriers_on(page, contrast=False) == [], path


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_a_diagram_without_a_drawing_is_drawn(site, sign_in, world, size):
    person = sign_in("operator", "en", size)
    page = person.go(f"/processes/instances/{world['drawn']}")
    ready(page)
    for element in ("s", "sub", "it", "late", "after", "e2", "hospital", "carrier", "sub-after", "late-e2"):
        assert page.locator(f".djs-element[data-element-id='{element}']").count() == 1, element
    inside, around = (
        page.locator(f".djs-shape[data-element-id='{one}'] > .djs-visual > :first-child").bounding_box()
        for one in ("it", "sub")
    )
    assert around["x"] < inside["x"]
    assert inside["x"] + inside["width"] < around["x"] + around["width"]
    assert page.locator(".djs-shape.is-active[data-element-id='it']").count() == 1
    person.look()


def test_heat_is_switched_and_an_element_tells_its_numbers(site, sign_in, world):
    person = sign_in("operator", "en")
    page = person.go("/processes/busy")
    ready(page)
    assert page.locator(".heat-badge").all_inner_texts() == ["1"] * 4
    page.locator(".heat-choices label", has_text="Visits").click()
    assert page.locator(".heat-badge").count() > 4
    page.locator(".djs-shape[data-element-id='look']").click()
    page.wait_for_selector("#element h3:has-text('Look at it')")
    page.locator("#element a", has_text="Instances that wait here").click()
    page.wait_for_url("**/processes/instances?**at=look**")
    assert "E-busy" in page.inner_text("main")


@pytest.mark.parametrize(("language", "size", "number"), [("en", "desk", 0), ("zh_Hans", "phone", 1)])
def test_a_stuck_instance_is_put_right(site, sign_in, world, language, size, number):
    person = sign_in("operator", language, size)
    page = person.go(f"/processes/instances/{world['stuck'][number]}")
    ready(page)
    assert page.locator(".djs-shape.is-failed[data-element-id='reckon']").count() == 1
    page.locator("a[href*='way=edit']").first.click()
    page.fill("[name=values]", '{"amount": 21}')
    page.fill("[name=reason]", "Amount known now")
    page.locator("#preview button[type=submit]").click()
    page.wait_for_selector("#preview button[name=confirm]")
    person.look()
    page.click("button[name=confirm]")
    page.wait_for_url(re.compile(r"/processes/instances/[^/]+$"))
    ready(page)
    person.look()
    assert page.locator(".is-failed").count() == 0
    assert at(world["stuck"][number]) == {"check"}


def test_a_token_is_moved_by_clicks_on_the_diagram(site, sign_in, world):
    person = sign_in("operator", "en")
    page = person.go(f"/processes/instances/{world['busy']}/do/move")
    ready(page)
    page.locator(".djs-shape[data-element-id='look']").click()
    page.locator(".djs-shape[data-element-id='reminded']").click()
    assert page.locator(".is-going[data-element-id='look']").count() == 1
    assert page.locator(".is-coming[data-element-id='reminded']").count() == 1
    assert page.locator("[name=cancel]:checked").count() == 1
    page.fill("[name=reason]", "Looked at by hand")
    page.locator("#preview button[type=submit]").click()
    page.wait_for_selector("#preview button[name=confirm]")
    assert "look" in at(world["busy"])
    ready(page)
    assert page.locator(".is-coming[data-element-id='reminded']").count() == 1
    page.click("button[name=confirm]")
    page.wait_for_url(re.compile(r"/processes/instances/[^/]+$"))
    person.look()
    assert "reminded" in at(world["busy"])


@pytest.mark.parametrize(("language", "size"), [("en", "desk"), ("zh_Hans", "phone")])
def test_a_batch_is_chosen_checked_done_and_told(site, sign_in, world, language, size):
    person = sign_in("operator", language, size)
    page = person.go("/processes/instances?process=stuck")
    verb = page.locator("button[name=verb][value=suspend]")
    assert verb.is_disabled()
    chosen = world["stuck"][2:]
    for one in chosen:
        page.check(f"[name=instance][value='{one}']")
    verb.click()
    page.wait_for_url("**/processes/batches/check")
    person.look()
    page.fill("[name=reason]", "Recall")
    page.locator("main form button.btn-primary").click()
    page.wait_for_url(re.compile(r"/processes/batches/0"))
    person.look()
    assert page.locator("tbody tr").count() == 2
    with db.transaction(write=False):
        assert all(queries.get_instance(one).suspended for one in chosen)


def test_the_page_follows_what_others_do(site, sign_in, world):
    person = sign_in("operator", "en")
    page = person.go(f"/processes/instances/{world['drawn']}")
    ready(page)
    with db.transaction():
        service.suspend(people.actor_of(people.find_by_login("operator")), world["drawn"], "meanwhile")
    page.wait_for_selector(".status-pill:has-text('Suspended')")
    assert page.locator("a", has_text="Resume").count() == 1
    person.look()
