"""Deciding: facts in, stored decision out. What becomes of versions is in publish.py (writing, trying) and life.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import make_transient_to_detached

from app.core import clock, ids, jsontext
from app.core.db import flush, info, session
from app.core.errors import DomainError
from app.core.i18n import _, _l
from app.core.prepared import Answer, Prepared
from app.core.subject import Subject
from app.decisions import queries, runtime
from app.decisions.assemble import Verdict, assemble, verdict
from app.decisions.cases import Case, facts_of
from app.decisions.compile import Plan
from app.decisions.dmn.asking import inputs_of
from app.decisions.engines.closures import Closures
from app.decisions.facts import Facts, FactsInvalid, check, from_json, gather, to_json
from app.decisions.life import (
    POINTERS,
    activate,
    approve,
    discard,
    forget_pointers,
    on_moved,
    roll_back,
    take_back_date,
)
from app.decisions.models import Decision, RuleSetPointer
from app.decisions.outcome import Outcome, is_worded
from app.decisions.publish import begin_draft, passed, save_draft, seed, submit, trial_of, try_version
from app.decisions.runtime import Ready

__all__ = [
    "activate",
    "approve",
    "begin_draft",
    "decide",
    "discard",
    "forget_pointers",
    "on_moved",
    "passed",
    "preview",
    "replay",
    "roll_back",
    "save_draft",
    "seed",
    "submit",
    "suppose",
    "take_back_date",
    "trial_of",
    "try_version",
]


class RuleSetNotInForce(DomainError):
    """The rule set's own validity does not cover the day."""

    message = _l("The rule set “%(rule_set)s” is not valid on %(day)s.")


@dataclass(frozen=True)
class Replay:
    """A past decision made again: the outcome now, whether it is the same to the letter, by which engine, and each
    (part, then, now) that differs."""

    outcome: Outcome
    same: bool
    engine: str
    differs: tuple[tuple[str, str, str], ...] = ()


def decide(
    rule_set: str,
    subject: Subject,
    *,
    facts: Facts | None = None,
    as_of: datetime | None = None,
    version: int | None = None,
    variables: Mapping[str, Any] | None = None,
) -> Decision:
    """Decide and store. Facts are gathered from the providers unless given; the version in force decides unless a
    number pins one that is or was in force. Decision tables may ask for variables too.

    Raises NoSuchRuleSet, RuleSetNotInForce, FactsInvalid (nothing is decided on facts that are missing or wrong),
    HitPolicyBroken.
    """
    started = clock.ticks()
    moment = as_of or clock.now()
    ready, number = in_force(rule_set) if version is None else _pinned(rule_set, version)
    if facts is None and ready.plan.table is not None:
        facts = inputs_of(ready.plan.table, subject, variables or {}, moment)
    given = _facts(ready, subject, facts, moment)
    outcome, engine = _outcome(ready, given, moment)
    snapshot = to_json(given)
    values: dict[str, Any] = {
        "id": ids.new_id(),
        "rule_set": rule_set,
        "rule_set_version": number,
        "version_hash": ready.sha256,
        "subject_kind": subject.kind,
        "subject_id": subject.id,
        "as_of": moment,
        "facts": snapshot,
        "facts_hash": jsontext.digest(snapshot),
        "outcome": outcome.to_store(),
        "engine": engine,
        "made_at": clock.now(),
        "took_us": int((clock.ticks() - started) * 1_000_000),
    }
    session().execute(insert(Decision.__table__), values)  # type: ignore[arg-type]
    return _stored(values, outcome)


def preview(rule_set: str, facts: Facts, *, as_of: datetime | None = None) -> Outcome:
    """What the version in force would say, without storing anything."""
    moment = as_of or clock.now()
    ready, _number = in_force(rule_set)
    given = _facts(ready, Subject("", ""), facts, moment)
    return _outcome(ready, given, moment)[0]


def suppose(
    rule_set: str,
    given: Mapping[str, Any],
    *,
    as_of: datetime,
    version: int | None = None,
    known: Mapping[str, Any] | None = None,
    plan: Plan | None = None,
) -> Outcome:
    """What would be said of an ordinary order with these facts changed, {kind: {attribute: value}} as in tests of
    rules; nothing is stored. `known`: facts as decisions store them, which stand for those of the ordinary order.
    `plan`: of a version that is not in force yet, which decides instead. Raises NoSuchRuleSet, RuleSetNotInForce,
    FactsInvalid."""
    ready = None if plan is not None else (in_force(rule_set) if version is None else _pinned(rule_set, version))[0]
    tried = plan if ready is None else ready.plan
    assert tried is not None  # noqa: S101 - one of both is there
    try:
        facts = facts_of(Case("", dict(given), {}), tried)
        stored = {kind: found for kind, found in (known or {}).items() if kind in facts and kind not in given}
        facts = {**facts, **from_json(stored, tried.rule_set.schema)}
    except (TypeError, ValueError, AttributeError):
        raise FactsInvalid("–", _("has the wrong shape")) from None
    if ready is None:
        return assemble(tried, Closures(tried).run(facts, clock.local_date(as_of)), facts)
    return assemble(tried, ready.generated.run(facts, day_in_force(ready, as_of)), facts)


Oracle = Callable[[Facts], Verdict]


def oracle(rule_set: str, as_of: datetime) -> Oracle:
    """Who says score, band and block by the generated function alone, for who ranks many: nothing is stored, nothing
    put in words. The facts are as `facts.check` gives them. Raises NoSuchRuleSet, RuleSetNotInForce."""
    ready, _number = in_force(rule_set)
    plan, run, day = ready.plan, ready.generated.run, day_in_force(ready, as_of)
    return lambda facts: verdict(plan, run(facts, day), facts)


def replay(decision: Decision) -> Replay:
    """Make a past decision again from its stored facts with its own version."""
    plan = queries.plan_of(queries.version_of(decision))
    facts = from_json(decision.facts, plan.rule_set.schema)
    with runtime.for_once(plan) as ready:
        firings, engine = ready.run(facts, clock.local_date(decision.as_of))
    outcome = assemble(plan, firings, facts)
    again = outcome.to_json() if is_worded(decision.outcome) else outcome.to_store()
    same = jsontext.canonical(again) == jsontext.canonical(decision.outcome)
    same = same and jsontext.digest(to_json(facts)) == decision.facts_hash
    then, now = jsontext.plain(decision.outcome), jsontext.plain(again)
    differs = [(part, str(then.get(part)), str(now[part])) for part in now if then.get(part) != now[part]]
    if jsontext.digest(to_json(facts)) != decision.facts_hash:
        differs.append(("facts_hash", decision.facts_hash, jsontext.digest(to_json(facts))))
    return Replay(outcome, same, engine, tuple(differs))


def _outcome(ready: Ready, facts: Facts, moment: datetime) -> tuple[Outcome, str]:
    firings, engine = ready.run(facts, day_in_force(ready, moment))
    return assemble(ready.plan, firings, facts), engine


def day_in_force(ready: Ready, moment: datetime) -> date:
    """The business day of the moment. Raises RuleSetNotInForce when the rule set's own validity does not cover it."""
    day = clock.local_date(moment)
    rules = ready.plan.rule_set
    if (rules.valid_from and day < rules.valid_from) or (rules.valid_to and rules.valid_to < day):
        raise RuleSetNotInForce(rule_set=rules.id, day=day.isoformat())
    return day


def _facts(ready: Ready, subject: Subject, facts: Facts | None, moment: datetime) -> Facts:
    kinds, schema = ready.plan.kinds, ready.plan.rule_set.schema
    if facts is None:
        return gather(subject, kinds, moment, schema)
    return check({kind: many for kind, many in facts.items() if kind in kinds}, kinds, schema)


_POINTERS = Prepared(select(RuleSetPointer.rule_set, RuleSetPointer.sha256, RuleSetPointer.number))


def ask_in_force() -> None:
    """Have the versions in force looked up with what else is asked `together`."""
    notes = info()
    if POINTERS not in notes:
        flush()
        notes[POINTERS] = cache(partial(_by_name, _POINTERS.ask({})))


def _by_name(answer: Answer) -> dict[str, tuple[str, int]]:
    return {name: (sha256, number) for name, sha256, number in answer()}


def in_force(rule_set: str) -> tuple[Ready, int]:
    """The compiled version in force and its number; one statement per transaction for all rule sets."""
    ask_in_force()
    pointers = info()[POINTERS]()
    if rule_set not in pointers:
        raise queries.NoSuchRuleSet(rule_set=rule_set)
    sha256, number = pointers[rule_set]
    return runtime.known(rule_set, sha256) or _compiled(rule_set, number), number


def plan_in_force(rule_set: str) -> Plan | None:
    """The rules of the version in force; None where there is none."""
    try:
        return in_force(rule_set)[0].plan
    except queries.NoSuchRuleSet:
        return None


def _compiled(rule_set: str, number: int) -> Ready:
    """Exactly the version that the pointer named: by now another may have come into force."""
    version = queries.numbered_version(rule_set, number)
    plan = queries.plan_of(version)
    return runtime.put_in_force(plan) if version.status == "active" else runtime.kept_beside(plan)


def _pinned(rule_set: str, number: int) -> tuple[Ready, int]:
    version = queries.numbered_version(rule_set, number)
    if version.activated_at is None:
        raise queries.NoSuchRuleSet(rule_set=f"{rule_set} {number}")
    plan = queries.plan_of(version)
    return runtime.known(rule_set, version.sha256) or runtime.kept_beside(plan), number


def _stored(values: dict[str, Any], outcome: Outcome) -> Decision:
    """The row just inserted, as an object the session may take over without asking for it again."""
    made = Decision(**values)
    made.remember(outcome)
    make_transient_to_detached(made)
    return made
