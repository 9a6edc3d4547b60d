"""What every template may use: texts, formats, the actor, the menu, built front-end files."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, url_for
from flask_wtf.csrf import CSRFProtect

from app.core import clock, i18n, menu, permissions, web

csrf = CSRFProtect()
DIST = Path(__file__).parents[1] / "static" / "dist"


def install(app: Flask) -> None:
    """Register filters, globals and cross-site request protection (token requests are exempt, see identity)."""
    csrf.init_app(app)
    app.jinja_env.add_extension("jinja2.ext.do")
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        pick=i18n.pick,
        date=i18n.show_date,
        time=i18n.show_time,
        ago=i18n.show_ago,
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
        languages=i18n.LANGUAGES,
        now=clock.now,
        today=clock.today,
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
    actor = permissions.actor_or_none()
    return actor is not None and any(right.name == name and actor.may(right) for right in permissions.declared())


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


def stylesheets(name: str) -> list[str]:
    """Addresses of the stylesheets an island needs, those of the modules it imports included."""
    found: list[str] = []
    todo, seen = [f"islands/{name}"], set()
    path = DIST / ".vite" / "manifest.json"
    manifest = _manifest(path.stat().st_mtime) if path.exists() else {}
    while todo:
        key = todo.pop()
        if key in seen or key not in manifest:
            continue
        seen.add(key)
        found += [
            url
            for css in manifest[key].get("css", ())
            if (url := url_for("static", filename=f"dist/{css}")) not in found
        ]
        todo += manifest[key].get("imports", ())
    return found
