"""Upload of orders: choose a file, see what it would make or every fault in it, confirm."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core import sheets
from app.core.errors import NotFound
from app.core.i18n import _, _n
from app.core.permissions import current_actor, requires
from app.fulfilment import listing
from app.fulfilment import upload as uploads
from app.fulfilment.pages.entry import bp
from app.fulfilment.pages.listing import download
from app.fulfilment.permissions import ORDER_CREATE
from app.orders import queries as orders
from app.priority import queries as priority


@bp.get("/orders/upload")
@requires(ORDER_CREATE)
def upload() -> str:
    """Choose a file."""
    return render_template("orders/upload.html", checked=None, filename="", error="")


@bp.post("/orders/upload")
@requires(ORDER_CREATE)
def check_upload() -> ResponseReturnValue:
    """The dry run: faults are listed and nothing is kept, else the file waits to be confirmed."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return render_template("orders/upload.html", checked=None, filename="", error=_("Choose a file first.")), 422
    content = file.read()
    checked = uploads.dry_run(file.filename, content)
    if checked.faults:
        return render_template("orders/upload.html", checked=checked, filename=file.filename, error=""), 422
    kept = uploads.keep(current_actor(), file.filename, content)
    return redirect(url_for("orders.show_upload", upload_id=kept.id))


@bp.get("/orders/upload/<upload_id>")
@requires(ORDER_CREATE)
def show_upload(upload_id: str) -> str:
    """What the file would make, or what it made."""
    kept = uploads.get_upload(current_actor(), upload_id)
    if kept.confirmed_at is None:
        checked = uploads.dry_run(kept.filename, kept.content)
        return render_template("orders/upload_check.html", upload=kept, checked=checked)
    made = orders.orders_by_id(kept.order_ids)
    found = [made[order_id] for order_id in kept.order_ids if order_id in made]
    return render_template(
        "orders/upload_done.html",
        upload=kept,
        orders=found,
        customers=listing.customers_of(found),
        standings=priority.standings_of(kept.order_ids),
    )


@bp.post("/orders/upload/<upload_id>/confirm")
@requires(ORDER_CREATE)
def confirm_upload(upload_id: str) -> ResponseReturnValue:
    """Make the orders, all or none."""
    kept, checked = uploads.confirm(current_actor(), upload_id)
    if checked is not None:
        return render_template("orders/upload_check.html", upload=kept, checked=checked), 409
    count = len(kept.order_ids)
    flash(_n("%(num)s order is entered and ranked.", "%(num)s orders are entered and ranked.", count), "success")
    return redirect(url_for("orders.show_upload", upload_id=kept.id))


@bp.get("/orders/upload/template.<kind>")
@requires(ORDER_CREATE)
def upload_template(kind: str) -> Response:
    """An example file with the columns in the reader's language."""
    if kind not in sheets.TYPES:
        raise NotFound
    return download(sheets.export(kind, uploads.headers(), uploads.example_rows()), kind, "orders-template")
