"""Plays a scenario against an engine and says where they differ."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.conformance.engine import Engine, NobodyWaits, OpenTask, OpenWork, View
from tests.conformance.scenario import (
    ABSENT,
    Assign,
    Cancel,
    Complete,
    ErrorAt,
    Expect,
    External,
    Jobs,
    Message,
    Retry,
    Scenario,
    Signal,
    Start,
    Step,
    Time,
)


class Different(AssertionError):
    """The engine did not do what the scenario says."""


def play(engine: Engine, scenario: Scenario, broken: Callable[[], list[str]] = list) -> None:
    """Raises Different at the first step that is not as told, or after which `broken` finds something, naming it."""
    Player(engine, scenario, broken).play()


class Player:
    def __init__(self, engine: Engine, scenario: Scenario, broken: Callable[[], list[str]]) -> None:
        self.engine = engine
        self.broken = broken
        self.scenario = scenario
        self.main: str | None = None
        self.key = key_of(scenario.files[0])
        self.number = 0

    def play(self) -> None:
        for file in self.scenario.files:
            self.engine.deploy(file)
        for number, step in enumerate(self.scenario.steps, 1):
            self.number = number
            _DO[type(step)](self, step)
            if not isinstance(step, Expect) and (wrong := self.broken()):
                raise self.differ(f"what is stored is broken: {wrong}")

    def differ(self, what: str) -> Different:
        step: Step = self.scenario.steps[self.number - 1]
        seen = "\n  ".join(shown(view) for view in self.views(None, everything=True)) or "(no instance)"
        return Different(f"{self.scenario.name}: step {self.number} {step}\n{what}\n  {seen}")

    def views(self, of: str | None, *, everything: bool = False) -> list[View]:
        if everything:
            return [self.engine.view(instance) for instance in self.engine.instances()]
        if of is not None:
            return [self.engine.view(instance) for instance in self.engine.instances(of)]
        return [self.engine.view(self.the_main())]

    def the_main(self) -> str:
        """The instance that was started; without a start, the first that came to be."""
        if self.main is None:
            found = self.engine.instances()
            if not found:
                raise self.differ("no instance has been started")
            self.main = found[0]
        return self.main

    # --- doing --------------------------------------------------------------------------------------------------------

    def start(self, step: Start) -> None:
        try:
            made = self.engine.start(step.key or self.key, step.variables, step.business_key)
        except Exception as fault:
            if step.refused:
                return
            raise self.differ(f"could not start: {fault!r}") from fault
        if step.refused:
            raise self.differ("started, though it should not")
        self.main = self.main or made

    def task(self, element: str, where: dict[str, Any]) -> OpenTask:
        tasks = [task for view in self.views(None, everything=True) for task in view.tasks if task.element == element]
        fitting = [task for task in tasks if fits(task.locals, where)]
        if not fitting:
            raise self.differ(f"there is no open task {element!r} {where or ''}")
        return fitting[0]

    def complete(self, step: Complete) -> None:
        self.engine.complete_task(self.task(step.element, step.where), step.variables)

    def task_error(self, step: ErrorAt) -> None:
        self.engine.task_error(self.task(step.element, {}), step.kind, step.code, step.variables)

    def message(self, step: Message) -> None:
        try:
            got = self.engine.correlate(
                step.name, step.business_key, step.correlation, step.variables, to_all=step.to > 1
            )
        except NobodyWaits:
            got = 0
        if got != step.to:
            raise self.differ(f"the message met {got} receivers, not {step.to}")

    def external(self, step: External) -> None:
        work = [one for one in self.engine.work() if one.topic == step.topic and fits(one.locals, step.where)]
        if not work:
            raise self.differ(f"there is no external task of topic {step.topic!r}")
        self.engine.finish_work(work[0], step.outcome, step.code, step.variables)

    def retry(self, step: Retry) -> None:
        if step.variables:
            self.engine.assign(self.the_main(), step.variables)
        self.engine.retry(self.the_main(), step.element)

    # --- looking ------------------------------------------------------------------------------------------------------

    def expect(self, step: Expect) -> None:
        views = self.views(step.of)
        work = [one for one in self.engine.work() if one.instance in {view.id for view in views}]
        self.same("tasks", step.tasks, [task.element for view in views for task in view.tasks])
        waits = [f"{wait.kind}:{wait.element}" for view in views for wait in view.waits]
        self.same("waits", step.waits, waits)
        self.same("incidents", step.incidents, [element for view in views for element in view.incidents])
        self.same("joined", step.joined, [element for view in views for element in view.joined])
        if step.instances is not None and len(views) != step.instances:
            raise self.differ(f"{len(views)} instances, not {step.instances}")
        if step.ended is not None:
            self.ended(step.ended, views, work)
        if step.due is not None:
            due = {wait.element: wait.due for view in views for wait in view.waits if wait.kind == "timer"}
            if due != step.due:
                raise self.differ(f"timers due {due}, not {step.due}")
        if step.business_keys is not None and sorted(map(str, (view.business_key for view in views))) != sorted(
            map(str, step.business_keys)
        ):
            raise self.differ(f"business keys {[view.business_key for view in views]}")
        self.data(step, views)

    def same(self, what: str, wanted: str | None, found: list[str]) -> None:
        if wanted is not None and Counter(wanted.split()) != Counter(found):
            raise self.differ(f"{what} are {sorted(found)}, not {sorted(wanted.split())}")

    def ended(self, wanted: bool, views: list[View], work: list[OpenWork]) -> None:
        if not views:
            raise self.differ("there is no instance")
        if any(view.ended != wanted for view in views):
            raise self.differ(f"ended should be {wanted}")
        left = [
            thing for view in views for thing in (*view.tasks, *view.waits, *view.incidents, *view.joined, *view.tokens)
        ]
        if wanted and (left or work):
            raise self.differ(f"ended, but these are left: {left} {work}")

    def data(self, step: Expect, views: list[View]) -> None:
        for name, value in (step.variables or {}).items():
            for view in views:
                found = view.variables.get(name, ABSENT)
                if found is not value and not same_value(found, value):
                    raise self.differ(f"variable {name} is {found!r}, not {value!r}")
        tasks = [task for view in views for task in view.tasks]
        for path, values in (step.locals or {}).items():
            element, _dot, name = path.partition(".")
            found_values = [task.locals.get(name, ABSENT) for task in tasks if task.element == element]
            if sorted(map(repr, found_values)) != sorted(map(repr, values)):
                raise self.differ(f"local {path} are {found_values}, not {values}")
        for path, value in (step.details or {}).items():
            element, _dot, name = path.partition(".")
            found = [task.details.get(name) for task in tasks if task.element == element]
            if found != [value]:
                raise self.differ(f"{path} is {found}, not {value!r}")


_DO: dict[type, Callable[[Player, Any], None]] = {
    Start: Player.start,
    Complete: Player.complete,
    ErrorAt: Player.task_error,
    Message: Player.message,
    External: Player.external,
    Retry: Player.retry,
    Expect: Player.expect,
    Signal: lambda player, step: player.engine.signal(step.name, step.variables),
    Time: lambda player, step: player.engine.pass_time(step.by),
    Jobs: lambda player, _step: player.engine.run_jobs(),
    Assign: lambda player, step: player.engine.assign(player.the_main(), step.variables),
    Cancel: lambda player, _step: player.engine.cancel(player.the_main()),
}


def key_of(xml: bytes) -> str:
    """The id of the first process of a file that can be started."""
    text = xml.decode("utf-16" if xml[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    found = [tag for tag in re.findall(r"<(?:\w+:)?process\b[^>]*>", text) if 'isExecutable="false"' not in tag]
    match = re.search(r'\bid="([^"]+)"', found[0]) if found else None
    if match is None:
        raise ValueError("no process in the file")
    return match.group(1)


def fits(locals_: dict[str, Any], where: dict[str, Any]) -> bool:
    return all(same_value(locals_.get(name, ABSENT), value) for name, value in where.items())


def same_value(found: Any, wanted: Any) -> bool:
    """Equal, and true is not 1."""
    return type(found) is type(wanted) and found == wanted if isinstance(wanted, bool) else found == wanted


def shown(view: View) -> str:
    parts = {
        "tasks": [task.element for task in view.tasks],
        "waits": [f"{wait.kind}:{wait.element}" for wait in view.waits],
        "joined": list(view.joined),
        "incidents": list(view.incidents),
        "tokens": [token.element for token in view.tokens],
    }
    told = " ".join(f"{name}={value}" for name, value in parts.items() if value)
    return f"{view.key} {'ended' if view.ended else 'running'} {told} variables={view.variables}"
