"""Walks an instance at random, with a seed, and looks at it after every move."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.conformance.drawn import Drawn
from tests.conformance.engine import Engine, NobodyWaits, View
from tests.conformance.invariants import broken

Move = tuple[str, Callable[[], Any]]
PLAIN: list[Any] = [True, False, 0, 1, 7, "x", "", "demo", ["one", "two"], {"k": 1}]


@dataclass
class Walk:
    """What came of one walk."""

    seed: int
    moves: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Broken invariants and crashes."""
    incidents: int = 0
    ended: bool = False
    visited: set[str] = field(default_factory=set)


class Walker:
    def __init__(self, engine: Engine, drawn: Drawn, seed: int, moves: int) -> None:
        self.engine = engine
        self.drawn = drawn
        self.random = random.Random(f"{drawn.path.name}:{seed}")
        self.left = moves
        self.walk = Walk(seed)

    def go(self) -> Walk:
        try:
            self.begin()
        except NobodyWaits as nobody:
            self.walk.wrong.append(f"a message start that nobody waits at: {nobody}")
        while not self.walk.wrong and self.look() and self.left:
            self.left -= 1
            if not self.move():
                break
        return self.walk

    def begin(self) -> None:
        if self.drawn.startable:
            self.note("start")
            self.engine.start(self.drawn.keys[0], self.values(), "key-1")
            return
        for name in sorted(self.drawn.messages):
            try:
                self.note(f"message {name}")
                self.engine.correlate(name, "key-1", {}, self.values(), to_all=True)
            except NobodyWaits:
                continue
        for name in sorted(self.drawn.signals):
            self.note(f"signal {name}")
            self.engine.signal(name, self.values())
        self.note("a day")
        self.engine.pass_time("P1D")

    def values(self) -> dict[str, Any]:
        made = {}
        for name, fitting in sorted(self.drawn.names.items()):
            made[name] = self.random.choice(fitting if fitting and self.random.random() < 0.9 else PLAIN)
        return made

    def some_values(self) -> dict[str, Any]:
        return {name: value for name, value in self.values().items() if self.random.random() < 0.5}

    def note(self, what: str) -> None:
        self.walk.moves.append(what)

    # --- looking ------------------------------------------------------------------------------------------------------

    def look(self) -> bool:
        """False when nothing runs any more."""
        views = [self.engine.view(instance) for instance in self.engine.instances()]
        work = self.engine.work()
        for view in views:
            mine = self.drawn if view.key in self.drawn.keys else None
            self.walk.wrong += [f"{view.key}: {what}" for what in broken(view, mine, work)]
            self.walk.visited |= {token.element for token in view.tokens}
        self.walk.incidents = max(self.walk.incidents, sum(len(view.incidents) for view in views))
        self.walk.ended = bool(views) and all(view.ended for view in views)
        self.views = views
        return not self.walk.ended

    # --- moving -------------------------------------------------------------------------------------------------------

    def move(self) -> bool:
        """Does one of the things that can be done; False when there is none."""
        possible = [move for view in self.views if not view.ended for move in self.moves_of(view)]
        possible += self.work_moves()
        if not possible:
            return False
        name, act = self.random.choice(possible)
        self.note(name)
        try:
            act()
        except NobodyWaits as nobody:
            self.walk.wrong.append(f"a row waits for it, yet nobody does: {nobody}")
        return True

    def moves_of(self, view: View) -> list[Move]:
        engine, values = self.engine, self.some_values()
        moves: list[Move] = [
            (f"complete {task.element}", lambda task=task: engine.complete_task(task, values)) for task in view.tasks
        ]
        for wait in view.waits:
            if wait.kind == "message":
                to_all = sum(other.name == wait.name for one in self.views for other in one.waits) > 1
                moves.append(
                    (
                        f"message {wait.name}",
                        lambda wait=wait, to_all=to_all: engine.correlate(wait.name, None, {}, values, to_all=to_all),
                    )
                )
            elif wait.kind == "signal":
                moves.append((f"signal {wait.name}", lambda wait=wait: engine.signal(wait.name, values)))
            elif wait.kind == "condition":
                moves.append(("assign", lambda: engine.assign(view.id, self.values())))
            elif wait.kind == "trigger":
                moves.append((f"trigger {wait.element}", lambda wait=wait: engine.trigger(view.id, wait.token, values)))
            elif wait.kind == "job":
                moves.append((f"job {wait.element}", engine.run_jobs))
            elif wait.kind == "timer" and wait.due:
                moves.append((f"timer {wait.element}", lambda due=wait.due: self.until(due)))
        if view.incidents:
            moves.append((f"retry {view.incidents[0]}", lambda: self.mend(view)))
        return moves

    def work_moves(self) -> list[Move]:
        engine, values = self.engine, self.some_values()
        moves: list[Move] = []
        for one in engine.work():
            moves += [(f"work {one.element}", lambda one=one: engine.finish_work(one, "complete", None, values))] * 4
            moves.append((f"error at {one.element}", lambda one=one: engine.finish_work(one, "error", "E1", values)))
            moves.append((f"failure at {one.element}", lambda one=one: engine.finish_work(one, "failure", None, {})))
        return moves

    def mend(self, view: View) -> None:
        self.engine.assign(view.id, self.values())
        now = self.engine.view(view.id)
        if view.incidents[0] in now.incidents:  # else a condition that holds by now has ended it
            self.engine.retry(view.id, view.incidents[0])

    def until(self, due: str) -> None:
        moment = getattr(self.engine, "moment", None)
        gap = datetime.fromisoformat(due) - moment if moment else timedelta(0)
        seconds = max(0, int(gap.total_seconds()))
        self.engine.pass_time(f"PT{seconds}S")
