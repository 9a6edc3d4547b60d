"""From fired rules to the outcome: points with their limits, band, blocks, route, people. The same for every engine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.decisions.compile import Plan
from app.decisions.engines import Firing
from app.decisions.facts import Fact, Facts
from app.decisions.ir import Factor, Rule, RuleSet, Scale, Template
from app.decisions.language import FULL_SCORE
from app.decisions.outcome import BANDS, Block, Line, Outcome, Texts
from app.decisions.schema import FactSchema
from app.decisions.wording import value_of

LIMIT_NAME: Texts = {"en": "Limit: {}", "zh": "{}：上限"}
LEAST_NAME: Texts = {"en": "Lower limit: {}", "zh": "{}：下限"}
LIMIT_REASON: Texts = {
    "en": "The group gives at most {} points; its rules came to {}.",
    "zh": "本组最多计{}分，各规则合计{}分。",
}
LEAST_REASON: Texts = {
    "en": "The group takes at most {} points away; its rules came to {}.",
    "zh": "本组最低计{}分，各规则合计{}分。",
}
SCORE: Texts = {"en": "score", "zh": "总分"}


def assemble(plan: Plan, firings: list[Firing], facts: Facts) -> Outcome:
    """The outcome of these firings. Each rule counts once, however many lines it fired for."""
    fired = _Fired(plan, firings, facts)
    lines, factors = fired.score()
    score = sum(line.points for line in lines)
    blocks = fired.blocks()
    return Outcome(
        route=fired.route(blocked=bool(blocks)),
        score=score,
        band=fired.band(score),
        lines=lines,
        factors=factors,
        blocks=blocks,
        assign_groups=_once(
            group for rule in fired.rules for one in rule.then.assign if not one.step for group in one.groups
        ),
        assign_users=_once(user for rule in fired.rules for one in rule.then.assign for user in one.users),
        assign_by_step=fired.by_step(),
        tags=_once(tag for rule in fired.rules for tag in rule.then.tags),
        signals=_once(signal for rule in fired.rules for signal in rule.then.signals),
        notes=fired.notes(),
        fired=[firing.rule for firing in firings],
    )


def _once(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


class _Fired:
    """The rules that fired, in order, with what they say about these facts."""

    def __init__(self, plan: Plan, firings: list[Firing], facts: Facts) -> None:
        self.rule_set: RuleSet = plan.rule_set
        self.facts = facts
        self.keys = {firing.rule: firing.keys for firing in firings}
        self.rules = [plan.by_id[firing.rule] for firing in firings]

    def reason(self, rule: Rule, key: int | None) -> Texts:
        return {language: self._filled(template, key, language) for language, template in rule.reason.items()}

    def _filled(self, template: Template, key: int | None, language: str) -> str:
        if len(template) == 1 and isinstance(template[0], str):
            return template[0]
        pieces = [piece if isinstance(piece, str) else self._value(*piece, key, language) for piece in template]
        return "".join(pieces)

    def _value(self, kind: str, name: str, key: int | None, language: str) -> str:
        schema: FactSchema = self.rule_set.schema
        attribute = schema.kinds[kind].attributes[name]
        found = _fact(self.facts.get(kind, []), schema.kinds[kind].key, key)
        return "–" if found is None else value_of(attribute, found[name], language)

    def first_key(self, rule: Rule) -> int | None:
        keys = self.keys[rule.id]
        return keys[0] if keys else None

    def points(self, rule: Rule) -> int:
        points = rule.then.points
        if isinstance(points, Scale):
            found = self.facts.get(points.attribute.kind, [])
            return points.points(found[0][points.attribute.name]) if found else 0
        return points or 0

    def score(self) -> tuple[list[Line], list[dict[str, Any]]]:
        """The lines by group, limits included, and what each group came to."""
        lines: list[Line] = []
        factors = []
        for factor in self.rule_set.factors:
            own = [self._line(rule) for rule in self.rules if rule.then.factor == factor.id]
            own = [line for line in own if line.points]
            raw = sum(line.points for line in own)
            own += _limits(factor, raw)
            lines += own
            total = sum(line.points for line in own)
            factors.append({"factor": factor.id, "name": factor.name, "points": total, "cap": factor.cap})
        whole = Factor("score", SCORE, FULL_SCORE, 0)
        return lines + _limits(whole, sum(line.points for line in lines)), factors

    def _line(self, rule: Rule) -> Line:
        reason = self.reason(rule, self.first_key(rule))
        return Line(rule.id, rule.then.factor or "", self.points(rule), rule.name, reason)

    def band(self, score: int) -> str | None:
        """By score, raised by floors, then lowered by caps: a cap outranks a floor."""
        if not self.rule_set.bands:
            return None
        place = min(BANDS.index(each.band) for each in self.rule_set.bands if score >= each.start)
        place = min([place, *(BANDS.index(rule.then.floor) for rule in self.rules if rule.then.floor)])
        return BANDS[max([place, *(BANDS.index(rule.then.cap) for rule in self.rules if rule.then.cap)])]

    def blocks(self) -> list[Block]:
        return [
            Block(
                rule=rule.id,
                name=rule.name,
                reason=self.reason(rule, key),
                basis=rule.then.basis or {},
                unblock=rule.then.unblock or {},
                line=key,
            )
            for rule in self.rules
            if rule.then.blocks
            for key in (self.keys[rule.id] or (None,))
        ]

    def route(self, *, blocked: bool) -> str | None:
        """A block has its own route; else the first rule's, or the one listed last among those asked for."""
        if blocked and self.rule_set.blocked_route:
            return self.rule_set.blocked_route
        asked = [rule.then.route for rule in self.rules if rule.then.route]
        if not asked:
            return self.rule_set.default_route
        return asked[0] if self.rule_set.route_policy == "first" else max(asked, key=self.rule_set.routes.index)

    def by_step(self) -> dict[str, list[str]]:
        steps = _once(one.step for rule in self.rules for one in rule.then.assign if one.step)
        return {
            step: _once(
                group for rule in self.rules for one in rule.then.assign if one.step == step for group in one.groups
            )
            for step in steps
        }

    def notes(self) -> list[dict[str, Any]]:
        return [
            {"rule": rule.id, "effect": effect, "name": rule.name, "reason": self.reason(rule, self.first_key(rule))}
            for rule in self.rules
            if (effect := effect_of(rule))
        ]


def effect_of(rule: Rule) -> str:
    """What a rule does besides points and blocks, in short: `floor P0, route two`."""
    then = rule.then
    parts = [
        then.floor and f"floor {then.floor}",
        then.cap and f"cap {then.cap}",
        then.route and f"route {then.route}",
        *(f"assign {one.step + ': ' if one.step else ''}{', '.join(one.groups + one.users)}" for one in then.assign),
        *(f"tag {tag}" for tag in then.tags),
    ]
    return ", ".join(part for part in parts if part)


def _fact(facts: list[Fact], key_name: str, key: int | None) -> Fact | None:
    if not key_name:
        return facts[0] if facts else None
    return next((fact for fact in facts if fact[key_name] == key), None)


def _limits(factor: Factor, raw: int) -> list[Line]:
    """The line that brings a group back within its limits, if it is beyond."""
    limited = min(max(raw, factor.least), factor.cap)
    if limited == raw:
        return []
    above = raw > factor.cap
    name, reason = (LIMIT_NAME, LIMIT_REASON) if above else (LEAST_NAME, LEAST_REASON)
    return [
        Line(
            rule=f"{'cap' if above else 'least'}:{factor.id}",
            factor=factor.id,
            points=limited - raw,
            name={language: text.format(factor.name[language]) for language, text in name.items()},
            reason={language: text.format(abs(limited), raw) for language, text in reason.items()},
        )
    ]
