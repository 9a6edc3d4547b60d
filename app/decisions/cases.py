"""Tests of rule sets as data: facts that differ from an ordinary order, and what must come out.

They are stored with each version of a rule set, in the notation of rules/tests/*.yaml, from where they are seeded:

    - {case: S1 emergency, facts: {order: {order_type: emergency}}, expect: {score: 250, lines: {S1: 250}}}
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.core.errors import DomainError
from app.core.i18n import _, _l
from app.decisions.assemble import assemble
from app.decisions.compile import Plan
from app.decisions.engines.closures import Closures
from app.decisions.facts import Facts, FactsInvalid, check
from app.decisions.outcome import NOTHING, Outcome
from app.decisions.reader import Fields
from app.decisions.schema import FOLDER
from app.decisions.source import Located, load

DAY = date(2026, 11, 23)
"""The day the cases are decided on."""
EXPECTED = frozenset(("score", "band", *NOTHING))
"""Parts of an outcome that a case may speak of."""
MOST_CASES = 500


class CaseFailed(DomainError):
    """A rule set does not do what its own cases say; it is not put into force."""

    message = _l("Rule set “%(rule_set)s”, case “%(case)s”: %(what)s is %(found)s instead of %(expected)s")


@dataclass(frozen=True)
class Case:
    """One case: what it shows, the changed facts, the expected parts of the outcome; `line` in its text."""

    name: str
    facts: dict[str, Any]
    expect: dict[str, Any]
    line: int = 0


@dataclass(frozen=True)
class Result:
    """What came of a case: the rules that fired, each (part, found, expected) that differs, or what its facts lack."""

    case: Case
    fired: tuple[str, ...] = ()
    wrong: tuple[tuple[str, Any, Any], ...] = ()
    fault: str = ""

    @property
    def passed(self) -> bool:
        """It came out as expected."""
        return not self.wrong and not self.fault


def text_beside(rule_set: str, folder: Path = FOLDER) -> str:
    """The text of the cases in the folder of rule files; empty when the rule set has none."""
    path = folder / "tests" / f"{rule_set}.yaml"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def cases_of(rule_set: str, folder: Path = FOLDER) -> list[Case]:
    """The cases beside a rule set; none when it has no file."""
    return read_cases(text_beside(rule_set, folder), f"{rule_set}.yaml")


def read_cases(text: str, file: str = "cases.yaml") -> list[Case]:
    """The cases of a text. Raises RuleFileInvalid."""
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()):
        return []
    found = load(text, file)
    if not isinstance(found.value, list) or len(found.value) > MOST_CASES:
        raise found.refuse(_("cases are a list of at most %(most)s", most=MOST_CASES))
    return [_case(entry) for entry in found.value]


def _case(entry: Located) -> Case:
    parts = Fields(entry, what="case")
    more = [key for key, part in entry.value.items() if part.value is None and key not in ("case", "facts", "expect")]
    for key in more:  # a comma in a name without quotes makes the rest of it a key
        parts.raw(key)
    name = ", ".join([str(parts.need("case").plain()), *more])[:200]
    facts, expect = _mapping(parts, "facts", name), _mapping(parts, "expect", name)
    for kind, many in facts.items():
        if not isinstance(many, dict) and not (isinstance(many, list) and all(isinstance(one, dict) for one in many)):
            raise entry.refuse(_("“%(key)s” must be a mapping or a list of mappings", key=kind), name)
    for what in expect:
        if what not in EXPECTED:
            known = ", ".join(sorted(EXPECTED))
            raise entry.refuse(_("unknown key “%(key)s”; known here: %(known)s", key=what[:60], known=known), name)
    parts.done()
    return Case(name, facts, expect, entry.line)


def _mapping(parts: Fields, key: str, name: str) -> dict[str, Any]:
    entry = parts.need(key)
    if not isinstance(entry.value, dict):
        raise entry.refuse(_("%(what)s must be a mapping", what=key), name)
    found: dict[str, Any] = entry.plain()
    return found


def ordinary(folder: Path = FOLDER) -> dict[str, Any]:
    """The facts of an ordinary order, by kind, of which a case tells the differences."""
    path = folder / "tests" / "base.yaml"
    return _base(str(path), path.stat().st_mtime_ns)


def facts_of(case: Case, plan: Plan, folder: Path = FOLDER) -> Facts:
    """The facts of a case: the base with its changes, for the kinds the plan needs. Raises FactsInvalid."""
    base, kinds = ordinary(folder), plan.kinds
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
    results = results_of(plan, cases_of(plan.rule_set.id, folder), folder)
    refuse_failed(plan, results)
    return len(results)


def results_of(plan: Plan, cases: list[Case], folder: Path = FOLDER) -> list[Result]:
    """What comes of each case."""
    engine = Closures(plan)
    return [_result(plan, engine, case, folder) for case in cases]


def _result(plan: Plan, engine: Closures, case: Case, folder: Path) -> Result:
    try:
        facts = facts_of(case, plan, folder)
    except (FactsInvalid, TypeError) as error:  # a list where one fact stands, or one where a list does
        fault = error.sentence() if isinstance(error, FactsInvalid) else _("the facts have the wrong shape")
        return Result(case, fault=fault)
    outcome = assemble(plan, engine.run(facts, DAY), facts)
    return Result(case, tuple(outcome.fired), tuple(differences(outcome, case.expect)))


def refuse_failed(plan: Plan, results: list[Result]) -> None:
    """Raises CaseFailed for the first case that did not come out as expected."""
    for result in results:
        if result.fault:
            raise CaseFailed(
                rule_set=plan.rule_set.id, case=result.case.name, what="facts", found=result.fault, expected="–"
            )
        for what, found, expected in result.wrong:
            raise CaseFailed(
                rule_set=plan.rule_set.id, case=result.case.name, what=what, found=str(found), expected=str(expected)
            )


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
