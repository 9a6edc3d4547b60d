"""What can be proved of a decision table before it is used: rules that overlap where its hit policy forbids it."""

from __future__ import annotations

from app.core.i18n import _
from app.decisions.analysis import Proof
from app.decisions.dmn.table import DecisionTable
from app.decisions.ir import Rule
from app.decisions.source import RuleFileInvalid


def refuse_useless(table: DecisionTable, file: str) -> None:
    """Raises RuleFileInvalid for a rule that can never fire, that earlier ones always hide (FIRST), or that holds
    together with another although the hit policy (UNIQUE; ANY with other outputs) forbids it."""
    rules = table.rule_set().rules
    proof = Proof(table.rule_set())
    for place, rule in enumerate(rules):
        if proof.is_impossible(rule.branches[0]):
            raise _refuse(rule, file, _("its conditions contradict each other: it can never fire"))
        if table.policy == "FIRST" and (hidden_by := proof.hidden_by(rule, list(rules[:place]))):
            names = ", ".join(one.id for one in hidden_by)
            raise _refuse(rule, file, _("it can never show: whenever it fires, %(rules)s decide", rules=names))
        for other in _forbidden(table, place):
            if proof.meet(rule, rules[other]):
                sentence = _(
                    "it can hold together with %(rule)s, which %(policy)s forbids",
                    rule=rules[other].id,
                    policy=table.policy,
                )
                raise _refuse(rule, file, sentence)


def _forbidden(table: DecisionTable, place: int) -> list[int]:
    """Earlier rules with which this one may not hold."""
    if table.policy == "UNIQUE":
        return list(range(place))
    if table.policy == "ANY":
        return [other for other in range(place) if table.rows[other].outputs != table.rows[place].outputs]
    return []


def _refuse(rule: Rule, file: str, reason: str) -> RuleFileInvalid:
    return RuleFileInvalid(file=file, line=rule.line, rule=rule.id, reason=reason)
