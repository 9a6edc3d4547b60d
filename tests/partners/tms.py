"""The carrier: fetches, measures on the way, hands over."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.partners.partner import Partner

RECEIVERS = ("Dr Chen", "Dr Li", "Nurse Wang")


class Tms(Partner):
    """Hears what is packed and brings it."""

    name, roles = "tms", ("integration", "transport")
    hears = {  # noqa: RUF012 - constant
        "youxu.shipment.packed": "fetch",
        "youxu.shipment.departed": "bring",
    }
    may_repeat = ("fetched", "measured", "handed.over")
    rules = (
        {
            "when": "event.type == 'fetched'",
            "action": "shipment.pickup",
            "fields": {"shipment": "data.shipment", "vehicle": "data.vehicle"},
        },
        {
            "when": "event.type == 'measured'",
            "action": "shipment.readings",
            "fields": {
                "shipment": "data.shipment",
                "logger": "data.logger",
                "readings": {"each": "data.readings", "columns": {"at": "item.at", "celsius": "item.celsius"}},
            },
        },
        {
            "when": "event.type == 'handed.over'",
            "action": "shipment.delivery",
            "fields": {"shipment": "data.shipment", "receiver": "data.receiver", "celsius": "data.celsius"},
        },
    )

    def fetch(self, _event: dict[str, Any], data: dict[str, Any]) -> None:
        """Take it along."""
        told = {"shipment": data["number"], "vehicle": f"沪A{10000 + self.faults.die.randrange(89999)}"}
        self.say("fetched", data["number"], told, {"shipment": "missing", "vehicle": "type"})

    def bring(self, _event: dict[str, Any], data: dict[str, Any]) -> None:
        """Read the logger of cold goods, hand over, let the receiver sign."""
        number = data["number"]
        shipment = self.youxu.ask("GET", f"/shipments/{number}")
        handover: dict[str, Any] = {"shipment": number, "receiver": self.faults.die.choice(RECEIVERS)}
        if shipment["cold"]:
            read = {"at": datetime.now(UTC).isoformat(), "celsius": "4.5"}
            told = {"shipment": number, "logger": shipment["logger"], "readings": [read]}
            lies = {"logger": "missing", "readings.0.celsius": "type", "readings.0.at": "code"}
            measured = self.say("measured", number, told, lies)
            handover["celsius"] = "5.0"
            self.after(measured, lambda: self._hand_over(handover))  # the proof closes the record of temperatures
        else:
            self._hand_over(handover)

    def _hand_over(self, told: dict[str, Any]) -> None:
        self.say("handed.over", told["shipment"], told, {"receiver": "missing", "shipment": "type"})
