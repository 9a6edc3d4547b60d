"""/orders/<id>: where an order stands, why, what happens next, and its history."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.audit.signatures import has_any
from app.core import web
from app.core.i18n import LANGUAGES, language
from app.core.permissions import requires
from app.core.subject import Subject
from app.documents.kinds import KINDS
from app.fulfilment import documents, queries, timeline, versions
from app.fulfilment.pages.entry import bp
from app.fulfilment.permissions import ORDER_READ
from app.orders import queries as orders
from app.orders.models import CHANNELS, DELIVERIES, ORDER_TYPES, STATUS_NAMES
from app.planning import queries as allocation
from app.priority import queries as priority
from app.priority.panels import panel_of
from app.tasks import queries as tasks

TONES = {"released": "success", "rejected": "danger", "rework": "warning", "in_approval": "info"}


@bp.get("/orders/<order_id>")
@requires(ORDER_READ)
def show_order(order_id: str) -> str:
    """The order page; its living part alone when the page asks for it again."""
    view = queries.order_view(order_id)
    shown: dict[str, Any] = {
        "view": view,
        "order": view.order,
        "panel": panel_of(view.order),
        "status": STATUS_NAMES[view.order.status],
        "tone": TONES.get(view.order.status, "neutral"),
        "channel": CHANNELS[view.order.channel],
        "order_type": ORDER_TYPES[view.order.order_type],
        "deliveries": DELIVERIES,
        "line_numbers": {line.id: line.line_no for line in view.order.lines},
        "allocation": allocation.story_of(order_id),
        "happenings": timeline.of_order(order_id),
        "versions": versions.told(orders.versions_of(order_id)),
        "is_signed": has_any(Subject("order", order_id)),
        "documents": documents.documents_of(order_id),
        "document_kinds": KINDS,
        "earlier": documents.earlier_pages(order_id),
    }
    return render_template("fulfilment/_order.html" if web.is_fragment() else "fulfilment/order.html", **shown)


@bp.get("/orders/<order_id>/stamp")
@requires(ORDER_READ)
def order_stamp(order_id: str) -> Response:
    """A text that changes whenever the order page would."""
    standing = priority.standing_or_none(order_id)
    waiting = tasks.open_tasks_of(Subject("order", order_id))
    parts = [
        str(orders.version_of(order_id)),
        standing.assessed_at.isoformat() if standing else "",
        *(f"{task.id}{task.changed_at.isoformat()}" for task in waiting),
    ]
    return Response("-".join(parts), mimetype="text/plain")


@bp.get("/orders/<order_id>/confirmation")
@requires(ORDER_READ)
def confirmation(order_id: str) -> BaseResponse:
    """The newest confirmation; with `number` one that was kept as a page, in `language` or the reader's."""
    orders.get_order(order_id)
    wish = request.args.get("language", "")
    number = request.args.get("number", "")
    if not number:
        newest = documents.latest_confirmation(order_id)
        return redirect(url_for("documents.show_document", document_id=newest.id))
    found = documents.earlier_page(order_id, number, wish if wish in LANGUAGES else language())
    response = Response(found.html, mimetype="text/html")
    response.headers["X-Document-SHA256"] = found.sha256
    return response
