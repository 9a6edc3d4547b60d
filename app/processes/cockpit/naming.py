"""Names that people know for the ids in rows: elements, subjects, persons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.audit.queries import subject_labels
from app.core.i18n import pick
from app.core.subject import Subject
from app.identity.queries import names_of
from app.processes.definitions import deployed
from app.processes.models import ProcessInstance


@dataclass(frozen=True)
class ElementName:
    """An element of a diagram as people read it; `kind` is the BPMN name ("userTask")."""

    id: str
    text: str
    kind: str


def element_of(definition_id: str, element_id: str) -> ElementName:
    """The element's name in the reader's language; its id where it has none or is not known (older history)."""
    found = deployed(definition_id).definition.elements.get(element_id)
    if found is None:
        return ElementName(element_id, element_id, "")
    return ElementName(element_id, pick(found.name) or element_id, found.kind)


def labels_of(instances: Iterable[ProcessInstance]) -> dict[str, str]:
    """What people call each instance, by id: the business key, else what it is about (an order's number), else "".

    One statement per kind of subject that has names.
    """
    wanted: dict[str, set[str]] = {}
    kept = list(instances)
    for one in kept:
        if not one.business_key:
            wanted.setdefault(one.subject_kind, set()).add(one.subject_id)
    names = {
        (kind, subject): label
        for kind, ids in wanted.items()
        if kind in subject_labels
        for subject, label in subject_labels.get(kind)(ids).items()
    }
    return {one.id: one.business_key or names.get((one.subject_kind, one.subject_id), "") for one in kept}


def people_of(ids: Iterable[str | None]) -> dict[str, str]:
    """Names of persons by id; "system" is Youxu itself. One statement."""
    return {"system": "Youxu", **names_of(one for one in ids if one)}


def page_of(subject: Subject) -> tuple[str, str] | None:
    """(endpoint, parameter) of the page about a subject, where there is one."""
    return {"order": ("orders.show_order", "order_id")}.get(subject.kind)
