"""The order form and what it sends: field names `lines-0-product` in the page, `lines.0.product` in a refusal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from app.core import clock
from app.orders.models import Order

HEAD = (
    "channel",
    "order_type",
    "delivery",
    "customer",
    "external_ref",
    "requested_date",
    "hospital_po",
    "contract_number",
    "authorisation_number",
    "tender_award_number",
    "surgery_at",
    "surgery_number",
    "note",
)
LINE = ("product", "quantity", "uom", "unit_price", "price_ceiling")
OF_CHANNEL = {
    "authorisation_number": ("distributor",),
    "tender_award_number": ("tender",),
    "surgery_at": ("direct",),
    "surgery_number": ("direct",),
}
"""Fields that the page shows for some channels only; what another channel's section holds is not sent."""
MOST_ROWS = 300
_LINE_FIELD = re.compile(r"lines-(\d{1,6})-([a-z_]+)\Z")


def read(form: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """What the form describes, in the shape of `orders.schemas.OrderIn`; rows without product, quantity and price are
    left out.
    """
    rows: dict[int, dict[str, str]] = {}
    given: dict[str, Any] = {}
    for name, value in form:
        found = _LINE_FIELD.match(name)
        if found and found[2] in LINE:
            rows.setdefault(int(found[1]), {})[found[2]] = value.strip()
        elif name in HEAD:
            given[name] = value.strip()
    channel = given.get("channel")
    for name, channels in OF_CHANNEL.items():
        if channel not in channels:
            given[name] = ""
    written = [rows[number] for number in sorted(rows)[:MOST_ROWS]]
    given["lines"] = [line_of(row, channel) for row in written if any(row.get(n) for n in LINE if n != "uom")]
    return given


def line_of(row: Mapping[str, str], channel: Any) -> dict[str, Any]:
    """One line from text: whole numbers become numbers, a ceiling belongs to tenders only."""
    line: dict[str, Any] = {name: row[name] for name in LINE if row.get(name)}
    if re.fullmatch(r"-?\d{1,12}", line.get("quantity", "")):
        line["quantity"] = int(line["quantity"])
    if channel in ("direct", "distributor"):
        line.pop("price_ceiling", None)
    return line


def written(order: Order) -> dict[str, Any]:
    """An order as the form shows it for a change."""
    shown = {name: getattr(order, name, None) or "" for name in HEAD}
    shown["customer"] = order.customer_id
    shown["requested_date"] = order.requested_date.isoformat()
    if order.surgery_at is not None:
        shown["surgery_at"] = clock.local(order.surgery_at).strftime("%Y-%m-%dT%H:%M")
    shown["lines"] = [
        {
            "product": line.ordered_as or line.product_id,
            "quantity": line.ordered_quantity,
            "uom": line.ordered_uom,
            "unit_price": format(line.unit_price, "f"),
            "price_ceiling": "" if line.price_ceiling is None else format(line.price_ceiling, "f"),
        }
        for line in order.lines
    ]
    return shown


def anchors(fields: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Reasons by the page's field names."""
    return {path.replace(".", "-"): reasons for path, reasons in fields.items()}
