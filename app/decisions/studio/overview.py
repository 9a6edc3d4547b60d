"""What pages tell beside the text of a version: how its cases came out, which fire a rule, which facts there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.decisions import queries
from app.decisions.cases import Result, read_cases, results_of
from app.decisions.ir import Relation, Rule, RuleSet, Same, Scale, comparisons_of
from app.decisions.models import RuleSetVersion
from app.decisions.schema import FactSchema, Kind
from app.decisions.tables import spoken_language
from app.decisions.wording import value_of


@dataclass(frozen=True)
class Tested:
    """A version with what came of its cases."""

    results: list[Result]

    @property
    def failed(self) -> list[Result]:
        """Those that did not come out as expected."""
        return [one for one in self.results if not one.passed]

    def firing(self, rule: str) -> list[Result]:
        """The cases in which the rule fired."""
        return [one for one in self.results if rule in one.fired]


def tested(version: RuleSetVersion) -> Tested:
    """Run the cases of a version. Raises RuleFileInvalid."""
    return Tested(results_of(queries.plan_of(version), read_cases(version.cases)))


@dataclass(frozen=True)
class FactChoice:
    """A fact that can be picked: `kind.attribute`, its label, and both languages to be searched."""

    name: str
    label: str
    search: str


def fact_choices(schema: FactSchema) -> list[tuple[str, list[FactChoice]]]:
    """Every fact by its kind, in the order of the schema."""
    spoken = spoken_language()
    return [(kind.label[spoken], _choices(kind, spoken)) for kind in schema.kinds.values()]


def _choices(kind: Kind, spoken: str) -> list[FactChoice]:
    return [
        FactChoice(
            one.dotted,
            f"{kind.label[spoken]}: {one.label[spoken]}",
            " ".join((*kind.label.values(), *one.label.values(), one.dotted)).lower(),
        )
        for one in kind.attributes.values()
    ]


def facts_used(rule: Rule) -> set[str]:
    """`kind.attribute` of every fact that a rule asks, counts points by, or tells in its reason."""
    found: set[str] = set()
    for pattern in rule.patterns():
        for test in comparisons_of(pattern.condition):
            if isinstance(test, Relation):
                found |= {part.dotted for side in (test.left, test.right) for _factor, part in side.parts}
            else:
                found.add(test.attribute.dotted)
            if isinstance(test, Same):
                found.add(test.other.dotted)
    if isinstance(rule.then.points, Scale):
        found.add(rule.then.points.attribute.dotted)
    for template in rule.reason.values():
        found |= {f"{piece[0]}.{piece[1]}" for piece in template if isinstance(piece, tuple)}
    return found


def rules_using(rule_set: RuleSet, fact: str) -> list[Rule]:
    """The rules that use a fact, or any of its kind when only a kind is named."""
    return [
        rule for rule in rule_set.rules if any(one == fact or one.startswith(f"{fact}.") for one in facts_used(rule))
    ]


def countable(schema: FactSchema) -> list[FactChoice]:
    """The facts that points may grow with: whole numbers that the order has once."""
    kinds = {name for name, kind in schema.kinds.items() if kind.cardinality != "many"}
    numbers = {one.dotted for name in kinds for one in schema.kinds[name].attributes.values() if one.type == "int"}
    return [choice for _label, choices in fact_choices(schema) for choice in choices if choice.name in numbers]


def facts_in_words(result: Result, schema: FactSchema) -> list[str]:
    """The facts that a case changes: `order: order type = emergency`."""
    spoken = spoken_language()
    found = []
    for name, many in result.case.facts.items():
        kind = schema.kinds.get(name)
        label = kind.label[spoken] if kind else name
        for place, fact in enumerate(many if isinstance(many, list) else [many], start=1):
            number = f" {place}" if isinstance(many, list) else ""
            told = [_told(kind, attribute, value, spoken) for attribute, value in fact.items()]
            found.append(f"{label}{number}: {', '.join(told)}")
    return found


def expected_in_words(value: Any) -> str:
    """A part of an outcome as a case names it: `S1 +250, S2a +240` for lines."""
    if isinstance(value, dict):
        return ", ".join(
            f"{name} {item:+d}" if isinstance(item, int) else f"{name} {item}" for name, item in value.items()
        )
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return "–" if value is None else str(value)


def _told(kind: Kind | None, name: str, value: Any, spoken: str) -> str:
    attribute = kind.attributes.get(name) if kind else None
    if attribute is None or attribute.whats_wrong(value):
        return f"{name} = {value}"
    return f"{attribute.label[spoken]} = {value_of(attribute, value, spoken)}"
