"""/orders/<id>/request-change and /orders/<id>/request-cancellation: the form of the order, sent as a request."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.catalog import queries as catalog
from app.changes import service
from app.changes.models import ChangeRequest
from app.changes.pages.blueprint import bp
from app.changes.permissions import CHANGE_ASK
from app.changes.service import ChangeUnderWay
from app.changes.wanted import NothingWouldChange
from app.core.db import session
from app.core.errors import DomainError, Invalid, StaleVersion
from app.core.i18n import _
from app.core.permissions import current_actor, requires
from app.fulfilment import entry_form
from app.fulfilment.pages.entry import form_page, seen_version
from app.orders import queries as orders
from app.orders.models import Order
from app.orders.service import DuplicateReference

REFUSALS = (Invalid, DuplicateReference, StaleVersion, ChangeUnderWay, NothingWouldChange)


@bp.get("/orders/<order_id>/request-change")
@requires(CHANGE_ASK)
def ask_change(order_id: str) -> str:
    """The order form filled with the order."""
    order = orders.get_order(order_id)
    return form_page(_written(order), order=order, version=order.version, asked=_asked(order))


@bp.post("/orders/<order_id>/request-change")
@requires(CHANGE_ASK)
def send_change(order_id: str) -> ResponseReturnValue:
    """Ask for what the form says, or show every fault beside its field with the input kept."""
    order = orders.get_order(order_id)
    given = entry_form.read(request.form.items(multi=True))
    seen, reason = seen_version(), request.form.get("reason", "")
    try:
        with session().begin_nested():
            case = service.ask(current_actor(), order.id, _touched(order, given), seen_version=seen, reason=reason)
    except REFUSALS as error:
        return form_page(given, error, order=order, version=seen, asked=_asked(order, reason, error)), error.status
    return _done(case)


@bp.route("/orders/<order_id>/request-cancellation", methods=["GET", "POST"])
@requires(CHANGE_ASK)
def ask_cancel(order_id: str) -> ResponseReturnValue:
    """Ask for the cancellation, with a reason."""
    order = orders.get_order(order_id)
    reason = request.form.get("reason", "")
    shown = {"order": order, "reason": reason, "version": order.version, "error": None}
    if request.method == "GET":
        return render_template("changes/cancel.html", **shown)
    seen = seen_version()
    try:
        with session().begin_nested():
            case = service.ask(current_actor(), order.id, None, seen_version=seen, reason=reason)
    except (Invalid, StaleVersion, ChangeUnderWay) as error:
        return render_template("changes/cancel.html", **{**shown, "version": seen, "error": error}), error.status
    return _done(case)


def _written(order: Order) -> dict[str, Any]:
    """The order as the form shows it."""
    return {**entry_form.written(order), "customer": catalog.get_customer(order.customer_id).code}


def _touched(order: Order, given: dict[str, Any]) -> dict[str, Any]:
    """What was written otherwise than the form had it: a moment shown without its seconds has not changed by that."""
    shown = _written(order)
    lines = [{name: value for name, value in line.items() if value != ""} for line in shown.pop("lines")]
    touched = {name: value for name, value in given.items() if name != "lines" and value != shown.get(name, "")}
    return touched | ({"lines": given["lines"]} if given["lines"] != lines else {})


def _asked(order: Order, reason: str = "", error: DomainError | None = None) -> dict[str, object]:
    fields = error.details["fields"] if isinstance(error, Invalid) else {}
    return {
        "action": url_for("changes.send_change", order_id=order.id),
        "title": _("Request a change of %(order)s", order=order.number),
        "lead": _("What it comes to is worked out first; nothing changes before it is decided."),
        "button": _("Send the request"),
        "reason": reason,
        "error": fields.get("reason"),
    }


def _done(case: ChangeRequest) -> ResponseReturnValue:
    said = {
        "open": _("%(number)s is sent; it says below who decides it.", number=case.number),
        "applied": _("%(number)s is carried out: nobody needed to decide it.", number=case.number),
        "refused": _("%(number)s is refused: it says below why.", number=case.number),
    }
    flash(said.get(case.status, case.number), "warning" if case.status == "refused" else "success")
    return redirect(url_for("changes.show_change", change_id=case.id))
