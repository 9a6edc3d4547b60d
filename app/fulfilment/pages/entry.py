"""Order entry: new order, change, cancel, withdraw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.catalog import queries as catalog
from app.core.db import session
from app.core.errors import DomainError, Invalid, StaleVersion
from app.core.i18n import _, named
from app.core.idempotency import KeyReused
from app.core.ids import new_id
from app.core.permissions import current_actor, requires
from app.fulfilment import entry_form, intake
from app.fulfilment.permissions import ORDER_CANCEL, ORDER_CHANGE, ORDER_CREATE, ORDER_WITHDRAW
from app.orders import queries as orders
from app.orders.models import CHANNELS, DELIVERIES, ORDER_TYPES, Order
from app.orders.service import LARGEST_VERSION, DuplicateReference

bp = Blueprint("orders", "app.fulfilment.pages")

LINES_OFFERED = 50
UNITS = ("EA", "BX", "CT", "PK", "CS")


@bp.get("/orders/new")
@requires(ORDER_CREATE)
def new_order() -> str:
    """An order form; `channel`, `customer`, `order_type`, `note`, and a `product` with its `quantity`, once or several
    times, may be given in the address."""
    asked = request.args
    channel, order_type = asked.get("channel", "direct"), asked.get("order_type", "normal")
    goods = zip(asked.getlist("product")[:LINES_OFFERED], asked.getlist("quantity"), strict=False)
    values = {
        "channel": channel if channel in CHANNELS else "direct",
        "order_type": order_type if order_type in ORDER_TYPES else "normal",
        "customer": asked.get("customer", ""),
        "note": asked.get("note", ""),
        "lines": [{"product": product, "quantity": quantity} for product, quantity in goods] or [{}],
    }
    return form_page(values, key=new_id())


@bp.post("/orders/new")
@requires(ORDER_CREATE)
def create_order() -> ResponseReturnValue:
    """Take the order in, or show every fault beside its field with the input kept."""
    given = entry_form.read(request.form.items(multi=True))
    key = request.form.get("key", "")[:64] or new_id()
    try:
        with session().begin_nested():
            taken = intake.take_in(current_actor(), given, f"page-{key}")
    except (Invalid, DuplicateReference) as error:
        return form_page(given, error, key=key), error.status
    except KeyReused as error:
        return form_page(given, error, key=new_id()), error.status
    if not taken.replayed:
        flash(
            _("Order %(order)s is entered and ranked; its approval has started.", order=taken.order.number), "success"
        )
    return redirect(url_for("orders.show_order", order_id=taken.order.id))


@bp.get("/orders/<order_id>/change")
@requires(ORDER_CHANGE)
def change_order(order_id: str) -> str:
    """The order form filled with the order."""
    order = orders.get_order(order_id)
    values = {**entry_form.written(order), "customer": catalog.get_customer(order.customer_id).code}
    return form_page(values, order=order, version=order.version)


@bp.post("/orders/<order_id>/change")
@requires(ORDER_CHANGE)
def save_change(order_id: str) -> ResponseReturnValue:
    """Change the order as the form says, if nobody changed it meanwhile."""
    order = orders.get_order(order_id)
    given = entry_form.read(request.form.items(multi=True))
    seen = seen_version()
    try:
        with session().begin_nested():
            intake.change(current_actor(), order.id, given, seen_version=seen)
    except (Invalid, DuplicateReference, StaleVersion) as error:
        return form_page(given, error, order=order, version=seen), error.status
    flash(_("Order %(order)s is changed; its approval has started anew.", order=order.number), "success")
    return redirect(url_for("orders.show_order", order_id=order.id))


@bp.route("/orders/<order_id>/cancel", methods=["GET", "POST"])
@requires(ORDER_CANCEL)
def cancel_order(order_id: str) -> ResponseReturnValue:
    """Cancel with a reason."""
    return _end(order_id, "cancel", intake.cancel)


@bp.route("/orders/<order_id>/withdraw", methods=["GET", "POST"])
@requires(ORDER_WITHDRAW)
def withdraw_order(order_id: str) -> ResponseReturnValue:
    """Take one's own order back, with a reason."""
    return _end(order_id, "withdraw", intake.withdraw)


def _end(order_id: str, verb: str, end: Callable[..., Order]) -> ResponseReturnValue:
    order = orders.get_order(order_id)
    reason = request.form.get("reason", "")
    shown: dict[str, Any] = {"order": order, "verb": verb, "reason": reason, "version": order.version, "error": None}
    if request.method == "GET":
        return render_template("orders/end.html", **shown)
    seen = seen_version()
    try:
        with session().begin_nested():
            end(current_actor(), order.id, reason=reason, seen_version=seen)
    except (Invalid, StaleVersion) as error:
        return render_template("orders/end.html", **{**shown, "error": error, "version": seen}), error.status
    said = {
        "cancel": _("Order %(order)s is cancelled; its stock is free again.", order=order.number),
        "withdraw": _("Order %(order)s is withdrawn; its stock is free again.", order=order.number),
    }
    flash(said[verb], "success")
    return redirect(url_for("orders.show_order", order_id=order.id))


def seen_version() -> int:
    """The version the form was made from. Raises Invalid."""
    text = request.form.get("version", "")
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= LARGEST_VERSION:
        raise Invalid({"version": [_("Must be a whole number.")]})
    return int(text)


def form_page(
    values: dict[str, Any],
    error: DomainError | None = None,
    *,
    key: str = "",
    order: Order | None = None,
    version: int = 0,
    asked: dict[str, Any] | None = None,
) -> str:
    """The page; an order to change is told by number, a refusal stands beside its field or above the form. `asked`:
    what is sent is a request, {"action", "title", "lead", "button", "reason", "error"}."""
    fields: dict[str, list[str]] = {}
    twin = None
    if isinstance(error, Invalid):
        fields = entry_form.anchors(error.details["fields"])
    elif isinstance(error, DuplicateReference):
        fields = {"external_ref": [error.sentence()]}
        twin = orders.find_by_number(error.details["order"])
    customer = catalog_name(values.get("customer", ""))
    return render_template(
        "orders/form.html",
        values=values,
        lines=values.get("lines") or [{}],
        fields=fields,
        notice=error.sentence() if error is not None and not fields else "",
        twin=twin,
        key=key,
        order=order,
        version=version,
        asked=asked,
        customer_name=customer,
        channels=CHANNELS,
        order_types=ORDER_TYPES,
        deliveries=DELIVERIES,
        units=UNITS,
    )


def catalog_name(text: Any) -> str:
    """Name of the customer of that id or code, to show below the field."""
    if not isinstance(text, str) or not text:
        return ""
    found = catalog.find_customer(text)
    return named(found) if found is not None else ""
