"""Facts of a subject: gathered from the providers that other slices register, checked against the schema.

    @fact.register("customer")
    def customer_facts(subject: Subject, as_of: datetime) -> list[dict[str, Any]]: ...

A provider returns one dict per fact of its kind; rules/facts.yaml says what each attribute means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.core.errors import DomainError
from app.core.i18n import _, _l
from app.core.registry import Registry
from app.core.subject import Subject
from app.decisions.schema import SIGNAL, Attribute, FactSchema, Kind, shipped_schema

Fact = dict[str, Any]
Facts = dict[str, list[Fact]]
"""{kind: [facts]}; facts of a `many` kind are in the order of their key."""

Provider = Callable[[Subject, datetime], list[Fact]]
fact: Registry[Provider] = Registry("fact")
about: Registry[Callable[[Subject], Subject]] = Registry("subject of other facts")
"""By kind of subject: whose facts of every kind but its own count (of a change request those of its order)."""

narrower: Registry[Provider] = Registry("narrower fact")
"""By “kind of subject:kind of fact”: what is meant where a subject has a part only of what `about` leads to (a shipment
of the reservations of its order)."""

bearers: dict[str, frozenset[str]] = {}
"""By kind of fact the kinds of subject that have it, each of them always: see `always_of`."""

MOST = 1000
"""Facts of one kind in a decision."""


def always_of(kind: str, *subjects: str) -> None:
    """Each of these subjects has facts of the kind, and no other has: rules about others may not ask for them, or
    nothing could be decided there any more (`askable`). Facts that may be missing, or several, need not be told."""
    bearers[kind] = frozenset(subjects)


class FactsInvalid(DomainError):
    """A fact does not fit the schema: nothing is decided on it."""

    message = _l("The fact %(fact)s %(reason)s.")

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(fact=name, reason=reason)


def gather(subject: Subject, kinds: Iterable[str], as_of: datetime, schema: FactSchema | None = None) -> Facts:
    """The facts of those kinds, checked. Raises FactsInvalid; a missing provider or fact never counts as harmless."""
    found: Facts = {}
    other = about.get(subject.kind)(subject) if subject.kind in about else subject
    for kind in sorted(set(kinds) - {SIGNAL}):
        if kind not in fact:
            raise FactsInvalid(kind, _("has no provider"))
        own = f"{subject.kind}:{kind}"
        if own in narrower:
            found[kind] = narrower.get(own)(subject, as_of)
        else:
            found[kind] = fact.get(kind)(subject if kind == subject.kind else other, as_of)
    return check(found, found, schema)


def check(facts: Mapping[str, list[Fact]], kinds: Iterable[str], schema: FactSchema | None = None) -> Facts:
    """The facts of those kinds as the schema wants them: complete, typed, in order. Raises FactsInvalid."""
    known = schema or shipped_schema()
    for kind in facts:
        if kind not in known.kinds or kind == SIGNAL:
            raise FactsInvalid(kind, _("is not in the fact schema"))
    return {
        kind: _checked(known.kinds[kind], facts.get(kind, [])) for kind in sorted(set(kinds) | set(facts) - {SIGNAL})
    }


def completing() -> Callable[[Facts], Facts]:
    """Who makes of facts that providers just counted what `check` gives, if they keep to their types: it adds what they
    left out, and looks only at what is missing or empty. For who reckons with many and stores none of them. It raises
    FactsInvalid."""
    kinds = {name: (kind, len(kind.attributes), kind.defaults) for name, kind in shipped_schema().kinds.items()}

    def complete(facts: Facts) -> Facts:
        for name, many in facts.items():
            kind, size, defaults = kinds[name]
            for place, given in enumerate(many):
                if len(given) < size:
                    for left_out, value in defaults.items():
                        given.setdefault(left_out, value)
                if len(given) != size or (None in given.values() and None in kind.needed(given)):
                    many[place] = _whole(kind, given)
        return facts

    return complete


def _checked(kind: Kind, given: list[Fact]) -> list[Fact]:
    most = MOST if kind.cardinality == "many" else 1
    if len(given) > most or (not given and kind.cardinality == "one"):
        raise FactsInvalid(kind.name, _("must be given %(expected)s, not %(count)s times", **_expected(kind, given)))
    found = [_whole(kind, item) for item in given]
    if kind.cardinality == "many":
        found.sort(key=lambda item: item[kind.key])
        keys = [item[kind.key] for item in found]
        if len(set(keys)) != len(keys) or (keys and keys[0] < 1):
            raise FactsInvalid(f"{kind.name}.{kind.key}", _("must count from 1, each number once"))
    return found


def _expected(kind: Kind, given: list[Fact]) -> dict[str, Any]:
    expected = {"one": "1", "maybe": "0–1", "many": f"0–{MOST}"}
    return {"expected": expected[kind.cardinality], "count": len(given)}


def _whole(kind: Kind, given: Fact) -> Fact:
    found: Fact = {}
    for name, attribute in kind.attributes.items():
        if name in given:
            value = given[name]
            if not attribute.plainly_fits(value):
                wrong = attribute.whats_wrong(value)
                if wrong:
                    raise FactsInvalid(attribute.dotted, wrong)
        elif attribute.has_default:
            value = attribute.default
        else:
            raise FactsInvalid(attribute.dotted, _("is missing"))
        found[name] = value
    if len(given) > len(found) or not given.keys() <= found.keys():
        extra = sorted(name for name in given if name not in found and not _is_newer(kind, name))
        if extra:
            raise FactsInvalid(f"{kind.name}.{extra[0]}", _("is not in the fact schema"))
    return found


def _is_newer(kind: Kind, name: str) -> bool:
    """Whether today's schema has the attribute: providers answer by that, and older versions leave it aside."""
    today = shipped_schema().kinds.get(kind.name)
    return today is not None and name in today.attributes and name not in kind.attributes


def to_json(facts: Facts) -> dict[str, list[dict[str, Any]]]:
    """As plain data for the snapshot: decimals and dates as text."""
    return {
        kind: [{name: _plain(value) for name, value in item.items()} for item in many] for kind, many in facts.items()
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value


def from_json(stored: Mapping[str, list[dict[str, Any]]], schema: FactSchema) -> Facts:
    """The facts of a snapshot, checked against the schema of its time. Raises FactsInvalid."""
    found: Facts = {}
    for kind, many in stored.items():
        attributes = schema.kinds[kind].attributes if kind in schema.kinds else {}
        found[kind] = [{name: _typed(attributes.get(name), value) for name, value in item.items()} for item in many]
    return check(found, found, schema)


def part_of(
    stored: Mapping[str, list[dict[str, Any]]], wanted: Mapping[str, Iterable[Attribute]], schema: FactSchema
) -> Facts:
    """Of a snapshot, maybe of another schema, the attributes wanted of each kind, as this schema types them.

    Raises FactsInvalid, naming the kind or attribute that the snapshot lacks: no default stands in for what was never
    asked."""
    found: Facts = {}
    for name, asked in wanted.items():
        if name not in stored or (not stored[name] and schema.kinds[name].cardinality == "one"):
            raise FactsInvalid(name, _("is missing"))
        found[name] = [{one.name: _as_asked(one, item) for one in asked} for item in stored[name]]
    return found


def _as_asked(attribute: Attribute, item: Mapping[str, Any]) -> Any:
    if attribute.name not in item:
        raise FactsInvalid(attribute.dotted, _("is missing"))
    value = _typed(attribute, item[attribute.name])
    wrong = attribute.whats_wrong(value)
    if wrong:
        raise FactsInvalid(attribute.dotted, wrong)
    return value


def _typed(attribute: Attribute | None, value: Any) -> Any:
    if attribute is None or not isinstance(value, str):
        return value
    if attribute.type == "decimal":
        return Decimal(value)
    return date.fromisoformat(value) if attribute.type == "date" else value
