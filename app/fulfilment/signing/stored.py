"""Whether what was signed is stored as it was signed, and the parts themselves for a record that is taken away.

Everything is read from the database anew: what a worker keeps in memory may be older than somebody's tampering.
"""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import select

from app.audit import bundles
from app.audit.models import AuditEntry, Signature
from app.audit.service import exact
from app.audit.signatures import stored_otherwise
from app.core.db import session
from app.core.jsontext import plain
from app.core.kept import KeptContent
from app.decisions.models import Decision, VersionAltered
from app.documents import queries as documents
from app.documents.models import Document
from app.fulfilment.models import OrderDocument
from app.fulfilment.signing.content import marks_of, sha256_of, stored_marks_of
from app.orders.models import Order, OrderVersion, snapshot_of
from app.processes.models import ProcessDefinition, ProcessPurge
from app.tasks.models import Task, TaskAttachment
from app.tasks.showing import still_stored


@dataclass
class Stored:
    """What the database holds of everything that these signatures bind. A bounded number of statements."""

    signatures: Sequence[Signature]

    @cached_property
    def tasks(self) -> dict[str, Task]:
        """The tasks that were signed, by id."""
        return {one.id: one for one in _by_id(Task, {one.task_id for one in self.signatures})}

    @cached_property
    def purged(self) -> set[str]:
        """Instances whose history was lawfully deleted, tasks and all."""
        wanted = self._named("task", "instance")
        found = select(ProcessPurge.instance_id).where(ProcessPurge.instance_id.in_(wanted))
        return set(session().scalars(found)) if wanted else set()

    @cached_property
    def definitions(self) -> dict[str, ProcessDefinition]:
        """The diagrams with their forms, by id."""
        return {one.id: one for one in _by_id(ProcessDefinition, self._named("diagram", "definition"))}

    @cached_property
    def decisions(self) -> dict[str, Decision]:
        """The decisions of the rules, by id."""
        wanted = {rule["decision"] for one in self.signatures for rule in _list(one.manifest, "rules")}
        return {one.id: one for one in _by_id(Decision, wanted)}

    @cached_property
    def attachments(self) -> dict[str, TaskAttachment]:
        """The attachments, by id."""
        wanted = {file["id"] for one in self.signatures for file in _list(one.manifest, "attachments")}
        return {one.id: one for one in _by_id(TaskAttachment, wanted)}

    @cached_property
    def sums(self) -> dict[str, str]:
        """SHA-256 of the bytes of the attachments as they are now, by attachment; one at a time is in memory."""
        return {name: hashlib.sha256(content).hexdigest() for name, content in self.contents()}

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """Attachments with their bytes."""
        owners = {one.content_id: one.id for one in self.attachments.values() if one.content_id}
        if not owners:
            return
        wanted = select(KeptContent.id, KeptContent.content).where(KeptContent.id.in_(sorted(owners)))
        for row in session().execute(wanted, execution_options={"yield_per": 1}):
            yield owners[row.id], bytes(row.content)

    @cached_property
    def orders(self) -> dict[str, Order]:
        """The orders as they stand now."""
        return {one.id: one for one in _by_id(Order, self._named("order", "id"))}

    @cached_property
    def versions(self) -> dict[str, dict[int, OrderVersion]]:
        """Every version of the orders, by order and number."""
        found: dict[str, dict[int, OrderVersion]] = defaultdict(dict)
        wanted = self._named("order", "id")
        statement = select(OrderVersion).where(OrderVersion.order_id.in_(wanted))
        for one in _fresh(statement) if wanted else ():
            found[one.order_id][one.version] = one
        return found

    @cached_property
    def wrong_papers(self) -> set[str]:
        """Orders of which a confirmation is not what the trail says was made."""
        wanted = self._named("order", "id")
        if not wanted:
            return set()
        entries = select(AuditEntry).where(
            AuditEntry.subject_kind == "order",
            AuditEntry.subject_id.in_(wanted),
            AuditEntry.action == "order:document",
        )
        made = {
            (one.details.get("document"), language): digest
            for one in _fresh(entries)
            for language, digest in (one.details.get("sha256") or {}).items()
        }
        papers = list(_fresh(select(OrderDocument).where(OrderDocument.order_id.in_(wanted))))
        issued = list(_fresh(select(Document).where(Document.subject_kind == "order", Document.subject_id.in_(wanted))))
        altered = documents.altered(issued)
        return {one.subject_id for one in issued if one.id in altered} | {
            one.order_id
            for one in papers
            if not hashlib.sha256(one.html.encode()).hexdigest() == one.sha256 == made.get((one.number, one.language))
        }

    @cached_property
    def subjects(self) -> dict[str, bool]:
        """By signature on a subject that is no order: whether what it names of that is stored as it was."""
        found: dict[str, bool] = {}
        for kind in still_stored:
            signed = [one for one in self.signatures if one.subject_kind == kind and one.manifest.get("subject")]
            answers = still_stored.get(kind)([one.manifest["subject"] for one in signed]) if signed else ()
            found |= {one.id: answer for one, answer in zip(signed, answers, strict=True)}
        return found

    def _named(self, part: str, name: str) -> set[str]:
        return {one.manifest[part][name] for one in self.signatures if isinstance(one.manifest.get(part), dict)}


SIGNED = ("order", "change", "qualification", "inspection", "shipment", "recall", "capa", "process")
"""Kinds of subjects whose signatures bind what is looked up here."""


def _by_id(model: Any, wanted: Collection[str]) -> Iterator[Any]:
    return iter(_fresh(select(model).where(model.id.in_(sorted(wanted))))) if wanted else iter(())


def _fresh(statement: Any) -> Any:
    return session().scalars(statement.execution_options(populate_existing=True)).unique()


def _list(manifest: Mapping[str, Any], name: str) -> list[Any]:
    found = manifest.get(name)
    return found if isinstance(found, list) else []


def parts_of(signatures: Sequence[Signature]) -> dict[str, Any]:
    """The parts themselves, as they are stored now, so that somebody without this database can give the hashes again:
    answers by task, diagrams and forms by definition, versions of orders, decisions, attachments (base64)."""
    stored = Stored(signatures)
    return {
        "answers": {one.id: exact(plain(one.answers)) for one in stored.tasks.values()},
        "diagrams": {one.id: one.xml for one in stored.definitions.values()},
        "forms": _forms(stored),
        "orders": _orders(stored),
        "decisions": {one.id: _decision(one) for one in stored.decisions.values()},
        "attachments": {name: base64.b64encode(content).decode() for name, content in stored.contents()},
    }


def changed_of(signatures: Sequence[Signature]) -> dict[str, list[str]]:
    """For each signature's id the parts that are not stored as they were signed."""
    stored = Stored(signatures)
    return {one.id: list(_changed(one, stored)) for one in signatures}


for _kind in SIGNED:
    bundles.parts_of.register(_kind)(parts_of)
    stored_otherwise.register(_kind)(changed_of)


def _changed(signature: Signature, stored: Stored) -> Iterator[str]:
    manifest = signature.manifest
    try:
        if manifest["task"]["instance"] in stored.purged:
            return
        checks = {
            "task": _task_differs(signature, stored),
            "answers": _answers_differ(signature, stored),
            "diagram": _diagram_differs(manifest, stored),
            "form": _form_differs(manifest, stored),
            "order": _order_differs(manifest, stored),
            "subject": not stored.subjects.get(signature.id, True),
            "rules": any(_rule_differs(rule, stored) for rule in manifest["rules"]),
            "attachments": any(_file_differs(file, stored) for file in manifest["attachments"]),
            "paper": manifest["order"] is not None and manifest["order"]["id"] in stored.wrong_papers,
        }
    except (KeyError, TypeError, AttributeError):  # the manifest itself was tampered with, as its hash tells too
        yield "task"
        return
    yield from (name for name, differs in checks.items() if differs)


def _task_differs(signature: Signature, stored: Stored) -> bool:
    task, told = stored.tasks.get(signature.task_id), signature.manifest["task"]
    return (
        task is None
        or told != {"id": task.id, "element": task.element_id, "name": dict(task.name), "instance": task.source_id}
        or task.completed_by != signature.signer_id
    )


def _answers_differ(signature: Signature, stored: Stored) -> bool:
    task = stored.tasks.get(signature.task_id)
    return task is not None and exact(plain(task.answers)) != signature.manifest["answers"]


def _diagram_differs(manifest: Mapping[str, Any], stored: Stored) -> bool:
    told = manifest["diagram"]
    if told is None:
        return False
    made = stored.definitions.get(told["definition"])
    return made is None or hashlib.sha256(made.xml.encode()).hexdigest() != told["sha256"]


def _form_differs(manifest: Mapping[str, Any], stored: Stored) -> bool:
    told = manifest["form"]
    if told is None:
        return False
    made = stored.definitions.get(manifest["diagram"]["definition"])
    return made is None or sha256_of(made.forms.get(told["key"])) != told["sha256"]


def _order_differs(manifest: Mapping[str, Any], stored: Stored) -> bool:
    """The version that was signed is not kept as it was, or the order itself is not what its last version says."""
    told = manifest["order"]
    if told is None:
        return False
    order, versions = stored.orders.get(told["id"]), stored.versions.get(told["id"], {})
    signed = versions.get(told["version"])
    if order is None or signed is None or exact(signed.snapshot) != told["content"] or order.number != told["number"]:
        return True
    last = versions.get(order.version)
    return last is None or exact(last.snapshot) != exact(snapshot_of(order))


def _rule_differs(rule: Mapping[str, Any], stored: Stored) -> bool:
    found = stored.decisions.get(rule["decision"])
    if found is None or any(rule.get(name) != mark for name, mark in stored_marks_of(found).items()):
        return True  # its words cannot be made of what somebody changed
    try:
        return bool({"as": rule["as"], "decision": found.id, **marks_of(found)} != rule)
    except VersionAltered:
        return True


def _file_differs(file: Mapping[str, Any], stored: Stored) -> bool:
    found = stored.attachments.get(file["id"])
    if found is None or ((found.name or ""), (found.url or "")) != (file["name"], file["url"]):
        return True
    return bool(stored.sums.get(file["id"], "") != file["sha256"])


def _decision(one: Decision) -> dict[str, Any]:
    return {
        "rule_set": one.rule_set,
        "version": one.rule_set_version,
        "version_hash": one.version_hash,
        "facts": exact(plain(one.facts)),
        "outcome": exact(plain(one.outcome)),
        **({} if one.words is None else {"words": exact(plain(one.words))}),
    }


def _forms(stored: Stored) -> dict[str, dict[str, Any]]:
    """The forms that were signed, by definition and key."""
    found: dict[str, dict[str, Any]] = {}
    for one in stored.signatures:
        form, diagram = one.manifest.get("form"), one.manifest.get("diagram")
        made = stored.definitions.get(diagram["definition"]) if form and diagram else None
        if made is not None and form is not None:
            found.setdefault(made.id, {})[form["key"]] = exact(plain(made.forms.get(form["key"])))
    return found


def _orders(stored: Stored) -> dict[str, dict[str, Any]]:
    """The versions of orders that were signed, by order and number."""
    found: dict[str, dict[str, Any]] = {}
    for one in stored.signatures:
        told = one.manifest.get("order")
        kept = stored.versions.get(told["id"], {}).get(told["version"]) if told else None
        if kept is not None:
            found.setdefault(kept.order_id, {})[str(kept.version)] = exact(kept.snapshot)
    return found
