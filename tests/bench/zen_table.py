"""A plan as a decision table of zen-engine (PyPI): the named baseline of the rules' benches.

One column, one row per rule, its whole condition in the cell, all rows that hit are collected. Rules about lines,
signals and sums of other facts are left out of what is measured: the sets used here have none.
"""

from __future__ import annotations

import json
from typing import Any

import zen

from app.decisions.compile import Plan
from app.decisions.ir import All, Condition, Either, Known, OneOf, Test


def decision(plan: Plan) -> Any:
    """A zen decision of the plan's rules; evaluates {kind: {attribute: value}} to the ids of those that fire."""
    return zen.ZenEngine().create_decision(json.dumps(_content(plan)))


def fired(made: Any, facts: dict[str, dict[str, Any]]) -> list[str]:
    """Ids of the rules that fire, in order."""
    return [row["rule"] for row in made.evaluate(facts)["result"]]


def _content(plan: Plan) -> dict[str, Any]:
    rows = [
        {"_id": rule.id, "i": " or ".join(f"({_branch(branch)})" for branch in rule.branches), "o": f"'{rule.id}'"}
        for rule in plan.rules
    ]
    table = {
        "rules": rows,
        "inputs": [{"id": "i", "name": "condition", "type": "expression"}],
        "outputs": [{"id": "o", "name": "rule", "type": "expression", "field": "rule"}],
        "hitPolicy": "collect",
        "passThrough": False,
        "inputField": None,
        "outputPath": None,
        "executionMode": "single",
    }
    return {
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "in", "position": {"x": 0, "y": 0}},
            {"id": "t", "type": "decisionTableNode", "name": "t", "position": {"x": 1, "y": 0}, "content": table},
            {"id": "out", "type": "outputNode", "name": "out", "position": {"x": 2, "y": 0}},
        ],
        "edges": [
            {"id": "e1", "sourceId": "in", "targetId": "t", "type": "edge"},
            {"id": "e2", "sourceId": "t", "targetId": "out", "type": "edge"},
        ],
    }


def _branch(branch: Any) -> str:
    return " and ".join(f"({_words(pattern.condition)})" for pattern in branch)


def _words(condition: Condition) -> str:
    if isinstance(condition, All | Either):
        return (" and " if isinstance(condition, All) else " or ").join(f"({_words(item)})" for item in condition.items)
    assert isinstance(condition, Test | OneOf | Known)
    name = condition.attribute.dotted
    if isinstance(condition, Known):
        return f"{name} {'!=' if condition.known else '=='} null"
    if isinstance(condition, OneOf):
        return (
            f"{name} {'not ' if condition.negated else ''}in [{', '.join(_constant(one) for one in condition.values)}]"
        )
    asked = f"{name} {condition.op} {_constant(condition.value)}"
    optional = condition.attribute.nullable or condition.attribute.kind in ("contract", "award")
    return f"{name} != null and {asked}" if optional else asked


def _constant(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"'{value}'" if isinstance(value, str) else str(value)
