"""One condition as fields: `c-<key>-fact`, `-op`, `-value`, `-with` …; read from a form and shown in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core.i18n import LazyString, _, _l, pick
from app.decisions.conditions import read_condition
from app.decisions.ir import Parameter
from app.decisions.schema import Attribute, FactSchema
from app.decisions.source import Located, RuleFileInvalid
from app.decisions.studio import inputs
from app.decisions.studio.rows import TEXT, Named, Row, expression_of, operators_of

OPERATORS: dict[str, LazyString] = {
    "==": _l("is"),
    "!=": _l("is not"),
    "<": _l("is less than"),
    "<=": _l("is at most"),
    ">": _l("is more than"),
    ">=": _l("is at least"),
    "between": _l("lies between"),
    "in": _l("is one of"),
    "not in": _l("is none of"),
    "is": _l("yes"),
    "is not": _l("no"),
    "known": _l("is known"),
    "unknown": _l("is not known"),
    TEXT: _l("as written"),
}
Form = Callable[[str], list[str]]
"""The values of a form's field, as `request.form.getlist`."""


@dataclass
class Condition:
    """A condition as it stands in the form: texts, and what is wrong with it."""

    key: str
    fact: str = ""
    op: str = ""
    values: list[str] = field(default_factory=lambda: ["", ""])
    names: list[str] = field(default_factory=lambda: ["", ""])
    many: list[str] = field(default_factory=list)
    text: str = ""
    either: bool = False
    negated: bool = False
    error: str = ""

    @property
    def kind(self) -> str:
        """The kind of fact."""
        return self.fact.partition(".")[0]

    def attribute(self, schema: FactSchema) -> Attribute | None:
        """What it asks for; None for text, and as long as nothing is picked."""
        kind, _dot, name = self.fact.partition(".")
        return schema.attribute(kind, name)

    def operators(self, schema: FactSchema) -> list[tuple[str, str]]:
        """(code, words) of what may be asked."""
        attribute = self.attribute(schema)
        codes = operators_of(attribute) if attribute else ()
        return [(code, str(OPERATORS[code])) for code in codes]

    def fitting(self, schema: FactSchema, parameters: Mapping[str, Parameter]) -> list[tuple[str, str]]:
        """(name, words) of what it may be compared with instead of a written value."""
        attribute = self.attribute(schema)
        found = inputs.fitting(attribute, schema, parameters) if attribute else []
        return [(name, pick(label)) for name, label in found]

    @property
    def count(self) -> int:
        """How many single values the operator takes."""
        if self.op in ("in", "not in", "is", "is not", "known", "unknown", TEXT, ""):
            return 0
        return 2 if self.op == "between" else 1


def shown(key: str, row: Row, schema: FactSchema) -> Condition:
    """A row as it stands in the form."""
    made = Condition(key, row.fact, row.op, either=row.either, negated=row.negated)
    if row.op == TEXT:
        made.text = str(row.values[0])
        return made
    attribute = made.attribute(schema)
    unit = attribute.unit if attribute else ""
    if row.op in ("in", "not in"):
        made.many = [inputs.typed(value, unit) for value in row.values]
        return made
    for place, value in enumerate(row.values):
        if isinstance(value, Named):
            made.names[place] = str(value)
        else:
            made.values[place] = inputs.typed(value, unit)
    return made


def read(key: str, form: Form, schema: FactSchema) -> Condition:
    """A condition as it was sent; the operator is one that fits the fact."""

    def one(name: str) -> str:
        return (form(f"c-{key}-{name}") or [""])[0].strip()

    made = Condition(
        key,
        fact=one("fact"),
        op=one("op"),
        values=[one("value"), one("value2")],
        names=[one("with"), one("with2")],
        many=[value.strip() for given in form(f"c-{key}-many") for value in given.split(",") if value.strip()],
        text=one("text"),
        either=bool(one("either")),
        negated=bool(one("negated")),
    )
    if made.op != TEXT:
        codes = [code for code, _words in made.operators(schema)]
        if codes and made.op not in codes:
            made.op = ">=" if ">=" in codes else codes[0]
    return made


def row_of(made: Condition, schema: FactSchema, parameters: Mapping[str, Parameter], rule: str) -> Row | None:
    """The row of a condition, checked by itself; None, with the reason noted on it, when something is not right."""
    try:
        row = _row(made, schema)
        kind = schema.kinds[row.kind]
        read_condition(Located(expression_of(row), 0, ""), kind, schema, parameters, rule)
    except inputs.WrongInput as error:
        made.error = str(error)
    except RuleFileInvalid as error:
        made.error = str(error.details["reason"])
    else:
        return row
    return None


def _row(made: Condition, schema: FactSchema) -> Row:
    marks = {"either": made.either, "negated": made.negated}
    if made.op == TEXT:
        if made.kind not in schema.kinds or not made.text:
            raise inputs.WrongInput(_("must not be empty"))
        return Row(made.kind, TEXT, (made.text,), **marks)
    attribute = made.attribute(schema)
    if attribute is None:
        raise inputs.WrongInput(_("choose a fact"))
    if made.op in ("in", "not in"):
        if not made.many:
            raise inputs.WrongInput(_("choose at least one value"))
        return Row(attribute.dotted, made.op, tuple(_constant(attribute, one) for one in made.many), **marks)
    values: list[Any] = []
    for place in range(made.count):
        name = made.names[place]
        values.append(Named(name) if name else _constant(attribute, made.values[place]))
    return Row(attribute.dotted, made.op, tuple(values), **marks)


def _constant(attribute: Attribute, text: str) -> Any:
    value = inputs.value_of(attribute, text)
    return value.isoformat() if attribute.type == "date" else value
