"""The blueprint of identity's pages."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("identity", "app.identity.pages")
