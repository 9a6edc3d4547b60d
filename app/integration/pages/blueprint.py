"""The blueprint of integration's pages, and of the address that other systems send to."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, request

from app.core.i18n import _l
from app.core.web import serve_programs

bp = Blueprint("integration", "app.integration.pages")
serve_programs("/hooks/")
ROTATIONS = {
    "": _l("stay as they are"),
    "0": _l("end at once"),
    "24": _l("end in 24 hours"),
    "168": _l("end in 7 days"),
}
"""What may become of a secret when a new one is made: hours, in words."""


def page_number() -> int:
    """Of the list that is asked for."""
    return request.args.get("page", 1, type=int)


def one_line(name: str, most: int = 500) -> str:
    """A field of the form, or of the address when reading, trimmed and bounded."""
    given = request.form if request.method == "POST" else request.args
    return given.get(name, "").strip()[:most].replace("\x00", "")


def old_ends_in() -> timedelta | None:
    """How long secrets that a new one follows stay good, as the form says; None: as before."""
    chosen = one_line("old", 4)
    return timedelta(hours=int(chosen)) if chosen and chosen in ROTATIONS else None
