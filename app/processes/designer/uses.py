"""Which processes name what: rule sets, service steps, forms, messages, signals, topics, called processes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from app.core.db import session
from app.core.i18n import LazyString, _l, pick
from app.processes.definitions import Deployed, deployed
from app.processes.engine import Call, Element
from app.processes.models import ProcessRelease

KINDS: dict[str, LazyString] = {
    "ruleSet": _l("Rule sets"),
    "step": _l("Service steps"),
    "form": _l("Forms"),
    "message": _l("Messages"),
    "signal": _l("Signals"),
    "topic": _l("External topics"),
    "process": _l("Called processes"),
}


@dataclass(frozen=True)
class Use:
    """An element in force that names something."""

    kind: str
    name: str
    key: str
    version: int
    process: str
    element: str
    element_name: str


def uses(kind: str = "", name: str = "") -> list[Use]:
    """By kind and name; only of one kind and name, if given. One statement, and one per definition not known yet."""
    ids = session().scalars(select(ProcessRelease.definition_id).order_by(ProcessRelease.key))
    found = [use for one in ids for use in _of(deployed(one))]
    wanted = [one for one in found if (not kind or one.kind == kind) and (not name or one.name == name)]
    order = list(KINDS)
    return sorted(wanted, key=lambda one: (order.index(one.kind), one.name, one.key, one.element))


def _of(made: Deployed) -> Iterator[Use]:
    for element in made.definition.elements.values():
        for kind, name in _named(element):
            yield Use(kind, name, made.key, made.version, pick(made.name), element.id, pick(element.name))


def _named(element: Element) -> Iterator[tuple[str, str]]:
    """What an element names; what is reckoned when it runs is told as it is written."""
    for kind, attribute in (("ruleSet", "rule_set"), ("step", "step"), ("form", "form_key")):
        name = getattr(element, attribute, None)
        if name:
            yield kind, str(name)
    for kind, attribute in (("topic", "topic"), ("message", "message")):
        value = getattr(element, attribute, None)
        if value is not None:
            yield kind, value.text
    trigger, reference = getattr(element, "trigger", ""), getattr(element, "ref", None)
    if trigger in ("message", "signal") and reference is not None:
        yield trigger, reference.text
    if isinstance(element, Call) and element.called is not None:
        yield "process", element.called.text
