"""/search: one box for orders, customers and products; /people/suggest: colleagues while their names are typed."""

from __future__ import annotations

from flask import Response, jsonify, make_response, render_template, request

from app.core.db import session
from app.core.permissions import requires
from app.fulfilment import queries
from app.fulfilment.pages.inbox import bp
from app.fulfilment.permissions import ORDER_READ
from app.identity.queries import users
from app.orders.models import STATUS_NAMES
from app.tasks.permissions import TASK_WORK

LONGEST = 200
SUGGESTED = 10


@bp.get("/search")
@requires(ORDER_READ)
def search() -> Response:
    """What matches `q`: order number, reference, customer, SKU, UDI, name."""
    text = request.args.get("q", "").strip()[:LONGEST]
    found = queries.search(text)
    return make_response(render_template("fulfilment/search.html", q=text, found=found, statuses=STATUS_NAMES))


@bp.get("/people/suggest")
@requires(TASK_WORK)
def suggest_people() -> Response:
    """Some active users whose login or name has what somebody types."""
    text = request.args.get("q", "").strip()[:64]
    found = list(session().scalars(users(text, inactive=False).limit(SUGGESTED))) if text else []
    return jsonify([{"value": one.login, "label": one.name} for one in found])
