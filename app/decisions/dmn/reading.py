"""The XML of a DMN 1.1–1.3 decision as a table; what is not a plain table of constants is refused with its place."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, TypeVar

from lxml import etree

from app.core import xml
from app.core.expressions import ExpressionInvalid, parse
from app.core.i18n import _
from app.decisions.dmn.table import INPUT, SEVERAL, DecisionTable, Input, Output, Row
from app.decisions.dmn.unary import read_entry
from app.decisions.ir import All, Condition
from app.decisions.schema import Attribute
from app.decisions.source import RuleFileInvalid

LARGEST = 512 * 1024
MOST_ROWS, MOST_COLUMNS = 400, 40
PLACES = 6
"""Decimal places of numbers that are not whole."""
SPACES = re.compile(r"https?://www\.omg\.org/spec/DMN/(20151101/dmn\.xsd|20180521/MODEL/|20191111/MODEL/)\Z")
TYPES = {
    "string": "text",
    "boolean": "bool",
    "integer": "int",
    "long": "int",
    "number": "decimal",
    "double": "decimal",
    "date": "date",
}
POLICIES = ("UNIQUE", "FIRST", "PRIORITY", "ANY", "COLLECT", "RULE ORDER", "OUTPUT ORDER")
AGGREGATIONS = {"": "", "SUM": "+", "MIN": "<", "MAX": ">", "COUNT": "#"}
_NAME = re.compile(r"[^\W\d]\w{0,62}\Z")
_ID = re.compile(r"[A-Za-z_][\w.-]{0,63}\Z")
MOST_FAULTS = 100
"""So many wrong cells are told at once."""
T = TypeVar("T")


@lru_cache(maxsize=64)
def read_table(body: str, file: str = "decision.dmn") -> DecisionTable:
    """The one decision table of the document. Raises RuleFileInvalid for the first thing that is not right."""
    return _Reading(body, file).table()


def faults_of(body: str, file: str = "decision.dmn") -> list[RuleFileInvalid]:
    """Every cell that cannot be read, each with its rule and column; else the first thing that is wrong above them."""
    faults: list[RuleFileInvalid] = []
    try:
        reading = _Reading(body, file)
        faults = reading.faults
        reading.table()
    except RuleFileInvalid as error:
        return faults or [error]
    return []


def same_document(one: str, other: str) -> bool:
    """Whether two texts are one DMN document but for how it is laid out. Raises XmlRefused."""
    return _bare(one) == _bare(other)


def _bare(text: str) -> str:
    root = xml.parse(text.strip().encode(), LARGEST, whole=True)
    return str(etree.canonicalize(root, strip_text=True, with_comments=True))


@contextmanager
def _in_column(at: int, label: str) -> Iterator[None]:
    """What is refused inside is told with its column."""
    try:
        yield
    except RuleFileInvalid as error:
        reason = _("column “%(column)s”: %(reason)s", column=label[:60], reason=error.details["reason"])
        raise RuleFileInvalid(**{**error.details, "reason": reason, "column": at}) from None


class _Reading:
    """Reads one document."""

    def __init__(self, body: str, file: str) -> None:
        self.file = file
        self.faults: list[RuleFileInvalid] = []
        self.sha256 = hashlib.sha256(body.encode()).hexdigest()
        try:
            self.root = xml.parse(body.encode(), LARGEST)
        except xml.XmlRefused as error:
            raise RuleFileInvalid(file=file, line=1, reason=str(error)) from None

    def refuse(self, node: Any, reason: str, rule: str = "–") -> RuleFileInvalid:
        return RuleFileInvalid(file=self.file, line=int(node.sourceline or 1), reason=reason, rule=rule)

    def table(self) -> DecisionTable:
        name = etree.QName(self.root)
        if name.localname != "definitions" or not SPACES.match(name.namespace or ""):
            raise self.refuse(self.root, _("This is not a DMN 1.1 to 1.3 document."))
        decisions = self.children(self.root, "decision")
        if len(decisions) != 1:
            raise self.refuse(self.root, _("one decision is expected, not %(count)s", count=len(decisions)))
        decision = decisions[0]
        key = decision.get("id") or ""
        if not _ID.match(key):
            raise self.refuse(decision, _("the decision needs an id of letters, digits, _ . -"))
        if self.children(decision, "informationRequirement"):
            raise self.refuse(
                decision, _("a decision that needs other decisions is not supported: put it in one table")
            )
        tables = self.children(decision, "decisionTable")
        if len(tables) != 1:
            raise self.refuse(decision, _("only decision tables are supported"))
        return self._read(key, decision.get("name") or key, tables[0])

    def _read(self, key: str, name: str, node: Any) -> DecisionTable:
        policy = node.get("hitPolicy") or "UNIQUE"
        aggregate = AGGREGATIONS.get(node.get("aggregation") or "")
        if policy not in POLICIES or aggregate is None:
            raise self.refuse(node, _("the hit policy “%(policy)s” is not known", policy=policy))
        inputs = self._inputs(node)
        outputs = self._outputs(node, len(inputs))
        if policy in ("PRIORITY", "OUTPUT ORDER") and not any(one.values for one in outputs):
            raise self.refuse(node, _("%(policy)s needs the output's values in order of priority", policy=policy))
        if aggregate and (policy != "COLLECT" or len(outputs) != 1):
            raise self.refuse(node, _("an aggregation needs COLLECT and exactly one output"))
        if aggregate in ("+", "<", ">") and outputs[0].type not in ("int", "decimal"):
            raise self.refuse(node, _("only numbers can be aggregated"))
        if policy in SEVERAL and any(one.default is not None for one in outputs):
            raise self.refuse(node, _("%(policy)s answers an empty list: it takes no default", policy=policy))
        rows = self._rows(node, inputs, outputs)
        return DecisionTable(key, name, policy, aggregate, inputs, outputs, rows, self.sha256)

    def _inputs(self, table: Any) -> tuple[Input, ...]:
        nodes = self.children(table, "input")
        if not 1 <= len(nodes) <= MOST_COLUMNS:
            raise self.refuse(table, _("a table has 1 to %(most)s inputs", most=MOST_COLUMNS))
        return tuple(self._input(node, number) for number, node in enumerate(nodes, start=1))

    def _input(self, node: Any, number: int) -> Input:
        expressions = self.children(node, "inputExpression")
        text = self.text(expressions[0]) if expressions else ""
        label = node.get("label") or text
        with _in_column(number, label or str(number)):
            if not text:
                raise self.refuse(node, _("input %(number)s has no expression", number=number))
            try:
                parse(text)
            except ExpressionInvalid as error:
                raise self.refuse(node, error.sentence()) from None
            kind = self._type(expressions[0])
        attribute = Attribute(
            kind=INPUT,
            name=f"c{number}",
            type=kind,
            label={"en": label, "zh": label},
            scale=PLACES if kind == "decimal" else 0,
            nullable=True,
            default=None,
            kind_label={"en": label, "zh": label},
        )
        return Input(attribute, text, int(node.sourceline or 1))

    def _outputs(self, table: Any, inputs: int) -> tuple[Output, ...]:
        nodes = self.children(table, "output")
        if not 1 <= len(nodes) <= MOST_COLUMNS:
            raise self.refuse(table, _("a table has 1 to %(most)s outputs", most=MOST_COLUMNS))
        found: list[Output] = []
        for number, node in enumerate(nodes, start=1):
            with _in_column(inputs + number, node.get("label") or node.get("name") or str(inputs + number)):
                found.append(self._one_output(node, [one.name for one in found]))
        return tuple(found)

    def _one_output(self, node: Any, taken: list[str]) -> Output:
        name = node.get("name") or ""
        if not _NAME.match(name) or name in taken:
            raise self.refuse(node, _("each output needs a name of its own, a word"))
        kind = self._type(node)
        listed = self.children(node, "outputValues")
        values = tuple(self._listed(listed[0], kind)) if listed else ()
        defaults = self.children(node, "defaultOutputEntry")
        default = self._value(defaults[0], kind) if defaults else None
        return Output(name, node.get("label") or name, kind, values, default)

    def _type(self, node: Any) -> str:
        name = (node.get("typeRef") or "string").rpartition(":")[2]
        kind = TYPES.get(name)
        if kind is None:
            raise self.refuse(
                node, _("the type “%(type)s” is not known; known: %(known)s", type=name, known=", ".join(TYPES))
            )
        return kind

    def _rows(self, table: Any, inputs: tuple[Input, ...], outputs: tuple[Output, ...]) -> tuple[Row, ...]:
        nodes = self.children(table, "rule")
        if not 1 <= len(nodes) <= MOST_ROWS:
            raise self.refuse(table, _("there must be 1 to %(most)s rules", most=MOST_ROWS))
        rows = [self._row(f"row{number}", node, inputs, outputs) for number, node in enumerate(nodes, start=1)]
        if self.faults:
            raise self.faults[0]
        return tuple(rows)

    def _row(self, name: str, node: Any, inputs: tuple[Input, ...], outputs: tuple[Output, ...]) -> Row:
        asked, answered = self.children(node, "inputEntry"), self.children(node, "outputEntry")
        if len(asked) != len(inputs) or len(answered) != len(outputs):
            raise self.refuse(node, _("the rule needs an entry for each input and output"), name)
        notes = self.children(node, "description")
        anything: Condition = All(())
        conditions = [
            self._cell(at, one.attribute.label["en"], anything, partial(self._entry, entry, one, name))
            for at, (entry, one) in enumerate(zip(asked, inputs, strict=True), start=1)
        ]
        values = [
            self._cell(at, one.label, None, partial(self._output, entry, one, name))
            for at, (entry, one) in enumerate(zip(answered, outputs, strict=True), start=1 + len(inputs))
        ]
        return Row(
            id=name,
            conditions=tuple(conditions),
            entries=tuple(self.text(entry) for entry in asked),
            outputs=tuple(values),
            note=self.text(notes[0])[:500] if notes else "",
            line=int(node.sourceline or 1),
        )

    def _cell(self, at: int, label: str, instead: T, read: Callable[[], T]) -> T:
        """What a cell says; one that cannot be read is noted, so that all of them are told together."""
        try:
            with _in_column(at, label):
                return read()
        except RuleFileInvalid as error:
            self.faults.append(error)
            if len(self.faults) >= MOST_FAULTS:
                raise
            return instead

    def _entry(self, node: Any, column: Input, rule: str) -> Condition:
        return read_entry(self.text(node), column.attribute, lambda reason: self.refuse(node, reason, rule))

    def _output(self, node: Any, column: Output, rule: str) -> Any:
        value = self._value(node, column.type, rule)
        if column.values and value not in column.values:
            raise self.refuse(node, _("“%(value)s” is none of the output's values", value=str(value)[:60]), rule)
        return value

    def _value(self, node: Any, kind: str, rule: str = "–") -> Any:
        """A constant; None for an empty entry."""
        text = self.text(node)
        return None if text in ("", "-", "null") else self._constant(node, text, kind, rule)

    def _listed(self, node: Any, kind: str) -> list[Any]:
        texts = re.findall(r'"(?:[^"\\]|\\.)*"|[^,"]+', self.text(node))
        return [self._constant(node, text.strip(), kind) for text in texts if text.strip()]

    def _constant(self, node: Any, text: str, kind: str, rule: str = "–") -> Any:
        try:
            return _typed(text, kind)
        except (ValueError, ArithmeticError):
            sentence = _("“%(found)s” is no constant of type %(type)s", found=text[:60], type=kind)
            raise self.refuse(node, sentence, rule) from None

    def children(self, node: Any, name: str) -> list[Any]:
        """Child elements of that name in the document's DMN namespace."""
        return list(node.findall(f"{{{etree.QName(self.root).namespace}}}{name}"))

    def text(self, node: Any) -> str:
        """What the `text` child says."""
        inner = self.children(node, "text")
        found = inner[0] if inner else node
        return "".join(found.itertext()).strip()


def _typed(text: str, kind: str) -> Any:
    match kind:
        case "bool":
            return {"true": True, "false": False}[text] if text in ("true", "false") else _no(text)
        case "int":
            return int(text) if re.fullmatch(r"-?[0-9]{1,15}", text) else _no(text)
        case "decimal":
            return Decimal(text) if re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", text) else _no(text)
        case "date":
            day = re.fullmatch(r'date\(\s*"([0-9-]{10})"\s*\)|"?([0-9-]{10})"?', text)
            return date.fromisoformat(day[1] or day[2]) if day else _no(text)
    quoted = re.fullmatch(r'"((?:[^"\\]|\\.)*)"', text)
    return re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else _no(text)


def _no(text: str) -> Any:
    raise ValueError(text)
