"""The blueprint of integration's pages, and of the address that other systems send to."""

from __future__ import annotations

from flask import Blueprint, request

from app.core.web import serve_programs

bp = Blueprint("integration", "app.integration.pages")
serve_programs("/hooks/")


def page_number() -> int:
    """Of the list that is asked for."""
    return request.args.get("page", 1, type=int)


def one_line(name: str, most: int = 500) -> str:
    """A field of the form, or of the address when reading, trimmed and bounded."""
    given = request.form if request.method == "POST" else request.args
    return given.get(name, "").strip()[:most].replace("\x00", "")
