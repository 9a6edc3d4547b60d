"""The laboratory: tests samples by webhook; its people sign review and release by REST, each with their own password."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.partners.partner import TASK_LIES, Partner, task_rule
from tests.partners.wire import Youxu

SIGNED = "(data.about_kind == 'inspection' && (data.element == 'review' || data.element == 'decide'))"


@dataclass(frozen=True)
class Signer:
    """Somebody of quality."""

    login: str
    password: str
    youxu: Youxu


class Mes(Partner):
    """Inspection results."""

    name, roles = "mes", ("integration", "qa_ra")
    hears = {  # noqa: RUF012 - constant
        "youxu.inspection.planned": "test",
        "youxu.task.opened": "sign",
    }
    filter = "event.type != 'youxu.task.opened' || " + SIGNED
    rules = (task_rule("outcome", "sampled", "defective", "measured", "instrument"),)

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.bad_lots: set[str] = set()
        self.bad: set[str] = set()
        """Subjects of inspections whose lots are bad."""
        self.signers: dict[str, Signer] = {}
        """By element."""
        self.signed = 0

    def test(self, event: dict[str, Any], data: dict[str, Any]) -> None:
        """All units of the sample; values in the middle of the limits."""
        if data["lot"] in self.bad_lots:
            self.bad.add(event["subject"])
        values = [f"{one['code']}: {_middle(one['lower'], one['upper'])}" for one in data["characteristics"]]
        answers = {
            "sampled": data["sample"],
            "defective": data["sample"] if data["lot"] in self.bad_lots else 0,
            "measured": "\n".join(values),
            "instrument": "SCALE-1",
        }
        told = {"kind": "inspection", "number": data["number"], "element": "test", "answers": answers}
        lies = {**TASK_LIES, "kind": "code", "answers.sampled": "type"}
        del lies["answers.outcome"]
        self.say("task.done", data["number"], told, lies)

    def sign(self, event: dict[str, Any], data: dict[str, Any]) -> None:
        """Whoever is asked looks at the task and signs it."""
        who, path = self.signers[data["element"]], f"/tasks/{event['subject'].removeprefix('task/')}"
        task = who.youxu.ask("GET", path)
        bad = data["element"] == "decide" and f"inspection/{data['about_id']}" in self.bad
        proof = {"login": who.login, "password": who.password, **task["signature"]}
        body = {"seen_version": 1, "outcome": "reject" if bad else "approve", "signature": proof}
        who.youxu.ask("POST", f"{path}/complete", {**body, "reason": "sample failed" if bad else ""})
        self.signed += 1


def _middle(lower: str | None, upper: str | None) -> Decimal:
    if lower is None or upper is None:
        return Decimal(upper or lower or 0)
    return ((Decimal(lower) + Decimal(upper)) / 2).quantize(Decimal("0.01"))
