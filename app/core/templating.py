"""What every template may use: texts, formats, the actor, the menu, built front-end files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, request, url_for
from flask_wtf.csrf import CSRFProtect
from werkzeug.routing import BuildError

from app.core import clock, db, i18n, menu, permissions, web
from app.core.i18n import _l

csrf = CSRFProtect()
DIST = Path(__file__).parents[1] / "static" / "dist"
SECTION_TITLES = {
    "work": _l("Work"),
    "orders": _l("Orders"),
    "master": _l("Master data"),
    "quality": _l("Quality"),
    "system": _l("System"),
}
TABS = 4
"""Places in the bar at the bottom of a phone, beside "More"."""


@dataclass(frozen=True)
class Place:
    """An entry of the menu as it is drawn."""

    section: str
    endpoint: str
    label: str
    icon: str
    url: str
    badge: str
    current: bool


@dataclass(frozen=True)
class Section:
    """A titled group of places."""

    title: str
    places: list[Place]


def install(app: Flask) -> None:
    """Register filters, globals and cross-site request protection (token requests are exempt, see identity)."""
    csrf.init_app(app)
    app.jinja_env.add_extension("jinja2.ext.do")
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        pick=i18n.pick,
        named=i18n.named,
        date=i18n.show_date,
        time=i18n.show_time,
        month=i18n.show_month,
        ago=i18n.show_ago,
        listed=i18n.listed,
        number=i18n.show_number,
        money=i18n.show_money,
    )
    app.jinja_env.globals.update(
        _=i18n._,
        _n=i18n._n,
        asset=asset,
        stylesheets=stylesheets,
        may=may,
        menu_entries=menu.visible,
        menu_sections=menu_sections,
        menu_tabs=menu_tabs,
        link=link,
        languages=i18n.LANGUAGES,
        now=clock.now,
        today=clock.today,
        weekdays=i18n.show_weekdays,
    )

    @app.context_processor
    def context() -> dict[str, Any]:
        return {
            "actor": permissions.actor_or_none(),
            "language": i18n.language(),
            "fragment": web.is_fragment(),
            "request_id": web.request_id(),
        }


def may(name: str) -> bool:
    """True when the actor has the permission of that name."""
    actor, right = permissions.actor_or_none(), permissions.named(name)
    return actor is not None and right is not None and actor.may(right)


def link(endpoint: str, **values: Any) -> str:
    """Address of a page, or an empty string when this server has no such page."""
    try:
        return url_for(endpoint, **values)
    except BuildError:
        return ""


def menu_places() -> list[Place]:
    """The actor's menu with addresses; the place whose address fits the request best is the current one."""
    entries = [(entry, url) for entry in menu.visible() if (url := link(entry.endpoint))]
    here = request.path
    fitting = [url for _entry, url in entries if here == url or here.startswith(url.rstrip("/") + "/")]
    current = max(fitting, key=len, default=None)
    return [
        Place(
            section=entry.section,
            endpoint=entry.endpoint,
            label=str(entry.label),
            icon=entry.icon,
            url=url,
            badge=entry.badge() if entry.badge and db.in_transaction() else "",  # refusals are shown after it ended
            current=url == current,
        )
        for entry, url in entries
    ]


def menu_sections() -> list[Section]:
    """The menu in its titled groups, empty ones left out."""
    places = menu_places()
    sections = [
        Section(str(SECTION_TITLES[name]), [place for place in places if place.section == name])
        for name in menu.SECTIONS
    ]
    return [section for section in sections if section.places]


def menu_tabs(sections: list[Section]) -> list[Place]:
    """The places a phone shows without opening the menu: at most two of a section, the first ones."""
    first = [place for section in sections for place in section.places[:2]]
    return first[:TABS]


@lru_cache(maxsize=4)
def _manifest(changed: float) -> dict[str, Any]:  # noqa: ARG001 - the time of change is the cache key
    loaded: dict[str, Any] = json.loads((DIST / ".vite" / "manifest.json").read_text())
    return loaded


def _entry(name: str) -> dict[str, Any] | None:
    path = DIST / ".vite" / "manifest.json"
    if not path.exists():
        return None
    return _manifest(path.stat().st_mtime).get(f"islands/{name}")


def asset(name: str) -> str:
    """Address of a built island, as in `asset("main.js")`; empty when the front end was not built."""
    entry = _entry(name)
    return url_for("static", filename=f"dist/{entry['file']}") if entry else ""


def scripts(name: str) -> list[str]:
    """Addresses of the island and of the modules it imports at once."""
    return [url_for("static", filename=f"dist/{part['file']}") for part in _with_imports(name)]


def stylesheets(name: str) -> list[str]:
    """Addresses of the stylesheets an island needs, those of the modules it imports included."""
    found = [url_for("static", filename=f"dist/{css}") for part in _with_imports(name) for css in part.get("css", ())]
    return list(dict.fromkeys(found))


def _with_imports(name: str) -> list[dict[str, Any]]:
    """Parts of the manifest: the island, then what it imports, each once."""
    found: list[dict[str, Any]] = []
    todo, seen = [f"islands/{name}"], set()
    path = DIST / ".vite" / "manifest.json"
    manifest = _manifest(path.stat().st_mtime) if path.exists() else {}
    while todo:
        key = todo.pop()
        if key in seen or key not in manifest:
            continue
        seen.add(key)
        found.append(manifest[key])
        todo += manifest[key].get("imports", ())
    return found
