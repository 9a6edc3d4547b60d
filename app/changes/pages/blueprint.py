"""Where the pages of the slice are."""

from __future__ import annotations

from types import ModuleType

from flask import Blueprint

from app.changes import queries, wording
from app.changes.models import ChangeRequest

bp = Blueprint("changes", "app.changes.pages")


@bp.app_template_global()
def open_change(order_id: str) -> ChangeRequest | None:
    """The request about the order that is being decided, for the order's page."""
    return queries.open_of(order_id)


@bp.app_template_global()
def change_wording() -> ModuleType:
    """What codes of change requests are called."""
    return wording
