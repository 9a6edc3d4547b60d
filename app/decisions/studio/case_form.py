"""A test written by picking: facts that differ from an ordinary order, and as expectation what comes out now."""

from __future__ import annotations

from typing import Any

from app.core.i18n import _
from app.decisions.assemble import assemble
from app.decisions.cases import DAY, Case, facts_of, ordinary
from app.decisions.compile import Plan
from app.decisions.engines.closures import Closures
from app.decisions.ir import RuleSet
from app.decisions.outcome import Outcome
from app.decisions.schema import Kind
from app.decisions.studio import condition_form, inputs
from app.decisions.studio.condition_form import Condition
from app.decisions.studio.rows import Named, Row
from app.decisions.studio.writing import as_yaml
from app.decisions.whatif import blank

FIXED = {"is": True, "is not": False, "unknown": None}
"""Operators that say a value by themselves."""


def case_text(name: str, conditions: list[Condition], plan: Plan) -> str | None:
    """The line of a new test; None, with reasons on the conditions, when something is wrong. Raises FactsInvalid."""
    facts: dict[str, dict[str, Any]] = {}
    for one in conditions:
        row = condition_form.row_of(one, plan.rule_set.schema, plan.rule_set.parameters, "–")
        if row is not None:
            try:
                facts.setdefault(row.kind, {})[row.fact.partition(".")[2]] = _value(row, plan.rule_set)
            except inputs.WrongInput as error:
                one.error = str(error)
    if any(one.error for one in conditions):
        return None
    given = {kind: _whole(plan.rule_set.schema.kinds[kind], values) for kind, values in facts.items()}
    case = Case(name, given, {})
    seen = facts_of(case, plan)
    outcome = assemble(plan, Closures(plan).run(seen, DAY), seen)
    return f"- {as_yaml({'case': name, 'facts': given, 'expect': _expected(outcome, plan.rule_set)})}\n"


def _value(row: Row, rule_set: RuleSet) -> Any:
    if row.op in FIXED:
        return FIXED[row.op]
    if row.op != "==":
        raise inputs.WrongInput(_("a test names one value: is, yes, no or not known"))
    (value,) = row.values
    if not isinstance(value, Named):
        kind, _dot, name = row.fact.partition(".")
        attribute = rule_set.schema.kinds[kind].attributes[name]
        return inputs.day(value) if attribute.type == "date" else value
    parameter = rule_set.parameters.get(str(value).removeprefix("parameters."))
    if parameter is None:
        raise inputs.WrongInput(_("a test names one value: is, yes, no or not known"))
    return parameter.value


def _whole(kind: Kind, values: dict[str, Any]) -> Any:
    """The values as a case writes them; a fact that an ordinary order does not have gets what it must have."""
    if kind.name not in ordinary() and kind.cardinality == "maybe":
        needed = {name: value for name, value in blank(kind).items() if not kind.attributes[name].has_default}
        return {**needed, **values}
    return [values] if kind.cardinality == "many" else values


def _expected(outcome: Outcome, rule_set: RuleSet) -> dict[str, Any]:
    """What came out, as far as the rule set speaks of it."""
    found: dict[str, Any] = {}
    if rule_set.factors:
        found |= {"score": outcome.score, "lines": {line.rule: line.points for line in outcome.lines}}
    if rule_set.bands:
        found["band"] = outcome.band
    if rule_set.routes:
        found["route"] = outcome.route
    if any(rule.then.blocks for rule in rule_set.rules):
        found["blocks"] = [block.rule for block in outcome.blocks]
    return found or {"fired": list(outcome.fired)}
