"""The last decisions of a rule set, made again from their stored facts by both versions with the oracle.

A snapshot holds what the version of its time asked for. What a version asks beyond that is not known and never guessed:
such decisions are counted by the fact they lack, and compared no further.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from app.core import clock, jsontext
from app.core.db import session
from app.core.errors import DomainError
from app.core.i18n import _
from app.decisions import queries
from app.decisions.assemble import assemble
from app.decisions.compile import Plan
from app.decisions.dmn.table import INPUT, DecisionTable
from app.decisions.engines.generated import Generated
from app.decisions.facts import FactsInvalid, part_of
from app.decisions.models import Decision, RuleSetVersion
from app.decisions.outcome import Outcome
from app.decisions.schema import SIGNAL, Attribute
from app.decisions.simulation import changes
from app.decisions.studio.overview import facts_used

SHOWN = 30


@dataclass(frozen=True)
class Past:
    """What is needed of a stored decision."""

    id: str
    subject_kind: str
    subject_id: str
    as_of: datetime
    version_hash: str
    facts: dict[str, Any]

    @property
    def label(self) -> str:
        """The subject by its number, where its facts tell one."""
        own = self.facts.get(self.subject_kind) or [{}]
        return str(own[0].get("number") or f"{self.subject_kind} {self.subject_id}")


Asked = dict[str, dict[str, str]]
"""Of decision tables: by version, under which name a snapshot holds what an expression came to."""


def last_decided(rule_set: str, count: int) -> list[Past]:
    """The newest decisions of the rule set, newest first."""
    if not count:
        return []
    wanted = (
        Decision.id,
        Decision.subject_kind,
        Decision.subject_id,
        Decision.as_of,
        Decision.version_hash,
        Decision.facts,
    )
    rows = session().execute(
        select(*wanted).where(Decision.rule_set == rule_set).order_by(Decision.id.desc()).limit(count)
    )
    return [Past(*row) for row in rows]


def asked_by(rule_set: str, decided: Sequence[Past]) -> Asked:
    """What the columns of the tables meant that made these decisions: snapshots number them."""
    hashes = {past.version_hash for past in decided if INPUT in past.facts}
    if not hashes:
        return {}
    made_by = select(RuleSetVersion).where(RuleSetVersion.rule_set == rule_set, RuleSetVersion.sha256.in_(hashes))
    tables = {one.sha256: queries.plan_of(one).table for one in session().scalars(made_by)}
    return {
        sha256: {column.expression: column.attribute.name for column in table.inputs}
        for sha256, table in tables.items()
        if table is not None
    }


def newest(rule_set: str) -> str:
    """Id of the newest decision; empty when there is none."""
    return session().scalar(select(func.max(Decision.id)).where(Decision.rule_set == rule_set)) or ""


@dataclass(frozen=True)
class Oracle:
    """A version that decides on parts of snapshots."""

    plan: Plan
    engine: Generated
    wanted: dict[str, list[Attribute]]

    @classmethod
    def of(cls, plan: Plan) -> Oracle:
        """With the facts that its rules read."""
        kinds = plan.rule_set.schema.kinds
        names: dict[str, set[str]] = {kind: {kinds[kind].key} - {""} for kind in sorted(plan.kinds)}
        for rule in plan.rule_set.rules:
            for dotted in facts_used(rule):
                kind, _dot, name = dotted.partition(".")
                if kind != SIGNAL:
                    names[kind].add(name)
        wanted = {kind: [kinds[kind].attributes[name] for name in sorted(own)] for kind, own in names.items()}
        return cls(plan, Generated(plan), wanted)

    def outcome(self, past: Past, day: date, asked: Asked) -> Outcome:
        """What it says. Raises FactsInvalid, HitPolicyBroken."""
        stored = past.facts if self.plan.table is None else _renamed(self.plan.table, past, asked)
        facts = part_of(stored, self.wanted, self.plan.rule_set.schema)
        return assemble(self.plan, self.engine.run(facts, day), facts)


def _renamed(table: DecisionTable, past: Past, asked: Asked) -> dict[str, Any]:
    """The inputs of a table under its own names: the same expression may have stood in another column."""
    names, (row,) = asked.get(past.version_hash, {}), past.facts.get(INPUT, [{}])
    found = {}
    for column in table.inputs:
        if names.get(column.expression) not in row:
            raise FactsInvalid(column.expression, _("is missing"))
        found[column.attribute.name] = row[names[column.expression]]
    return {INPUT: [found]}


@dataclass
class _Tally:
    """What was counted so far."""

    compared: int = 0
    changed: int = 0
    blocked: int = 0
    unblocked: int = 0
    lacking: Counter[str] = field(default_factory=Counter)
    failing: Counter[str] = field(default_factory=Counter)
    shifts: Counter[int] = field(default_factory=Counter)
    bands: changes.Turns = field(default_factory=changes.Turns)
    routes: changes.Turns = field(default_factory=changes.Turns)
    who: changes.Turns = field(default_factory=changes.Turns)
    answers: changes.Turns = field(default_factory=changes.Turns)
    examples: list[dict[str, Any]] = field(default_factory=list)
    fired: Counter[str] = field(default_factory=Counter)
    fired_before: Counter[str] = field(default_factory=Counter)


def compare(decided: Sequence[Past], asked: Asked, active: Plan, draft: Plan) -> dict[str, Any]:
    """Both versions over these decisions: what changes, to be kept."""
    old, new = Oracle.of(active), Oracle.of(draft)
    tally = _Tally(fired_before=Counter({rule.id: 0 for rule in active.rules}))
    for past in decided:
        day = clock.local_date(past.as_of)
        try:
            before, after = old.outcome(past, day, asked), new.outcome(past, day, asked)
        except FactsInvalid as error:
            tally.lacking[str(error.details["fact"])] += 1
        except DomainError as error:
            tally.failing[type(error).__name__] += 1
        else:
            _count(tally, past, before, after, (active, draft))
    off = [rule.id for rule in draft.rules if rule.disabled]
    rules = changes.rule_counts(draft, tally.fired, tally.fired_before, off)
    return {
        "seen": len(decided),
        **{name: getattr(tally, name) for name in ("compared", "changed", "blocked", "unblocked", "examples")},
        "lacking": tally.lacking.most_common(),
        "failing": tally.failing.most_common(),
        "shift": changes.bars(tally.shifts),
        **{name: getattr(tally, name).told() for name in ("bands", "routes", "who", "answers")},
        "rules": rules if tally.compared else [],
    }


def _count(tally: _Tally, past: Past, before: Outcome, after: Outcome, plans: tuple[Plan, Plan]) -> None:
    tally.compared += 1
    tally.fired.update(after.fired)
    tally.fired_before.update(before.fired)
    example = [past.id, past.label]
    blocked = bool(before.blocks), bool(after.blocks)
    who = [changes.who_of(plan, one.fired) for plan, one in zip(plans, (before, after), strict=True)]
    answers = [None if one.result is None else jsontext.dumps(one.result) for one in (before, after)]
    tally.shifts[after.score - before.score] += 1
    tally.blocked += blocked == (False, True)
    tally.unblocked += blocked == (True, False)
    tally.bands.add(before.band, after.band, example)
    tally.routes.add(before.route, after.route, example)
    tally.who.add(who[0], who[1], example)
    tally.answers.add(answers[0], answers[1], example)
    was, now = ((one.score, one.band, bool(one.blocks), one.route) for one in (before, after))
    if was == now and who[0] == who[1] and answers[0] == answers[1]:
        return
    tally.changed += 1
    if len(tally.examples) < SHOWN:
        tally.examples.append(
            {
                "id": past.id,
                "label": example[1],
                "as_of": past.as_of.isoformat(),
                **{name: [was[at], now[at]] for at, name in enumerate(("score", "band", "blocked", "route"))},
                "why": changes.steps(before, after, plans[0], plans[1]),
                "blocks": changes.blocks(after if after.blocks else before),
            }
        )
