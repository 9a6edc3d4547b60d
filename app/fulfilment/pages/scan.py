"""/scan: a code is read by a scanner that types, or by the camera, and what it names is opened."""

from __future__ import annotations

from flask import redirect as go_to
from flask import render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.core import menu
from app.core.i18n import _l
from app.core.permissions import current_actor, requires
from app.fulfilment.pages.inbox_blueprint import bp
from app.fulfilment.permissions import ORDER_READ
from app.inventory.permissions import STOCK_READ
from app.shipping import scanning

menu.add(_l("Scan"), "fulfilment.scan", icon="barcode", right=ORDER_READ, section="work", order=12)


@bp.get("/scan")
@requires(ORDER_READ)
def scan() -> str | BaseResponse:
    """The box; with a code (`code`) go to what it names, or say what it says and what is missing."""
    hit = scanning.look_up(request.args.get("code", ""))
    may_see_stock = current_actor().may(STOCK_READ)
    if hit.order_id:
        return go_to(url_for("orders.show_order", order_id=hit.order_id))
    if hit.lot is not None and may_see_stock:
        return go_to(url_for("inventory.show_lot", lot_id=hit.lot.id))
    if hit.product is not None and not hit.said.lot_no:
        return go_to(url_for("catalog.show_product", product_id=hit.product.id))
    return render_template("fulfilment/scan.html", hit=hit, said=hit.said, may_see_stock=may_see_stock)
