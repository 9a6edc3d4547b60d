"""What other systems report of a shipment, by the numbers that they know: which reservations are meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.catalog import queries as catalog
from app.core.errors import Invalid
from app.core.i18n import _
from app.core.permissions import Actor
from app.inventory.models import Reservation
from app.shipping import dispatch, service, shipments
from app.shipping.missing import report_missing as report_one_missing
from app.shipping.missing import report_units_missing
from app.shipping.models import Shipment


def pick(actor: Actor, shipment: Shipment, given: Mapping[str, Any]) -> list[Reservation]:
    """Goods were taken out of their bins.

    `given`: reservation (id) or lot_no (with product: SKU or DI, where lots of two products bear the number), quantity,
    serials, code; or the scanned code alone. A code beside a lot must name it. Of a lot that several lines want, the
    first lines get theirs first. Raises ScanBlocked, Invalid and what `dispatch.pick` raises.
    """
    code, quantity = str(given.get("code") or ""), given.get("quantity")
    if not given.get("reservation") and not given.get("lot_no"):
        if not code:
            raise Invalid({"lot_no": [_("Give the reservation, the lot number or the scanned code.")]})
        got = dispatch.pick_scanned(actor, shipment, code, quantity or 1)
        if got.quantity < (quantity or 1):  # who asks for more than the label is good for is told, and nothing is taken
            raise Invalid({"quantity": [_("Must lie between %(least)s and %(most)s.", least=1, most=got.quantity)]})
        return [got]
    dispatch.refuse_unless_open(shipment)
    meant = _meant(shipment, given)
    if code:
        service.check_scan(actor, dispatch.expected_of(shipment, meant), code)
    there = sum(one.kept.quantity for one in meant)
    left = there if quantity is None else quantity
    if not 1 <= left <= there:
        raise Invalid({"quantity": [_("Must lie between %(least)s and %(most)s.", least=1, most=there)]})
    serials = list(given.get("serials") or ())
    if serials and len(serials) != left:
        raise Invalid({"serials": [_("Give one serial number for each of the %(count)s units.", count=left)]})
    taken = []
    for one in meant:
        if left:
            some = min(left, one.kept.quantity)
            units, serials = serials[:some], serials[some:]
            taken.append(dispatch.pick(actor, shipment, one.kept.id, some, serials=units, scanned=code))
            left -= some
    return taken


def report_missing(actor: Actor, shipment: Shipment, given: Mapping[str, Any]) -> int:
    """Less lies in the bins than is kept there: `given` names the reservation or lot as for `pick`, `found` (how many
    lie there) or `serials` (which units do not) and `reason`. Answers how many units no other lot replaces. Raises what
    `missing.report_missing` raises.
    """
    dispatch.refuse_unless_open(shipment)
    meant, found = _meant(shipment, given), given.get("found")
    if given.get("serials"):
        return report_units_missing(actor, shipment, meant[0].kept.id, given["serials"], reason=given["reason"])
    if found is None:
        raise Invalid({"found": [_("This is required.")]})
    there = sum(one.kept.quantity for one in meant)
    if not 0 <= found < there:
        raise Invalid({"found": [_("Must lie between %(least)s and %(most)s.", least=0, most=there - 1)]})
    short = 0
    for one in meant:
        here = min(found, one.kept.quantity)
        found -= here
        if here < one.kept.quantity:
            short += report_one_missing(actor, shipment, one.kept.id, here, reason=given["reason"])
    return short


def _meant(shipment: Shipment, given: Mapping[str, Any]) -> Sequence[shipments.ToPick]:
    """What still lies in its bin and is named. Raises Invalid."""
    waiting = [one for one in shipments.goods_of(shipment) if not one.is_picked]
    if given.get("reservation"):
        found = [one for one in waiting if one.kept.id == given["reservation"]]
        if not found:
            raise Invalid({"reservation": [_("This is not to be picked for the shipment.")]})
        return found
    if not given.get("lot_no"):
        raise Invalid({"lot_no": [_("Give the reservation or the lot number.")]})
    if given.get("product"):
        product = catalog.find_product(given["product"])
        if product is None:
            raise Invalid({"product": [_("There is no product “%(code)s”.", code=given["product"][:64])]})
        waiting = [one for one in waiting if one.product.id == product.id]
    found = [one for one in waiting if one.kept.lot.lot_no == given["lot_no"]]
    if not found:
        raise Invalid({"lot_no": [_("Lot %(lot)s is not to be picked for the shipment.", lot=given["lot_no"][:64])]})
    if len({one.product.id for one in found}) > 1:
        raise Invalid({"product": [_("Lots of several products bear this number: name the product.")]})
    return found
