"""Warehouses with their zones and bins."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core.db import session
from app.core.errors import Invalid
from app.core.i18n import _
from app.core.permissions import current_actor, requires
from app.inventory import naming, queries, service
from app.inventory.pages.blueprint import bp
from app.inventory.permissions import STOCK_READ, WAREHOUSE_EDIT
from app.inventory.places import Warehouse

COLDEST, HOTTEST = Decimal(-200), Decimal(100)


@bp.get("/warehouses")
@requires(STOCK_READ)
def list_warehouses() -> str:
    """All warehouses."""
    return render_template("inventory/warehouses.html", warehouses=queries.warehouses())


@bp.get("/warehouses/<warehouse_id>")
@requires(STOCK_READ)
def show_warehouse(warehouse_id: str) -> str:
    """The zones and bins of a warehouse, and what lies in them."""
    return _page(queries.get_warehouse(warehouse_id))


def _page(warehouse: Warehouse, wrong: dict[str, Any] | None = None) -> str:
    return render_template(
        "inventory/warehouse.html",
        warehouse=warehouse,
        bins=queries.bins_in(warehouse.id),
        zone_names=naming.ZONES,
        zone_tones=naming.ZONE_TONES,
        wrong=wrong or {},
        values=request.form,
    )


@bp.post("/warehouses/<warehouse_id>/zones")
@requires(WAREHOUSE_EDIT)
def add_zone(warehouse_id: str) -> BaseResponse | tuple[str, int]:
    """A new zone, with a bin of its code."""
    warehouse = queries.get_warehouse(warehouse_id)
    wrong: dict[str, list[str]] = {}
    degrees = {name: _degrees(name, wrong) for name in ("min_c", "max_c")}
    code = _code(wrong)
    if wrong:
        return _page(warehouse, wrong), 422
    try:
        with session().begin_nested():
            service.add_zone(current_actor(), warehouse, code=code, kind=request.form.get("kind", ""), **degrees)
    except Invalid as error:
        return _page(warehouse, error.details["fields"]), 422
    flash(_("Zone %(code)s added.", code=code), "success")
    return redirect(url_for("inventory.show_warehouse", warehouse_id=warehouse.id))


@bp.post("/zones/<zone_id>/bins")
@requires(WAREHOUSE_EDIT)
def add_bin(zone_id: str) -> BaseResponse | tuple[str, int]:
    """A new bin in the zone."""
    zone = queries.get_zone(zone_id)
    wrong: dict[str, list[str]] = {}
    code = _code(wrong)
    if not wrong:
        try:
            with session().begin_nested():
                service.add_bin(current_actor(), zone, code=code)
        except Invalid as error:
            wrong = error.details["fields"]
    if wrong:
        return _page(zone.warehouse, wrong), 422
    flash(_("Bin %(code)s added.", code=code), "success")
    return redirect(url_for("inventory.show_warehouse", warehouse_id=zone.warehouse_id))


def _code(wrong: dict[str, list[str]]) -> str:
    code = request.form.get("code", "").strip().upper()
    if not code or len(code) > 32 or not all(sign.isalnum() or sign in "-._/" for sign in code):
        wrong["code"] = [_("Letters, digits, - . _ / only, 1 to 32.")]
    return code


def _degrees(name: str, wrong: dict[str, list[str]]) -> Decimal | None:
    text = request.form.get(name, "").strip()
    if not text:
        return None
    try:
        value = Decimal(text)
        if COLDEST <= value <= HOTTEST and value == round(value, 1):
            return value
    except InvalidOperation:
        pass
    wrong[name] = [_("A temperature in °C with at most one decimal.")]
    return None
