"""Which rule set or decision table a node asks, in our words or Camunda's, and what of the answer its variable gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.core.i18n import _
from app.processes.engine.elements import ServiceStep
from app.processes.engine.errors import EngineFault
from app.processes.engine.xml import camunda, ours

Result = Any


def mapping_of(node: Any) -> str | None:
    """How a decision's answer becomes the result variable: as Camunda maps it where its words are used."""
    how: str = node.get(camunda("mapDecisionResult"), "resultList")
    return how if node.get(camunda("decisionRef")) else None


def rule_set_of(node: Any) -> str | None:
    """The rule set or decision table that a node names, in our words or Camunda's."""
    named: str | None = node.get(ours("ruleSet")) or node.get(camunda("decisionRef"))
    return named


def pin_of(node: Any) -> str | None:
    """The version that a node pins, as written."""
    pin: str | None = node.get(ours("ruleSetVersion"))
    if pin is None and node.get(camunda("decisionRefBinding")) == "version":
        return str(node.get(camunda("decisionRefVersion"), ""))
    return pin


def pinned_version(node: Any) -> int | None:
    """The version of its rule set that a node pins; None when it pins none (or, which the lint refuses, no number)."""
    text = (pin_of(node) or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def mapped(decision: Mapping[str, Any], task: ServiceStep) -> Result:
    """What the variable holds: the whole decision without a mapping. Raises EngineFault when the answer has more rows
    or outputs than the mapping takes."""
    if task.mapping is None:
        return dict(decision)
    try:
        return MAPPINGS[task.mapping](decision.get("result"))
    except ValueError as error:
        raise EngineFault(task.id, str(error)) from None


def _rows(result: Result) -> list[Result]:
    if result is None:
        return []
    return result if isinstance(result, list) else [result]


def _single_result(result: Result) -> Result:
    rows = _rows(result)
    if len(rows) > 1:
        raise ValueError(_("the decision gives %(count)s rows where one is expected", count=len(rows)))
    return rows[0] if rows else None


def _single_entry(result: Result) -> Result:
    return _entry(_single_result(result))


def _collect_entries(result: Result) -> Result:
    return [_entry(row) for row in _rows(result)]


def _entry(row: Result) -> Result:
    if not isinstance(row, dict):
        return row
    if len(row) > 1:
        raise ValueError(_("the decision gives %(count)s outputs where one is expected", count=len(row)))
    return next(iter(row.values()), None)


MAPPINGS: dict[str, Callable[[Result], Result]] = {
    "singleEntry": _single_entry,
    "singleResult": _single_result,
    "collectEntries": _collect_entries,
    "resultList": _rows,
}
