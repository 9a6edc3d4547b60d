"""axe-core looks at the pages: no fault that shuts somebody out (serious or critical) on any of them.

The usual run looks at one page of each kind, `make test-full` at each page there is, at both sizes, in both languages.
The world is the hostile one, because it has something of everything; the reader has every role.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import replace
from functools import cache

import pytest
from flask import Flask
from sqlalchemy import select

from app.catalog.models import Product
from app.core import clock, db
from app.core.subject import Subject
from app.fulfilment import deciding, intake
from app.identity.models import User
from app.identity.roles import ROLES
from app.orders.models import Order
from app.tasks.models import Task
from app.tasks.queries import open_tasks_of
from config import ROOT, Settings
from tests.conftest import NOON, build_schema
from tests.e2e.conftest import Person, Site
from tests.hostile import world as hostile
from tests.hostile.routes import routes
from tests.identity.factories import actor_for, make_user
from tests.orders.factories import given_order

LOOK = """async (excluded) => {
  for (const one of document.querySelectorAll("details:not(.drop)")) one.open = true;
  const found = await axe.run({ exclude: excluded }, { resultTypes: ["violations"], preload: false, iframes: false });
  return found.violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 160)} (${node.failureSummary})`));
}"""
"""Everything folded is opened first: what nobody sees is not looked at."""

EXCLUDED: dict[str, str] = {}
"""Selector of what a library draws in its own canvas → why it is left out."""

MOST_USED = {
    *("fulfilment.inbox", "fulfilment.show_task", "fulfilment.scan", "fulfilment.notices", "notifying.settings"),
    *("orders.show_order", "orders.new_order", "orders.list_orders", "priority.show_lists", "identity.my_substitutes"),
}
"""Looked at as on a phone too."""
USUAL = MOST_USED | {
    *("offline", "audit.list_entries", "catalog.list_products", "catalog.show_customer", "catalog.edit_award"),
    *("decisions.show_decision", "decisions.what_if", "decisions.show_version", "decisions.show_cases"),
    *("decisions.show_text", "decisions.show_history", "decisions.show_simulation", "decisions.compare_versions"),
    *("fulfilment.filters", "fulfilment.choose_for_several", "identity.account", "identity.list_roles"),
    *("identity.all_substitutes", "integration.show_source", "integration.show_mapping", "integration.show_event"),
    *("integration.show_subscription", "integration.show_delivery", "inventory.list_stock", "notifying.letters"),
    *("operate.calendar", "orders.change_order", "orders.upload", "priority.override_form", "processes.draw"),
    *("processes.edit_form", "processes.incident", "processes.list_instances", "processes.list_uses"),
    *("processes.play_draft", "processes.show_definition", "processes.show_draft", "processes.show_instance"),
    *("processes.show_message", "processes.show_scenarios"),
}
"""One page of each kind."""
IN_ENGLISH = {"fulfilment.inbox", "fulfilment.show_task", "orders.show_order", "processes.draw"}


@cache
def axe() -> str:
    """The script itself; evaluated by the browser's debugger, to which the pages' content policy does not apply."""
    return (ROOT / "app/frontend/node_modules/axe-core/axe.min.js").read_text()


@pytest.fixture(scope="module")
def world(
    app: Flask, address: str, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[hostile.Site]:
    """The server works with a database that has something of everything, and somebody with every role."""
    folder = tmp_path_factory.mktemp("everything")
    before = db._engine
    engine = db.connect(replace(settings, data=folder, database_url=f"sqlite:///{folder / 'site.db'}"))
    build_schema(engine)
    with clock.moved(NOON), db.transaction():
        made = hostile.build()
        made.users["everybody"] = make_user("everybody", tuple(ROLES), "Everybody")
        made.ids["task_id"] = [task.id for task in to_decide(made)]
    yield made
    engine.dispose()
    db._engine = before


def to_decide(world: hostile.Site) -> list[Task]:
    """Of one order a task that is signed, of another one that is not."""
    session = db.session()
    valve = session.scalars(select(Product).where(Product.sku == "VALVE-1")).one()
    like = session.get_one(Order, world.ids["order_id"][0])
    first, other = (
        intake.take_in(
            actor_for(session.get_one(User, like.submitted_by)),
            given_order(
                "direct", customer=like.customer_id, product=valve.id, unit_price="60000.00", external_ref=name
            ),
        ).order
        for name in ("to sign", "to decide")
    )
    (before,) = open_tasks_of(Subject("order", first.id))
    otto = session.scalars(select(User).where(User.name == "Otto")).one()
    deciding.complete(actor_for(otto), before.id, {"outcome": "approve", "reason": "x"}, seen_version=first.version)
    return [open_tasks_of(Subject("order", one.id))[0] for one in (first, other)]


@pytest.fixture(scope="module")
def site(app: Flask, address: str, world: hostile.Site) -> Site:
    """With everybody signed in already."""
    name = app.config["SESSION_COOKIE_NAME"]
    with clock.moved(NOON):
        cookie = world.client(app, "everybody").get_cookie(name)
    assert cookie is not None
    return Site(address, None, {"everybody": [{"name": name, "value": cookie.value, "url": address}]})


def faults_on(person: Person) -> list[str]:
    """What shuts somebody out of the page that is open."""
    if not person.page.evaluate("() => 'axe' in globalThis"):
        person.page.evaluate(axe())
    return [f"{person.size}: {fault}" for fault in person.page.evaluate(LOOK, [[one] for one in EXCLUDED])]


def addresses(app: Flask, world: hostile.Site) -> Iterator[tuple[str, str]]:
    """(endpoint, address) of all that can be opened; of two things of a kind, where there are two."""
    for route in routes(app):
        if route.method == "GET" and not route.is_api:
            yield from ((route.rule.endpoint, url) for url in route.urls(world, limit=2))


def look_through(person: Person, found: Iterable[tuple[str, str]], both: Container[str]) -> dict[str, list[str]]:
    """Address → its faults, at the size of the window; of the endpoints `both` at the other size too."""
    wrong: dict[str, list[str]] = {}
    for name, url in found:
        person.go(url)
        faults = faults_on(person)
        if name in both:
            person.look_at_both_sizes(lambda _size, faults=faults: faults.extend(faults_on(person)))
        if faults:
            wrong[url] = sorted(set(faults))
    return wrong


def test_nobody_is_shut_out_of_any_kind_of_page(app, site, world, sign_in):
    """In Chinese; what is used most on a phone too, and in English."""
    found = dict(addresses(app, world))  # by endpoint: the last one
    assert found.keys() >= USUAL
    signed, written = world.ids["task_id"][0], "/rules/hostile_table/versions/2/table"
    more = [("signed", f"/tasks/{signed}"), ("table", written), ("docs", "/api/v1/docs"), ("none", "/none")]
    person = sign_in("everybody", "zh_Hans")
    wrong = look_through(person, [(name, found[name]) for name in sorted(USUAL)] + more, MOST_USED)
    reader = sign_in("everybody", "en")
    wrong |= look_through(reader, [(name, found[name]) for name in sorted(IN_ENGLISH)], ())
    assert wrong == {}


def test_nobody_is_shut_out_of_what_opens(site, world, sign_in):
    """Signing in, a form sent back, a menu, a question, the keys."""
    wrong = {}
    person = sign_in("everybody", "en", "phone")
    page = person.go("/orders/new")
    page.locator("main form[data-guard] button[type=submit]").last.click()
    page.wait_for_selector("main [role=alert]")
    wrong["refused"] = faults_on(person)
    page.locator(".tabs [data-nav-open]").click()
    page.wait_for_selector("#side a:visible")
    wrong["places"] = faults_on(person)
    person.resize("desk")
    page = person.go(f"/tasks/{world.ids['task_id'][1]}")
    page.wait_for_selector("#decision .fjs-container")
    page.locator("details.drop summary").last.click()
    wrong["menu"] = faults_on(person)
    page.keyboard.press("Escape")
    page.locator("#decision textarea").first.fill("no")
    page.locator("#decision button[value=reject]").click()
    page.wait_for_selector("dialog[open]")
    wrong["question"] = faults_on(person)
    page = person.go("/inbox")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    wrong["keys"] = faults_on(person)
    page.context.clear_cookies()
    page = person.go("/login")
    page.fill("input[name=login]", "nobody")
    page.fill("input[name=password]", "nothing")
    page.click("main form button[type=submit]")
    page.wait_for_selector("main [role=alert]")
    wrong["login"] = faults_on(person)
    assert {place: faults for place, faults in wrong.items() if faults} == {}


@pytest.mark.full
@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_nobody_is_shut_out_of_any_page(app, site, world, sign_in, language):
    client = world.client(app, "everybody")
    every = dict.fromkeys(addresses(app, world))
    shown = [(name, url) for name, url in every if b"<main" in client.get(url).data]
    assert len(shown) > 130
    assert look_through(sign_in("everybody", language), shown, {name for name, _url in shown}) == {}
