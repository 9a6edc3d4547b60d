"""The history of an order in words: its audit trail (tasks included) with what the process did in between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.audit import queries as audit
from app.audit.actions import OWN
from app.core.i18n import LazyString, _, _l, _n, pick
from app.core.subject import Subject
from app.documents.kinds import KINDS
from app.fulfilment import saying
from app.fulfilment.forms import OUTCOMES
from app.processes import queries as processes
from app.tasks import queries as tasks

WORDS: dict[str, tuple[LazyString, str, str]] = {
    "order:create": (_l("Order entered"), "file-import", "info"),
    "order:change": (_l("Order changed"), "edit", "info"),
    "order:cancel": (_l("Order cancelled"), "circle-x", "danger"),
    "order:withdraw": (_l("Order withdrawn by its submitter"), "arrow-back-up", "warning"),
    "order:amend": (_l("Released order changed"), "edit", "info"),
    "order:ask-change": (_l("Change requested"), "edit", "info"),
    "order:refuse-change": (_l("Change refused"), "circle-x", "warning"),
    "order:withdraw-change": (_l("Change withdrawn"), "arrow-back-up", "neutral"),
    "order:rework": (_l("Order returned for rework"), "arrow-back-up", "warning"),
    "order:resume": (_l("Order submitted again"), "arrow-forward-up", "info"),
    "order:reject": (_l("Order rejected"), "circle-x", "danger"),
    "order:release": (_l("Order released"), "circle-check", "success"),
    "order:approval-missed": (_l("Emergency not approved in time after its release"), "alert-triangle", "danger"),
    "order:approve-afterwards": (_l("Emergency approved after its release"), "circle-check", "success"),
    "order:refuse-afterwards": (_l("Emergency refused after its release"), "circle-x", "danger"),
    "order:suggest-purchase": (_l("Purchase suggested"), "packages", "warning"),
    "order:document": (_l("Order confirmation made"), "file-text", "success"),
    "document:issue": (_l("Paper made"), "file-text", "success"),
    "document:supersede": (_l("Paper made anew"), "file-text", "info"),
    "order:assess": (_l("Priority assessed"), "sort-descending", "neutral"),
    "priority:override": (_l("Moved by hand"), "adjustments", "warning"),
    "priority:override_withdraw": (_l("Move by hand withdrawn"), "arrow-back-up", "neutral"),
    "priority:override_end": (_l("Move by hand ended"), "clock", "neutral"),
    "reservation:make": (_l("Stock reserved"), "packages", "success"),
    "reservation:firm": (_l("Reserved stock firm"), "lock", "success"),
    "reservation:release": (_l("Reserved stock given back"), "packages", "warning"),
    "reservation:lost": (_l("Reserved stock taken back: the lot may not go"), "packages", "danger"),
    "task:claim": (_l("Task taken"), "hand-grab", "neutral"),
    "task:release": (_l("Task given back"), "arrow-back-up", "neutral"),
    "task:remind": (_l("Reminded"), "bell", "neutral"),
    "task:overdue": (_l("Not done in time, escalated"), "alert-triangle", "danger"),
    "task:urge": (_l("Urged"), "bell", "warning"),
    "task:copy": (_l("Copy sent"), "copy", "neutral"),
    "task:assign": (_l("Task given to somebody"), "user-check", "neutral"),
    "task:comment": (_l("Comment"), "message", "neutral"),
    "task:attach": (_l("Attachment added"), "paperclip", "neutral"),
    "task:detach": (_l("Attachment removed"), "trash", "neutral"),
    "task:describe": (_l("Task put off or described"), "clock", "neutral"),
    "task:complete": (_l("Task done"), "checkbox", "success"),
    "signature:sign": (_l("Signed electronically"), "pencil", "success"),
    **{
        f"shipment:{verb}": (OWN[f"shipment:{verb}"], icon, tone)
        for verb, icon, tone in (
            ("plan", "calendar", "info"),
            ("to-pick", "clipboard-list", "info"),
            ("missing", "alert-triangle", "warning"),
            ("picked", "checks", "success"),
            ("packed", "box", "success"),
            ("departed", "truck", "success"),
            ("excursion", "temperature", "danger"),
            ("delivered", "circle-check", "success"),
            ("called-back", "arrow-back-up", "warning"),
            ("returned", "arrow-back-up", "warning"),
            ("settled", "check", "neutral"),
            ("held", "player-pause", "warning"),
            ("resumed", "player-play", "info"),
            ("stopped", "refresh", "warning"),
            ("covered", "packages", "success"),
            ("parted", "git-branch", "info"),
            ("sent-anew", "refresh", "info"),
            ("late", "clock", "warning"),
            ("void", "circle-x", "danger"),
        )
    },
}
"""Audit action → words, icon, tone. An action that is not here is shown by its name."""

ROUTES: dict[str, LazyString] = {
    "clear": _l("nothing blocks the order"),
    "blocked": _l("blocked by hard constraints"),
    "none": _l("no approval needed"),
    "one": _l("one approval"),
    "two": _l("two approvals by different people"),
    "parallel": _l("all departments concerned at once"),
    "emergency": _l("released first, approved afterwards"),
    "complete": _l("all of it is reserved"),
    "short": _l("not all of it could be reserved"),
    "accept": _l("nobody needs to decide it"),
    "release": _l("it may leave"),
    "order_desk": _l("the order desk decides"),
    "manager": _l("a manager decides"),
    "return_goods": _l("it becomes a return"),
    "refused": _l("it is not possible"),
}
"""What the rules of a gateway may say (routes of the rule sets)."""

OUTCOME_TONES = {"approve": "success", "clear": "success", "rework": "warning", "reject": "danger", "cancel": "danger"}


def route_name(route: str | None) -> str:
    """A route in words; one that is not known here is shown by its code."""
    return str(ROUTES.get(route) or OUTCOMES.get(route) or route) if route else ""


@dataclass(frozen=True)
class Happening:
    """One line of the history, ready to be shown."""

    at: datetime
    actor: str
    title: str
    text: str = ""
    tone: str = "neutral"
    icon: str = "point"


def of_order(order_id: str) -> list[Happening]:
    """What happened to the order, newest first."""
    subject = Subject("order", order_id)
    found = tasks.tasks_of(subject)
    names, answers = {task.id: pick(task.name) for task in found}, saying.answers_of(found)
    told = [_told(entry, names, answers) for entry in audit.entries_of(subject)]
    told += _gateways(processes.gateways_of(processes.instances_of(subject)))
    return sorted(told, key=lambda one: one.at)[::-1]


def _gateways(decided: Iterable[tuple[Any, Mapping[str, str]]]) -> list[Happening]:
    """Which way the rules sent the order; answers of people are told by their tasks."""
    found = []
    for event, name in decided:
        decision = event.details.get("decision") or {}
        if not decision.get("route") or event.element_id.endswith("_answer"):
            continue
        found.append(
            Happening(
                at=event.at,
                actor=_("Rules"),
                title=pick(name) or event.element_id,
                text=route_name(decision["route"]),
                tone="danger" if decision.get("blocked") else "neutral",
                icon="git-branch",
            )
        )
    return found


def _told(entry: Any, names: Mapping[str, str], answers: Mapping[str, Mapping[str, str]]) -> Happening:
    words, icon, tone = WORDS.get(entry.action, (entry.action, "point", "neutral"))
    details: Mapping[str, Any] = entry.details
    title = str(words)
    if entry.action.startswith("task:"):
        title = _("%(what)s: %(task)s", what=title, task=names.get(details.get("task", ""), "–"))
    outcome = (details.get("answers") or {}).get("outcome")
    if outcome:
        said = saying.word(answers.get(details.get("task", ""), {}), outcome)
        title = _("%(what)s → %(outcome)s", what=title, outcome=said)
        tone = OUTCOME_TONES.get(outcome, tone)
    return Happening(
        at=entry.at,
        actor=_("Youxu") if entry.actor_kind == "system" else _who(entry.actor_name, details),
        title=title,
        text=_("; ").join(_particulars(entry.action, details)),
        tone=tone,
        icon=icon,
    )


def _who(name: str, details: Mapping[str, Any]) -> str:
    """Who did it, with on whose behalf."""
    other = details.get("on_behalf_of_name")
    return _("%(who)s on behalf of %(other)s", who=name, other=other) if other else name


def _particulars(action: str, details: Mapping[str, Any]) -> Iterable[str]:
    """What is worth telling besides the title."""
    yield from _of_shipment(details)
    reason = details.get("reason") or (details.get("answers") or {}).get("reason")
    if reason:
        yield str(reason)
    if action == "order:assess":
        yield from _assessment(details)
    if action == "priority:override" and details.get("place_before") and details.get("place_after"):
        yield _("place %(before)s → %(after)s", before=details["place_before"], after=details["place_after"])
    if action == "order:document":
        yield str(details.get("document", ""))
    if action.startswith("document:") and details.get("kind") in KINDS:
        yield f"{KINDS[details['kind']].name} {details['document']}"
    if action == "reservation:make":
        for lot, warehouse, quantity in details.get("lots", ()):
            yield _("lot %(lot)s in %(warehouse)s × %(quantity)s", lot=lot, warehouse=warehouse, quantity=quantity)
    if action == "reservation:release":
        yield _("%(quantity)s units", quantity=details.get("quantity", 0))
    if "version" in details and action.startswith("order:"):
        yield _("version %(version)s", version=details["version"])


def _of_shipment(details: Mapping[str, Any]) -> Iterable[str]:
    """Which of the order's shipments, and what it left to another."""
    if details.get("shipment"):
        yield str(details["shipment"])
    if details.get("into"):
        into = details["into"]
        yield _n("%(num)s unit in %(shipment)s", "%(num)s units in %(shipment)s", details["quantity"], shipment=into)


def _assessment(details: Mapping[str, Any]) -> Iterable[str]:
    before = details.get("before")
    now = _standing_words(str(details.get("band", "")), blocked=bool(details.get("blocked")))
    if before:
        was = _standing_words(str(before.get("band", "")), blocked=bool(before.get("blocked")))
        yield _("%(was)s → %(now)s", was=was, now=now)
    else:
        yield now
    yield _("score %(score)s", score=details.get("score", 0))


def _standing_words(band: str, *, blocked: bool) -> str:
    return _("%(band)s, blocked", band=band) if blocked else band
