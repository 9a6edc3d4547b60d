"""The blueprint of the inbox, on which its modules put their pages."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("fulfilment", "app.fulfilment.pages")
