"""Where the pages of the slice are."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("vigilance", "app.vigilance.pages")
