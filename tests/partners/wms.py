"""The warehouse: checks receipts, picks by lot, packs."""

from __future__ import annotations

from typing import Any

from tests.partners.partner import TASK_LIES, Partner, task_rule

CHECKS = dict.fromkeys(("package", "label", "udi", "certificate"), "ok")


class Wms(Partner):
    """Hears of receipts and shipments, and does what the warehouse does."""

    name, roles = "wms", ("integration", "warehouse")
    hears = {  # noqa: RUF012 - constant
        "youxu.inspection.opened": "check",
        "youxu.shipment.to_pick": "pick",
        "youxu.task.opened": "pack",
    }
    filter = "event.type != 'youxu.task.opened' || data.element == 'pack'"
    rules = (
        {
            "when": "event.type == 'goods.picked'",
            "action": "shipment.pick",
            "fields": {
                "shipment": "data.shipment",
                "lot_no": "data.lot",
                "product": "data.sku",
                "quantity": "data.qty",
            },
        },
        {
            "when": "event.type == 'goods.missing'",
            "action": "shipment.missing",
            "fields": {
                "shipment": "data.shipment",
                "lot_no": "data.lot",
                "product": "data.sku",
                "found": "data.found",
                "reason": "data.reason",
            },
        },
        task_rule("outcome", "reason", "logger", "box_celsius", "counted", "temperature", *CHECKS),
    )

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.missing = 0
        self.missed: set[str] = set()
        """Products of which a unit was missing: no more than once each, as the rest in the bin is booked off with it."""
        self.taken: set[str] = set()
        """Reservations said to be picked: a shipment that gets more goods meanwhile is to be picked again."""

    def check(self, _event: dict[str, Any], data: dict[str, Any]) -> None:
        """Count the goods, look at package and papers."""
        answers = {"counted": data["quantity"], "temperature": "complete", **CHECKS}
        told = {"kind": "inspection", "number": data["number"], "element": "receiving_check", "answers": answers}
        self.say("task.done", data["number"], told, {"number": "type", "kind": "code", "answers.counted": "type"})

    def pick(self, _event: dict[str, Any], data: dict[str, Any]) -> None:
        """Everything that still lies in its bin, lot by lot; then say so. Now and then a unit is not there."""
        number = data["number"]
        goods = [line for line in self.youxu.ask("GET", f"/shipments/{number}")["goods"] if not line["picked"]]
        goods = [line for line in goods if line["reservation"] not in self.taken]
        for line in goods:
            if line["quantity"] > 1 and line["product"] not in self.missed and self.faults.happens("missing"):
                self.missed.add(line["product"])
                about = {"shipment": number, "sku": line["product"], "lot": line["lot_no"]}
                told = {**about, "found": line["quantity"] - 1, "reason": "one is not in the bin"}
                lies = {"found": "type", "reason": "missing", "lot": "code"}
                missing = self.say("goods.missing", number, told, lies)
                self.missing += 1
                self.after(missing, lambda: self._take(number))
                return
        self._take(number)

    def _take(self, number: str) -> None:
        for line in self.youxu.ask("GET", f"/shipments/{number}")["goods"]:
            if not line["picked"] and line["reservation"] not in self.taken:
                self.taken.add(line["reservation"])
                told = {"shipment": number, "sku": line["product"], "lot": line["lot_no"], "qty": line["quantity"]}
                self.say("goods.picked", number, told, {"lot": "missing", "qty": "type", "sku": "code"})
        told = {"kind": "shipment", "number": number, "element": "pick", "answers": {"outcome": "approve"}}
        self.say("task.done", number, told, TASK_LIES)

    def pack(self, event: dict[str, Any], data: dict[str, Any]) -> None:
        """Into the box; a logger with cold goods."""
        shipment = self.youxu.ask("GET", f"/shipments/{data['about_id']}")
        answers: dict[str, Any] = {"outcome": "approve"}
        if shipment["cold"]:
            answers |= {"logger": f"T-{shipment['number']}", "box_celsius": 4.5}
        told = {"task": event["subject"], "answers": answers}
        self.say("task.done", shipment["number"], told, {"task": "type", "answers.outcome": "type"})
