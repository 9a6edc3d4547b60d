"""What a change costs the customer: fees by stage, which the rule set `change_impact` has as its parameters."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.decisions import service as decisions

RULE_SET = "change_impact"
BY_STAGE = {"allocated": "fee_allocated_fen", "picking": "fee_picking_fen"}
RETURN_SHARE = "fee_return_permille"


def of(told: dict[str, Any]) -> dict[str, int]:
    """{"fee_fen", "value_more_fen", "penalty_fen"} of what was weighed; the last is a day's, of those displaced.

    Texts cost nothing, nor does what is asked before any stock is kept.
    """
    before, after, kinds = told["before"], told["after"], told["kinds"]
    was = fen(before["total"])
    now = told["left_fen"] if kinds.get("cancels") else was if after is None else fen(after["total"])
    fee = 0 if kinds.get("cosmetic") else _fee(told["stage"], was)
    penalty = sum(one["penalty_fen"] for one in told["displaced"])
    return {"fee_fen": fee, "value_more_fen": now - was, "penalty_fen": penalty}


def _fee(stage: str, value: int) -> int:
    if stage in BY_STAGE:
        return _number(BY_STAGE[stage])
    return value * _number(RETURN_SHARE) // 1000 if stage in ("shipped", "delivered") else 0


def _number(name: str) -> int:
    """A parameter of the rule set in force; nought where it has none of the name."""
    plan = decisions.plan_in_force(RULE_SET)
    found = plan.rule_set.parameters.get(name) if plan is not None else None
    return int(str(found.value)) if found is not None else 0


def fen(amount: str) -> int:
    """An amount of money in fen."""
    return int(Decimal(amount) * 100)
