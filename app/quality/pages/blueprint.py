"""Where the pages of the slice are."""

from __future__ import annotations

from types import ModuleType

from flask import Blueprint

from app.quality import wording

bp = Blueprint("quality", "app.quality.pages")


@bp.app_template_global()
def quality_wording() -> ModuleType:
    """What codes of quality control are called."""
    return wording
