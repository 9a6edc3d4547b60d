"""Stock by product, one product's lots, one lot with its ledger and the decisions on its QC status."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.audit.queries import entries_of
from app.catalog import queries as catalog
from app.core import clock, menu
from app.core.db import session
from app.core.errors import Conflict, DomainError, Invalid, NotFound
from app.core.i18n import LazyString, _, _l, _n
from app.core.paging import paginate
from app.core.permissions import current_actor, requires
from app.core.subject import Subject
from app.core.web import is_fragment
from app.inventory import queries, service
from app.inventory.models import LOT_STATUSES, MOVES, Lot, remaining_days, usable_on
from app.inventory.permissions import LOT_RELEASE, STOCK_READ, STOCK_RECEIVE
from app.inventory.schemas import STATUS_NAMES

NEAR_DAYS = (30, 90, 180)
TONES = {
    "released": "success",
    "quarantined": "warning",
    "held": "warning",
    "rejected": "danger",
    "recalled": "danger",
}
VERB_NAMES: dict[str, LazyString] = {
    "released": _l("Release lot"),
    "held": _l("Hold lot"),
    "rejected": _l("Reject lot"),
    "recalled": _l("Recall lot"),
}
ACCOUNT_NAMES: dict[str, LazyString] = {
    "supplier": _l("supplier"),
    "stock": _l("free stock"),
    "reserved": _l("reserved"),
    "customer": _l("customer"),
    "scrap": _l("scrap"),
    "count": _l("stock count"),
}
ACTION_NAMES: dict[str, LazyString] = {
    "lot:receive": _l("Received"),
    "lot:status": _l("Status changed"),
    "lot:count": _l("Counted"),
    "lot:take_out": _l("Taken out"),
}

bp = Blueprint("inventory", __name__)
menu.add(_l("Stock"), "inventory.list_stock", icon="packages", right=STOCK_READ, section="quality", order=10)


@bp.get("/stock")
@requires(STOCK_READ)
def list_stock() -> str:
    """Products that have lots, with their quantities; found by product, lot, status or nearness of expiry."""
    q = request.args.get("q", "").strip()[:100]
    status = request.args.get("status", "")
    status = status if status in LOT_STATUSES else ""
    near = request.args.get("near", 0, type=int)
    near = near if near in NEAR_DAYS else 0
    by = clock.today() + timedelta(days=near) if near else None
    page = paginate(queries.stock_list(q, near_expiry_by=by, status=status), request.args.get("page", 1, type=int))
    choices = {name: value for name, value in {"q": q, "status": status, "near": near}.items() if value}
    return render_template(
        "inventory/_stock_list.html" if is_fragment() else "inventory/stock_list.html",
        page=page,
        choices=choices,
        statuses=STATUS_NAMES,
        near_days=NEAR_DAYS,
        soon=clock.today() + timedelta(days=max(NEAR_DAYS[:2])),
    )


@bp.get("/stock/<product_id>")
@requires(STOCK_READ)
def show_stock(product_id: str) -> str:
    """Every lot of a product."""
    return _stock_page(product_id, {}, {})


def _stock_page(product_id: str, values: dict[str, Any], wrong: dict[str, Any]) -> str:
    product = catalog.get_product(product_id)
    return render_template(
        "inventory/stock.html",
        product=product,
        view=queries.stock_view(product.id),
        warehouses=queries.warehouses(),
        values=values,
        wrong=wrong,
        **_words(),
    )


def _words() -> dict[str, Any]:
    today = clock.today()
    return {
        "statuses": STATUS_NAMES,
        "tones": TONES,
        "usable": lambda lot: usable_on(lot, today),
        "remaining": lambda lot: remaining_days(lot, today),
    }


@bp.post("/stock/<product_id>/receive")
@requires(STOCK_RECEIVE)
def receive(product_id: str) -> BaseResponse | tuple[str, int]:
    """Goods came in: they wait in quarantine."""
    product = catalog.get_product(product_id)
    values = {name: request.form.get(name, "").strip() for name in _RECEIPT}
    warehouse = queries.find_warehouse(request.form.get("warehouse", ""))
    quantity = values["quantity"]
    given: dict[str, Any] = {name: value for name, value in values.items() if value}
    given |= {"quantity": int(quantity)} if quantity.isascii() and quantity.isdecimal() and len(quantity) < 9 else {}
    if warehouse is None:
        return _stock_page(product_id, values, {"warehouse": [_("Choose a warehouse.")]}), 422
    try:
        with session().begin_nested():
            lot = service.receive(current_actor(), product, warehouse, given)
    except Invalid as error:
        return _stock_page(product_id, values, error.details["fields"]), 422
    flash(_("Received. The lot waits for release."), "success")
    return redirect(url_for("inventory.show_lot", lot_id=lot.id))


_RECEIPT = ("lot_no", "made_on", "expires_on", "quantity", "document", "report_no")


@bp.get("/lots/<lot_id>")
@requires(STOCK_READ)
def show_lot(lot_id: str) -> str:
    """One lot: quantities by warehouse, what may be decided, the ledger, the history."""
    return _lot_page(queries.get_lot(lot_id))


def _lot_page(lot: Lot, wrong: dict[str, Any] | None = None, reason: str = "") -> str:
    return render_template(
        "inventory/lot.html",
        lot=lot,
        places=queries.lots_of(lot.id),
        moves=MOVES[lot.status],
        verbs=VERB_NAMES,
        accounts=ACCOUNT_NAMES,
        action_names=ACTION_NAMES,
        page=paginate(queries.ledger_of(lot.id), request.args.get("page", 1, type=int)),
        history=entries_of(Subject("lot", lot.id), limit=30),
        wrong=wrong or {},
        reason=reason,
        **_words(),
    )


_VERBS: dict[str, Callable[..., Any]] = {
    "released": service.release_lot,
    "held": service.hold_lot,
    "rejected": service.reject_lot,
    "recalled": service.recall_lot,
}


@bp.post("/lots/<lot_id>/status")
@requires(LOT_RELEASE)
def decide_lot(lot_id: str) -> BaseResponse | tuple[str, int]:
    """Release, hold, reject or recall the lot, with a reason."""
    lot = queries.get_lot(lot_id)
    status, reason = request.form.get("status", ""), request.form.get("reason", "").strip()[:500]
    if status not in _VERBS:
        raise NotFound(status=status)
    extra = {"report_no": request.form.get("report_no", "").strip()[:64] or None} if status == "released" else {}
    seen = request.form.get("seen_version", 0, type=int)
    try:
        with session().begin_nested():  # a refusal undoes all of it, and the page is shown again
            lost = _VERBS[status](current_actor(), lot, reason=reason, seen_version=seen, **extra)
    except Invalid as error:
        return _lot_page(lot, error.details["fields"], reason), 422
    except service.NoReport as error:
        return _lot_page(lot, {"report_no": [error.sentence()]}, reason), 422
    except Conflict as error:
        return _said(error, lot)
    flash(_("The lot is now: %(status)s.", status=STATUS_NAMES[status]), "success")
    if status != "released" and lost:
        flash(_n("%(num)s order lost stock by this.", "%(num)s orders lost stock by this.", len(lost)), "warning")
    return redirect(url_for("inventory.show_lot", lot_id=lot.id))


def _said(error: DomainError, lot: Lot) -> tuple[str, int]:
    flash(error.sentence(), "danger")
    return _lot_page(lot), error.status
