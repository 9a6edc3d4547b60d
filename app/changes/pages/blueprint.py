"""Where the pages of the slice are."""

from __future__ import annotations

from types import ModuleType

from flask import Blueprint

from app.changes import wording

bp = Blueprint("changes", "app.changes.pages")


@bp.app_template_global()
def change_wording() -> ModuleType:
    """What codes of change requests are called."""
    return wording
