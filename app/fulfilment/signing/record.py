"""Signatures as people read them: on the page of the order, of the task, and on paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.audit import signatures
from app.audit.models import Signature
from app.audit.signatures import MEANINGS, METHODS
from app.core import clock
from app.core.i18n import _, pick
from app.core.subject import Subject
from app.fulfilment import saying
from app.fulfilment.signing import stored as stored
from app.tasks.queries import tasks_by_id

__all__ = ["Shown", "local_text", "of_order", "shown", "stored"]


@dataclass(frozen=True)
class Shown:
    """One signature in words (21 CFR 11.50: printed name, date and time, meaning), and what speaks against it."""

    signature: Signature
    who: str
    meaning: str
    task: str
    local: str
    """In the zone of the pages, which is named."""
    utc: str
    method: str
    faults: list[str]
    reason: str
    version: str
    """Of the order that was signed."""
    rules: list[str]
    """The decisions that were shown: rule set and version, with the digest of what they said."""
    attachments: list[str]
    """Names with digests."""

    @property
    def valid(self) -> bool:
        """True when nothing speaks against it."""
        return not self.faults


def of_order(order_id: str, task_id: str = "") -> list[Shown]:
    """The signatures of an order (of one of its tasks, if given), checked now. A bounded number of statements."""
    found = signatures.signatures_of(Subject("order", order_id))
    return shown([one for one in found if task_id in ("", one.task_id)])


def shown(found: Sequence[Signature]) -> list[Shown]:
    """These signatures in words, checked now."""
    faults = signatures.faults_of(found)
    answers = saying.answers_of(tasks_by_id([one.task_id for one in found]))
    told = [(one, [fault.sentence() for fault in faults[one.id]], answers.get(one.task_id, {})) for one in found]
    return [_shown(*one) for one in told]


def _shown(one: Signature, faults: list[str], answers: Mapping[str, str]) -> Shown:
    task = one.manifest.get("task")
    return Shown(
        signature=one,
        who=_("%(who)s on behalf of %(other)s", who=one.signer_name, other=one.on_behalf_of_name)
        if one.on_behalf_of_name
        else one.signer_name,
        meaning=_meaning(one, answers),
        task=pick(task.get("name")) if isinstance(task, dict) else "",
        local=local_text(one.at),
        utc=one.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        method=str(METHODS.get(one.method, one.method)),
        faults=faults,
        **_particulars(one.manifest),
    )


def _particulars(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What is told besides; nothing of a manifest that was tampered with beyond reading."""
    try:
        order, rules, files = manifest["order"], manifest["rules"], manifest["attachments"]
        return {
            "reason": str(manifest["answers"].get("reason") or ""),
            "version": "" if order is None else str(order["version"]),
            "rules": [f"{one['rule_set']} {one['version']} ({one['outcome'][:16]}…)" for one in rules],
            "attachments": [f"{one['name'] or one['url']} ({one['sha256'][:16]}…)" for one in files],
        }
    except (KeyError, TypeError, AttributeError):
        return {"reason": "", "version": "", "rules": [], "attachments": []}


def _meaning(one: Signature, answers: Mapping[str, str]) -> str:
    """“Approval: Reject”: what was signed for, and what was decided, in the words of the button."""
    given = one.manifest.get("answers")
    outcome = given.get("outcome") if isinstance(given, dict) else None
    meaning = str(MEANINGS.get(one.meaning, one.meaning))
    if not outcome:
        return meaning
    return _("%(meaning)s, decision: %(outcome)s", meaning=meaning, outcome=saying.word(answers, outcome))


def local_text(at: datetime) -> str:
    """A moment to the second with the name of the zone."""
    return f"{clock.local(at):%Y-%m-%d %H:%M:%S} ({clock.BUSINESS_ZONE.key})"
