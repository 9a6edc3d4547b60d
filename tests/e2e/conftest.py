"""A real server on a database of its own, and a real browser. Skipped, saying so, where there is no Chromium."""

from __future__ import annotations

import random
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from app.core import clock, db
from app.core.permissions import SYSTEM
from app.decisions import service as decisions
from app.demo import master
from app.demo.places import PEOPLE
from app.identity import queries as people
from app.identity import service as identity
from app.processes import service as processes
from config import ROOT, Settings
from tests.conftest import NOON, build_schema

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PASSWORD = "correct-horse-battery"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium here: apt-get install chromium fonts-noto-cjk"))


@dataclass(frozen=True)
class Site:
    """Where the server listens, and what it knows."""

    url: str
    world: master.World


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def site(app: Flask, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Master data, people (all with PASSWORD), rules and diagrams; no orders yet."""
    if not (ROOT / "app" / "static" / "dist" / ".vite" / "manifest.json").exists():
        pytest.skip("the front end is not built: make run or make test builds it")
    folder = tmp_path_factory.mktemp("site")
    before = db._engine
    engine = db.connect(replace(settings, data=folder, database_url=f"sqlite:///{folder / 'site.db'}"))
    build_schema(engine)
    with clock.moved(NOON), db.transaction():
        decisions.seed(SYSTEM)
        processes.seed(SYSTEM)
        for login, name, roles in PEOPLE:
            made = identity.create_user(SYSTEM, login=login, name=name, password=PASSWORD, roles=list(roles))
        world = master.build(people.actor_of(made), random.Random(3))
    app.config["WTF_CSRF_ENABLED"] = True
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Site(f"http://127.0.0.1:{server.server_port}", world)
    server.shutdown()
    thread.join()
    app.config["WTF_CSRF_ENABLED"] = False
    engine.dispose()
    db._engine = before


class Person:
    """Somebody at a browser window; every script error, console error and horizontal scroll fails the test."""

    def __init__(self, page: Page, site: Site, login: str) -> None:
        self.page, self.site = page, site
        self.faults: list[str] = []
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda message: self._note(message.type, message.text))
        page.goto(f"{site.url}/login")
        page.fill("input[name=login]", login)
        page.fill("input[name=password]", PASSWORD)
        page.click("main form button[type=submit]")
        page.wait_for_url(lambda url: "/login" not in url)

    def _note(self, kind: str, text: str) -> None:
        if kind == "error" and "status of 4" not in text:  # a refused form is an answer, not a fault
            self.faults.append(text)

    def go(self, path: str) -> Page:
        """Open a page and look at it: no fault, no sideways scrolling."""
        answer = self.page.goto(self.site.url + path)
        assert answer is not None
        assert answer.status < 500, path
        self.look()
        return self.page

    def look(self) -> None:
        """What must hold on every page."""
        self.page.wait_for_load_state("load")
        self.page.wait_for_timeout(100)
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 1, f"{self.page.url} scrolls sideways by {wide} px"
        assert self.faults == [], self.page.url


SIZES = {"desk": (1440, 900), "phone": (390, 844)}


@pytest.fixture
def sign_in(browser: Browser, site: Site) -> Iterator[object]:
    """`sign_in(login, language, size)` opens a window of its own."""
    opened = []

    def open_window(login: str, language: str = "en", size: str = "desk") -> Person:
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale="en-GB" if language == "en" else "zh-CN"
        )
        context.add_cookies([{"name": "language", "value": language, "url": site.url}])
        opened.append(context)
        return Person(context.new_page(), site, login)

    yield open_window
    for context in opened:
        context.close()
