"""Stock and lots: receive, count, take out; release, hold, reject, recall."""

from __future__ import annotations

from typing import Any

from app.catalog import queries as catalog
from app.catalog.models import Product
from app.core.errors import Invalid
from app.core.i18n import _, _l
from app.core.permissions import Actor
from app.integration.inbound.actions import CHOICE, DATE, WHOLE, Arrival, CameEarly, Link, Outcome, Parameter, action
from app.inventory import queries as inventory
from app.inventory import service as verbs
from app.inventory.models import CUSTOMER, HELD, RECALLED, REJECTED, RELEASED, SCRAP, SUPPLIER, Lot, Warehouse
from app.inventory.permissions import LOT_RELEASE, STOCK_RECEIVE

_PRODUCT = Parameter("product", _l("Product (SKU, UDI-DI or package DI)"), required=True)
_LOT = Parameter("lot_no", _l("Lot number"), required=True)
_WAREHOUSE = Parameter("warehouse", _l("Warehouse (code)"), required=True)
_REASON = Parameter("reason", _l("Reason"), required=True)
_STATUSES = {RELEASED: _l("released"), HELD: _l("on hold"), REJECTED: _l("rejected"), RECALLED: _l("recalled")}
_TO = {SCRAP: _l("scrap"), CUSTOMER: _l("a customer"), SUPPLIER: _l("the supplier")}


@action(
    "stock.receive",
    _l("Receive goods into stock"),
    STOCK_RECEIVE,
    *(_PRODUCT, _WAREHOUSE, _LOT),
    Parameter("quantity", _l("Quantity"), WHOLE, required=True),
    Parameter("made_on", _l("Made on"), DATE, required=True),
    Parameter("expires_on", _l("Expires on"), DATE),
    Parameter("document", _l("Document")),
    Parameter("report_no", _l("Number of the inspection report")),
    Parameter("unit", _l("Unit (base unit, or DI of a package)")),
    Parameter("serials", _l("Serial numbers, separated by spaces")),
    Parameter("supplier", _l("Supplier (code)")),
)
def receive(actor: Actor, values: dict[str, Any], _arrival: Arrival) -> Outcome:
    """Goods came in; a lot that is new waits in quarantine."""
    product, warehouse = _product(values), _warehouse(values)
    given = {name: value for name, value in values.items() if name not in ("product", "warehouse")}
    given["serials"] = values.get("serials", "").split()
    given["supplier"] = _supplier(values.get("supplier", ""))
    lot = verbs.receive(actor, product, warehouse, given)
    said = _l("%(quantity)s of lot %(lot)s received.", quantity=values["quantity"], lot=lot.lot_no)
    return Outcome(said, (_link(lot),))


@action(
    "stock.count",
    _l("Set stock to what was counted"),
    STOCK_RECEIVE,
    *(_PRODUCT, _WAREHOUSE, _LOT),
    Parameter("counted", _l("Counted quantity"), WHOLE, required=True),
    Parameter("serials", _l("Serial numbers, separated by spaces")),
    _REASON,
)
def count(actor: Actor, values: dict[str, Any], _arrival: Arrival) -> Outcome:
    """What is on hand is set to what was counted."""
    lot = _lot(values)
    if not 0 <= values["counted"] <= 1_000_000:
        raise Invalid({"counted": [_("Must lie between %(least)s and %(most)s.", least=0, most=1_000_000)]})
    changed = verbs.count(
        actor,
        lot,
        _warehouse(values),
        values["counted"],
        serials=values.get("serials", "").split(),
        reason=values["reason"][:500],
    )
    return Outcome(_l("Lot %(lot)s counted, difference %(change)s.", lot=lot.lot_no, change=changed), (_link(lot),))


@action(
    "stock.take_out",
    _l("Take goods out of stock"),
    STOCK_RECEIVE,
    *(_PRODUCT, _WAREHOUSE, _LOT),
    Parameter("quantity", _l("Quantity"), WHOLE, required=True),
    Parameter("to", _l("Where to"), CHOICE, choices=_TO),
    Parameter("serials", _l("Serial numbers, separated by spaces")),
    Parameter("document", _l("Document")),
    _REASON,
)
def take_out(actor: Actor, values: dict[str, Any], _arrival: Arrival) -> Outcome:
    """Free stock leaves: to scrap unless told otherwise."""
    lot = _lot(values)
    verbs.take_out(
        actor,
        lot,
        _warehouse(values),
        values["quantity"],
        to=values.get("to", SCRAP),
        serials=values.get("serials", "").split(),
        document=values.get("document", "")[:64],
        reason=values["reason"][:500],
    )
    said = _l("%(quantity)s of lot %(lot)s taken out.", quantity=values["quantity"], lot=lot.lot_no)
    return Outcome(said, (_link(lot),))


@action(
    "lot.status",
    _l("Set the status of a lot (result of quality control)"),
    LOT_RELEASE,
    *(_PRODUCT, _LOT),
    Parameter(
        "status",
        _l("New status"),
        CHOICE,
        required=True,
        choices=_STATUSES,
        hint=_l("For example: data.result == 'pass' ? 'released' : 'rejected'"),
    ),
    _REASON,
    Parameter("report_no", _l("Number of the inspection report")),
)
def set_status(actor: Actor, values: dict[str, Any], _arrival: Arrival) -> Outcome:
    """Release, hold, reject or recall the lot."""
    lot, reason = _lot(values), values["reason"][:500]
    verbs.refuse_claimed(lot, values["status"])
    if values["status"] == RELEASED:
        verbs.release_lot(actor, lot, reason=reason, report_no=values.get("report_no"))
    else:
        block = {HELD: verbs.hold_lot, REJECTED: verbs.reject_lot, RECALLED: verbs.recall_lot}[values["status"]]
        block(actor, lot, reason=reason)
    said = _l("Lot %(lot)s: %(status)s.", lot=lot.lot_no, status=_STATUSES[lot.status])
    return Outcome(said, (_link(lot),))


def _product(values: dict[str, Any]) -> Product:
    found = catalog.find_product(values["product"])
    if found is None:
        raise Invalid({"product": [_("There is no product “%(code)s”.", code=values["product"][:64])]})
    return found


def _supplier(code: str) -> str:
    """Id of the supplier; nothing for no code."""
    found = catalog.find_supplier(code) if code else None
    if code and found is None:
        raise Invalid({"supplier": [_("There is no supplier “%(code)s”.", code=code[:64])]})
    return found.id if found else ""


def _warehouse(values: dict[str, Any]) -> Warehouse:
    found = inventory.find_warehouse(values["warehouse"])
    if found is None:
        raise Invalid({"warehouse": [_("There is no warehouse “%(code)s”.", code=values["warehouse"][:64])]})
    return found


def _lot(values: dict[str, Any]) -> Lot:
    """The lot. Raises CameEarly: its receipt may still come."""
    product = _product(values)
    found = inventory.find_lot(product.id, values["lot_no"])
    if found is None:
        raise CameEarly(what=_l("lot %(lot)s of %(product)s", lot=values["lot_no"][:64], product=product.sku))
    return found


def _link(lot: Lot) -> Link:
    return Link("lot", lot.id, lot.lot_no)
