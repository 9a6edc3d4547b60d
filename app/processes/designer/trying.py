"""Scenarios of a draft, run: what came of each, and how much of the diagram they go through together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.i18n import _
from app.processes.designer.models import ProcessDraft
from app.processes.designer.sandbox import CannotPlay, Play
from app.processes.designer.scenarios import Scenario, Script, read_scenarios
from app.processes.engine import Definition, DiagramRefused, compile_definition

MOST_TOLD = 10


@dataclass(frozen=True)
class Result:
    """What came of a scenario; `wrong` tells in words what differs."""

    scenario: Scenario
    play: Play
    wrong: tuple[str, ...]
    halted: bool = False
    """The script could not be done to its end."""

    @property
    def passed(self) -> bool:
        """It came out as expected."""
        return not self.wrong

    @property
    def can_be_expected(self) -> bool:
        """It came to where it can be expected to come from now on."""
        return not self.halted and not self.play.faults


@dataclass(frozen=True)
class Coverage:
    """Of a diagram: elements and flows that tokens can visit, and those that the scenarios did."""

    elements: frozenset[str] = frozenset()
    flows: frozenset[str] = frozenset()
    of_elements: int = 0
    of_flows: int = 0

    @property
    def percent(self) -> int:
        """Elements and flows together."""
        whole = self.of_elements + self.of_flows
        return 100 * (len(self.elements) + len(self.flows)) // whole if whole else 0


@dataclass(frozen=True)
class Trial:
    """All scenarios of a draft; `fault`: the diagram does not run at all."""

    results: list[Result] = field(default_factory=list)
    coverage: Coverage = Coverage()
    fault: str = ""

    @property
    def broken(self) -> list[Result]:
        """Those that did not come out as expected."""
        return [one for one in self.results if not one.passed]

    @property
    def others(self) -> list[tuple[int, Result]]:
        """Those that came out otherwise and can be expected to, each with its place."""
        return [pair for pair in enumerate(self.results) if not pair[1].passed and pair[1].can_be_expected]

    @property
    def passed(self) -> bool:
        """All came out as expected, and the diagram runs."""
        return not self.broken and not self.fault


def compiled(draft: ProcessDraft) -> Definition:
    """The draft, as the engine wants it. Raises DiagramRefused."""
    return compile_definition(draft.xml.encode(), key=draft.key)


def try_draft(draft: ProcessDraft) -> Trial:
    """Run all scenarios of a draft. Raises ScenariosInvalid."""
    scenarios = read_scenarios(draft.scenarios)
    try:
        definition = compiled(draft)
    except DiagramRefused as error:
        return Trial(fault=error.sentence())
    results = [_result(definition, one, draft.forms) for one in scenarios]
    return Trial(results, coverage_of(definition, [one.play for one in results]))


def play(draft: ProcessDraft, script: Script) -> Play:
    """Run one script on a draft. Raises DiagramRefused, CannotPlay."""
    return Play(compiled(draft), script, draft.forms).run()


def coverage_of(definition: Definition, plays: Sequence[Play]) -> Coverage:
    """What these plays visited."""
    flows = {out.flow for element in definition.elements.values() for out in element.outs}
    visited = frozenset().union(*(one.elements for one in plays)) & definition.elements.keys()
    went = frozenset().union(*(one.flows for one in plays)) & flows
    return Coverage(frozenset(visited), frozenset(went), len(definition.elements), len(flows))


def expected_of(played: Play, wanted: Sequence[str] = ()) -> dict[str, Any]:
    """What a scenario recorded from this play expects: the way, the ends, what is open; variables that are named."""
    found: dict[str, Any] = {"path": list(played.path)}
    if played.ends:
        found["end"] = played.ends
    if played.waits:
        found["waits"] = played.waits
    values = {name: played.variables[name] for name in wanted if name in played.variables}
    return {**found, **({"variables": values} if values else {})}


def _result(definition: Definition, scenario: Scenario, forms: Mapping[str, Any]) -> Result:
    played = Play(definition, scenario.script, forms)
    try:
        played.run()
    except CannotPlay as error:
        return Result(scenario, played, (error.sentence(),), halted=True)
    return Result(scenario, played, tuple(_wrong(played, scenario.expect))[:MOST_TOLD])


def _wrong(played: Play, expect: Mapping[str, Any]) -> Iterator[str]:
    called = played.called
    for element, reason in played.faults:
        yield _("Stuck at “%(element)s”: %(reason)s", element=called(element), reason=reason)
    if "path" in expect and expect["path"] != played.path:
        yield _differs(expect["path"], played)
    for name, what, found in (("end", _("End"), played.ends), ("waits", _("Waits at"), played.waits)):
        if name in expect and sorted(map(str, expect[name])) != sorted(found):
            instead = {"found": _listed(map(called, found)), "expected": _listed(map(called, expect[name]))}
            yield _("%(what)s: %(found)s instead of %(expected)s", what=what, **instead)
    for name, wanted in expect.get("variables", {}).items():
        if name not in played.variables or played.variables[name] != wanted:
            seen = str(played.variables.get(name, "–"))[:60]
            yield _("%(what)s: %(found)s instead of %(expected)s", what=name, found=seen, expected=str(wanted)[:60])


def first_difference(
    wanted: Sequence[Any], found: Sequence[str], *, open_end: bool = False
) -> tuple[str, str, str] | None:
    """(after which element, where it should go, where it goes), "" for nowhere; None when both are the same. With
    `open_end` a way that has not ended yet may go on."""
    place = next((n for n, pair in enumerate(zip(wanted, found, strict=False)) if pair[0] != pair[1]), None)
    if place is None and (len(wanted) == len(found) or (open_end and len(found) > len(wanted))):
        return None
    place = min(len(wanted), len(found)) if place is None else place
    after = str(wanted[place - 1]) if place else ""
    return (
        after,
        str(wanted[place]) if place < len(wanted) else "",
        found[place] if place < len(found) else "",
    )


def _differs(wanted: Sequence[Any], played: Play) -> str:
    """Where the way first differs."""
    found, called = played.path, played.called
    after, expected, there = first_difference(wanted, found) or ("", "", "")
    place = next((n for n, pair in enumerate(zip(wanted, found, strict=False)) if pair[0] != pair[1]), None)
    return _(
        "After “%(after)s” (step %(step)s) comes %(found)s instead of %(expected)s",
        after=called(after) or "–",
        step=min(len(wanted), len(found)) if place is None else place,
        found=called(there) or _("nothing"),
        expected=called(expected) or _("nothing"),
    )


def _listed(names: Iterable[Any]) -> str:
    return ", ".join(map(str, names)) or _("nothing")
