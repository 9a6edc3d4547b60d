"""The blueprint of the pages of master data."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("catalog", "app.catalog.pages")
