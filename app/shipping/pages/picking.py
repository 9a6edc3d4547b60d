"""/shipments/<id>/pick: with a scanner or a phone, the next bin first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core.db import session
from app.core.errors import DomainError, Invalid
from app.core.i18n import _, _n
from app.core.permissions import current_actor, requires
from app.shipping import dispatch, missing, reading, shipments
from app.shipping.checking import NOT_COUNTED, OF_ELSE
from app.shipping.models import Shipment
from app.shipping.pages.blueprint import bp
from app.shipping.permissions import SHIPMENT_PICK
from app.shipping.service import ScanBlocked
from app.tasks.queries import seen_among


@bp.get("/shipments/<shipment_id>/pick")
@requires(SHIPMENT_PICK)
def pick_goods(shipment_id: str) -> str:
    """What is to be taken from where, the scan box, and what is picked."""
    return _page(shipments.get_shipment(shipment_id))


def _page(one: Shipment, error: DomainError | None = None, about: str = "", **values: Any) -> str:
    view = reading.view_of(one)
    return render_template(
        "shipping/pick.html",
        view=view,
        wanted=sorted((line for line in view.lines if not line.picked), key=lambda line: (line.place, line.lot.lot_no)),
        done=[line for line in view.lines if line.picked],
        units=missing.units_lying(shipments.goods_of(one)) if one.status == "picking" else {},
        lacking=missing.lacking_of(one, view.order) if view.short else [],
        may_open={task.id for task in seen_among(current_actor(), [task.id for task in view.tasks])},
        error=error,
        stopped=_heading(error) if isinstance(error, ScanBlocked) else "",
        wrong=error.details.get("fields", {}) if isinstance(error, Invalid) else {},
        about=about,
        values=values,
    )


def _heading(error: ScanBlocked) -> str:
    """What the scan shows: that the goods are wrong, that another code was held into the frame, or too little."""
    code = error.faults[0].code
    if code in OF_ELSE:
        return _("This is not the label of the goods: scan that.")
    return _("Not enough was read: scan it again.") if code in NOT_COUNTED else _("Stop: leave it where it is.")


@bp.post("/shipments/<shipment_id>/pick")
@requires(SHIPMENT_PICK)
def pick_scanned(shipment_id: str) -> BaseResponse | tuple[str, int]:
    """Take what the label names, so many of it; a wrong label is refused with the reason and counted."""
    one = shipments.get_shipment(shipment_id, lock=True)
    code, quantity = request.form.get("code", ""), request.form.get("quantity", "").strip()
    try:
        most = _number(quantity or "1", "quantity", least=1)
        taken = dispatch.pick_scanned(current_actor(), one, code, most)
    except DomainError as error:
        return _page(shipments.get_shipment(one.id), error, quantity=quantity), error.status
    said = {"quantity": taken.quantity, "lot": taken.lot.lot_no}
    flash(_("Picked: %(quantity)s of lot %(lot)s.", **said), "success")
    return redirect(url_for("shipping.pick_goods", shipment_id=one.id))


@bp.post("/shipments/<shipment_id>/missing")
@requires(SHIPMENT_PICK)
def report_missing(shipment_id: str) -> BaseResponse | tuple[str, int]:
    """Less lies in the bin than should: the stock is corrected, other lots are kept where there are any."""
    one = shipments.get_shipment(shipment_id, lock=True)
    values = {name: request.form.get(name, "").strip() for name in ("reservation", "found", "reason")}
    try:
        with session().begin_nested():
            short = _reported(one, values)
    except DomainError as error:
        return _page(shipments.get_shipment(one.id), error, about=values["reservation"], **values), error.status
    if short:
        flash(
            _n(
                "%(num)s unit is missing: no other lot has it.",
                "%(num)s units are missing: no other lot has them.",
                short,
            ),
            "warning",
        )
    else:
        flash(_("The stock is corrected; other lots are kept instead."), "success")
    return redirect(url_for("shipping.pick_goods", shipment_id=one.id))


def _reported(one: Shipment, values: Mapping[str, str]) -> int:
    """Which units are missing, where they have numbers (`units`), else how many are there. Raises Invalid."""
    units = request.form.getlist("serial") if "units" in request.form else None
    found = _number(values["found"], "found", least=0) if units is None else 0
    if not values["reason"]:
        raise Invalid({"reason": [_("This is required.")]})
    who, reason = (current_actor(), one, values["reservation"]), values["reason"][:200]
    if units is not None:
        return missing.report_units_missing(*who, units, reason=reason)
    return missing.report_missing(*who, found, reason=reason)


def _number(text: str, field: str, *, least: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 8 and int(text) >= least):
        raise Invalid({field: [_("Must be a whole number from %(least)s.", least=least)]})
    return int(text)
