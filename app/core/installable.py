"""What makes the site an application of a phone: manifest, service worker, and the page shown without a network.

All of it is for everybody and holds nothing of anybody. The service worker's text is put together from
`frontend/worker/`, with the list of what it keeps in front; its version is the hash of all that, so a new front end is
a new worker.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Flask, Response, jsonify, make_response, render_template, url_for

from app.core import i18n, jsontext, templating
from app.core.i18n import _
from app.core.permissions import public
from app.core.web import needs_no_database

SOURCES = Path(__file__).parents[1] / "frontend" / "worker"
DEEP, PAPER = "#0f3d46", "#f2f6f6"
ICONS = ((192, "any"), (512, "any"), (512, "maskable"))


def install(app: Flask) -> None:
    """Register the routes."""
    app.add_url_rule("/manifest.webmanifest", "manifest", manifest)
    app.add_url_rule("/sw.js", "service_worker", service_worker)
    app.add_url_rule("/offline", "offline", offline)


def _icon(size: int, purpose: str = "any") -> str:
    name = "maskable" if purpose == "maskable" else "icon"
    return url_for("static", filename=f"icons/{name}-{size}.png")


@public
@needs_no_database
def manifest() -> Response:
    """The application as a phone installs it; `lang` says the language, as a manifest is fetched without cookies."""
    places = ((_("Inbox"), "/inbox"), (_("Scan"), "/scan"), (_("Waiting to be sent"), "/offline"))
    response = jsonify(
        id="/",
        name="Youxu 有序",
        short_name="有序" if i18n.language().startswith("zh") else "Youxu",
        description=_("Orders of medical devices, in order."),
        lang=i18n.language().replace("_", "-"),
        start_url="/",
        scope="/",
        display="standalone",
        background_color=PAPER,
        theme_color=DEEP,
        icons=[
            {"src": _icon(size, purpose), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
            for size, purpose in ICONS
        ],
        shortcuts=[{"name": name, "url": url} for name, url in places],
    )
    response.mimetype = "application/manifest+json"
    return response


@public
@needs_no_database
def offline() -> str:
    """Shown when the server cannot be reached; the browser itself puts in what waits to be sent."""
    return render_template("core/offline.html")


@public
@needs_no_database
def service_worker() -> Response:
    """The worker of all pages; asked for again at every start, so that a new one is found."""
    code = "".join((SOURCES / name).read_text(encoding="utf-8") for name in ("queue.js", "worker.js"))
    shell = {
        "offline": {code: url_for("offline", lang=code) for code in i18n.LANGUAGES},
        "icon": _icon(192),
        "badge": url_for("static", filename="icons/badge-96.png"),
        "files": [*(url_for("offline", lang=code) for code in i18n.LANGUAGES), *_files()],
    }
    shell["version"] = hashlib.sha256(f"{jsontext.dumps(shell)}{code}".encode()).hexdigest()[:16]
    response = make_response(f"const SHELL = {jsontext.dumps(shell)};\n{code}")
    response.mimetype = "text/javascript"
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Service-Worker-Allowed"] = "/"
    return response


def _files() -> list[str]:
    """What the page without a network needs."""
    pictures = [url_for("static", filename=name) for name in ("icons.svg", "logo.svg")]
    return [*pictures, *templating.scripts("main.js"), *templating.stylesheets("main.js")]
