"""Every route, every role: who lacks the right is told so, and the attempt is on record; nobody gets in unnamed."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.audit.models import AuditEntry
from app.core import db, permissions
from app.identity.roles import ROLES
from tests.hostile.routes import Route, has_turn, routes
from tests.hostile.world import Site
from tests.identity.factories import actor_for

ABSENT = {
    *("orders.confirmation", "orders.confirmation_pdf", "orders.signed_record", "orders.signed_record_pdf"),
    "shipping.proof_photo",
}
"""An order that is not released has none; a shipment only when somebody took one."""


def right_of(route: Route) -> permissions.Permission | None:
    """The right the route asks for; None for everybody's."""
    return permissions.named(route.permission)


def denials() -> int:
    with db.transaction(write=False):
        session = db.session()
        return session.scalar(select(func.count()).where(AuditEntry.action == "access:deny")) or 0


@pytest.mark.parametrize("role", ROLES)
def test_who_lacks_the_right_is_refused_and_recorded(role, app, site, request):
    """Every route by three of the roles that lack its right, or by each of them."""
    actors, client = {name: actor_for(site.users[name]) for name in ROLES}, site.client(app, role)
    refused, before = 0, denials()
    for place, route in enumerate(routes(app)):
        right = right_of(route)
        if right is None or actors[role].may(right):
            continue
        lacking = [name for name in ROLES if not actors[name].may(right)]
        if not request.config.getoption("--full") and not has_turn(lacking, role, place, 3):
            continue
        headers = {"HX-Request": "true"} if place % 4 else {}  # the words alone: a whole page takes twice as long
        answer = client.open(route.urls(site)[0], method=route.method, headers=headers)
        assert answer.status_code == 403, f"{role} {route.method} {route.rule}: {answer.status_code}"
        refused += 1
    assert denials() - before == refused
    assert refused >= (0 if role == "admin" else 20)


@pytest.mark.parametrize("role", ROLES)
def test_who_has_the_right_is_let_in(role, app, site, request):
    """Every page by two of the roles that have its right, or by each of them."""
    actors, client = {name: actor_for(site.users[name]) for name in ROLES}, site.client(app, role)
    for place, route in enumerate(routes(app)):
        right = right_of(route)
        if route.method != "GET" or right is None or not actors[role].may(right):
            continue
        having = [name for name in ROLES if actors[name].may(right)]
        if not request.config.getoption("--full") and not has_turn(having, role, place, 2):
            continue
        answer = client.get(route.urls(site)[0])
        told = f"{role} {route.rule}: {answer.status_code}"
        assert answer.status_code in (200, 302, 403, 404), told
        if answer.status_code == 403:  # a thing of others, or a list to take home; never the page itself
            assert "task_id" in route.rule.arguments or route.rule.endpoint == "decisions.simulation_moves", told
        if answer.status_code == 404:
            # papers of an order are absent for those who may not see orders
            assert (
                route.rule.arguments & {"run_id", "upload_id", "token_id", "document_id"}
                or route.rule.endpoint in ABSENT
            ), told


def test_nobody_gets_in_unnamed(app, site):
    client = app.test_client()
    for route in routes(app):
        answer = client.open(route.urls(site)[0] + "?page=nonsense&full=nonsense", method=route.method, data=b"{{{")
        told = f"{route.method} {route.rule}: {answer.status_code}"
        if right_of(route) is None:
            assert answer.status_code < 500, told
        elif route.is_api:
            assert answer.status_code == 401, told
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert answer.json["error"]["code"] == "Unauthenticated"
        else:
            assert answer.status_code == 302, told
            assert answer.headers["Location"].startswith("/login"), told


def test_nobody_is_redirected_by_a_part_of_a_page(app, site):
    client = app.test_client()
    for route in routes(app):
        if right_of(route) is not None and not route.is_api:
            answer = client.open(route.urls(site)[0], method=route.method, headers={"HX-Request": "true"})
            assert answer.status_code == 401
            assert answer.headers["HX-Redirect"].startswith("/login")


def test_a_token_opens_the_api_only_and_only_what_it_is_for(app, site):
    client, headers = app.test_client(), {"Authorization": f"Bearer {site.token}"}
    for route in routes(app):
        if right_of(route) is not None and route.method == "GET":
            answer = client.get(route.urls(site)[0], headers=headers)
            assert answer.status_code == 302 if not route.is_api else answer.status_code in (200, 403), str(route.rule)


def test_public_routes_are_few(app):
    assert {route.rule.endpoint for route in routes(app) if right_of(route) is None} == {
        *("api-docs.openapi_json", "api_docs_page", "healthz", "readyz", "home", "language", "menu_badges"),
        *(
            "integration.receive",
            "integration.event_status",
        ),  # these prove themselves: a signature, an address told once
        *("recalls.answer_form", "recalls.take_answer"),  # opened by a link that only its consignee was given
        *("identity.login", "identity.login_by_password", "manifest", "offline", "service_worker"),
    }


def test_a_page_that_is_not_there_keeps_the_menu_of_who_is_signed_in(app: Flask, site: Site, monkeypatch):
    client = site.client(app, "sales")
    for answer in (client.get("/nowhere"), client.delete("/orders"), client.post("/orders/new", data=b"x" * 1_100_000)):
        assert answer.status_code in (404, 405, 413)
        assert 'action="/logout"' in answer.text
    assert 'action="/logout"' not in app.test_client().get("/nowhere").text
    monkeypatch.setattr(db, "_engine", db.make_engine("sqlite:////nowhere/at/all.db"))
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert 'action="/logout"' not in answer.text
