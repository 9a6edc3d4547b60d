"""Scan boxes of other pages ask here: the code is checked, and its fields are answered or the reason why not.

A page includes `shipping/_scan_box.html`, whose `data-scan-check` is the address of a route that calls `answer` with
what that page expects.
"""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request

from app.catalog import queries as catalog
from app.core import clock
from app.core.errors import Invalid
from app.core.permissions import current_actor, requires
from app.core.subject import Subject
from app.inventory.permissions import STOCK_RECEIVE
from app.shipping import service
from app.shipping.checking import Expected
from app.shipping.pages.blueprint import bp

FIELDS = ("lot_no", "serial", "made_on", "expires_on", "quantity")


def answer(expected: Expected) -> Response:
    """Check the form's `code`: `{"fields": {…}}`, or 422 with the sentence and the reasons."""
    code = request.form.get("code", "")
    try:
        said, known = service.check_scan(current_actor(), expected, code)
    except (service.ScanBlocked, Invalid) as error:
        told = {"code": error.code, "message": error.sentence(), "details": error.details}
        response = jsonify({"error": told})
        response.status_code = error.status
        return response
    fields: dict[str, Any] = {name: getattr(said, name) for name in FIELDS if getattr(said, name)}
    return jsonify({"fields": fields, "sku": known.sku, "lot": known.lot.lot_no if known.lot else ""})


@bp.post("/stock/<product_id>/scan")
@requires(STOCK_RECEIVE)
def scan_receipt(product_id: str) -> Response:
    """Goods of this product come in: the code must name it, be readable and not expired."""
    product = catalog.get_product(product_id)
    expected = Expected(
        purpose="receive",
        subject=Subject("product", product.id),
        product_id=product.id,
        sku=product.sku,
        day=clock.today(),
    )
    return answer(expected)
