"""From fired rules to the outcome: points with their limits, band, blocks, route, people. The same for every engine.

What a rule brings is looked up once per plan; a line whose reason has nothing to fill in is made once.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

from app.core.expressions import as_json
from app.decisions.compile import Plan
from app.decisions.dmn.table import DecisionTable
from app.decisions.engines import Firing
from app.decisions.facts import Fact, Facts
from app.decisions.ir import Factor, Rule, RuleSet, Scale
from app.decisions.language import FULL_SCORE
from app.decisions.outcome import BANDS, NOTHING, Block, Line, Outcome, Texts
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
        return _answered(plan.table, firings)
    prepared = _prepared(plan)
    score = prepared.score(firings, facts)
    return Outcome(score, prepared.band(score, firings), firings, partial(_Fired, prepared, firings, facts))


class Verdict(NamedTuple):
    """What ranks and stops: an outcome without its words."""

    score: int
    band: str | None
    blocked: bool


def verdict(plan: Plan, firings: list[Firing], facts: Facts) -> Verdict:
    """Score, band and block of the outcome that `assemble` would make of them, in a fraction of its time."""
    if plan.table is not None:
        return Verdict(0, None, blocked=False)
    prepared = _prepared(plan)
    score = prepared.score(firings, facts) if firings else prepared.nought
    blocked = not prepared.blocking.isdisjoint([firing.rule for firing in firings])
    return Verdict(score, prepared.band(score, firings), blocked)


def _answered(table: DecisionTable, firings: list[Firing]) -> Outcome:
    fired = [firing.rule for firing in firings]
    result = as_json(table.result(fired))
    route = result.get("route") if isinstance(result, dict) else None
    told = {"points": [], "route": route if isinstance(route, str) else None, "result": result, "fired": fired}
    return Outcome(0, None, firings, lambda: {**NOTHING, **told}.__getitem__)


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
        factors = plan.rule_set.factors
        self.limits = [(factor.least, factor.cap) for factor in factors]
        self.counts = {
            name: (
                len(factors) if effect.factor is None else effect.factor,
                effect.points if isinstance(effect.points, int) else 0,
            )
            for name, effect in self.effects.items()
        }
        """By rule the place of its factor (behind the last one when it has none) and its points, if they are fixed."""
        self.scales = {
            name: (effect.factor, effect.points)
            for name, effect in self.effects.items()
            if effect.factor is not None and isinstance(effect.points, Scale)
        }
        starts = sorted((BANDS.index(each.band), each.start) for each in plan.rule_set.bands)
        self.starts = [(start, place) for place, start in starts]
        self.bounding = {rule.id: rule.then for rule in plan.rules if rule.then.floor or rule.then.cap}
        self.blocking = {rule.id for rule in plan.rules if rule.then.blocks}
        self.nought = self.score([], {})

    def score(self, firings: list[Firing], facts: Facts) -> int:
        """The sum of the groups, each and all together within their limits."""
        counts = self.counts
        sums = [0] * (len(self.limits) + 1)
        for firing in firings:
            place, points = counts[firing.rule]
            sums[place] += points
        if self.scales:
            for place, scale in (self.scales[one.rule] for one in firings if one.rule in self.scales):
                sums[place] += scaled(scale, facts)
        total = 0
        for (least, cap), own in zip(self.limits, sums, strict=False):
            total += least if own < least else min(own, cap)
        return min(max(total, WHOLE.least), WHOLE.cap)

    def band(self, score: int, firings: list[Firing]) -> str | None:
        """By score, raised by floors, then lowered by caps: a cap outranks a floor."""
        if not self.starts:
            return None
        for start, place in self.starts:  # noqa: B007 - the lowest band takes what is below all
            if score >= start:
                break
        if not self.bounding:
            return BANDS[place]
        thens = [self.bounding[firing.rule] for firing in firings if firing.rule in self.bounding]
        place = min([place, *(BANDS.index(then.floor) for then in thens if then.floor)])
        return BANDS[max([place, *(BANDS.index(then.cap) for then in thens if then.cap)])]


def scaled(scale: Scale, facts: Facts) -> int:
    """The points that the fact of a scale gives."""
    found = facts.get(scale.attribute.kind, [])
    return scale.points(found[0][scale.attribute.name]) if found else 0


class _Fired:
    """The rules that fired, in order, with what they say about these facts. Its public methods are the parts of an
    outcome; called, it tells one by its name."""

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
        self._grouped: list[tuple[Factor, list[Line], int, int]] | None = None

    def __call__(self, part: str) -> Any:
        return getattr(self, part)()

    def fired(self) -> list[str]:
        return [firing.rule for firing in self.firings]

    def points(self) -> list[list[Any]]:
        given = ((effect.rule.id, self._points(effect)) for effect in self.effects if effect.factor is not None)
        return [[rule, points] for rule, points in given if points]

    def assign_groups(self) -> list[str]:
        return _once(group for then in self.thens for one in then.assign if not one.step for group in one.groups)

    def assign_users(self) -> list[str]:
        return _once(user for then in self.thens for one in then.assign for user in one.users)

    def tags(self) -> list[str]:
        return _once(tag for then in self.thens for tag in then.tags)

    def signals(self) -> list[str]:
        return _once(signal for then in self.thens for signal in then.signals)

    def result(self) -> None:
        """A rule file gives none."""

    def _reason(self, reason: _Reason, key: int | None) -> Texts:
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

    def _points(self, effect: _Effect) -> int:
        points = effect.points
        return points if isinstance(points, int) else scaled(points, self.facts)

    def lines(self) -> list[Line]:
        """By group, the limits that were reached included."""
        lines: list[Line] = []
        score = 0
        for factor, own, raw, total in self._groups():
            score += total
            lines += own if total == raw else own + _limits(factor, raw)
        return lines + _limits(WHOLE, score)

    def factors(self) -> list[dict[str, Any]]:
        """What each group came to."""
        return [
            {"factor": factor.id, "name": factor.name, "points": total, "cap": factor.cap}
            for factor, _own, _raw, total in self._groups()
        ]

    def _groups(self) -> list[tuple[Factor, list[Line], int, int]]:
        """Each group with its lines, their sum, and that within its limits."""
        if self._grouped is None:
            groups: list[list[Line]] = [[] for _factor in self.rule_set.factors]
            for effect, firing in zip(self.effects, self.firings, strict=True):
                if effect.factor is not None:
                    line = effect.line or self._line(effect, firing.keys)
                    if line.points:
                        groups[effect.factor].append(line)
            self._grouped = []
            for factor, own in zip(self.rule_set.factors, groups, strict=True):
                raw = sum([line.points for line in own])
                self._grouped.append((factor, own, raw, min(max(raw, factor.least), factor.cap)))
        return self._grouped

    def _line(self, effect: _Effect, keys: tuple[int, ...]) -> Line:
        reason = self._reason(effect.reason, keys[0] if keys else None)
        return Line(effect.rule.id, effect.rule.then.factor or "", self._points(effect), effect.rule.name, reason)

    def blocks(self) -> list[Block]:
        return [
            Block(
                rule=effect.rule.id,
                name=effect.rule.name,
                reason=self._reason(effect.reason, key),
                basis=effect.rule.then.basis or {},
                unblock=effect.rule.then.unblock or {},
                line=key,
            )
            for effect, keys in self.acting
            if effect.rule.then.blocks
            for key in (keys or (None,))
        ]

    def route(self) -> str | None:
        """A block has its own route; else the first rule's, or the one listed last among those asked for."""
        if self.rule_set.blocked_route and any(then.blocks for then in self.thens):
            return self.rule_set.blocked_route
        asked = [then.route for then in self.thens if then.route]
        if not asked:
            return self.rule_set.default_route
        return asked[0] if self.rule_set.route_policy == "first" else max(asked, key=self.rule_set.routes.index)

    def assign_by_step(self) -> dict[str, list[str]]:
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
                "reason": self._reason(effect.reason, keys[0] if keys else None),
            }
            for effect, keys in self.acting
            if effect.effect
        ]


def reason_of(plan: Plan, rule: Rule, facts: Facts, key: int | None) -> Texts:
    """The reason that a rule gives for these facts (of one line, when it fired for lines)."""
    prepared = _prepared(plan)
    return _Fired(prepared, [], facts)._reason(prepared.effects[rule.id].reason, key)


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
