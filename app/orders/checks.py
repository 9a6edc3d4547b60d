"""Is this a well-formed order? Every fault of every field is collected before anything is refused.

Not checked here: licences, registrations, authorisations, award prices. A breach of those is no malformed order; it is
stored and blocked by the compliance gate with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from marshmallow import EXCLUDE, ValidationError

from app.catalog.models import Customer, Product
from app.core import clock
from app.core.errors import Invalid
from app.core.fields import LARGEST_QUANTITY, Schema
from app.core.i18n import _
from app.core.refusals import flat_fields
from app.orders.models import Order
from app.orders.references import Found, References
from app.orders.schemas import MOST_LINES, PACKAGE_UNITS, OrderHeadIn, OrderLineIn

LATEST_DAYS = 731
LARGEST_TOTAL = Decimal("999999999999.99")
ONLY_IN = {"authorisation_number": "distributor", "tender_award_number": "tender"}
"""Fields that one channel requires and the others do not know."""
SCHEDULED = ("normal", "emergency")
"""Direct orders of these types are for an operation, whose date and number must be given."""
NOT_SOLD = ("draft", "review", "discontinued")


@dataclass(frozen=True)
class CheckedLine:
    """A line with its product; `quantity` in base units, `ordered_…` as the customer wrote it."""

    product: Product
    quantity: int
    ordered_quantity: int
    ordered_uom: str
    ordered_as: str
    unit_price: Decimal
    price_ceiling: Decimal | None


@dataclass(frozen=True)
class CheckedOrder:
    """A well-formed order. `head` holds the columns of `Order` that come from the caller; `lines` None: as stored."""

    customer: Customer
    head: dict[str, Any]
    lines: list[CheckedLine] | None


class Faults(dict[str, list[str]]):
    """Reasons by dotted path."""

    def add(self, path: str, reason: str) -> None:
        """One more reason for the field."""
        self.setdefault(path, []).append(reason)


def check_order(given: Any, *, references: References | None = None, stored: Order | None = None) -> CheckedOrder:
    """The order that `given` (shape: `schemas.OrderIn`) describes. Raises Invalid with all faults of all fields.

    With `stored` the given fields replace those of that order, the others stay; dates that stay may lie in the past.
    """
    if not isinstance(given, Mapping):
        raise Invalid({"_schema": [_("Must be an object.")]})
    found = references or References()
    faults = Faults()
    wanted = _without_blanks(given)
    if stored is not None:
        wanted = {**_kept(stored, given.get("channel", stored.channel)), **_replacing(given)}
    lines_given = wanted.pop("lines", None)
    head = _load(OrderHeadIn(), wanted, "", faults)
    customer = _customer(head, found, faults)
    _check_dates(head, stored, faults)
    _check_channel(head, faults)
    _check_contract(head, customer, found, faults)
    lines = None
    if stored is None or "lines" in given:
        lines = _check_lines(lines_given, head.get("channel"), found, faults)
    elif head.get("channel") in ("direct", "distributor", "tender"):
        _check_ceilings(stored, head["channel"], faults)
    if faults or customer is None:
        raise Invalid(faults)
    return CheckedOrder(customer, head, lines)


def _without_blanks(given: Mapping[str, Any]) -> dict[str, Any]:
    """Empty text and null mean that nothing was given: forms and spreadsheets cannot leave a field out."""
    return {str(name): value for name, value in given.items() if value not in ("", None)}


def _kept(stored: Order, channel: Any) -> dict[str, Any]:
    """What an order keeps when it is changed, as a caller would write it; fields foreign to the channel are dropped."""
    kept = {
        "channel": stored.channel,
        "order_type": stored.order_type,
        "delivery": stored.delivery,
        "customer": stored.customer_id,
        "external_ref": stored.external_ref,
        "requested_date": stored.requested_date.isoformat(),
        "hospital_po": stored.hospital_po,
        "contract_number": stored.contract_number,
        "authorisation_number": stored.authorisation_number,
        "tender_award_number": stored.tender_award_number,
        "surgery_at": stored.surgery_at.isoformat() if stored.surgery_at else None,
        "surgery_number": stored.surgery_number,
        "note": stored.note,
        "currency": stored.currency,
    }
    return {name: value for name, value in kept.items() if value is not None and ONLY_IN.get(name, channel) == channel}


def _replacing(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields given for a change; a blank one clears what is stored, and is refused where something must stand."""
    cleared: dict[str, Any] = {"note": "", "channel": "", "order_type": "", "delivery": "", "currency": ""}
    return {str(name): cleared.get(str(name)) if value in ("", None) else value for name, value in given.items()}


def _load(schema: Schema, given: Mapping[str, Any], prefix: str, faults: Faults) -> dict[str, Any]:
    """The fields that are right; the others go to the faults."""
    try:
        loaded: dict[str, Any] = schema.load(given)
    except ValidationError as error:
        flat = flat_fields(error.messages)
        for path, reasons in flat.items():
            faults.setdefault(prefix + path, []).extend(reasons)
        wrong = {path.partition(".")[0] for path in flat}
        right = {name: value for name, value in given.items() if name not in wrong and name in schema.fields}
        optional = tuple(name for name in schema.fields if name in wrong)
        partial: dict[str, Any] = schema.load(right, partial=optional, unknown=EXCLUDE)
        return partial
    return loaded


def _customer(head: Mapping[str, Any], found: References, faults: Faults) -> Customer | None:
    text = head.get("customer")
    if text is None:
        return None
    customer = found.customer(text)
    if customer is None:
        faults.add("customer", _("There is no customer %(customer)s.", customer=text))
    return customer


def _check_dates(head: Mapping[str, Any], stored: Order | None, faults: Faults) -> None:
    latest = clock.today() + timedelta(days=LATEST_DAYS)
    wished = head.get("requested_date")
    if wished is not None and (stored is None or wished != stored.requested_date):
        _check_day("requested_date", wished, latest, faults)
    surgery = head.get("surgery_at")
    if surgery is not None and (stored is None or surgery != stored.surgery_at):
        if surgery < clock.now():
            faults.add("surgery_at", _("This lies in the past."))
        else:
            _check_day("surgery_at", clock.local_date(surgery), latest, faults)


def _check_day(path: str, day: date, latest: date, faults: Faults) -> None:
    if day < clock.today():
        faults.add(path, _("This lies in the past."))
    elif day > latest:
        faults.add(path, _("This is more than two years ahead."))


def _check_channel(head: Mapping[str, Any], faults: Faults) -> None:
    channel = head.get("channel")
    if channel is None:
        return
    for name, owner in ONLY_IN.items():
        if channel == owner and head.get(name) is None and name not in faults:
            faults.add(name, _("This channel requires it."))
        elif channel != owner and head.get(name) is not None:
            faults.add(name, _("This channel does not use it."))
    if channel == "direct" and head.get("order_type") in SCHEDULED:
        for name in ("surgery_at", "surgery_number"):
            if head.get(name) is None and name not in faults:
                faults.add(name, _("This channel requires it."))


def _check_contract(head: Mapping[str, Any], customer: Customer | None, found: References, faults: Faults) -> None:
    number = head.get("contract_number")
    if number is None or customer is None:
        return
    contract = found.contract(number)
    if contract is None or contract.customer_id != customer.id:
        faults.add("contract_number", _("This customer has no contract %(contract)s.", contract=number))


def _check_ceilings(stored: Order, channel: str, faults: Faults) -> None:
    """Lines that stay as they are must suit the channel too."""
    for place, line in enumerate(stored.lines):
        _check_ceiling(f"lines.{place}.", line.price_ceiling, channel, faults)


def _check_ceiling(prefix: str, ceiling: Decimal | None, channel: Any, faults: Faults) -> None:
    path = f"{prefix}price_ceiling"
    if channel == "tender" and ceiling is None and path not in faults:
        faults.add(path, _("This channel requires it."))
    elif channel in ("direct", "distributor") and ceiling is not None:
        faults.add(path, _("This channel does not use it."))


def _check_lines(given: Any, channel: Any, found: References, faults: Faults) -> list[CheckedLine]:
    if given is None or given == []:
        faults.add("lines", _("An order needs at least one line."))
        return []
    if not isinstance(given, list):
        faults.add("lines", _("Must be a list."))
        return []
    if len(given) > MOST_LINES:
        faults.add("lines", _("An order has at most %(most)s lines.", most=MOST_LINES))
        return []
    loaded = [_load_line(line, f"lines.{place}", faults) for place, line in enumerate(given)]
    found.learn_products(line["product"] for line in loaded if "product" in line)
    checked = [_check_line(line, f"lines.{place}.", channel, found, faults) for place, line in enumerate(loaded)]
    whole = [line for line in checked if line is not None]
    if sum((line.quantity * line.unit_price for line in whole), Decimal(0)) > LARGEST_TOTAL:
        faults.add("lines", _("The total is too large: at most 999,999,999,999.99."))
    return whole


def _load_line(given: Any, path: str, faults: Faults) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        faults.add(path, _("Must be an object."))
        return {}
    return _load(OrderLineIn(), _without_blanks(given), f"{path}.", faults)


def _check_line(
    line: Mapping[str, Any], prefix: str, channel: Any, found: References, faults: Faults
) -> CheckedLine | None:
    if not line:
        return None
    before = len(faults)
    _check_ceiling(prefix, line.get("price_ceiling"), channel, faults)
    known = _check_product(line, prefix, found, faults)
    units = None if known is None or f"{prefix}uom" in faults else _units(line, known, prefix, faults)
    if known is None or units is None or "quantity" not in line or len(faults) > before or "unit_price" not in line:
        return None
    uom, contains = units
    quantity = line["quantity"] * contains
    if quantity > LARGEST_QUANTITY:
        faults.add(f"{prefix}quantity", _("Must be a whole number from 1 to 1,000,000."))
        return None
    return CheckedLine(
        product=known.product,
        quantity=quantity,
        ordered_quantity=line["quantity"],
        ordered_uom=uom,
        ordered_as=line["product"],
        unit_price=line["unit_price"],
        price_ceiling=line.get("price_ceiling"),
    )


def _check_product(line: Mapping[str, Any], prefix: str, found: References, faults: Faults) -> Found | None:
    text = line.get("product")
    if text is None:
        return None
    known = found.product(text)
    path = f"{prefix}product"
    if known is None:
        faults.add(path, _("There is no product %(product)s.", product=text))
    elif known.inner:
        faults.add(path, _("This identifies a part of the sales unit. Order by the identifier of the sales unit."))
    elif known.product.status in NOT_SOLD:
        faults.add(path, _("This product is not qualified for sale or no longer sold."))
    else:
        return known
    return None


def _units(line: Mapping[str, Any], known: Found, prefix: str, faults: Faults) -> tuple[str, int] | None:
    """Unit code and base units in one of it."""
    base, uom = known.product.uom, line.get("uom")
    if known.contains is None:
        if uom in (None, base):
            return base, 1
        sizes = known.package_sizes() if uom in PACKAGE_UNITS else []
        if len(sizes) == 1:
            return str(uom), sizes[0]
        reason = _("This product is sold by %(unit)s. For a package give its package DI as product.", unit=base)
    else:
        if uom is None or uom in PACKAGE_UNITS:
            return uom or "PK", known.contains
        reason = _(
            "This identifies a package of %(contains)s %(unit)s: give BX, CT, PK or CS as unit, or none.",
            contains=known.contains,
            unit=base,
        )
    faults.add(f"{prefix}uom", reason)
    return None
