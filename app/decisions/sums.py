"""Sums in conditions: attributes added, subtracted and multiplied by constants, with their units checked.

What is compared is brought to whole numbers of one fact on each side, so that both sides are computed exactly before
any engine sees them: the matcher only compares. `LARGEST × MOST_FACTORS` stays below 2**63, so that no engine that
counts in 64 bits can run over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.core.expressions import Arithmetic, Literal, Name, Negative, Node
from app.core.i18n import _
from app.decisions.ir import Condition, Parameter, Relation, Sum, Test
from app.decisions.schema import LARGEST, Attribute
from app.decisions.source import read_day
from app.decisions.terms import unit_name

MOST_FACTORS = 1020
"""The factors of both sides together, in the smallest unit that occurs."""
MOST_PLACES = 6
DATE = "date"
NUMBERS = ("int", "decimal", "date")

Refuse = Callable[[str], Exception]


@dataclass(frozen=True)
class Draft:
    """A sum while it is read: factors by attribute, in plain units. `unit` None: a bare number, it takes any."""

    parts: Mapping[str, tuple[Decimal, Attribute]]
    constant: Decimal
    unit: str | None

    def times(self, factor: Decimal) -> Draft:
        """Each part times a number."""
        parts = {name: (factor * each, attribute) for name, (each, attribute) in self.parts.items()}
        return Draft(parts, factor * self.constant, self.unit)

    def plus(self, other: Draft, unit: str | None) -> Draft:
        """Both together."""
        parts = dict(self.parts)
        for name, (factor, attribute) in other.parts.items():
            known = parts[name][0] if name in parts else Decimal(0)
            parts[name] = (known + factor, attribute)
        return Draft({name: each for name, each in parts.items() if each[0]}, self.constant + other.constant, unit)


class Sums:
    """Reads the two sides of a comparison; `attribute` finds what a name means, `refuse` makes the error."""

    def __init__(
        self,
        kind: str,
        attribute: Callable[[Node], Attribute],
        parameters: Mapping[str, Parameter],
        refuse: Refuse,
    ) -> None:
        self.kind = kind
        self.attribute = attribute
        self.parameters = parameters
        self.refuse = refuse

    def compare(self, left: Node, op: str, right: Node) -> Condition:
        """The comparison as a relation; as a plain test where it comes to one."""
        first, second = self.draft(left), self.draft(right)
        if first.unit is not None and second.unit is not None and first.unit != second.unit:
            raise self.refuse(
                _(
                    "compares %(left)s with %(right)s",
                    left=unit_name(first.unit),
                    right=unit_name(second.unit),
                )
            )
        unit = first.unit if second.unit is None else second.unit
        whole = first.plus(second.times(Decimal(-1)), unit)
        own = {name: part for name, part in whole.parts.items() if part[1].kind == self.kind}
        others = {name: part for name, part in whole.parts.items() if name not in own}
        if not own:
            raise self.refuse(_("a comparison must ask for something of %(kind)s", kind=self.kind))
        kinds = {attribute.kind for _factor, attribute in others.values()}
        if len(kinds) > 1:
            raise self.refuse(_("a comparison joins at most two kinds of facts, not %(kinds)s", kinds=", ".join(kinds)))
        return self._relation(own, op, Draft(others, whole.constant, unit).times(Decimal(-1)), unit or "")

    def _relation(self, own: Mapping[str, tuple[Decimal, Attribute]], op: str, right: Draft, unit: str) -> Condition:
        both = [*own.values(), *right.parts.values()]
        places = next((n for n in range(MOST_PLACES + 1) if _is_whole(both, right.constant, n)), None)
        if places is None:
            raise self.refuse(_("a factor or constant has more than %(most)s decimal places", most=MOST_PLACES))
        wholes = [_whole(factor, attribute, places) for factor, attribute in both]
        constant = int(right.constant.scaleb(places))
        if sum(abs(whole) for whole in wholes) > MOST_FACTORS or abs(constant) > LARGEST:
            raise self.refuse(_("the factors or the constant are too large to be computed exactly"))
        ((factor, attribute), *more) = own.values()
        if not more and not right.parts and factor == 1 and attribute.type == "int" and places == 0:
            return Test(attribute, op, constant)
        parts = tuple((whole, attribute) for whole, (_factor, attribute) in zip(wholes, both, strict=True))
        kind = next((attribute.kind for _factor, attribute in right.parts.values()), "")
        return Relation(
            Sum(self.kind, parts[: len(own)], 0, unit, places), op, Sum(kind, parts[len(own) :], constant, unit, places)
        )

    def draft(self, node: Node) -> Draft:
        """A side of a comparison, or a part of it."""
        match node:
            case Literal(value=str() as text):
                return Draft({}, Decimal(read_day(text, self.refuse).toordinal()), DATE)
            case Literal(value=int() | Decimal() as number) if not isinstance(number, bool):
                return Draft({}, Decimal(number), None)
            case Negative(item=item):
                return self.draft(item).times(Decimal(-1))
            case Name(path=("parameters", name)):
                return self._parameter(name)
            case Name():
                return self._named(self.attribute(node))
            case Arithmetic(first=first, rest=rest):
                found = self.draft(first)
                for op, item in rest:
                    found = self._joined(found, op, self.draft(item))
                return found
        raise self.refuse(_("only sums of attributes, and attributes times constants, can be compared"))

    def _joined(self, left: Draft, op: str, right: Draft) -> Draft:
        if op in ("+", "-"):
            return left.plus(right if op == "+" else right.times(Decimal(-1)), self._unit(left.unit, op, right.unit))
        if op != "*":
            raise self.refuse(_("rules do not divide: ask the fact for a ratio"))
        constant, other = (left, right) if not left.parts else (right, left)
        if constant.parts:
            raise self.refuse(_("one of the two that are multiplied must be a constant"))
        if constant.unit not in (None, "", "count") or other.unit == DATE:
            raise self.refuse(
                _("%(unit)s times something has no unit that is known", unit=unit_name(constant.unit or other.unit))
            )
        return other.times(constant.constant)

    def _unit(self, left: str | None, op: str, right: str | None) -> str | None:
        if DATE in (left, right):
            if op == "-" and left == right:
                return "day"
            if left == DATE and right in (None, "day"):
                return DATE
        elif left is None or right is None or left == right:
            return right if left is None else left
        raise self.refuse(
            _("“%(op)s” joins %(left)s and %(right)s", op=op, left=unit_name(left), right=unit_name(right))
        )

    def _named(self, attribute: Attribute) -> Draft:
        if attribute.type not in NUMBERS:
            raise self.refuse(_("“%(name)s” is not a number: it cannot be added or compared so", name=attribute.name))
        unit = DATE if attribute.type == "date" else attribute.unit
        return Draft({attribute.dotted: (Decimal(1), attribute)}, Decimal(0), unit)

    def _parameter(self, name: str) -> Draft:
        found = self.parameters.get(name)
        if found is None:
            raise self.refuse(_("there is no parameter “%(name)s”", name=f"parameters.{name}"))
        if isinstance(found.value, date):
            return Draft({}, Decimal(found.value.toordinal()), DATE)
        if isinstance(found.value, bool) or not isinstance(found.value, int | Decimal):
            raise self.refuse(_("the parameter “%(name)s” is not a number", name=name))
        return Draft({}, Decimal(found.value), found.unit)


def _whole(factor: Decimal, attribute: Attribute, places: int) -> int:
    return int(factor.scaleb(places - attribute.scale))


def _is_whole(parts: list[tuple[Decimal, Attribute]], constant: Decimal, places: int) -> bool:
    values = [factor.scaleb(places - attribute.scale) for factor, attribute in parts]
    return all(value == value.to_integral_value() for value in (*values, constant.scaleb(places)))
