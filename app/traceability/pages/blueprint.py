"""Where the pages of the slice are."""

from __future__ import annotations

from flask import Blueprint, url_for

from app.traceability.showing import subject_page

bp = Blueprint("traceability", "app.traceability.pages")


def page_url(kind: str, key: str) -> str:
    """Address of the page of a subject; empty when it has none."""
    found = subject_page(kind, key)
    return url_for(found[0], **found[1]) if found is not None else ""


@bp.app_template_global()
def trace_page(kind: str, key: str) -> str:
    """`page_url`, for templates."""
    return page_url(kind, key)
