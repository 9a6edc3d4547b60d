"""The blueprint of integration's pages, and of the address that other systems send to."""

from __future__ import annotations

from flask import Blueprint, request

from app.core.web import serve_programs
from app.integration.outbound import sending

bp = Blueprint("integration", "app.integration.pages")
serve_programs("/hooks/")


@bp.record_once
def set_up(state: object) -> None:
    """Private places that webhooks may be sent to are a setting."""
    sending.allow(state.app.config["SETTINGS"].hook_allow)  # type: ignore[attr-defined]


def page_number() -> int:
    """Of the list that is asked for."""
    return request.args.get("page", 1, type=int)


def one_line(name: str, most: int = 500) -> str:
    """A field of the form, or of the address when reading, trimmed and bounded."""
    given = request.form if request.method == "POST" else request.args
    return given.get(name, "").strip()[:most].replace("\x00", "")
