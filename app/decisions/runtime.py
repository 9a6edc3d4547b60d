"""Compiled versions of this process: built on first use, swapped when another version comes into force."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cached_property, lru_cache

import structlog

from app.decisions.compile import Plan
from app.decisions.engines import EngineFault, Firing
from app.decisions.engines.columns import Columns
from app.decisions.engines.durable import Durable
from app.decisions.engines.generated import Generated
from app.decisions.facts import Facts
from app.decisions.texts import plan_of_text

log = structlog.get_logger()
_swapping = threading.Lock()
_in_force: dict[str, Ready] = {}
_beside: OrderedDict[str, Ready] = OrderedDict()
MOST_BESIDE = 16
"""Compiled versions kept that are not in force: those that processes pin, and the one before during a switch."""


class Ready:
    """A version that can decide, on every engine."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.sha256 = plan.rule_set.sha256
        self.durable = Durable(plan)
        self.generated = Generated(plan)

    @cached_property
    def columns(self) -> Columns:
        """The back end for many subjects at once."""
        return Columns(self.plan)

    def run(self, facts: Facts, day: date) -> tuple[list[Firing], str]:
        """The firings and the engine whose answer they are.

        durable_rules decides. The generated function runs beside it, for a few percent of its time. Should the matcher
        fail or differ, which must not happen and is logged as an error, that is the answer and the decision says so.
        """
        expected = self.generated.run(facts, day)
        try:
            firings = self.durable.run(facts, day)
        except EngineFault:
            log.exception("decisions.engine_fault", rule_set=self.plan.rule_set.id)
            return expected, "generated"
        if firings != expected:
            log.error("decisions.engines_differ", rule_set=self.plan.rule_set.id, durable=firings, generated=expected)
            return expected, "generated"
        return firings, "durable"


@lru_cache(maxsize=32)
def plan_of(body: str, schema: str) -> Plan:
    """The plan of a stored version."""
    return plan_of_text(body, schema)


def known(rule_set: str, sha256: str) -> Ready | None:
    """The compiled version in force, if this process has it."""
    found = _in_force.get(rule_set)
    return found if found is not None and found.sha256 == sha256 else None


def put_in_force(plan: Plan) -> Ready:
    """Swap in a new version; the old one's handles are deleted once its running decisions have ended."""
    with _swapping:
        old = _in_force.get(plan.rule_set.id)
        if old is not None and old.sha256 == plan.rule_set.sha256:
            return old
        made = _in_force[plan.rule_set.id] = Ready(plan)
    if old is not None:
        old.durable.close()
    return made


def kept_beside(plan: Plan) -> Ready:
    """A version that is not in force, compiled; the least recently used one makes room."""
    late: list[Ready] = []
    with _swapping:
        found = _beside.pop(plan.rule_set.sha256, None) or Ready(plan)
        _beside[plan.rule_set.sha256] = found
        while len(_beside) > MOST_BESIDE:
            late.append(_beside.popitem(last=False)[1])
    for one in late:
        one.durable.close()
    return found


@contextmanager
def for_once(plan: Plan) -> Iterator[Ready]:
    """A version for one use, as for a replay."""
    made = Ready(plan)
    try:
        yield made
    finally:
        made.durable.close()
