"""From fired rules to the outcome: points with their limits, band, blocks, route, people. The same for every engine.

What a rule brings is looked up once per plan; a line whose reason has nothing to fill in is made once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from app.core.expressions import as_json
from app.decisions.compile import Plan
from app.decisions.dmn.table import DecisionTable
from app.decisions.engines import Firing
from app.decisions.facts import Fact, Facts
from app.decisions.ir import Factor, Rule, RuleSet
from app.decisions.language import FULL_SCORE
from app.decisions.outcome import BANDS, Block, Line, Outcome, Texts
from app.decisions.schema import Attribute, FactSchema
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
WHOLE = Factor("score", {"en": "score", "zh": "总分"}, FULL_SCORE, 0)
PREPARED = "outcome"


def assemble(plan: Plan, firings: list[Firing], facts: Facts) -> Outcome:
    """The outcome of these firings. Each rule counts once, however many lines it fired for. Raises HitPolicyBroken."""
    if plan.table is not None:
        return _answered(plan.table, [firing.rule for firing in firings])
    return _Fired(_prepared(plan), firings, facts).outcome()


class Verdict(NamedTuple):
    """What ranks and stops: an outcome without its words."""

    score: int
    band: str | None
    blocked: bool


def verdict(plan: Plan, firings: list[Firing], facts: Facts) -> Verdict:
    """Score, band and block of the outcome that `assemble` would make of them, in a fraction of its time."""
    if plan.table is not None:
        return Verdict(0, None, blocked=False)
    fired = _Fired(_prepared(plan), firings, facts)
    score = fired.points_together()
    return Verdict(score, fired.band(score), any(then.blocks for then in fired.thens))


def _answered(table: DecisionTable, fired: list[str]) -> Outcome:
    result = as_json(table.result(fired))
    route = result.get("route") if isinstance(result, dict) else None
    return Outcome(route=route if isinstance(route, str) else None, result=result, fired=fired)


def _prepared(plan: Plan) -> _Prepared:
    found: _Prepared | None = plan.made.get(PREPARED)
    if found is None:
        found = plan.made[PREPARED] = _Prepared(plan)
    return found


def _once(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


class _Slot:
    """A place in a reason where a value of a fact is filled in; `at` is its number in the plan."""

    def __init__(self, attribute: Attribute, key_name: str, language: str, at: int) -> None:
        self.attribute = attribute
        self.key_name = key_name
        self.language = language
        self.at = at

    def text(self, facts: Facts, key: int | None) -> str:
        found = _fact(facts.get(self.attribute.kind, []), self.key_name, key)
        return "–" if found is None else value_of(self.attribute, found[self.attribute.name], self.language)


class _Reason:
    """The reason of a rule, ready to be filled in: a pattern for `%` and its slots, by language."""

    def __init__(self, rule: Rule, slots: dict[tuple[str, str, str], _Slot], schema: FactSchema) -> None:
        self.parts: list[tuple[str, str, list[_Slot]]] = []
        for language, template in rule.reason.items():
            pattern = "".join("%s" if isinstance(piece, tuple) else piece.replace("%", "%%") for piece in template)
            own = []
            for kind, name in (piece for piece in template if isinstance(piece, tuple)):
                made = _Slot(schema.kinds[kind].attributes[name], schema.kinds[kind].key, language, len(slots))
                own.append(slots.setdefault((kind, name, language), made))
            self.parts.append((language, pattern, own))
        self.fixed: Texts | None = None
        """The reason itself, when there is nothing to fill in."""
        if not any(own for _language, _pattern, own in self.parts):
            self.fixed = {language: pattern % () for language, pattern, _own in self.parts}


class _Effect:
    """What one rule brings, looked up once."""

    def __init__(self, rule: Rule, plan: Plan, slots: dict[tuple[str, str, str], _Slot]) -> None:
        then = rule.then
        self.rule = rule
        self.factor = next((at for at, one in enumerate(plan.rule_set.factors) if one.id == then.factor), None)
        self.points = then.points or 0
        self.reason = _Reason(rule, slots, plan.rule_set.schema)
        self.effect = effect_of(rule)
        self.acts = bool(self.effect or then.blocks or then.signals)
        """It does more than give points."""
        fixed = self.reason.fixed
        self.line: Line | None = None
        if fixed is not None and isinstance(self.points, int):
            self.line = Line(rule.id, then.factor or "", self.points, rule.name, fixed)


class _Prepared:
    """A plan, ready to say what its firings mean."""

    def __init__(self, plan: Plan) -> None:
        slots: dict[tuple[str, str, str], _Slot] = {}
        self.rule_set = plan.rule_set
        self.effects = {rule.id: _Effect(rule, plan, slots) for rule in plan.rules}
        self.nothing: list[str | None] = [None] * len(slots)


class _Fired:
    """The rules that fired, in order, with what they say about these facts."""

    def __init__(self, prepared: _Prepared, firings: list[Firing], facts: Facts) -> None:
        self.rule_set: RuleSet = prepared.rule_set
        self.firings = firings
        self.facts = facts
        self.texts = prepared.nothing.copy()
        """What was filled into each slot before; of lines nothing is kept."""
        self.effects = [prepared.effects[firing.rule] for firing in firings]
        self.acting = [
            (effect, firing.keys) for effect, firing in zip(self.effects, firings, strict=True) if effect.acts
        ]
        self.thens = [effect.rule.then for effect, _keys in self.acting]

    def outcome(self) -> Outcome:
        lines, factors, score = self.score()
        fired = [firing.rule for firing in self.firings]
        if not self.acting:
            route = self.rule_set.default_route
            return Outcome(route, score, self.band(score), lines, factors, fired=fired)
        blocks = self.blocks()
        thens = self.thens
        return Outcome(
            route=self.route(blocked=bool(blocks)),
            score=score,
            band=self.band(score),
            lines=lines,
            factors=factors,
            blocks=blocks,
            assign_groups=_once(group for then in thens for one in then.assign if not one.step for group in one.groups),
            assign_users=_once(user for then in thens for one in then.assign for user in one.users),
            assign_by_step=self.by_step(),
            tags=_once(tag for then in thens for tag in then.tags),
            signals=_once(signal for then in thens for signal in then.signals),
            notes=self.notes(),
            fired=fired,
        )

    def reason(self, reason: _Reason, key: int | None) -> Texts:
        if reason.fixed is not None:
            return reason.fixed
        texts = self.texts
        found: Texts = {}
        for language, pattern, slots in reason.parts:
            filled = []
            for slot in slots:
                text = texts[slot.at]
                if text is None:
                    text = slot.text(self.facts, key)
                    if not slot.key_name:
                        texts[slot.at] = text
                filled.append(text)
            found[language] = pattern % tuple(filled)
        return found

    def points(self, effect: _Effect) -> int:
        points = effect.points
        if isinstance(points, int):
            return points
        found = self.facts.get(points.attribute.kind, [])
        return points.points(found[0][points.attribute.name]) if found else 0

    def points_together(self) -> int:
        """The sum that `score` comes to."""
        sums = [0] * len(self.rule_set.factors)
        for effect in self.effects:
            if effect.factor is not None:
                sums[effect.factor] += self.points(effect)
        limited = (
            min(max(own, factor.least), factor.cap) for own, factor in zip(sums, self.rule_set.factors, strict=True)
        )
        return min(max(sum(limited), WHOLE.least), WHOLE.cap)

    def score(self) -> tuple[list[Line], list[dict[str, Any]], int]:
        """The lines by group, limits included, what each group came to, and the sum."""
        groups: list[list[Line]] = [[] for _factor in self.rule_set.factors]
        for effect, firing in zip(self.effects, self.firings, strict=True):
            if effect.factor is None:
                continue
            line = effect.line or self._line(effect, firing.keys)
            if line.points:
                groups[effect.factor].append(line)
        lines: list[Line] = []
        factors = []
        score = 0
        for factor, own in zip(self.rule_set.factors, groups, strict=True):
            raw = sum([line.points for line in own])
            total = min(max(raw, factor.least), factor.cap)
            score += total
            lines += own if total == raw else own + _limits(factor, raw)
            factors.append({"factor": factor.id, "name": factor.name, "points": total, "cap": factor.cap})
        limits = _limits(WHOLE, score)
        return lines + limits, factors, score + sum(line.points for line in limits)

    def _line(self, effect: _Effect, keys: tuple[int, ...]) -> Line:
        reason = self.reason(effect.reason, keys[0] if keys else None)
        return Line(effect.rule.id, effect.rule.then.factor or "", self.points(effect), effect.rule.name, reason)

    def band(self, score: int) -> str | None:
        """By score, raised by floors, then lowered by caps: a cap outranks a floor."""
        if not self.rule_set.bands:
            return None
        place = min([BANDS.index(each.band) for each in self.rule_set.bands if score >= each.start])
        place = min([place, *(BANDS.index(then.floor) for then in self.thens if then.floor)])
        return BANDS[max([place, *(BANDS.index(then.cap) for then in self.thens if then.cap)])]

    def blocks(self) -> list[Block]:
        return [
            Block(
                rule=effect.rule.id,
                name=effect.rule.name,
                reason=self.reason(effect.reason, key),
                basis=effect.rule.then.basis or {},
                unblock=effect.rule.then.unblock or {},
                line=key,
            )
            for effect, keys in self.acting
            if effect.rule.then.blocks
            for key in (keys or (None,))
        ]

    def route(self, *, blocked: bool) -> str | None:
        """A block has its own route; else the first rule's, or the one listed last among those asked for."""
        if blocked and self.rule_set.blocked_route:
            return self.rule_set.blocked_route
        asked = [then.route for then in self.thens if then.route]
        if not asked:
            return self.rule_set.default_route
        return asked[0] if self.rule_set.route_policy == "first" else max(asked, key=self.rule_set.routes.index)

    def by_step(self) -> dict[str, list[str]]:
        steps = _once(one.step for then in self.thens for one in then.assign if one.step)
        return {
            step: _once(group for then in self.thens for one in then.assign if one.step == step for group in one.groups)
            for step in steps
        }

    def notes(self) -> list[dict[str, Any]]:
        return [
            {
                "rule": effect.rule.id,
                "effect": effect.effect,
                "name": effect.rule.name,
                "reason": self.reason(effect.reason, keys[0] if keys else None),
            }
            for effect, keys in self.acting
            if effect.effect
        ]


def reason_of(plan: Plan, rule: Rule, facts: Facts, key: int | None) -> Texts:
    """The reason that a rule gives for these facts (of one line, when it fired for lines)."""
    prepared = _prepared(plan)
    return _Fired(prepared, [], facts).reason(prepared.effects[rule.id].reason, key)


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
