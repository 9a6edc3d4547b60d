"""/shipments/<id>/deliver: the receiver signs for the goods on the phone of who brings them."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core import web
from app.core.db import session
from app.core.errors import DomainError, Invalid
from app.core.i18n import _
from app.core.permissions import current_actor, requires
from app.processes.service import NoMatch
from app.shipping import handling, logger_file, reading, shipments
from app.shipping.models import Shipment
from app.shipping.pages.blueprint import bp
from app.shipping.permissions import SHIPMENT_CARRY
from app.shipping.schemas import PHOTOS
from app.shipping.service import ScanBlocked

LARGEST_PHOTO = 12 * 1024 * 1024
"""Bytes: what the cameras of phones make."""
web.allow_body("shipping.sign_delivery", LARGEST_PHOTO + 64 * 1024)


@bp.get("/shipments/<shipment_id>/deliver")
@requires(SHIPMENT_CARRY)
def deliver_goods(shipment_id: str) -> str:
    """What is handed over, and the form that the receiver confirms."""
    return _page(shipments.get_shipment(shipment_id))


def _page(one: Shipment, error: DomainError | None = None, values: dict[str, str] | None = None) -> str:
    return render_template(
        "shipping/deliver.html",
        view=reading.view_of(one),
        carried=shipments.carried_by(one),
        error=error,
        assessed=isinstance(error, NoMatch),
        blocked=isinstance(error, ScanBlocked),
        wrong=error.details.get("fields", {}) if isinstance(error, Invalid) else {},
        values=values or {},
    )


@bp.post("/shipments/<shipment_id>/deliver")
@requires(SHIPMENT_CARRY)
def sign_delivery(shipment_id: str) -> BaseResponse | tuple[str, int]:
    """The receiver confirms: everything is kept with a hash over it, or nothing."""
    one = shipments.get_shipment(shipment_id, lock=True)
    values = {name: text for name, text in request.form.items() if name != "csrf_token"}
    try:
        with session().begin_nested():
            proof = handling.deliver(current_actor(), one, _given(one, values))
    except DomainError as error:
        return _page(shipments.get_shipment(one.id), error, values), error.status
    flash(_("%(receiver)s has signed for %(shipment)s.", receiver=proof.receiver, shipment=one.number), "success")
    return redirect(url_for("shipping.show_shipment", shipment_id=one.id))


def _given(one: Shipment, values: dict[str, str]) -> dict[str, Any]:
    """As `delivery.deliver` wants it. Raises Invalid with every fault at its field."""
    wrong: dict[str, list[str]] = {}
    if not 2 <= len(values.get("receiver", "").strip()) <= 100:
        wrong["receiver"] = [_("Enter the name of the person who takes the goods.")]
    celsius = None
    if values.get("celsius", "").strip():
        celsius = logger_file.celsius_of(values["celsius"])
        if celsius is None or not -100 <= celsius <= 100:
            wrong["celsius"] = [_("Enter a temperature in °C, as 4.5.")]
    elif one.cold:
        wrong["celsius"] = [_("Enter the temperature at the handover.")]
    if one.sscc and one.status == "in_transit" and not values.get("carton", "").strip():
        wrong["carton"] = [_("Scan the label of the carton.")]
    refused = _refused(one, values, wrong)
    photo = _photo(wrong)
    if not values.get("agreed"):
        wrong["agreed"] = [_("The receiver must confirm it.")]
    if wrong:
        raise Invalid(wrong)
    said = {name: values.get(name, "").strip() for name in ("receiver", "note", "carton")}
    return {**said, "celsius": celsius, "refused": refused, "photo": photo}


def _refused(one: Shipment, values: dict[str, str], wrong: dict[str, list[str]]) -> list[dict[str, Any]]:
    rows = []
    for goods in shipments.carried_by(one):
        text = values.get(f"refused.{goods.lot.id}", "").strip() or "0"
        reason = values.get(f"reason.{goods.lot.id}", "").strip()[:200]
        right = text.isascii() and text.isdecimal() and len(text) < 8 and int(text) <= goods.quantity
        if not right:
            most = _("Must lie between %(least)s and %(most)s.", least=0, most=goods.quantity)
            wrong[f"refused.{goods.lot.id}"] = [most]
        elif int(text) and goods.lot.serialised and int(text) != goods.quantity:
            whole = _("Units with serial numbers are refused whole lots at a time.")
            wrong[f"refused.{goods.lot.id}"] = [whole]
        elif int(text) and not reason:
            wrong[f"reason.{goods.lot.id}"] = [_("Say why they are refused.")]
        elif int(text):
            rows.append({"lot_id": goods.lot.id, "lot_no": goods.lot.lot_no, "quantity": int(text), "reason": reason})
    return rows


def _photo(wrong: dict[str, list[str]]) -> bytes | None:
    file = request.files.get("photo")
    if file is None or not file.filename:
        return None
    content: bytes = file.read(LARGEST_PHOTO + 1)
    if len(content) > LARGEST_PHOTO:
        wrong["photo"] = [_("The photo is larger than %(most)s MB.", most=LARGEST_PHOTO // 1024 // 1024)]
    elif not content.startswith(PHOTOS):
        wrong["photo"] = [_("Only photos in JPEG or PNG can be taken.")]
    return content
