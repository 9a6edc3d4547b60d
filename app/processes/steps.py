"""What later packages fill in: service steps by name, and what a task must know of its subject.

@step.register("reserve_stock")
def reserve_stock(call: StepCall) -> dict[str, Any] | None: ...
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.permissions import Actor
from app.core.registry import Registry
from app.core.subject import Subject
from app.processes.engine import kept
from app.tasks.models import Rank


@dataclass(frozen=True)
class StepCall:
    """What a service step is told. `variables` is a copy: what the step returns is merged, nothing else."""

    actor: Actor
    """Who caused the step: the person who completed the last task, or who started the process."""
    subject: Subject
    instance_id: str
    variables: dict[str, Any]
    as_of: datetime
    key: str = ""
    """The same for every try of this step, and for no other: what reaches beyond the transaction takes it along as its
    idempotency key."""

    @property
    def answer(self) -> dict[str, Any]:
        """The last answer of a person on this path (`{"outcome": …, "reason": …}`); empty before the first."""
        found = kept(kept(self.variables, "answers"), str(self.variables.get("answered")))
        return dict(found)


Step = Callable[[StepCall], "dict[str, Any] | None"]

step: Registry[Step] = Registry("step")
"""Service steps. They run inside the transaction; an exception rolls the whole step back."""

subject_version: Registry[Callable[[Subject], int]] = Registry("subject version")
"""By subject kind: the version an opened task carries."""

task_rank: Registry[Callable[[Subject], Rank]] = Registry("task rank")
"""By subject kind: where an opened task stands in the inbox."""

kept_years: Registry[Callable[[Subject], int | None]] = Registry("years of retention")
"""By subject kind: how many years after its end the history of a process about the subject is kept at least; None: for
ever. What kind has none is kept for ever too."""
