"""Where the pages of the slice are."""

from __future__ import annotations

from types import ModuleType

from flask import Blueprint

from app.qualification import wording

bp = Blueprint("qualification", "app.qualification.pages")


@bp.app_template_global()
def qualification_wording() -> ModuleType:
    """What codes of the qualification are called."""
    return wording
