"""What the page of a task shows, as a manifest: plain JSON that a signature binds.

Small parts stand in it by value (the order, the priority with each contribution), large ones by SHA-256 of their
canonical JSON or their bytes (diagram, form, decisions, attachments).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from app.audit.service import exact
from app.core import kept
from app.core.jsontext import digest, plain
from app.decisions.models import Decision
from app.fulfilment import queries
from app.orders import queries as orders
from app.orders.models import snapshot_of
from app.priority.panels import Panel, panel_of
from app.processes import queries as processes
from app.tasks import teamwork
from app.tasks.models import Task, TaskAttachment
from app.tasks.showing import signed_subject

FORMAT = "youxu-signed-content/1"
PARTS = ("task", "diagram", "form", "order", "subject", "priority", "rules", "attachments")
"""Parts that a page shows, in the order in which its mark names them; the signer adds `answers`."""
SHORT = 12
"""Characters of a part's digest in a mark: they tell what changed, the whole digest before them tells that it did."""


def sha256_of(value: Any) -> str:
    """SHA-256, in hex, of a JSON value as every database gives it back."""
    return digest(exact(plain(value)))


def shown(task: Task) -> dict[str, Any]:
    """What the page of the task shows now. A bounded number of statements. Raises NotFound."""
    order = orders.get_order(task.subject_id) if task.subject_kind == "order" else None
    panel = panel_of(order) if order is not None else None
    work = processes.work_of(task)
    made = work.definition
    form = made.forms.get(task.form_key) if made is not None and task.form_key else None
    return {
        "format": FORMAT,
        "task": {"id": task.id, "element": task.element_id, "name": dict(task.name), "instance": task.source_id},
        "diagram": None
        if made is None
        else {
            "definition": made.id,
            "key": made.key,
            "version": made.version,
            "sha256": hashlib.sha256(made.definition.xml).hexdigest(),
        },
        "form": None if form is None else {"key": task.form_key, "sha256": sha256_of(form)},
        "order": None
        if order is None
        else {
            "id": order.id,
            "number": order.number,
            "version": order.version,
            "content": exact(snapshot_of(order)),
        },
        "subject": signed_subject.get(task.subject_kind)(task.subject) if task.subject_kind in signed_subject else None,
        "priority": None if panel is None else _priority(panel),
        "rules": _rules(task, panel),
        "attachments": _attachments(task),
    }


def _priority(panel: Panel) -> dict[str, Any]:
    standing = panel.standing
    return {
        "blocked": standing.blocked,
        "band": standing.band,
        "score": standing.score,
        "ranked_score": standing.ranked_score,
        "lines": [[line.rule, line.points] for line in panel.outcome.lines],
        "override": panel.override.id if panel.override else None,
    }


def _rules(task: Task, panel: Panel | None) -> list[dict[str, Any]]:
    found = [("gate", panel.gate), ("ranking", panel.ranking)] if panel is not None else []
    trace = queries.trace_of(task)
    if trace is not None:
        found.append(("gateway", trace.decision))
    return [{"as": place, "decision": one.id, **marks_of(one)} for place, one in found]


def marks_of(decision: Decision) -> dict[str, Any]:
    """A decision by what is stored of it and, where they are not stored, the digest of its words."""
    words = decision.words
    return stored_marks_of(decision) | ({} if words is None else {"words": sha256_of(words)})


def stored_marks_of(decision: Decision) -> dict[str, Any]:
    """A decision by its rule set's version and the digests of its facts and its outcome."""
    return {
        "rule_set": decision.rule_set,
        "version": decision.rule_set_version,
        "version_hash": decision.version_hash,
        "facts": sha256_of(decision.facts),
        "outcome": sha256_of(decision.outcome),
    }


def _attachments(task: Task) -> list[dict[str, Any]]:
    files = teamwork.files_of(task.id)
    sums = kept.sums_of(one.content_id for one in files if one.content_id)
    return [attachment_of(one, sums) for one in files]


def attachment_of(file: TaskAttachment, sums: Mapping[str, str]) -> dict[str, Any]:
    """An attachment by name and the digest of its bytes; one that is only an address by that."""
    found = {"id": file.id, "name": file.name or "", "url": file.url or ""}
    return {**found, "sha256": sums.get(file.content_id or "", "")}


def mark_of(manifest: Mapping[str, Any]) -> str:
    """What a page carries of what it showed: one digest of all of it, then the beginnings of those of the parts.

    Which row of history holds a decision does not matter when it says the same, so its id is left out.
    """
    parts = {name: manifest[name] for name in PARTS}
    parts["rules"] = [{key: value for key, value in one.items() if key != "decision"} for one in parts["rules"]]
    whole = sha256_of({"format": manifest["format"], **parts})
    return ".".join([whole, *(sha256_of(parts[name])[:SHORT] for name in PARTS)])


def changed_parts(seen: str, now: str) -> list[str]:
    """Which parts differ between two marks; none when it cannot be told (a mark of ours has them all)."""
    before, after = seen.split(".")[1:], now.split(".")[1:]
    if len(before) != len(after):
        return []
    return [name for name, one, other in zip(PARTS, before, after, strict=True) if one != other]
