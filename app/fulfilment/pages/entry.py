"""Order entry: new order, change, cancel."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("orders", "app.fulfilment.pages")
