"""Stock by product, one product's lots, goods received."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.catalog import queries as catalog
from app.core import clock
from app.core.db import session
from app.core.errors import Invalid, NotFound
from app.core.i18n import _
from app.core.paging import paginate
from app.core.permissions import current_actor, requires
from app.core.web import is_fragment
from app.inventory import queries, service
from app.inventory.models import LOT_STATUSES
from app.inventory.pages.blueprint import bp, words
from app.inventory.permissions import STOCK_READ, STOCK_RECEIVE
from app.inventory.schemas import STATUS_NAMES
from app.qualification.queries import NotQualified

NEAR_DAYS = (30, 90, 180)


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
        units=catalog.units_of(product),
        suppliers=catalog.suppliers_of(product.id),
        values=values,
        wrong=wrong,
        **words(),
    )


@bp.post("/stock/<product_id>/receive")
@requires(STOCK_RECEIVE)
def receive(product_id: str) -> BaseResponse | tuple[str, int]:
    """Goods came in: they wait in quarantine."""
    product = catalog.get_product(product_id)
    values = {name: request.form.get(name, "").strip() for name in _RECEIPT}
    given_serials = request.form.get("serials", "").split()
    warehouse = queries.find_warehouse(request.form.get("warehouse", ""))
    quantity = values["quantity"]
    given: dict[str, Any] = {name: value for name, value in values.items() if value}
    given |= {"quantity": int(quantity)} if quantity.isascii() and quantity.isdecimal() and len(quantity) < 9 else {}
    given |= {"serials": given_serials} if given_serials else {}
    wrong = {} if warehouse else {"warehouse": [_("Choose a warehouse.")]}
    if not values["supplier"] and catalog.suppliers_of(product.id):
        wrong["supplier"] = [_("Say who supplied the goods.")]
    if warehouse is None or wrong:
        return _stock_page(product_id, values, wrong), 422
    try:
        with session().begin_nested():
            lot = service.receive(current_actor(), product, warehouse, given)
    except Invalid as error:
        return _stock_page(product_id, values | {"serials": " ".join(given_serials)}, error.details["fields"]), 422
    except (NotQualified, NotFound) as error:
        return _stock_page(product_id, values, {"supplier": [error.sentence()]}), error.status
    except service.NoZone as error:
        return _stock_page(product_id, values, {"warehouse": [error.sentence()]}), error.status
    flash(_("Received. The lot waits for release."), "success")
    return redirect(url_for("inventory.show_lot", lot_id=lot.id))


_RECEIPT = ("lot_no", "made_on", "expires_on", "quantity", "unit", "supplier", "document", "report_no")
