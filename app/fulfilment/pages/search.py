"""/search: one box for orders, customers and products."""

from __future__ import annotations

from flask import Response, make_response, render_template, request

from app.core.permissions import requires
from app.fulfilment import queries
from app.fulfilment.pages.inbox import bp
from app.fulfilment.permissions import ORDER_READ
from app.orders.models import STATUS_NAMES

LONGEST = 200


@bp.get("/search")
@requires(ORDER_READ)
def search() -> Response:
    """What matches `q`: order number, reference, customer, SKU, UDI, name."""
    text = request.args.get("q", "").strip()[:LONGEST]
    found = queries.search(text)
    return make_response(render_template("fulfilment/search.html", q=text, found=found, statuses=STATUS_NAMES))
