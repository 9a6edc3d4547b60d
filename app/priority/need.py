"""Who needs the goods most: the rule set `need_index` over the facts the ranking was decided on.

Need leaves out what the house wants (tier, margin, contract) and what it can do now (stock, transport): it says how
much a patient or a hospital depends on the goods. It ranks nothing; it is a list to look at beside the ranking.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.decisions import queries as decision_queries
from app.decisions import service as decisions
from app.decisions.facts import Facts

RULE_SET = "need_index"

Need = tuple[int, list[dict[str, Any]]]
"""The index, and what it consists of, the greatest first."""


def of(facts: Facts, as_of: datetime) -> Need:
    """The need that the facts tell of; none where no version of the rule set is in force."""
    try:
        outcome = decisions.preview(RULE_SET, facts, as_of=as_of)
    except decision_queries.NoSuchRuleSet:
        return 0, []
    lines = sorted(outcome.lines, key=lambda line: -line.points)
    return outcome.score, [
        {
            "rule": line.rule,
            "points": line.points,
            "reason": {language: str(text) for language, text in line.reason.items()},
        }
        for line in lines
    ]
