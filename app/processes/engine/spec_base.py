"""What all specs share: a token arrives, its work is done or it waits, and it goes along the flows that are chosen.

A spec belongs to a definition and is shared by all its instances, so nothing in it may change while one runs. What
belongs to a run is reached through `task.workflow.run`. What happens around the work of an element is in `life`.
"""

from __future__ import annotations

from typing import Any

from app.core.i18n import _
from app.processes.engine import life
from app.processes.engine.elements import Element, Out
from app.processes.engine.errors import EngineFault
from app.processes.engine.keys import FAULT, LOOP, PHASE

ROOT = "/"
"""Name of the process itself among the specs; no id of an element can be that."""


class Lean:
    """Mixed into every spec: a token arrives, `do` says whether its work is done at once, `way` where it goes."""

    element: Any = None
    scope: str | None = None
    """Name of the spec of the subprocess it is in."""
    joins = False
    """Tokens that come by different flows become one here."""
    waits = "wait"
    """What its tokens wait for while they are at work."""

    def test(self) -> None:
        """The lint has looked at the structure already."""

    def _predict(self, my_task: Any, seen: Any = None, looked_ahead: int = 0, mask: int = 0) -> None:
        """No task is made before a token needs it."""

    def _run_hook(self, my_task: Any) -> bool | None:
        return life.arrive(my_task)

    def _on_complete(self, my_task: Any) -> None:
        my_task.workflow.run.left(my_task)
        life.leave(my_task)

    def do(self, task: Any) -> bool:
        """The work of the element. True: done; False: it waits."""
        del task
        return True

    def way(self, task: Any) -> tuple[Out, ...]:
        """Flows that leave: all without condition and those whose condition holds, else the default."""
        element = self.element
        if element.unconditional:
            return tuple(element.outs)
        return choose(task, element, {}, several=True)

    def wait_kind(self, task: Any) -> str:
        """What a waiting token waits for."""
        kept = task.internal_data
        if FAULT in kept:
            return "fault"
        if kept.get(PHASE) in ("before", "after"):
            return "job"
        return "loop" if LOOP in kept else self.waits


def choose(task: Any, element: Element, extra: dict[str, Any], *, several: bool) -> tuple[Out, ...]:
    """The flows whose condition holds (only the first unless `several`), else the default.

    Raises EngineFault when there is none, ExpressionFailed.
    """
    scope = {**task.workflow.run.sees(task), **extra}
    chosen = []
    for out in element.outs:
        if out.flow != element.default and (out.condition is None or out.condition.holds(scope)):
            chosen.append(out)
            if not several:
                break
    if not chosen:
        chosen = [out for out in element.outs if out.flow == element.default]
    if not chosen and element.outs:
        raise EngineFault(element.id, _("no condition holds, and there is no default flow"))
    return tuple(chosen)
