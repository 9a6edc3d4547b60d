"""Conditions of a rule as rows that a person picks: a fact, an operator that fits it, a value.

Rows are joined by `and`; a row marked `or` is an alternative to the row above it. What cannot be told in rows (sums,
nested alternatives) stays as it is written, as a row of text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.core.expressions import (
    Between,
    Compare,
    ExpressionInvalid,
    Items,
    Literal,
    Logic,
    Membership,
    Name,
    Negative,
    Node,
    Not,
    parse,
)
from app.decisions.schema import SIGNAL, Attribute, FactSchema

ORDERED = ("==", "!=", "<", "<=", ">", ">=", "between")
CHOSEN = ("==", "!=", "in", "not in")
NULLS = ("known", "unknown")
TEXT = "text"
"""The operator of a row that is an expression as it is written."""
FLIPPED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Named(str):
    """A value that is named instead of written: `parameters.x`, or a fact `kind.attribute`."""

    __slots__ = ()


@dataclass(frozen=True)
class Row:
    """One condition. `fact` is `kind.attribute` (a kind alone for text); `values` are as YAML has them, or `Named`."""

    fact: str
    op: str
    values: tuple[Any, ...] = ()
    either: bool = False
    """An alternative to the row above."""
    negated: bool = False
    """There must be no such fact."""

    @property
    def kind(self) -> str:
        """The kind of fact it speaks of."""
        return self.fact.partition(".")[0]


def operators_of(attribute: Attribute) -> tuple[str, ...]:
    """What may be asked of an attribute."""
    if attribute.type == "bool":
        found: tuple[str, ...] = ("is", "is not")
    else:
        found = ORDERED if attribute.ordered else CHOSEN
    return found + (NULLS if attribute.nullable else ())


def rows_of(when: Any, schema: FactSchema) -> list[Row]:
    """The rows of a rule's `when`."""
    rows: list[Row] = []
    if "any" in when:
        return list(_alternatives(when["any"], schema))
    for entry in when["all"]:
        if isinstance(entry, dict) and "any" in entry:
            rows += _alternatives(entry["any"], schema)
        else:
            rows += _pattern(entry, schema)
    return rows


def when_of(rows: list[Row]) -> dict[str, Any]:
    """The `when` of these rows. Conditions about one kind of fact are joined, so that they speak of the same one."""
    groups: list[list[Row]] = []
    for row in rows:
        if row.either and groups:
            groups[-1].append(row)
        else:
            groups.append([row])
    if len(groups) == 1 and len(groups[0]) > 1:
        return {"any": [_entry([row]) for row in groups[0]]}
    entries: list[Any] = []
    joined: dict[str, list[Row]] = {}
    for group in groups:
        first = group[0]
        if len(group) > 1:
            entries.append({"any": [_entry([row]) for row in group]})
        elif first.negated or first.kind == SIGNAL:
            entries.append(_entry(group))
        elif first.kind in joined:
            joined[first.kind].append(first)
        else:
            joined[first.kind] = [first]
            entries.append(joined[first.kind])
    return {"all": [_entry(entry) if isinstance(entry, list) else entry for entry in entries]}


def expression_of(row: Row) -> str:
    """A row as an expression about its kind."""
    name = row.fact.partition(".")[2]
    if row.op == TEXT:
        return str(row.values[0])
    if row.op in ("is", "is not"):
        return name if row.op == "is" else f"not {name}"
    if row.op in NULLS:
        return f"{name} {'!=' if row.op == 'known' else '=='} null"
    words = [_literal(value) for value in row.values]
    if row.op == "between":
        return f"{name} between {words[0]} and {words[1]}"
    if row.op in ("in", "not in"):
        return f"{name} {row.op} [{', '.join(words)}]"
    return f"{name} {row.op} {words[0]}"


def _entry(rows: list[Row]) -> dict[str, Any]:
    texts = [
        f"({expression_of(row)})"
        if len(rows) > 1 and row.op == TEXT and " or " in expression_of(row)
        else expression_of(row)
        for row in rows
    ]
    entry = {rows[0].kind: " and ".join(texts)}
    return {"not": entry} if rows[0].negated else entry


def _literal(value: Any) -> str:
    if isinstance(value, Named):
        return str(value)
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, str) or hasattr(value, "isoformat"):
        text = value if isinstance(value, str) else value.isoformat()
        escaped = text.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    return str(value)


def _alternatives(entries: Any, schema: FactSchema) -> Iterator[Row]:
    for place, entry in enumerate(entries):
        found = _pattern(entry, schema)
        row = found[0] if len(found) == 1 else _as_text(entry)
        yield Row(row.fact, row.op, row.values, either=place > 0, negated=row.negated)


def _pattern(entry: Any, schema: FactSchema) -> list[Row]:
    negated = "not" in entry
    ((kind, written),) = (entry["not"] if negated else entry).items()
    texts = written if isinstance(written, list) else [written]
    try:
        nodes = [parse(str(text)).node for text in texts]
    except ExpressionInvalid:
        return [_as_text(entry)]
    parts = [part for node in nodes for part in _parts(node)]
    rows = [_row(part, kind, schema) for part in parts]
    if any(row is None for row in rows) or (negated and len(rows) > 1):
        return _in_pieces(entry, kind, schema) if not negated else [_as_text(entry)]
    return [Row(row.fact, row.op, row.values, negated=negated) for row in rows if row]


def _in_pieces(entry: Any, kind: str, schema: FactSchema) -> list[Row]:
    """A list whose items can be told apart even where one cannot be told in rows; else the whole as text."""
    written = entry[kind]
    if not isinstance(written, list):
        return [_as_text(entry)]
    return [row for text in written for row in _pattern({kind: text}, schema)]


def _as_text(entry: Any) -> Row:
    negated = "not" in entry
    ((kind, written),) = (entry["not"] if negated else entry).items()
    texts = written if isinstance(written, list) else [written]
    text = str(texts[0]) if len(texts) == 1 else " and ".join(f"({one})" for one in texts)
    return Row(kind, TEXT, (text,), negated=negated)


def _parts(node: Node) -> Iterator[Node]:
    if isinstance(node, Logic) and node.op == "and":
        for item in node.items:
            yield from _parts(item)
    else:
        yield node


def _row(node: Node, kind: str, schema: FactSchema) -> Row | None:
    asked = _asked(node, kind, schema)
    return None if asked is None else _about(asked[0], kind, schema, *asked[1:])


def _asked(node: Node, kind: str, schema: FactSchema) -> tuple[Node, str, tuple[Node, ...]] | None:
    """(what is asked about, the operator, the values) of one comparison."""
    found: tuple[Node, str, tuple[Node, ...]] | None = None
    match node:
        case Name():
            found = node, "is", ()
        case Not(item=Name() as name):
            found = name, "is not", ()
        case Not(item=Membership(item=item, options=options, negated=negated)):
            found = _asked(Membership(item, options, not negated), kind, schema)
        case Compare(op="==" | "!=" as op, left=Name() as name, right=Literal(value=None)):
            found = name, "known" if op == "!=" else "unknown", ()
        case Compare(op=op, left=left, right=right):
            turned = not _is_fact(left, kind, schema) and _is_fact(right, kind, schema)
            found = (right, FLIPPED[op], (left,)) if turned else (left, op, (right,))
        case Between(item=item, low=low, high=high):
            found = item, "between", (low, high)
        case Membership(item=item, options=Items(items=items), negated=negated):
            found = item, "not in" if negated else "in", items
    return found


def _is_fact(node: Node, kind: str, schema: FactSchema) -> bool:
    return isinstance(node, Name) and schema.attribute(kind, node.dotted.removeprefix(f"{kind}.")) is not None


def _about(node: Node, kind: str, schema: FactSchema, op: str, given: tuple[Node, ...]) -> Row | None:
    if not isinstance(node, Name):
        return None
    attribute = schema.attribute(kind, node.dotted.removeprefix(f"{kind}."))
    if attribute is None or op not in operators_of(attribute):
        return None
    values = [_value(one) for one in given]
    if any(value is None for value in values):
        return None
    return Row(attribute.dotted, op, tuple(value for value in values if value is not None))


def _value(node: Node) -> Any:
    match node:
        case Name() as name:
            return Named(name.dotted)
        case Literal(value=value):
            return value
        case Negative(item=Literal(value=value)) if not isinstance(value, str | bool) and value is not None:
            return -value
    return None
