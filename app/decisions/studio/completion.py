"""What the editor of the YAML text offers while one types: keys, facts with their values, groups, routes, signals."""

from __future__ import annotations

from typing import Any

from app.core.i18n import pick
from app.decisions.ir import RuleSet
from app.decisions.outcome import BANDS
from app.decisions.schema import Attribute

RULE_KEYS = ("id", "name", "owner", "when", "then", "reason", "valid_from", "valid_to", "note", "disabled")
THEN_KEYS = ("points", "factor", "floor", "cap", "block", "route", "assign", "signal", "tag")
OPERATORS = ("and", "or", "not", "in", "not in", "between", "==", "!=", "<", "<=", ">", ">=", "null", "true", "false")


def words_of(rule_set: RuleSet) -> dict[str, Any]:
    """{"kinds": {kind: {"label", "attributes": [{"name", "label", "type", "values"}]}}, "keys", "then", …}."""
    kinds = {
        name: {
            "label": pick(kind.label),
            "attributes": [_attribute(one) for one in kind.attributes.values()],
        }
        for name, kind in rule_set.schema.kinds.items()
    }
    return {
        "kinds": kinds,
        "keys": [*RULE_KEYS, "all", "any"],
        "then": list(THEN_KEYS),
        "operators": list(OPERATORS),
        "parameters": [
            {"name": f"parameters.{one.name}", "label": pick(one.label)} for one in rule_set.parameters.values()
        ],
        "factors": [{"name": one.id, "label": pick(one.name)} for one in rule_set.factors],
        "bands": list(BANDS) if rule_set.bands else [],
        "routes": list(rule_set.routes),
        "signals": sorted({signal for rule in rule_set.rules for signal in rule.then.signals}),
        "tags": sorted({tag for rule in rule_set.rules for tag in rule.then.tags}),
    }


def _attribute(one: Attribute) -> dict[str, Any]:
    values = [{"name": code, "label": pick(texts)} for code, texts in one.values.items()]
    return {"name": one.name, "label": pick(one.label), "type": one.type, "unit": one.unit, "values": values}
