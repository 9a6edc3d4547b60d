"""Many subjects at once: the same plan over columns (Polars). Says what `durable` says of each subject alone.

A comparison with null is null, `and` and `or` are three-valued, and null counts as false where a pattern ends: as
conditions know no `not` around them (the language pushes it down), that is what the other engines come to. Sums stay
below 2**63 (`sums.MOST_FACTORS`). Rules that read signals are decided after those that give them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import polars as pl

from app.decisions.compile import Plan
from app.decisions.engines import Firing
from app.decisions.engines.frames import ROWS, SUBJECT, Frames, there
from app.decisions.ir import (
    All,
    Branch,
    Condition,
    Either,
    Known,
    OneOf,
    Pattern,
    Relation,
    Rule,
    Same,
    Scale,
    Sum,
    Test,
    comparisons_of,
)
from app.decisions.language import FULL_SCORE
from app.decisions.outcome import BANDS
from app.decisions.schema import SIGNAL, Attribute

_OPS: dict[str, Callable[[Any, Any], pl.Expr]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
NO_BAND, NO_ROUTE = 99, 9999
WORD = 62
"""Rules in one word of `Decided.words`."""


@dataclass(frozen=True)
class Decided:
    """What came out for every subject. `fired`: a column per rule in the firing order. `outcome`: score, band (0: P0),
    blocked, route (place in `routes`, NO_ROUTE for none) and the points of each factor as `factor.<id>`."""

    plan: Plan
    fired: pl.DataFrame
    outcome: pl.DataFrame
    lines: dict[str, pl.DataFrame]
    branches: pl.DataFrame

    def firings(self, row: int) -> list[Firing]:
        """The firings of one subject, as the other engines give them."""
        (fired,) = self.fired.slice(row, 1).to_dicts()
        (matched,) = self.branches.slice(row, 1).to_dicts() if self.branches.width else ({},)
        found = []
        for rule in self.plan.rules:
            if fired[rule.id]:
                keys: set[int] = set()
                for at, branch in enumerate(rule.branches):
                    if matched.get(f"{rule.id} {at}", True):
                        keys |= self._keys(branch, row)
                found.append(Firing(rule.id, tuple(sorted(keys))))
        return found

    def _keys(self, branch: Branch, row: int) -> set[int]:
        found: set[int] = set()
        for pattern in branch:
            if pattern.kind in self.lines and not pattern.negated:
                kind = self.plan.rule_set.schema.kinds[pattern.kind]
                held = self.lines[pattern.kind].filter(
                    pl.col(SUBJECT) == row, pl.col(repr(pattern.condition)).fill_null(value=False)
                )
                found.update(held[f"{pattern.kind}.{kind.key}"].to_list())
        return found

    def words(self) -> pl.DataFrame:
        """The fired set as whole numbers: bit n of word w is rule 62·w + n."""
        names = self.fired.columns
        return self.fired.select(
            pl.sum_horizontal(
                pl.when(pl.col(name)).then(pl.lit(1 << at, pl.Int64)).otherwise(0)
                for at, name in enumerate(names[begin : begin + WORD])
            ).alias(f"word{begin // WORD}")
            for begin in range(0, len(names), WORD)
        )


class Columns:
    """Runs a plan over columns. Has no state between runs."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.kinds = plan.rule_set.schema.kinds

    def run(self, frames: Frames, day: date) -> Decided:
        """Everything that the plan decides, for all subjects; `day` is the business day."""
        lines = {kind: self._asked_lines(kind, frames) for kind in self._line_conditions}
        wide = frames.wide.hstack([held for kind in lines for held in self._held(kind, lines[kind], frames.count)])
        fired = wide
        waiting: list[pl.Expr] = []
        given: set[str] = set()
        for rule in self.plan.rules:
            if _signals(rule) & given:
                fired, waiting, given = fired.with_columns(waiting), [], set()
            waiting += self._rule(rule, day)
            given.update(rule.then.signals)
        fired = fired.with_columns(waiting)
        outcome = fired.select(self._outcome())
        names = {rule.id: f"rule {rule.id}" for rule in self.plan.rules}
        several = [name for name in fired.columns if name.startswith("branch ")]
        return Decided(
            self.plan,
            fired.select(pl.col(name).alias(rule) for rule, name in names.items()),
            outcome.select(self._placed()),
            lines,
            fired.select(pl.col(name).alias(name.removeprefix("branch ")) for name in several),
        )

    @cached_property
    def _line_conditions(self) -> dict[str, dict[str, Condition]]:
        """By kind, what is asked of lines, by how it reads."""
        found: dict[str, dict[str, Condition]] = {}
        for rule in self.plan.rules:
            for pattern in rule.patterns():
                if self._of_lines(pattern):
                    found.setdefault(pattern.kind, {})[repr(pattern.condition)] = pattern.condition
        return found

    def _of_lines(self, pattern: Pattern) -> bool:
        return self.kinds[pattern.kind].cardinality == "many" and pattern.kind != SIGNAL

    def _asked_lines(self, kind: str, frames: Frames) -> pl.DataFrame:
        """The lines with what they are asked, each with what it is compared with of its subject."""
        asked = self._line_conditions[kind]
        others = {
            name.dotted
            for condition in asked.values()
            for test in comparisons_of(condition)
            for name in _attributes(test)
            if name.kind != kind
        }
        lines = frames.many[kind]
        if others:
            lines = lines.hstack(frames.wide.select(sorted(others))[lines[SUBJECT]])
        key = f"{kind}.{self.kinds[kind].key}"
        return lines.select(SUBJECT, key, *(self._holds(one).alias(name) for name, one in asked.items()))

    def _held(self, kind: str, lines: pl.DataFrame, count: int) -> list[pl.Series]:
        """For each question whether it holds for one of the subject's lines."""
        names = list(self._line_conditions[kind])
        some = lines.filter(pl.any_horizontal(names)).group_by(SUBJECT).agg(pl.col(names).any())
        rows = pl.DataFrame({SUBJECT: pl.int_range(count, dtype=ROWS, eager=True)})
        held = rows.join(some, on=SUBJECT, how="left", maintain_order="left").select(
            pl.col(name).fill_null(value=False).alias(f"{kind} {name}") for name in names
        )
        return held.get_columns()

    def _rule(self, rule: Rule, day: date) -> Iterator[pl.Expr]:
        """Whether the rule fires; of several branches that may speak of lines each one too."""
        name = f"rule {rule.id}"
        if not rule.in_force(day):
            yield pl.lit(value=False).alias(name)
            return
        branches = [pl.all_horizontal([self._pattern(pattern) for pattern in branch]) for branch in rule.branches]
        yield pl.any_horizontal(branches).alias(name)
        if len(branches) > 1 and any(self._of_lines(pattern) for pattern in rule.patterns()):
            yield from (branch.alias(f"branch {rule.id} {at}") for at, branch in enumerate(branches))

    def _pattern(self, pattern: Pattern) -> pl.Expr:
        if pattern.kind == SIGNAL:
            assert isinstance(pattern.condition, Test)  # noqa: S101 - the plan sees to it
            givers = [rule.id for rule in self.plan.rules if pattern.condition.value in rule.then.signals]
            found = pl.any_horizontal([pl.col(f"rule {giver}") for giver in givers])
        elif self._of_lines(pattern):
            found = pl.col(f"{pattern.kind} {pattern.condition!r}")
        else:
            found = pl.col(there(pattern.kind)) & self._holds(pattern.condition).fill_null(value=False)
        return ~found if pattern.negated else found

    def _holds(self, condition: Condition) -> pl.Expr:
        """The condition, null where a comparison with null decides it."""
        match condition:
            case All(items=items):
                return pl.all_horizontal([self._holds(item) for item in items]) if items else pl.lit(value=True)
            case Either(items=items):
                return pl.any_horizontal([self._holds(item) for item in items])
            case Relation(left=left, op=op, right=right):
                return _OPS[op](_sum(left), _sum(right))
            case Same(attribute=one, other=other, negated=negated):
                return _OPS["!=" if negated else "=="](_text(one), _text(other))
        return _alone(condition)

    def _outcome(self) -> Iterator[pl.Expr]:
        """Points by factor, floors and caps of the band, blocks, routes: what needs the fired set."""
        rules, rule_set = self.plan.rules, self.plan.rule_set
        for factor in rule_set.factors:
            points = [_points(rule) for rule in rules if rule.then.factor == factor.id]
            total = pl.sum_horizontal(points) if points else pl.lit(0)
            yield total.cast(pl.Int64).clip(factor.least, factor.cap).alias(f"factor.{factor.id}")
        yield _best(
            pl.min_horizontal, {rule.id: BANDS.index(rule.then.floor) for rule in rules if rule.then.floor}, NO_BAND
        ).alias("floor")
        yield _best(
            pl.max_horizontal, {rule.id: BANDS.index(rule.then.cap) for rule in rules if rule.then.cap}, -1
        ).alias("cap")
        blocking = [pl.col(f"rule {rule.id}") for rule in rules if rule.then.blocks]
        # At least one of all these must have a row per subject, also where nothing depends on them.
        yield (pl.any_horizontal(blocking) if blocking else pl.repeat(value=False, n=pl.len())).alias("blocked")
        routes = {rule.id: rule_set.routes.index(rule.then.route) for rule in rules if rule.then.route}
        if rule_set.route_policy == "first":
            chain = [pl.when(pl.col(f"rule {rule}")).then(pl.lit(place, pl.Int64)) for rule, place in routes.items()]
            yield (pl.coalesce(chain) if chain else pl.lit(None, pl.Int64)).alias("asked")
        else:
            last = _best(pl.max_horizontal, routes, -1)
            yield pl.when(last >= 0).then(last).alias("asked")

    def _placed(self) -> Iterator[pl.Expr]:
        """Score, band, blocked and route."""
        rule_set = self.plan.rule_set
        names = [f"factor.{factor.id}" for factor in rule_set.factors]
        score = (pl.sum_horizontal(names) if names else pl.lit(0, pl.Int64)).clip(0, FULL_SCORE)
        yield score.alias("score")
        by_score = [
            pl.when(score >= each.start).then(BANDS.index(each.band)).otherwise(NO_BAND) for each in rule_set.bands
        ]
        band = pl.max_horizontal(pl.min_horizontal([*by_score, pl.col("floor")]), pl.col("cap"))
        yield (band.cast(pl.Int8) if by_score else pl.lit(None, pl.Int8)).alias("band")
        yield pl.col("blocked")
        default = _place(rule_set.routes, rule_set.default_route)
        route = pl.col("asked").fill_null(default)
        if rule_set.blocked_route:
            blocked = _place(rule_set.routes, rule_set.blocked_route)
            route = pl.when(pl.col("blocked")).then(pl.lit(blocked, pl.Int64)).otherwise(route)
        yield route.cast(pl.Int16).alias("route")
        yield from (pl.col(name) for name in names)


def _place(routes: tuple[str, ...], route: str | None) -> int:
    return routes.index(route) if route in routes else NO_ROUTE


def _signals(rule: Rule) -> set[str]:
    return {
        str(pattern.condition.value)
        for pattern in rule.patterns()
        if pattern.kind == SIGNAL and isinstance(pattern.condition, Test)
    }


def _attributes(test: Test | OneOf | Known | Relation | Same) -> Iterator[Attribute]:
    if isinstance(test, Relation):
        yield from (attribute for side in (test.left, test.right) for _factor, attribute in side.parts)
        return
    yield test.attribute
    if isinstance(test, Same):
        yield test.other


def _alone(test: Test | OneOf | Known) -> pl.Expr:
    column = pl.col(test.attribute.dotted)
    if isinstance(test, Known):
        return column.is_not_null() if test.known else column.is_null()
    if isinstance(test, OneOf):
        values = [_constant(test.attribute, value) for value in test.values]
        if test.negated:
            return pl.all_horizontal([column != value for value in values])
        return pl.any_horizontal([column == value for value in values])
    if isinstance(test.value, bool):
        return column if (test.op == "==") is test.value else ~column
    return _OPS[test.op](column, _constant(test.attribute, test.value))


def _constant(attribute: Attribute, value: Any) -> Any:
    return attribute.whole(value) if attribute.type in ("date", "decimal") else value


def _sum(total: Sum) -> pl.Expr:
    found = pl.lit(total.constant, pl.Int64)
    for factor, attribute in total.parts:
        found = found + pl.col(attribute.dotted) * pl.lit(factor, pl.Int64)
    return found


def _text(attribute: Attribute) -> pl.Expr:
    column = pl.col(attribute.dotted)
    return column.cast(pl.String) if attribute.type == "enum" else column


def _points(rule: Rule) -> pl.Expr:
    fired = pl.col(f"rule {rule.id}")
    points = rule.then.points
    if isinstance(points, Scale):
        return pl.when(fired).then(_scaled(points)).otherwise(pl.lit(0, pl.Int64))
    return fired.cast(pl.Int64) * pl.lit(points or 0, pl.Int64)


def _scaled(scale: Scale) -> pl.Expr:
    """`Scale.points` over a column."""
    value = pl.col(scale.attribute.dotted)
    span = scale.full_at - scale.none_at
    width = abs(span)
    share = ((value - scale.none_at) if span > 0 else (scale.none_at - value)).clip(0, width)
    points = (2 * share * abs(scale.most) + width) // (2 * width)
    return (points if scale.most >= 0 else -points).fill_null(0)


def _best(pick: Callable[..., pl.Expr], places: dict[str, int], otherwise: int) -> pl.Expr:
    """The best of the places of those rules that fired."""
    found = [
        pl.when(pl.col(f"rule {rule}")).then(pl.lit(place, pl.Int64)).otherwise(pl.lit(otherwise, pl.Int64))
        for rule, place in places.items()
    ]
    return pick(found) if found else pl.lit(otherwise, pl.Int64)
