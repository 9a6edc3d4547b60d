"""Tests of rule sets as data (rules/tests/*.yaml): facts that differ from an ordinary order, and what must come out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.core.errors import DomainError
from app.core.i18n import _l
from app.decisions.assemble import assemble
from app.decisions.compile import Plan
from app.decisions.engines.closures import Closures
from app.decisions.facts import Facts, check
from app.decisions.outcome import Outcome
from app.decisions.schema import FOLDER
from app.decisions.source import load

DAY = date(2026, 11, 23)
"""The day the cases are decided on."""


class CaseFailed(DomainError):
    """A rule set does not do what its own cases say; it is not put into force."""

    message = _l("Rule set “%(rule_set)s”, case “%(case)s”: %(what)s is %(found)s instead of %(expected)s")


@dataclass(frozen=True)
class Case:
    """One case: what it shows, the changed facts, the expected parts of the outcome."""

    name: str
    facts: dict[str, Any]
    expect: dict[str, Any]


def cases_of(rule_set: str, folder: Path = FOLDER) -> list[Case]:
    """The cases beside a rule set; none when it has no file."""
    path = folder / "tests" / f"{rule_set}.yaml"
    if not path.exists():
        return []
    items = load(path.read_text(encoding="utf-8"), path.name).plain()
    return [Case(str(item["case"]), item["facts"], item["expect"]) for item in items]


def facts_of(case: Case, plan: Plan, folder: Path = FOLDER) -> Facts:
    """The facts of a case: the base with its changes, for the kinds the plan needs."""
    path = folder / "tests" / "base.yaml"
    base = _base(str(path), path.stat().st_mtime_ns)
    kinds = plan.kinds
    found = {kind: _changed(base.get(kind), case.facts.get(kind)) for kind in kinds}
    return check(found, kinds, plan.rule_set.schema)


@lru_cache(maxsize=4)
def _base(path: str, _changed_at: int) -> dict[str, Any]:
    found: dict[str, Any] = load(Path(path).read_text(encoding="utf-8"), "base.yaml").plain()
    return found


def _changed(base: Any, change: Any) -> list[dict[str, Any]]:
    if isinstance(base, list):
        first = base[0]
        return [{**first, **one} for one in change] if change is not None else base
    if base is None and change is None:
        return []
    return [{**(base or {}), **(change or {})}]


def run_cases(plan: Plan, folder: Path = FOLDER) -> int:
    """Decide every case of the rule set; returns how many there were. Raises CaseFailed."""
    engine = Closures(plan)
    cases = cases_of(plan.rule_set.id, folder)
    for case in cases:
        facts = facts_of(case, plan, folder)
        outcome = assemble(plan, engine.run(facts, DAY), facts)
        for what, found, expected in differences(outcome, case.expect):
            raise CaseFailed(
                rule_set=plan.rule_set.id, case=case.name, what=what, found=str(found), expected=str(expected)
            )
    return len(cases)


def differences(outcome: Outcome, expect: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """(part, found, expected) of each expected part that differs."""
    seen = {
        **outcome.to_json(),
        "blocks": [block.rule for block in outcome.blocks],
        "lines": {line.rule: line.points for line in outcome.lines},
    }
    for what, expected in expect.items():
        if seen[what] != expected:
            yield what, seen[what], expected
