"""The typed fact schema (rules/facts.yaml): which kinds of facts there are, what each attribute may be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any

from app.core.i18n import _
from app.decisions.outcome import Texts
from app.decisions.reader import Fields
from app.decisions.source import load
from app.decisions.terms import type_name

FOLDER = Path(__file__).parents[2] / "rules"
LARGEST = 2**53 - 1
"""Whole numbers beyond ± this are refused: JSON and the matcher keep exact numbers only up to here."""

TYPES = ("int", "bool", "enum", "text", "date", "decimal")
UNITS = ("fen", "day", "wday", "hour", "permille", "unit", "count", "class", "score", "")
CARDINALITIES = ("one", "maybe", "many")
SIGNAL = "signal"
_UNSET = object()


@dataclass(frozen=True)
class Attribute:
    """One attribute of a kind of fact."""

    kind: str
    name: str
    type: str
    label: Texts
    unit: str = ""
    scale: int = 0
    nullable: bool = False
    values: dict[str, Texts] = field(default_factory=dict, compare=False)
    default: Any = field(default=_UNSET, compare=False)
    kind_label: Texts = field(default_factory=dict, compare=False)

    @property
    def dotted(self) -> str:
        """`kind.name`."""
        return f"{self.kind}.{self.name}"

    @property
    def has_default(self) -> bool:
        """True when a provider may leave it out."""
        return self.default is not _UNSET

    @property
    def ordered(self) -> bool:
        """True when `<` makes sense."""
        return self.type in ("int", "decimal", "date")

    def whole(self, value: Any) -> int:
        """A value that has an order as a whole number: days of dates, decimals in their smallest unit."""
        if self.type == "date":
            return int(value.toordinal())
        if self.type == "decimal":
            return int(Decimal(value).scaleb(self.scale))
        return int(value)

    def value_of(self, whole: int) -> Any:
        """The value that a whole number stands for: the opposite of `whole`."""
        if self.type == "date":
            return date.fromordinal(whole)
        return Decimal(whole).scaleb(-self.scale) if self.type == "decimal" else whole

    def plainly_fits(self, value: Any) -> bool:
        """True of the ordinary values of ordinary types; of the others `whats_wrong` knows."""
        kind = type(value)
        if kind is bool:
            return self.type == "bool"
        if kind is int:
            return self.type == "int" and -LARGEST <= value <= LARGEST
        return kind is str and self.type == "enum" and value in self.values

    def whats_wrong(self, value: Any) -> str | None:
        """Why the value does not fit, in words; None when it does."""
        if value is None:
            return None if self.nullable else _("must not be empty")
        if self.type == "enum" and not (isinstance(value, str) and value in self.values):
            choices = ", ".join(self.values)
            return _("must be one of %(choices)s, not %(value)s", choices=choices, value=_as_written(value))
        if not self._fits(value):
            return _("must be %(type)s, not “%(value)s”", type=type_name(self.type), value=_as_written(value))
        return None

    def _fits(self, value: Any) -> bool:
        match self.type:
            case "bool":
                return isinstance(value, bool)
            case "int":
                return isinstance(value, int) and not isinstance(value, bool) and -LARGEST <= value <= LARGEST
            case "decimal":
                return self._fits_decimal(value)
            case "date":
                return type(value) is date
        return isinstance(value, str) and len(value) <= 2000

    def _fits_decimal(self, value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or not Decimal(value).is_finite():
            return False
        scaled = Decimal(value).scaleb(self.scale)
        return scaled == scaled.to_integral_value() and -LARGEST <= scaled <= LARGEST


def _as_written(value: Any) -> str:
    """A value as a rule file has it, cut short."""
    return (str(value).lower() if isinstance(value, bool) else str(value))[:60]


@dataclass(frozen=True)
class Kind:
    """A kind of fact: how many there are per decision, and its attributes."""

    name: str
    cardinality: str
    key: str
    label: Texts
    source: str
    attributes: dict[str, Attribute]

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """What counts where a provider leaves an attribute out."""
        return {name: one.default for name, one in self.attributes.items() if one.has_default}

    @cached_property
    def needed(self) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
        """Takes out of a fact, which has all attributes, the values that must not be empty."""
        names = [name for name, one in self.attributes.items() if not one.nullable]
        return itemgetter(*names, *names[:1]) if names else lambda _fact: ()  # of one name it would give no sequence


@dataclass(frozen=True)
class FactSchema:
    """All kinds. `sha256` identifies the text it was read from."""

    kinds: dict[str, Kind]
    sha256: str
    body: str = field(repr=False, compare=False)

    def attribute(self, kind: str, name: str) -> Attribute | None:
        """The attribute, or None."""
        found = self.kinds.get(kind)
        return found.attributes.get(name) if found else None


@lru_cache(maxsize=16)
def read_schema(body: str, file: str = "facts.yaml") -> FactSchema:
    """The schema of that text. Raises RuleFileInvalid."""
    top = Fields(load(body, file))
    if top.whole("schema") != 1:
        raise top.refuse(top.need("schema"), _("only schema 1 is known"))
    kinds = {name: _kind(name, Fields(entry, name)) for name, entry in top.inner("kinds").items()}
    top.done()
    return FactSchema(kinds, hashlib.sha256(body.encode()).hexdigest(), body)


def shipped_schema() -> FactSchema:
    """The schema of this installation."""
    path = FOLDER / "facts.yaml"
    return _shipped(str(path), path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _shipped(path: str, _changed: int) -> FactSchema:
    return read_schema(Path(path).read_text(encoding="utf-8"))


def _kind(name: str, fields: Fields) -> Kind:
    cardinality = fields.choice("cardinality", CARDINALITIES)
    key = fields.word("key") if cardinality == "many" else ""
    fields.raw("subject")
    label = fields.texts("label")
    attributes = {
        inner: _attribute(name, inner, Fields(entry, f"{name}.{inner}"), label)
        for inner, entry in fields.inner("attributes").items()
    }
    if key and (key not in attributes or (name != SIGNAL and attributes[key].type != "int")):
        raise fields.refuse(fields.need("key"), _("“%(key)s” must be an int attribute of the kind", key=key))
    made = Kind(name, cardinality, key, label, fields.text("source"), attributes)
    fields.done()
    return made


def _attribute(kind: str, name: str, fields: Fields, kind_label: Texts) -> Attribute:
    kind_of_value = fields.choice("type", TYPES)
    values = {}
    if kind_of_value == "enum":
        inner = fields.inner("values")
        values = {code: inner.texts(code) for code, _entry in inner.items()}
    default = fields.raw("default")
    made = Attribute(
        kind=kind,
        name=name,
        type=kind_of_value,
        label=fields.texts("label"),
        unit=fields.choice("unit", UNITS, default=""),
        scale=fields.whole("scale") if kind_of_value == "decimal" else 0,
        nullable=fields.flag("nullable"),
        values=values,
        default=default.value if default is not None else _UNSET,
        kind_label=kind_label,
    )
    fields.done()
    wrong = made.whats_wrong(made.default) if made.has_default else None
    if wrong:
        raise fields.refuse(fields.need("default"), wrong)
    return made
