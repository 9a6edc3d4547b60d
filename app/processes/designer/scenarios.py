"""Scenarios: what is given, what people and the world do, which way the process must take. YAML beside the diagram.

- scenario: {en: Small order, zh: 小额订单}
  given:
    facts: {customer: {tier: B}}                       # what differs from an ordinary order, as in tests of rules
    decisions: {compliance: [{route: blocked}, clear]} # instead of asking the rule set: at each visit, the last for all
    steps: {reserve_stock: {short_quantity: 0}}        # what service steps answer; they are never really done
    calls: {ship: {done: true}}                        # what called processes bring back
    variables: {…}   start: submitted   at: 2026-11-23T09:00   initiator: sales
  do:
    - {answer: approve, with: {outcome: approve}, by: manager}
    - {wait: P2D}
    - {message: paid, with: {amount: 5}}     - {signal: stop}
    - {work: pack, with: {boxes: 2}}         - {fail: pack, code: BROKEN}
  expect: {path: [submitted, …], end: [released], waits: [approve], variables: {short_quantity: 0}}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import yaml

from app.core.errors import DomainError
from app.core.i18n import _, _l, pick
from app.decisions.source import Located, RuleFileInvalid, load

MOST = 200
MOST_ACTS = 200
GIVEN: dict[str, Any] = {
    "facts": dict, "decisions": dict, "steps": dict, "calls": dict, "variables": dict,
    "start": str, "at": str, "initiator": str,
}  # fmt: skip
ACTS: dict[str, dict[str, Any]] = {
    "answer": {"with": dict, "by": str},
    "wait": {},
    "message": {"with": dict},
    "signal": {"with": dict},
    "work": {"with": dict},
    "fail": {"code": str, "with": dict},
}
EXPECTED: dict[str, Any] = {"path": list, "end": list, "waits": list, "variables": dict}


class ScenariosInvalid(DomainError):
    """The text is no list of scenarios."""

    message = _l("Scenarios, line %(line)s: %(reason)s")


@dataclass(frozen=True)
class Known:
    """Facts as decisions store them, {kind: [fact]}: of every moment at which some were looked at, and of each visit to
    a gateway."""

    moments: list[tuple[datetime, Mapping[str, Any]]]
    """In order."""
    plans: Mapping[str, Any] = field(default_factory=dict)
    """Rule set → plan of the version that decides instead of the one in force."""
    visits: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)

    def at(self, element: str, visit: int, moment: datetime) -> dict[str, Any]:
        """What was known at a visit (from 1) to an element; elsewhere, the latest of each kind until that moment."""
        there = self.visits.get(element, [])
        if visit <= len(there):
            return dict(there[visit - 1])
        found: dict[str, Any] = {}
        for at, facts in self.moments:
            if at <= moment or not found:
                found.update(facts)
        return found


@dataclass(frozen=True)
class Script:
    """What is given and done, without what must come of it: one can play it."""

    given: dict[str, Any] = field(default_factory=dict)
    acts: list[dict[str, Any]] = field(default_factory=list)
    """Each with one key of ACTS."""
    known: Known | None = None
    """Facts on record, instead of those of an ordinary order."""


@dataclass(frozen=True)
class Scenario:
    """One scenario; `line` in its text."""

    name: Any
    script: Script
    expect: dict[str, Any]
    line: int = 0

    @property
    def title(self) -> str:
        """Its name in the reader's language."""
        return pick(self.name) if isinstance(self.name, dict) else str(self.name)


def read_scenarios(text: str) -> list[Scenario]:
    """The scenarios of a text; none of an empty one. Raises ScenariosInvalid."""
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()):
        return []
    try:
        found = load(text, "scenarios.yaml")
    except RuleFileInvalid as error:
        raise ScenariosInvalid(line=error.details["line"], reason=error.details["reason"]) from None
    if not isinstance(found.value, list) or len(found.value) > MOST:
        raise _wrong(found, _("scenarios are a list of at most %(most)s", most=MOST))
    return [_scenario(entry) for entry in found.value]


def _scenario(entry: Located) -> Scenario:
    parts = _mapping(entry, {"scenario", "given", "do", "expect"})
    if "scenario" not in parts:
        raise _wrong(entry, _("a scenario needs a name (scenario: …)"))
    name = parts["scenario"].plain()
    named = isinstance(name, str) or (isinstance(name, dict) and name.keys() <= {"en", "zh"} and name)
    if not named or not all(isinstance(one, str) for one in (name.values() if isinstance(name, dict) else [name])):
        raise _wrong(parts["scenario"], _("a name is a text, or one in each language (en, zh)"))
    given = _typed(parts.get("given"), GIVEN)
    acts = _acts(parts.get("do"))
    return Scenario(name, Script(given, acts), _typed(parts.get("expect"), EXPECTED), entry.line)


def read_script(value: Any) -> Script:
    """A script from plain data: {"given", "do"}. Raises ScenariosInvalid."""
    parts = _mapping(_located(value), {"given", "do"})
    return Script(_typed(parts.get("given"), GIVEN), _acts(parts.get("do")))


def _located(value: Any) -> Located:
    if isinstance(value, dict):
        return Located({str(key): _located(one) for key, one in value.items()}, 1, "")
    return Located([_located(one) for one in value] if isinstance(value, list) else value, 1, "")


def _mapping(entry: Located, known: set[str]) -> dict[str, Located]:
    if not isinstance(entry.value, dict):
        raise _wrong(entry, _("%(what)s must be a mapping", what=", ".join(sorted(known))))
    for key in entry.value:
        if key not in known:
            names = ", ".join(sorted(known))
            raise _wrong(entry, _("unknown key “%(key)s”; known here: %(known)s", key=key[:60], known=names))
    found: dict[str, Located] = entry.value
    return found


def _typed(entry: Located | None, types: dict[str, Any]) -> dict[str, Any]:
    if entry is None or entry.value is None:
        return {}
    parts = _mapping(entry, set(types))
    found = {key: value.plain() for key, value in parts.items()}
    for key, value in found.items():
        if types[key] is str and not isinstance(value, dict | list) and value is not None:
            found[key] = str(value)
        elif not isinstance(value, types[key]):
            kinds: dict[Any, str] = {dict: _("a mapping"), list: _("a list"), str: _("a text")}
            raise _wrong(parts[key], _("“%(key)s” must be %(kind)s", key=key, kind=kinds[types[key]]))
    return found


def _acts(entry: Located | None) -> list[dict[str, Any]]:
    if entry is None or entry.value is None:
        return []
    if not isinstance(entry.value, list) or len(entry.value) > MOST_ACTS:
        raise _wrong(entry, _("“%(key)s” must be %(kind)s", key="do", kind=_("a list")))
    return [_act(one) for one in entry.value]


def _act(entry: Located) -> dict[str, Any]:
    kind = next((key for key in entry.value if key in ACTS), None) if isinstance(entry.value, dict) else None
    if kind is None:
        raise _wrong(entry, _("each step is one of: %(known)s", known=", ".join(ACTS)))
    return _typed(entry, {kind: str, **ACTS[kind]})


def _wrong(entry: Located, reason: str) -> ScenariosInvalid:
    return ScenariosInvalid(line=entry.line, reason=reason)


def written(name: Any, script: Script, expect: dict[str, Any]) -> str:
    """A scenario as an item of the text."""
    entry = {"scenario": name, "given": script.given, "do": script.acts, "expect": expect}
    filled = {key: value for key, value in entry.items() if value not in ({}, [])}
    return yaml.safe_dump([filled], allow_unicode=True, sort_keys=False, default_flow_style=None, width=118)


def added(text: str, item: str) -> str:
    """The text with one more item."""
    return f"{text.rstrip()}\n{item}" if text.strip() else item
