"""The customers' side: places orders, hears what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.partners.partner import Partner


@dataclass(frozen=True)
class Placed:
    """An order as the customer wants it: (SKU, quantity, price) a line."""

    ref: str
    customer: str
    wanted: str
    lines: tuple[tuple[str, int, str], ...]
    changes_mind: bool = False
    """The customer cancels it at once."""

    @property
    def units(self) -> int:
        """Base units of all lines."""
        return sum(quantity for _sku, quantity, _price in self.lines)


class Crm(Partner):
    """Places orders by webhook."""

    name, roles = "crm", ("integration", "sales")
    hears = {  # noqa: RUF012 - constant
        "youxu.order.rejected": "refused",
        "youxu.order.cancelled": "refused",
        "youxu.shipment.delivered": "delivered",
    }
    rules = (
        {
            "when": "event.type == 'order.placed'",
            "action": "order.create",
            "fields": {
                "channel": "'direct'",
                "customer": "data.customer",
                "external_ref": "data.ref",
                "requested_date": "data.wanted",
                "surgery_at": "data.surgery_at",
                "surgery_number": "data.surgery_number",
                "lines": {
                    "each": "data.items",
                    "columns": {"product": "item.sku", "quantity": "item.qty", "unit_price": "item.price"},
                },
            },
        },
        {
            "when": "event.type == 'order.withdrawn'",
            "action": "order.cancel",
            "fields": {"customer": "data.customer", "external_ref": "data.ref", "reason": "data.reason"},
        },
    )

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.at_customers: set[str] = set()
        self.given_up: set[str] = set()

    def place(self, order: Placed) -> str:
        """Send it; the message's id."""
        items = [{"sku": sku, "qty": quantity, "price": price} for sku, quantity, price in order.lines]
        data = {"ref": order.ref, "customer": order.customer, "wanted": order.wanted, "items": items}
        surgery = {"surgery_at": f"{order.wanted}T16:00:00+08:00", "surgery_number": f"OR-{order.ref}"}
        lies = {"customer": "missing", "items.0.sku": "code", "items.0.qty": "type", "wanted": "type"}
        placed = self.say("order.placed", order.ref, {**data, **surgery}, lies)
        if order.changes_mind:
            told = {"ref": order.ref, "customer": order.customer, "reason": "ordered by mistake"}
            self.say("order.withdrawn", order.ref, told, {"reason": "missing", "ref": "type"})
        return placed

    def delivered(self, _event: dict[str, Any], data: dict[str, Any]) -> None:
        """The goods are there (by number of the order)."""
        self.at_customers.add(data["order"])

    def refused(self, _event: dict[str, Any], data: dict[str, Any]) -> None:
        """It will not come."""
        self.given_up.add(data["number"])
