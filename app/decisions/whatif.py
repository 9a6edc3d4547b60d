"""What if a fact were different: facts as fields that can be changed, and the outcome of a version on them. Nothing is
stored, and the oracle alone decides: the matcher is for decisions of record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from app.core.i18n import pick
from app.decisions.assemble import assemble
from app.decisions.compile import Plan
from app.decisions.engines.closures import Closures
from app.decisions.facts import Facts, FactsInvalid, check
from app.decisions.outcome import Outcome
from app.decisions.schema import Attribute, Kind
from app.decisions.studio import inputs
from app.decisions.vocabulary import asked_words, route_words


@dataclass(frozen=True)
class FactField:
    """One value as a field; `name` is `kind-place-attribute`."""

    name: str
    attribute: Attribute
    text: str
    unknown: bool


@dataclass(frozen=True)
class FactFields:
    """The values of one fact. `optional`: it may be there or not, `present` whether it is."""

    kind: Kind
    title: str
    fields: list[FactField]
    optional: bool
    present: bool


@dataclass
class Given:
    """Facts as they were typed, and what is wrong by field."""

    facts: Facts = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    """What the reader calls the fields with errors."""


@dataclass(frozen=True)
class Difference:
    """What a change of facts brings: (what, before, after) of the head, lines and blocks that come or go."""

    head: list[tuple[str, str, str]]
    gained: list[str]
    lost: list[str]


def fields_of(plan: Plan, facts: Facts, language: str) -> list[FactFields]:
    """The facts that the plan asks, as fields."""
    found = []
    for name in sorted(plan.kinds, key=list(plan.rule_set.schema.kinds).index):
        kind = plan.rule_set.schema.kinds[name]
        many = facts.get(name, [])
        optional = kind.cardinality == "maybe"
        for place, fact in enumerate(many or ([blank(kind)] if optional else [])):
            title = kind.label[language] + (f" {fact[kind.key]}" if kind.key else "")
            found.append(FactFields(kind, title, _fields(kind, place, fact), optional, bool(many)))
    return found


def read(plan: Plan, facts: Facts, form: Callable[[str], str | None]) -> Given:
    """The facts with what the form changes; a field that the form does not have stays as it was."""
    given = Given()
    for name in plan.kinds:
        kind = plan.rule_set.schema.kinds[name]
        many = facts.get(name, [])
        if kind.cardinality == "maybe":
            there = form(f"has-{name}") == "1"
            many = (many or [blank(kind)]) if there else []
        given.facts[name] = [_changed(kind, place, fact, form, given) for place, fact in enumerate(many)]
    if not given.errors:
        try:
            given.facts = check(given.facts, plan.kinds, plan.rule_set.schema)
        except FactsInvalid as error:
            given.errors["form"] = error.sentence()
    return given


def outcome_of(plan: Plan, facts: Facts, day: date) -> Outcome:
    """What a version says about facts. Facts it asks for and that are not given are refused (FactsInvalid)."""
    asked = check({kind: many for kind, many in facts.items() if kind in plan.kinds}, plan.kinds, plan.rule_set.schema)
    return assemble(plan, Closures(plan).run(asked, day), asked)


def difference(before: Outcome, after: Outcome) -> Difference:
    """What is other."""
    head = [
        (what, str(was if was is not None else "–"), str(now if now is not None else "–"))
        for what, was, now in (
            ("score", before.score, after.score),
            ("band", before.band, after.band),
            ("route", route_words(before.route) or None, route_words(after.route) or None),
            ("groups", asked_words(before) or None, asked_words(after) or None),
            ("blocks", len(before.blocks), len(after.blocks)),
        )
        if was != now
    ]
    return Difference(
        head,
        [rule for rule in after.fired if rule not in before.fired],
        [rule for rule in before.fired if rule not in after.fired],
    )


def _fields(kind: Kind, place: int, fact: dict[str, Any]) -> list[FactField]:
    return [
        FactField(
            f"{kind.name}-{place}-{one.name}", one, inputs.typed(fact[one.name], one.unit), fact[one.name] is None
        )
        for one in kind.attributes.values()
        if one.name != kind.key
    ]


def _changed(
    kind: Kind, place: int, fact: dict[str, Any], form: Callable[[str], str | None], given: Given
) -> dict[str, Any]:
    made = dict(fact)
    for attribute in kind.attributes.values():
        name = f"{kind.name}-{place}-{attribute.name}"
        text = form(name)
        if text is None or attribute.name == kind.key:
            continue
        try:
            unknown = not text.strip() and attribute.nullable
            made[attribute.name] = None if unknown else _typed(attribute, text)
        except inputs.WrongInput as error:
            given.errors[name] = str(error)
            given.labels[name] = f"{pick(kind.label)}: {pick(attribute.label)}"
    return made


def _typed(attribute: Attribute, text: str) -> Any:
    if attribute.type == "text":
        return text
    return inputs.value_of(attribute, text)


def blank(kind: Kind) -> dict[str, Any]:
    """A fact that says nothing in particular, to be filled in."""
    return {name: _nothing(attribute) for name, attribute in kind.attributes.items()}


def _nothing(attribute: Attribute) -> Any:
    if attribute.has_default:
        return attribute.default
    if attribute.nullable:
        return None
    plain: dict[str, Any] = {
        "int": 0,
        "bool": False,
        "text": "–",
        "date": date(2026, 1, 1),
        "decimal": Decimal(0),
    }
    return next(iter(attribute.values)) if attribute.type == "enum" else plain[attribute.type]
