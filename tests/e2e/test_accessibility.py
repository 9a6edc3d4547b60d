"""axe-core looks at the pages: no fault that shuts somebody out (serious or critical) on any of them.

The usual run looks at one page of each kind, here and where other tests have it open already; `make test-full` at each
page there is, at both sizes, in both languages.
The world is the hostile one, because it has something of everything; the reader has every role.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

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
from config import Settings
from tests.conftest import NOON, build_schema
from tests.e2e.barriers import barriers_on
from tests.e2e.conftest import Person, Site
from tests.hostile import world as hostile
from tests.hostile.routes import routes
from tests.identity.factories import actor_for, make_user
from tests.orders.factories import given_order

USUAL = {
    *("fulfilment.show_task", "fulfilment.choose_for_several", "offline", "catalog.edit_award", "orders.show_order"),
    *("priority.override_form", "decisions.show_version", "decisions.show_simulation", "integration.show_source"),
    *("integration.show_mapping", "integration.show_event", "integration.show_subscription", "processes.draw"),
    *("processes.edit_form", "processes.play_draft", "processes.show_draft"),
    *("documents.show_document", "shipping.lot_labels", "inventory.show_stock"),
    *("traceability.show_chain", "traceability.show_movement"),
}
"""One page of each kind that is not looked at elsewhere: by the tests of the menu, of the studio and of the cockpit."""
ON_A_PHONE = {"fulfilment.show_task", "orders.show_order", "notifying.settings", "identity.my_substitutes"}
"""What is used most and not in the menu, in English; with the form of an order below."""


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


def addresses(app: Flask, world: hostile.Site) -> Iterator[tuple[str, str]]:
    """(endpoint, address) of all that can be opened; of two things of a kind, where there are two."""
    for route in routes(app):
        if route.method == "GET" and not route.is_api:
            yield from ((route.rule.endpoint, url) for url in route.urls(world, limit=2))


def look_through(person: Person, urls: Iterable[str]) -> dict[str, list[str]]:
    """Address → what shuts somebody out of it."""
    wrong = {}
    for url in urls:
        person.go(url)
        wrong[url] = barriers_on(person.page)
    return {url: barriers for url, barriers in wrong.items() if barriers}


def test_nobody_is_shut_out_of_any_kind_of_page(app, site, world, sign_in):
    found = dict(addresses(app, world))  # by endpoint: the last one
    urls = [found[name] for name in sorted(USUAL)]
    urls += [f"/tasks/{world.ids['task_id'][0]}", "/rules/hostile_table/versions/2/table", "/api/v1/docs", "/none"]
    wrong = look_through(sign_in("everybody", "zh_Hans"), urls)
    phone = sign_in("everybody", "en", "phone")
    wrong |= look_through(phone, [found[name] for name in sorted(ON_A_PHONE)])
    assert wrong == {}


def test_nobody_is_shut_out_of_what_opens(site, world, sign_in):
    """Signing in, a form sent back, a menu, a question, the keys."""
    wrong = {}
    person = sign_in("everybody", "en", "phone")
    page = person.go("/orders/new")
    page.locator("main form[data-guard] button[type=submit]").last.click()
    page.wait_for_selector("main [role=alert]")
    wrong["refused"] = barriers_on(person.page)
    page.locator(".tabs [data-nav-open]").click()
    page.wait_for_selector("#side a:visible")
    wrong["places"] = barriers_on(person.page)
    person.resize("desk")
    page = person.go(f"/tasks/{world.ids['task_id'][1]}")
    page.wait_for_selector("#decision .fjs-container")
    page.locator("details.drop summary").last.click()
    wrong["menu"] = barriers_on(person.page)
    page.keyboard.press("Escape")
    page.locator("#decision textarea").first.fill("no")
    page.locator("#decision button[value=reject]").click()
    page.wait_for_selector("dialog[open]")
    wrong["question"] = barriers_on(person.page)
    page = person.go("/inbox")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    wrong["keys"] = barriers_on(person.page)
    page.context.clear_cookies()
    page = person.go("/login")
    page.fill("input[name=login]", "nobody")
    page.fill("input[name=password]", "nothing")
    page.click("main form button[type=submit]")
    page.wait_for_selector("main [role=alert]")
    wrong["login"] = barriers_on(person.page)
    page.evaluate("() => document.querySelector('main').append(document.createElement('input'))")
    assert "label" in str(barriers_on(person.page))  # it would be told
    assert {place: faults for place, faults in wrong.items() if faults} == {}


@pytest.mark.full
@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_nobody_is_shut_out_of_any_page(app, site, world, sign_in, language):
    client = world.client(app, "everybody")
    shown = [url for _name, url in dict.fromkeys(addresses(app, world)) if b"<main" in client.get(url).data]
    assert len(shown) > 130
    wrong = [look_through(sign_in("everybody", language, size), shown) for size in ("desk", "phone")]
    assert wrong == [{}, {}]
