"""Pages that belong to no domain: language switch, liveness, the way home."""

from __future__ import annotations

from flask import Flask, Response, current_app, make_response, redirect, request, url_for
from sqlalchemy import text
from werkzeug.wrappers import Response as BaseResponse

from app.core import i18n, jobs, menu
from app.core.db import session
from app.core.errors import NotFound
from app.core.permissions import actor_or_none, public
from app.core.web import needs_no_database

A_YEAR = 365 * 24 * 3600


def install(app: Flask) -> None:
    """Register the routes."""
    app.add_url_rule("/", "home", home)
    app.add_url_rule("/healthz", "healthz", healthz)
    app.add_url_rule("/readyz", "readyz", readyz)
    app.add_url_rule("/language/<code>", "language", choose_language, methods=["POST"])
    app.add_url_rule("/menu/badges", "menu_badges", menu_badges)


@public
def home() -> BaseResponse:
    """The inbox for those signed in, the login page for others."""
    return redirect(url_for("fulfilment.inbox" if actor_or_none() else "identity.login"))


@public
@needs_no_database
def healthz() -> str:
    """The process answers."""
    return "ok\n"


@public
def readyz() -> tuple[str, int]:
    """The database answers too, and a worker is alive to run jobs and timers."""
    session().execute(text("SELECT 1"))
    if not current_app.config["SETTINGS"].testing and not jobs.workers_alive():
        return "No worker has been heard of for 20 seconds: jobs and timers do not run.\n", 503
    return "ok\n", 200


@public
def menu_badges() -> dict[str, str]:
    """The counts beside the actor's menu entries, by endpoint; the page asks now and then."""
    return {entry.endpoint: entry.badge() for entry in menu.visible() if entry.badge is not None}


@public
def choose_language(code: str) -> Response | BaseResponse:
    """Remember the reader's language and go back to the page they were on."""
    if code not in i18n.LANGUAGES:
        raise NotFound(what=code)
    response = make_response(redirect(local_address(request.form.get("next", ""))))
    response.set_cookie("language", code, max_age=A_YEAR, samesite="Lax", httponly=True)
    return response


def local_address(wish: str) -> str:
    """The address if it is one of ours, else home: never redirect to another site."""
    if wish.startswith("/") and not wish.startswith(("//", "/\\")) and "\n" not in wish and "\r" not in wish:
        return wish
    return url_for("home")
