"""Rule sets and facts as a person reads them, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.core.i18n import _, language, pick
from app.decisions.assemble import effect_of
from app.decisions.facts import Facts
from app.decisions.ir import Parameter, Rule, RuleSet, Scale
from app.decisions.schema import FactSchema
from app.decisions.vocabulary import actions_words, signal_words
from app.decisions.wording import pattern_words, shown, value_of


@dataclass(frozen=True)
class RuleRow:
    """A rule as a row of a table: `alternatives` are lists of conditions, of which one list must hold whole."""

    rule: Rule
    alternatives: list[list[str]]
    effects: list[str]


@dataclass(frozen=True)
class FactTable:
    """The facts of one kind: the heading, then (label, value) pairs."""

    kind: str
    title: str
    values: list[tuple[str, str]]


def spoken_language() -> str:
    """`zh` or `en`: the key of the reader's texts in rule files."""
    return "zh" if language().startswith("zh") else "en"


def rows_of(rule_set: RuleSet) -> list[RuleRow]:
    """Every rule in the order of the file."""
    spoken = spoken_language()
    return [
        RuleRow(
            rule,
            [[pattern_words(pattern, rule_set.schema, spoken) for pattern in branch] for branch in rule.branches],
            list(effects_of(rule, rule_set)),
        )
        for rule in rule_set.rules
    ]


def parameters_of(rule_set: RuleSet) -> list[tuple[Parameter, str]]:
    """The parameters, each with its value in words."""
    return [(one, shown(one.value, one.unit, {}, spoken_language())) for one in rule_set.parameters.values()]


def effects_of(rule: Rule, rule_set: RuleSet) -> Iterator[str]:
    """What the rule does, one sentence per action."""
    then = rule.then
    if then.points is not None:
        yield _points(then.points, rule_set, then.factor)
    if then.blocks:
        yield _("Blocks")
    yield from actions_words(effect_of(rule))
    for signal in then.signals:
        yield signal_words(signal)


def _points(points: int | Scale, rule_set: RuleSet, factor: str | None) -> str:
    group = next((pick(each.name) for each in rule_set.factors if each.id == factor), "")
    if isinstance(points, int):
        return f"{points:+d} {group}"
    unit = points.attribute.unit
    return _(
        "0 to %(most)s points, %(label)s from %(none_at)s to %(full_at)s: %(group)s",
        most=points.most,
        label=pick(points.attribute.label),
        none_at=shown(points.none_at, unit, {}, spoken_language()),
        full_at=shown(points.full_at, unit, {}, spoken_language()),
        group=group,
    )


def fact_tables(facts: Facts, schema: FactSchema) -> list[FactTable]:
    """The facts of a decision in words."""
    spoken = spoken_language()
    tables = []
    for name, many in facts.items():
        kind = schema.kinds[name]
        for fact in many:
            title = kind.label[spoken] + (f" {fact[kind.key]}" if kind.key else "")
            values = [
                (attribute.label[spoken], value_of(attribute, fact[attribute.name], spoken))
                for attribute in kind.attributes.values()
            ]
            tables.append(FactTable(name, title, values))
    return tables
