"""Labels: of a lot and its units, and of logistic units with the next SSCC."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.catalog.papers import storage_of
from app.catalog.udi import BadUdi
from app.core import clock, menu
from app.core.downloads import attachment
from app.core.errors import DomainError, Invalid
from app.core.i18n import _, _l
from app.core.ids import new_id
from app.core.paging import paginate
from app.core.permissions import current_actor, requires
from app.core.subject import Subject
from app.documents.content.parts import Both
from app.inventory import queries as inventory
from app.inventory.models import Lot
from app.shipping import labels, queries, service
from app.shipping.pages.blueprint import bp
from app.shipping.permissions import LABEL_PRINT

MOST_COPIES, MOST_UNITS = 200, 50
menu.add(_l("Logistic labels"), "shipping.logistic_units", icon="tag", right=LABEL_PRINT, section="quality", order=35)


class NoGtin(DomainError):
    """The product has no GTIN, so no GS1 label can be printed."""

    message = _l("Product %(sku)s has no GTIN: a GS1 label cannot be printed.")


@bp.get("/lots/<lot_id>/labels")
@requires(LABEL_PRINT)
def lot_labels(lot_id: str) -> str:
    """How many labels of the lot, or one for each serial number."""
    lot = inventory.get_lot(lot_id)
    return render_template(
        "shipping/lot_labels.html", lot=lot, product=lot.product, most=MOST_COPIES, wrong={}, values={}
    )


@bp.post("/lots/<lot_id>/labels")
@requires(LABEL_PRINT)
def print_lot_labels(lot_id: str) -> Response | tuple[str, int]:
    """The labels as PDF."""
    lot = inventory.get_lot(lot_id)
    values = {name: request.form.get(name, "").strip() for name in ("copies", "serials")}
    try:
        pdf = labels.unit_labels(_labels_of(lot, values), clock.now())
    except Invalid as error:
        wrong = error.details["fields"]
        page = render_template(
            "shipping/lot_labels.html", lot=lot, product=lot.product, most=MOST_COPIES, wrong=wrong, values=values
        )
        return page, 422
    return attachment(pdf, f"{lot.product.sku}-{lot.lot_no}-labels.pdf", "application/pdf")


def _labels_of(lot: Lot, values: dict[str, str]) -> list[labels.UnitLabel]:
    """One for each serial number, or so many copies. Raises Invalid, NoGtin."""
    product = lot.product
    if product.issuer != "GS1" or not product.udi_di:
        raise NoGtin(sku=product.sku)
    serials = values["serials"].split()
    copies = values["copies"] or "1"
    right = copies.isascii() and copies.isdecimal() and len(copies) < 4 and 1 <= int(copies) <= MOST_COPIES
    if not right or len(serials) > MOST_COPIES:
        raise Invalid({"copies": [_("Must be a whole number from 1 to %(most)s.", most=MOST_COPIES)]})
    made: list[labels.UnitLabel] = []
    for serial in serials or [""] * int(copies):
        one = labels.UnitLabel(
            name=Both(zh=product.name, en=product.name_en or ""),
            sku=product.sku,
            di=product.udi_di,
            lot_no=lot.lot_no,
            made_on=lot.made_on,
            expires_on=lot.expires_on,
            serial=serial,
            storage=str(storage_of(product)),
        )
        try:
            one.elements()
        except BadUdi as error:
            raise Invalid({"serials" if serial else "copies": [error.sentence()]}) from error
        made.append(one)
    return made


@bp.get("/labels/logistic")
@requires(LABEL_PRINT)
def logistic_units() -> str:
    """Logistic units that were given a number, and a form for more."""
    return _units_page({}, {})


def _units_page(values: dict[str, str], wrong: dict[str, Any]) -> str:
    page = paginate(queries.units(), request.args.get("page", 1, type=int))
    return render_template("shipping/logistic_units.html", page=page, values=values, wrong=wrong, most=MOST_UNITS)


@bp.post("/labels/logistic")
@requires(LABEL_PRINT)
def give_units() -> BaseResponse | tuple[str, int]:
    """Give the next numbers."""
    count = request.form.get("count", "").strip()
    if not (count.isascii() and count.isdecimal() and len(count) < 3 and 1 <= int(count) <= MOST_UNITS):
        wrong = {"count": [_("Must be a whole number from 1 to %(most)s.", most=MOST_UNITS)]}
        return _units_page({"count": count}, wrong), 422
    batch = Subject("labels", new_id())
    made = [service.give_sscc(current_actor(), batch) for _number in range(int(count))]
    flash(_("Given: %(first)s to %(last)s.", first=made[0].sscc, last=made[-1].sscc), "success")
    return redirect(url_for("shipping.logistic_units"))


@bp.get("/labels/logistic/<unit_id>.pdf")
@requires(LABEL_PRINT)
def logistic_label(unit_id: str) -> Response:
    """The label of a logistic unit; `ship_to` and `note` are printed on it."""
    unit = queries.get_unit(unit_id)
    told = {name: request.args.get(name, "").strip()[:300] for name in ("sender", "ship_to", "note")}
    pdf = labels.logistic_labels([labels.LogisticLabel(unit.sscc, **told)], clock.now())
    return attachment(pdf, f"SSCC-{unit.sscc}.pdf", "application/pdf")
