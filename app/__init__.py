"""The application: `create_app` puts the slices together, in the order in which they may import each other."""

from __future__ import annotations

import importlib
import importlib.util

import structlog
from click import Command, Group
from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.core import (
    clock,
    db,
    i18n,
    installable,
    logs,
    outbox,
    pages,
    reaching,
    refusals,
    sealing,
    templating,
    web,
    workdays,
)
from app.core.openapi import make_api
from app.decisions import profiles
from app.documents import retention
from app.integration.outbound import delivering
from app.notifying import sources
from app.shipping import service as shipping
from config import Settings

SLICES = (
    "audit",
    "identity",
    "documents",
    "catalog",
    "decisions",
    "tasks",
    "notifying",
    "processes",
    "qualification",
    "inventory",
    "orders",
    "priority",
    "quality",
    "planning",
    "shipping",
    "traceability",
    "fulfilment",
    "changes",
    "vigilance",
    "recalls",
    "risks",
    "integration",
    "imports",
    "demo",
    "operate",
)
"""Every package but core, earlier ones knowing nothing of later ones (tests/test_architecture.py)."""

ROLES = (
    "permissions",
    "facts",
    "populations",
    "steps",
    "panels",
    "periodic",
    "reviews",
    "metrics",
    "pages",
    "api",
    "engine_rest",
    "cli",
)
"""Modules of a slice that are loaded at start if they exist: they register what they offer."""


def create_app(settings: Settings) -> Flask:
    """A server ready to answer; the database must have been migrated (`flask migrate`)."""
    logs.set_up(quiet=settings.testing)
    clock.use_zone(settings.timezone)
    workdays.use_file(settings.calendar_file)
    profiles.use(settings.regulatory_profile)
    retention.use(profiles.retention_terms)
    shipping.use_prefix(settings.company_prefix)
    sealing.use_key(settings.secret_key)
    reaching.allow(settings.hook_allow)
    delivering.use_pause(settings.hook_pause_ms / 1000)
    sources.use(settings)

    outbox.keep_for(settings.event_days)
    db.connect(settings)
    i18n.compile_catalogues()
    app = web.App("app", static_folder="static", template_folder="templates")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=1024 * 1024,
        MAX_FORM_MEMORY_SIZE=1024 * 1024,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        WTF_CSRF_TIME_LIMIT=None,
        TESTING=settings.testing,
        SETTINGS=settings,
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    web.install(app, settings.write_slots)
    refusals.install(app)
    templating.install(app)
    pages.install(app)
    installable.install(app)
    api = make_api(app)
    for name in SLICES:
        for role in ROLES:
            _load(app, api, f"app.{name}.{role}")
    structlog.get_logger().debug("app.ready", slices=len(SLICES))
    return app


def _load(app: Flask, api: object, module: str) -> None:
    if importlib.util.find_spec(module.rpartition(".")[0]) is None or importlib.util.find_spec(module) is None:
        return
    found = importlib.import_module(module)
    groups = [thing for thing in vars(found).values() if isinstance(thing, Group)]
    inner = {id(command) for group in groups for command in group.commands.values()}
    for thing in vars(found).values():
        if isinstance(thing, Command) and thing.name and id(thing) not in inner:
            if thing.name not in app.cli.commands:
                app.cli.add_command(thing)
        elif isinstance(thing, Blueprint) and thing.import_name == module:
            if module.endswith(".api"):
                api.register_blueprint(thing)  # type: ignore[attr-defined]
            else:
                app.register_blueprint(thing)
