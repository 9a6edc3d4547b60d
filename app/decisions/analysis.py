"""What the compiler proves of a rule set before anybody runs it: rules that can never fire, and rules whose effect can
never show because others always come before them.

Only comparisons with constants are reasoned about, exactly: a rule is refused only when it is certain. Of a rule that
might be hidden everything else is left out (it counts as larger than it is); of the rules that would hide it only those
count that consist of nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from app.core.i18n import _
from app.decisions.ir import All, Branch, Condition, Either, Pattern, Rule, RuleSet, alternatives
from app.decisions.outcome import BANDS
from app.decisions.regions import ABSENT, PRESENT, Box, Values, days, everything, meet, subtract, values_of
from app.decisions.schema import SIGNAL, FactSchema
from app.decisions.source import RuleFileInvalid

MOST_BOXES = 400
"""Beyond so many pieces nothing is proved, and nothing refused."""
DAY = "day"


class _TooMany(Exception):
    """The proof would take too long."""


def refuse_useless(rule_set: RuleSet, file: str) -> None:
    """Raises RuleFileInvalid for the first rule that can never fire, does what another does, or can never show."""
    rule_set = replace(rule_set, rules=tuple(rule for rule in rule_set.rules if not rule.disabled))
    proof = Proof(rule_set)
    for rule in rule_set.rules:
        for branch in rule.branches:
            if proof.is_impossible(branch):
                raise _refuse(rule, file, _("its conditions contradict each other: it can never fire"))
    for effect in _effects(rule_set):
        for rule, before in effect:
            if hidden_by := proof.hidden_by(rule, before):
                names = ", ".join(one.id for one in hidden_by)
                raise _refuse(rule, file, _("it can never show: whenever it fires, %(rules)s decide", rules=names))


def _refuse(rule: Rule, file: str, reason: str) -> RuleFileInvalid:
    return RuleFileInvalid(file=file, line=rule.line, rule=rule.id, reason=reason)


Hiding = Iterator[tuple[Rule, list[Rule]]]
"""(rule, the rules that would hide its effect)."""


def _effects(rule_set: RuleSet) -> Iterator[Hiding]:
    yield _same(rule_set.rules)
    yield _routes(rule_set)
    yield _moved(rule_set.rules, lambda rule: rule.then.floor, lambda mine, other: other <= mine)
    yield _moved(rule_set.rules, lambda rule: rule.then.cap, lambda mine, other: other >= mine)


def _same(rules: tuple[Rule, ...]) -> Hiding:
    """A rule that does just what an earlier one does. Points add up and blocks are told each: they are never hidden."""
    for place, rule in enumerate(rules):
        if rule.then.points is None and not rule.then.blocks:
            yield rule, [one for one in rules[:place] if one.then == rule.then]


def _routes(rule_set: RuleSet) -> Hiding:
    """A rule that does nothing but route, where others that always fire with it have the say."""
    for place, rule in enumerate(rule_set.rules):
        if not _only_routes(rule):
            continue
        if rule_set.route_policy == "first":
            yield rule, [one for one in rule_set.rules[:place] if one.then.route]
        else:
            rank = rule_set.routes.index(rule.then.route or "")
            others = [one for one in rule_set.rules if one is not rule and one.then.route]
            yield rule, [one for one in others if rule_set.routes.index(one.then.route or "") > rank]


def _only_routes(rule: Rule) -> bool:
    then = rule.then
    others = (then.points, then.floor, then.cap, then.basis, *then.assign, *then.signals, *then.tags)
    return then.route is not None and all(other is None for other in others)


def _moved(rules: Iterable[Rule], band: Callable[[Rule], str | None], outdoes: Callable[[int, int], bool]) -> Hiding:
    """A rule that does nothing but raise (or lower) the band, where another always raises it as far."""
    known = [rule for rule in rules if band(rule)]
    for rule in known:
        then = rule.then
        if then.points is not None or then.basis or then.route or then.assign or then.signals or then.tags:
            continue
        if then.floor and then.cap:
            continue
        mine = BANDS.index(band(rule) or "")
        others = [one for one in known if one is not rule and outdoes(mine, BANDS.index(band(one) or ""))]
        yield rule, [one for one in others if BANDS.index(band(one) or "") != mine or one.line < rule.line]


class Proof:
    """Regions of the rules of one set."""

    def __init__(self, rule_set: RuleSet) -> None:
        self.schema: FactSchema = rule_set.schema
        self.wholes: dict[str, Values] = {DAY: days(None, None)}

    def is_impossible(self, branch: Branch) -> bool:
        """True when no facts can meet all of its patterns."""
        try:
            return not self._region(branch, exact=False)
        except _TooMany:
            return False

    def hidden_by(self, rule: Rule, others: list[Rule]) -> list[Rule]:
        """Those of the others that together fire whenever the rule does; none when they do not."""
        if not others:
            return []
        try:
            left = [box for branch in rule.branches for box in self._region_of(rule, branch, exact=False)]
            used = []
            for other in others:
                rest = self._outside(left, other)
                if rest != left:
                    used.append(other)
                left = rest
                if not left:
                    return used
        except _TooMany:
            return []
        return []

    def meet(self, one: Rule, other: Rule) -> bool:
        """True when both may fire for the same facts."""
        try:
            mine, theirs = (
                [box for branch in rule.branches for box in self._region_of(rule, branch, exact=False)]
                for rule in (one, other)
            )
        except _TooMany:
            return False
        return any(meet(box, cut) is not None for box in mine for cut in theirs)

    def _outside(self, boxes: list[Box], rule: Rule) -> list[Box]:
        for branch in rule.branches:
            for cut in self._region_of(rule, branch, exact=True):
                boxes = [rest for box in boxes for rest in subtract(box, cut, self.wholes)]
                if len(boxes) > MOST_BOXES:
                    raise _TooMany
        return boxes

    def _region_of(self, rule: Rule, branch: Branch, *, exact: bool) -> list[Box]:
        window: Box = {DAY: days(rule.valid_from, rule.valid_to)}
        return [found for box in self._region(branch, exact=exact) if (found := meet(box, window)) is not None]

    def _region(self, branch: Branch, *, exact: bool) -> list[Box]:
        """Where a branch fires: never too large when `exact`, else never too small."""
        region: list[Box] = [{}]
        for pattern in branch:
            boxes = self._where(pattern, exact=exact)
            region = [found for one in region for box in boxes if (found := meet(one, box)) is not None]
            if len(region) > MOST_BOXES:
                raise _TooMany
        return region

    def _where(self, pattern: Pattern, *, exact: bool) -> list[Box]:
        if pattern.kind == SIGNAL:
            return [{self._presence(f"{SIGNAL}.{pattern.condition!r}"): PRESENT}]
        there = self._presence(f"{pattern.kind}.*")
        many = self.schema.kinds[pattern.kind].cardinality == "many"
        if not pattern.negated:
            return [{**box, there: PRESENT} for box in self._boxes(pattern.condition, exact=exact)]
        if many:  # of some lines nothing can be said that holds of all
            return [] if exact else [{}]
        rest: list[Box] = [{}]
        for box in self._boxes(pattern.condition, exact=not exact):
            rest = [outside for one in rest for outside in subtract(one, {**box, there: PRESENT}, self.wholes)]
            if len(rest) > MOST_BOXES:
                raise _TooMany
        return rest

    def _presence(self, name: str) -> str:
        kind = name.partition(".")[0]
        always = name.endswith(".*") and self.schema.kinds[kind].cardinality == "one"
        self.wholes[name] = PRESENT if always else type(ABSENT)(ABSENT.values | PRESENT.values)
        return name

    def _boxes(self, condition: Condition, *, exact: bool) -> list[Box]:
        found = []
        for one in alternatives(condition):
            box = self._box(one.items if isinstance(one, All) else (one,), exact=exact)
            if box is not None:
                found.append(box)
            if len(found) > MOST_BOXES:
                raise _TooMany
        return found

    def _box(self, tests: Iterable[Condition], *, exact: bool) -> Box | None:
        box: Box | None = {}
        for test in _flat(tests):
            limited = values_of(test)
            if limited is None:
                if exact:
                    return None
                continue
            attribute, values = limited
            self.wholes[attribute.dotted] = everything(attribute)
            box = None if box is None or values.empty else meet(box, {attribute.dotted: values})
            if box is None:
                return None
        return box


def _flat(tests: Iterable[Condition]) -> Iterator[Condition]:
    for test in tests:
        if isinstance(test, All | Either):
            yield from _flat(test.items)
        else:
            yield test
