"""Where the pages of the slice are."""

from __future__ import annotations

from types import ModuleType

from flask import Blueprint

from app.recalls import wording

bp = Blueprint("recalls", "app.recalls.pages")


@bp.app_template_global()
def recall_wording() -> ModuleType:
    """What codes of recalls are called."""
    return wording
