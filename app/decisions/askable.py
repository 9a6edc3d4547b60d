"""What is decided about what: rules may ask only for facts that all they decide about has (`facts.always_of`)."""

from __future__ import annotations

from app.core.db import session
from app.core.i18n import _, pick
from app.decisions import queries
from app.decisions.compile import Plan
from app.decisions.facts import bearers
from app.decisions.ir import Rule, Scale
from app.decisions.models import RuleSetPointer
from app.decisions.schema import SIGNAL, FactSchema
from app.decisions.source import RuleFileInvalid


def served_by(kinds: frozenset[str]) -> frozenset[str] | None:
    """The kinds of subject that have all these kinds of facts; None: every one."""
    known = [bearers[kind] for kind in kinds if kind in bearers]
    return frozenset.intersection(*known) if known else None


def refuse_unanswerable(plan: Plan, file: str) -> None:
    """Raises RuleFileInvalid for a rule that asks for facts which what the version in force decides about lacks; where
    none is in force, for one that together with those before it asks for what no subject has."""
    needed = _decided_about(plan.rule_set.id)
    asked: frozenset[str] = frozenset()
    for rule in plan.rule_set.rules:
        for kind in sorted(_kinds(rule)):
            asked |= {kind}
            left = served_by(asked)
            if left is not None and (not left or (needed is not None and not needed <= left)):
                label = pick(plan.rule_set.schema.kinds[kind].label)
                sentence = _("what these rules decide about has no fact “%(kind)s” (%(name)s)", kind=label, name=kind)
                raise RuleFileInvalid(file=file, line=rule.line, rule=rule.id, reason=sentence)


def askable(rule_set: str, schema: FactSchema) -> FactSchema:
    """The schema without the kinds that rules of this set may not ask for."""
    needed = _decided_about(rule_set)
    if needed is None:
        return schema
    kinds = {name: kind for name, kind in schema.kinds.items() if name not in bearers or needed <= bearers[name]}
    return FactSchema(kinds, schema.sha256, schema.body)


def _decided_about(rule_set: str) -> frozenset[str] | None:
    """Kinds of subject that the version in force can decide about; None when there is none, or it can about all."""
    pointer = session().get(RuleSetPointer, rule_set)
    if pointer is None:
        return None
    plan = queries.plan_of(queries.get_version(pointer.version_id))
    return None if plan.table is not None else served_by(plan.kinds)


def _kinds(rule: Rule) -> set[str]:
    """As in `Plan.kinds`, of one rule."""
    found = {pattern.kind for pattern in rule.patterns()}
    found |= {piece[0] for template in rule.reason.values() for piece in template if isinstance(piece, tuple)}
    if isinstance(rule.then.points, Scale):
        found.add(rule.then.points.attribute.kind)
    return found - {SIGNAL}
