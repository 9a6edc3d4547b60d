"""The books: receipts of goods, approval of large orders, confirmations and invoices."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.partners.partner import Partner, task_rule


@dataclass(frozen=True)
class Supply:
    """A lot that a supplier sends."""

    sku: str
    lot: str
    quantity: int


class Erp(Partner):
    """Receives goods; the order desk's approval of large orders; confirms and invoices what it hears of, once."""

    name, roles = "erp", ("integration", "warehouse", "order_desk")
    hears = {  # noqa: RUF012 - constant
        "youxu.order.released": "confirm",
        "youxu.shipment.delivered": "invoice",
        "youxu.inspection.rejected": "send_again",
        "youxu.task.opened": "approve",
    }
    filter = "event.type != 'youxu.task.opened' || (data.element == 'approve' && data.about_kind == 'order')"
    rules = (
        {
            "when": "event.type == 'goods.received'",
            "action": "stock.receive",
            "fields": {
                "product": "data.sku",
                "warehouse": "data.warehouse",
                "lot_no": "data.lot",
                "quantity": "data.qty",
                "made_on": "data.made",
                "expires_on": "data.expires",
                "document": "data.document",
            },
        },
        task_rule("outcome"),
    )

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.confirmed: Counter[str] = Counter()
        self.invoiced: Counter[str] = Counter()
        self.warehouse, self.made, self.expires = "", "", ""

    def receive(self, one: Supply) -> None:
        """Goods came in."""
        data = {"sku": one.sku, "lot": one.lot, "qty": one.quantity, "warehouse": self.warehouse}
        days = {"made": self.made, "expires": self.expires, "document": f"GR-{one.lot}"}
        lies = {"lot": "missing", "qty": "type", "warehouse": "code", "sku": "code", "made": "missing"}
        self.say("goods.received", one.lot, {**data, **days}, lies)

    def send_again(self, _event: dict[str, Any], data: dict[str, Any]) -> None:
        """The supplier replaces what was rejected."""
        self.receive(Supply(data["product"], f"{data['lot']}-R", data["quantity"]))

    def approve(self, event: dict[str, Any], data: dict[str, Any]) -> None:
        """The order desk approves, on the version that it has read."""
        version = self.youxu.ask("GET", f"/orders/{data['about_id']}")["version"]
        told = {"task": event["subject"], "seen_version": version, "answers": {"outcome": "approve"}}
        self.say("task.done", event["subject"], told, {"answers.outcome": "type", "seen_version": "type"})

    def confirm(self, _event: dict[str, Any], data: dict[str, Any]) -> None:
        """The customer gets the confirmation."""
        self.confirmed[data["number"]] += 1

    def invoice(self, _event: dict[str, Any], data: dict[str, Any]) -> None:
        """And the bill."""
        self.invoiced[data["order"]] += 1
