"""Whether the time agreed for a user task (`youxu:sla`, `youxu:escalateTo`) can be kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.core.i18n import _
from app.core.workdays import agreed
from app.processes.engine.problem import Known, Problem
from app.processes.engine.xml import camunda, ours


def time_problems(node: Any, known: Known) -> Iterator[Problem]:
    """What is wrong with it."""
    name, text, group = node.get("id"), node.get(ours("sla")), node.get(ours("escalateTo"))
    if text is not None:
        try:
            times = agreed.parse(text)
        except agreed.AgreedTimeInvalid as fault:
            yield Problem(name, fault.sentence())
            return
        strange = [label for label in times.by_label if known.bands is not None and label not in known.bands]
        if strange:
            said = {"name": ", ".join(strange), "choices": ", ".join(known.bands or ())}
            yield Problem(name, _("There is no band “%(name)s”; there are %(choices)s.", **said))
        if node.get(camunda("dueDate")):
            reason = _("The due date of the diagram goes first: the time agreed would not be heeded.")
            yield Problem(name, reason, warning=True)
    if group is not None and known.groups is not None and group not in known.groups:
        yield Problem(name, _("There is no group “%(name)s”.", name=group))
