"""/shipments/<id>: one shipment, the report that its carrier took it, what its logger recorded, the photo of the
handover."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core import kept, web
from app.core.db import session
from app.core.downloads import attachment
from app.core.errors import DomainError, Invalid, NotFound
from app.core.i18n import _, _n
from app.core.permissions import current_actor, requires
from app.core.subject import Subject
from app.documents.kinds import KINDS
from app.processes import queries as processes
from app.shipping import handling, logger_file, reading, shipments
from app.shipping.models import Shipment
from app.shipping.pages.blueprint import bp
from app.shipping.papers import papers_of
from app.shipping.permissions import SHIPMENT_CARRY, SHIPMENT_READ
from app.shipping.service import ScanBlocked
from app.tasks.queries import seen_among

LARGEST_FILE = 1024 * 1024
"""Bytes of a logger's file."""
web.allow_body("shipping.take_readings", LARGEST_FILE + 64 * 1024)


@bp.get("/shipments/<shipment_id>")
@requires(SHIPMENT_READ)
def show_shipment(shipment_id: str) -> str:
    """What to do next and why; goods, transport, temperatures, papers, proof and history."""
    return shipment_page(shipments.get_shipment(shipment_id))


def shipment_page(one: Shipment, error: DomainError | None = None, **values: Any) -> str:
    """The page of the shipment, with what was refused and the input that is kept."""
    view = reading.view_of(one)
    history = reading.history_of(one)
    photo = view.proof.photo_id if view.proof else None
    return render_template(
        "shipping/shipment.html",
        view=view,
        history=history,
        why=next((row.text for row in history if row.action in ("void", "called-back", "stopped")), ""),
        may_open={task.id for task in seen_among(current_actor(), [task.id for task in view.tasks])},
        papers=papers_of(one),
        kinds=KINDS,
        process=processes.instance_of(Subject("shipment", one.id)),
        photo_sha256=kept.sums_of([photo])[photo] if photo else "",
        error=error,
        blocked=isinstance(error, ScanBlocked),
        wrong=error.details.get("fields", {}) if isinstance(error, Invalid) else {},
        values=values,
    )


def attempt(one: Shipment, act: Callable[[], str], **values: Any) -> BaseResponse | tuple[str, int]:
    """Do something with the shipment and say what was done; a refusal undoes all of it and is shown with the input."""
    try:
        with session().begin_nested():
            said = act()
    except DomainError as error:
        return shipment_page(shipments.get_shipment(one.id), error, **values), error.status
    flash(said, "success")
    return redirect(url_for("shipping.show_shipment", shipment_id=one.id))


@bp.post("/shipments/<shipment_id>/pickup")
@requires(SHIPMENT_CARRY)
def report_pickup(shipment_id: str) -> BaseResponse | tuple[str, int]:
    """The carrier has taken the goods."""
    one = shipments.get_shipment(shipment_id, lock=True)
    vehicle = request.form.get("vehicle", "").strip()[:60]
    carton = request.form.get("carton", "").strip()[:500]

    def act() -> str:
        wrong = {} if vehicle else {"vehicle": [_("Enter the number of the vehicle or waybill.")]}
        if one.sscc and one.status == "packed" and not carton:
            wrong["carton"] = [_("Scan the label of the carton.")]
        if wrong:
            raise Invalid(wrong)
        handling.pick_up(current_actor(), one, vehicle, carton)
        return _("%(shipment)s is on its way.", shipment=one.number)

    return attempt(one, act, vehicle=vehicle, carton=carton)


@bp.post("/shipments/<shipment_id>/readings")
@requires(SHIPMENT_CARRY)
def take_readings(shipment_id: str) -> BaseResponse | tuple[str, int]:
    """The file of a logger: all of its readings, or none."""
    one = shipments.get_shipment(shipment_id, lock=True)
    logger = " ".join(request.form.get("logger", "").split())[:60]

    def act() -> str:
        if not logger:
            raise Invalid({"logger": [_("Enter the number of the logger.")]})
        file = request.files.get("file")
        if file is None or not file.filename:
            raise Invalid({"file": [_("Choose a file.")]})
        rows = logger_file.read(file.read(LARGEST_FILE + 1), one)
        fresh, outside = 0, False
        for part in logger_file.parts(rows):
            number, warm = handling.take_readings(current_actor(), one, logger, part)
            fresh, outside = fresh + number, outside or warm
        said = _n("%(num)s new reading is kept.", "%(num)s new readings are kept.", fresh)
        return said + " " + _("Some lie outside the range: quality assesses it.") if outside else said

    return attempt(one, act, logger=logger)


@bp.get("/shipments/<shipment_id>/photo")
@requires(SHIPMENT_READ)
def proof_photo(shipment_id: str) -> Response:
    """The photo of the handover."""
    proof = shipments.proof_of(shipments.get_shipment(shipment_id))
    content = kept.content_of(proof.photo_id) if proof else None
    if content is None:
        raise NotFound(shipment=shipment_id)
    png = content.startswith(b"\x89PNG")
    return attachment(content, "handover.png" if png else "handover.jpg", "image/png" if png else "image/jpeg")
