"""Facts with which people and planning steer the ranking: overrides, quotas, margins, the mode of operation.

What nothing in Youxu records yet is answered with "there is none" (such a kind may have no fact), never guessed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.core.subject import Subject
from app.decisions.facts import fact
from app.priority import profile

Facts = list[dict[str, Any]]


@fact.register("override")
def override_facts(subject: Subject, as_of: datetime) -> Facts:  # noqa: ARG001 - every provider is called alike
    """The manual override in force at the moment: none until overrides are stored. One that ended is no fact."""
    return []


@fact.register("quota")
def quota_facts(subject: Subject, as_of: datetime) -> Facts:  # noqa: ARG001
    """What the customer took beyond its share of constrained products: none until allocation periods exist."""
    return []


@fact.register("commercial")
def commercial_facts(subject: Subject, as_of: datetime) -> Facts:  # noqa: ARG001
    """The rank of the order's margin: none until margins are recorded."""
    return []


@fact.register("mode")
def mode_facts(subject: Subject, as_of: datetime) -> Facts:  # noqa: ARG001
    """The mode of operation that holds for every order."""
    return [{"emergency": profile.current().emergency_mode}]
