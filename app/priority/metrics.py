"""Figures of the ranking for Prometheus."""

from __future__ import annotations

from app.core import metrics
from app.priority.queries import inflation


@metrics.gauge("youxu_priority_p0_share", "Part of the lines of open orders that stands in P0 (0 to 1)")
def p0_share() -> float:
    """Everyone urgent is nobody urgent: alarm above the parameter p0_share_permille of the rule set in force."""
    return inflation().share


@metrics.gauge("youxu_priority_p0_too_much", "1 while P0 has more lines than its share, else 0")
def p0_too_much() -> float:
    """What the order list warns of."""
    return float(inflation().too_much)
