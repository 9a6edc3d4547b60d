"""Shipments: picked, missing, fetched, measured, handed over. One is named by its number or that of its order; what it
is not ready for waits; what was said before changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from app.core import clock
from app.core.errors import Invalid
from app.core.i18n import LazyString, _, _l
from app.core.permissions import Actor
from app.integration.inbound.actions import (
    AMOUNT,
    MOMENT,
    ROWS,
    WHOLE,
    Arrival,
    CameEarly,
    Link,
    Outcome,
    Parameter,
    action,
)
from app.orders import queries as orders
from app.processes.service import NoMatch
from app.shipping import handling, reported, shipments
from app.shipping.models import OPEN, UNDER_WAY, Shipment
from app.shipping.permissions import SHIPMENT_CARRY, SHIPMENT_PICK
from app.shipping.temperature import Reading

_WHICH = (
    Parameter("shipment", _l("Number of the shipment"), hint=_l("As SH-2026-000123; or instead of it:")),
    Parameter("order", _l("Number of its order")),
)
_CARTON = Parameter("carton", _l("Scanned carton (SSCC)"), hint=_l("Another consignee's is refused and counted"))
_GOODS = (
    Parameter("lot_no", _l("Lot number")),
    Parameter("product", _l("Product (SKU, UDI-DI or package DI)"), hint=_l("Where two products share a lot number")),
)


@action(
    "shipment.pick",
    _l("Note what was picked"),
    SHIPMENT_PICK,
    *(*_WHICH, *_GOODS),
    Parameter("quantity", _l("Quantity"), WHOLE, hint=_l("Left out: all of the lot that is to be picked")),
    Parameter("serials", _l("Serial numbers, separated by spaces")),
    Parameter("code", _l("Scanned code"), hint=_l("Checked; without a lot number it says what was picked")),
)
def pick(actor: Actor, values: dict[str, Any], _arrival: Arrival) -> Outcome:
    """Goods were taken out of their bins."""
    shipment = _preparing(values)
    given = {**values, "serials": values.get("serials", "").split(), "code": values.get("code", "")[:500]}
    taken = reported.pick(actor, shipment, given)
    said = {"quantity": sum(one.quantity for one in taken), "lot": taken[0].lot.lot_no, "number": shipment.number}
    return _done(_l("Shipment %(number)s: %(quantity)s of lot %(lot)s picked.", **said), shipment)


@action(
    "shipment.missing",
    _l("Report goods that are not in their bin"),
    SHIPMENT_PICK,
    *(*_WHICH, *_GOODS),
    Parameter("found", _l("Units that lie there"), WHOLE, required=True),
    Parameter("reason", _l("Reason"), required=True),
)
def missing(actor: Actor, values: dict[str, Any], _arrival: Arrival) -> Outcome:
    """The stock is corrected; other lots are kept where there are any."""
    shipment = _preparing(values)
    short = reported.report_missing(actor, shipment, {**values, "reason": values["reason"][:200]})
    said = {"number": shipment.number, "short": short}
    return _done(_l("Shipment %(number)s: stock corrected, %(short)s units without replacement.", **said), shipment)


@action(
    "shipment.pickup",
    _l("Note that the carrier has it"),
    SHIPMENT_CARRY,
    *_WHICH,
    Parameter("vehicle", _l("Vehicle")),
    _CARTON,
)
def pick_up(actor: Actor, values: dict[str, Any], _arrival: Arrival) -> Outcome:
    """The goods leave."""
    shipment = _shipment(values)
    if shipment.departed_at is not None:
        return _said_before(shipment)
    if shipment.held or shipment.status in ("planned", "picking", "picked"):
        raise CameEarly(what=_l("shipment %(number)s, packed", number=shipment.number))
    handling.pick_up(actor, shipment, values.get("vehicle", ""), values.get("carton", "")[:500])
    return _done(_l("Shipment %(number)s has left.", number=shipment.number), shipment)


@action(
    "shipment.readings",
    _l("Take temperatures of the way"),
    SHIPMENT_CARRY,
    *_WHICH,
    Parameter("logger", _l("Temperature logger"), required=True),
    Parameter(
        "readings",
        _l("Readings"),
        ROWS,
        required=True,
        columns=(
            Parameter("at", _l("Measured at"), MOMENT, required=True),
            Parameter("celsius", _l("Temperature (°C)"), AMOUNT, required=True),
        ),
    ),
)
def readings(actor: Actor, values: dict[str, Any], _arrival: Arrival) -> Outcome:
    """What is outside the range is assessed; what is known is not kept twice."""
    shipment = _left(values)
    told = [_reading(row, f"readings.{place}") for place, row in enumerate(values["readings"])]
    if shipment.status not in UNDER_WAY and {one.at for one in told} <= {
        one.at for one in shipments.readings_of(shipment)
    }:
        return _said_before(shipment)
    fresh, outside = handling.take_readings(actor, shipment, values["logger"][:60], told)
    said: dict[str, Any] = {"number": shipment.number, "count": fresh}
    if outside:
        return _done(
            _l("Shipment %(number)s: %(count)s readings, outside the range: it is assessed.", **said), shipment
        )
    return _done(_l("Shipment %(number)s: %(count)s new readings.", **said), shipment)


@action(
    "shipment.delivery",
    _l("Note the handover to the receiver"),
    SHIPMENT_CARRY,
    *_WHICH,
    Parameter("receiver", _l("Receiver (name of the person)"), required=True),
    Parameter("celsius", _l("Temperature at the handover (°C)"), AMOUNT, hint=_l("Needed for cold goods")),
    Parameter("note", _l("Note")),
    _CARTON,
    Parameter(
        "refused",
        _l("Refused units"),
        ROWS,
        columns=(
            Parameter("lot_no", _l("Lot number"), required=True),
            Parameter("quantity", _l("Quantity"), WHOLE, required=True),
            Parameter("reason", _l("Reason"), required=True),
        ),
    ),
)
def deliver(actor: Actor, values: dict[str, Any], _arrival: Arrival) -> Outcome:
    """The proof of delivery; what is refused comes back."""
    shipment = _shipment(values)
    proof = shipments.proof_of(shipment)
    if proof is not None and proof.receiver == values["receiver"].strip():
        return _said_before(shipment)
    shipment = _left(values)
    given = {**values, "celsius": _celsius(values["celsius"], "celsius") if values.get("celsius") else None}
    try:
        proof = handling.deliver(actor, shipment, given)
    except NoMatch:
        raise CameEarly(what=_l("shipment %(number)s, its temperatures assessed", number=shipment.number)) from None
    said = {"number": shipment.number, "receiver": proof.receiver}
    return _done(_l("Shipment %(number)s handed over to %(receiver)s.", **said), shipment)


def _shipment(values: Mapping[str, Any]) -> Shipment:
    """The shipment meant, locked. Raises CameEarly when it is not there (yet), Invalid when none is named."""
    number, order = values.get("shipment", ""), values.get("order", "")
    if number:
        try:
            return shipments.get_shipment(number, lock=True)
        except shipments.ShipmentNotFound:
            raise CameEarly(what=_l("shipment %(number)s", number=number[:64])) from None
    if not order:
        raise Invalid({"shipment": [_("Map the number of the shipment, or of its order.")]})
    known = orders.find_by_number(order)
    found = [] if known is None else shipments.live_of(known.id)
    if not found:
        raise CameEarly(what=_l("shipment of order %(number)s", number=order[:64]))
    going = [one for one in found if one.status not in ("delivered", "returned")] or found[-1:]
    if len(going) > 1:
        said = ", ".join(one.number for one in going)
        raise Invalid({"order": [_("The order has several shipments (%(numbers)s): map their number.", numbers=said)]})
    return shipments.get_shipment(going[0].id, lock=True)


def _preparing(values: Mapping[str, Any]) -> Shipment:
    """One whose goods may be picked. Raises CameEarly while it is planned or held."""
    shipment = _shipment(values)
    if shipment.held or shipment.status == "planned":
        raise CameEarly(what=_l("shipment %(number)s, to be picked", number=shipment.number))
    return shipment


def _left(values: Mapping[str, Any]) -> Shipment:
    """One that is under way, or was. Raises CameEarly before it has left."""
    shipment = _shipment(values)
    if shipment.status in OPEN:
        raise CameEarly(what=_l("shipment %(number)s, on its way", number=shipment.number))
    return shipment


def _reading(row: Mapping[str, Any], path: str) -> Reading:
    try:
        at = datetime.fromisoformat(row["at"].replace("Z", "+00:00"))
        at = at if at.tzinfo else at.replace(tzinfo=clock.BUSINESS_ZONE)
        at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        said = _("Must be a moment such as 2026-11-30T08:00:00+08:00.")
        raise Invalid({f"{path}.at": [said]}) from None
    return Reading(at, _celsius(row["celsius"], f"{path}.celsius"))


def _celsius(text: str, field: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise Invalid({field: [_("Must be a number.")]}) from None
    if not value.is_finite() or abs(value) > 100:
        raise Invalid({field: [_("Must lie between %(least)s and %(most)s.", least=-100, most=100)]})
    return value.quantize(Decimal("0.1"))


def _done(text: LazyString, shipment: Shipment) -> Outcome:
    return Outcome(text, (Link("shipment", shipment.id, shipment.number),))


def _said_before(shipment: Shipment) -> Outcome:
    return _done(_l("Shipment %(number)s: this was told before.", number=shipment.number), shipment)
