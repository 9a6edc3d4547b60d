"""A real server on a database of its own, and a real browser. Skipped, saying so, where there is no Chromium."""

from __future__ import annotations

import random
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
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
from tests.conftest import NOON, build_schema, close_whole

WHOLE = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CHROMIUM = shutil.which("chromium-headless-shell") or WHOLE
"""Where there is one without windows: it computes a third less."""
PASSWORD = "correct-horse-battery"
PATIENCE = 25_000
"""Milliseconds: other queues of the suite compute beside it."""
expect.set_options(timeout=PATIENCE)
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
                item.add_marker(
                    pytest.mark.skip(
                        reason="no Chromium here: apt-get install chromium chromium-headless-shell fonts-noto-cjk"
                    )
                )


@dataclass(frozen=True)
class Site:
    """Where the server listens, what it knows, and who signed in already."""

    url: str
    world: master.World
    cookies: dict[str, Any] = field(default_factory=dict)
    """By login."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def whole(browser: Browser) -> Iterator[Browser]:
    """One that shows notices of the system too, which one without windows does not."""
    if WHOLE is None:
        pytest.skip("no whole Chromium here: apt-get install chromium")
    started = browser.browser_type.launch(executable_path=WHOLE, args=FLAGS)
    yield started
    started.close()


@pytest.fixture(scope="package")
def filled(app: Flask, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, master.World]:
    """A file with master data, people (all with PASSWORD), rules and diagrams; no orders yet."""
    file = tmp_path_factory.mktemp("filled") / "site.db"
    before = db._engine
    engine = db.connect(replace(settings, data=file.parent, database_url=f"sqlite:///{file}"))
    build_schema(engine)
    with clock.moved(NOON), db.transaction():
        decisions.seed(SYSTEM)
        processes.seed(SYSTEM)
        team = {
            login: identity.create_user(SYSTEM, login=login, name=name, password=PASSWORD, roles=list(roles))
            for login, name, roles in PEOPLE
        }
        world = master.build(people.actor_of(team["admin"]), random.Random(3))
    close_whole(engine)
    db._engine = before
    return file, world


@pytest.fixture(scope="package")
def address(app: Flask) -> Iterator[str]:
    """Of a server that works with the database to which the process is connected."""
    if not (ROOT / "app" / "static" / "dist" / ".vite" / "manifest.json").exists():
        pytest.skip("the front end is not built: make run or make test builds it")
    app.config["WTF_CSRF_ENABLED"] = True
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    app.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture(scope="module")
def site(
    address: str, filled: tuple[Path, master.World], settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The server on a copy of the filled database, for the tests of one file."""
    template, world = filled
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(template, folder / "site.db")
    before = db._engine
    engine = db.connect(replace(settings, data=folder, database_url=f"sqlite:///{folder / 'site.db'}"))
    yield Site(address, world)
    engine.dispose()
    db._engine = before


SIZES = {"desk": (1440, 900), "phone": (390, 844)}
SETTLED = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const mounted = (place) => "ready" in place.dataset || place.querySelector("[role=alert]");
  const settled = () => !document.querySelector(".htmx-request") && [...document.querySelectorAll("[data-island]")].every(mounted);
  const late = Date.now() + 10_000;
  do await frame(); while (!settled() && Date.now() < late);
  await document.fonts.ready;
  await frame();
  await frame();
  return [settled(), document.documentElement.scrollWidth - document.documentElement.clientWidth];
}"""


class Person:
    """Somebody at a browser window; every script error, console error and horizontal scroll fails the test."""

    def __init__(self, page: Page, site: Site, login: str, size: str) -> None:
        self.page, self.site, self.size = page, site, size
        self.faults: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda message: self._note(message.type, message.text))
        if login in site.cookies:
            page.context.add_cookies(site.cookies[login])
            return
        page.goto(f"{site.url}/login")
        page.fill("input[name=login]", login)
        page.fill("input[name=password]", PASSWORD)
        page.click("main form button[type=submit]")
        page.wait_for_url(lambda url: "/login" not in url)
        site.cookies[login] = [one for one in page.context.cookies() if one["name"] != "language"]

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
        """What must hold on every page, once all of it is there."""
        self.page.wait_for_load_state("load")
        settled, wide = self.page.evaluate(SETTLED)
        assert settled, f"{self.page.url} has parts that never came"
        assert wide <= 1, f"{self.page.url} scrolls sideways by {wide} px ({self.size})"
        assert self.faults == [], self.page.url

    def look_at_both_sizes(self, then: Callable[[str], None] = lambda _size: None) -> None:
        """Make the window as large as the other one, look, and back; `then` looks at more at each size."""
        opened = self.size
        then(opened)
        for size in SIZES:
            if size != opened:
                self.resize(size)
                self.look()
                then(size)
        self.resize(opened)

    def resize(self, size: str) -> None:
        """Make the window that large."""
        self.size = size
        width, height = SIZES[size]
        self.page.set_viewport_size({"width": width, "height": height})


@pytest.fixture(scope="session")
def windows(browser: Browser) -> Iterator[dict[str, list[BrowserContext]]]:
    """By language: windows that nobody uses now. What they fetched once (scripts, fonts) they need not fetch again."""
    idle: dict[str, list[BrowserContext]] = {"en": [], "zh_Hans": []}
    yield idle
    for context in (*idle["en"], *idle["zh_Hans"]):
        context.close()


@pytest.fixture
def sign_in(browser: Browser, windows: dict[str, list[BrowserContext]], site: Site) -> Iterator[object]:
    """`sign_in(login, language, size)` opens a window of its own, with `by` of another browser."""
    opened = []

    def open_window(login: str, language: str = "en", size: str = "desk", by: Browser | None = None) -> Person:
        idle = windows[language] if by is None else []
        context = (
            idle.pop()
            if idle
            else (by or browser).new_context(locale="en-GB" if language == "en" else "zh-CN", reduced_motion="reduce")
        )
        context.clear_cookies()
        context.add_cookies([{"name": "language", "value": language, "url": site.url}])
        if by is None:
            opened.append((language, context))
        page = context.new_page()
        width, height = SIZES[size]
        page.set_viewport_size({"width": width, "height": height})
        return Person(page, site, login, size)

    yield open_window
    for language, context in opened:
        for page in context.pages:
            page.close()
        windows[language].append(context)
