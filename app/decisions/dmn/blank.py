"""A new decision table from a few choices: a DMN 1.3 document with one rule that asks nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from app.core import ids
from app.decisions.schema import Attribute

MODEL = "https://www.omg.org/spec/DMN/20191111/MODEL/"
DRAWING = "https://www.omg.org/spec/DMN/20191111/DMNDI/"
BOUNDS = "http://www.omg.org/spec/DMN/20180521/DC/"
OURS = "urn:youxu:dmn:1"
BOX = {"x": "160", "y": "100", "width": "180", "height": "80"}


@dataclass(frozen=True)
class NewInput:
    """A column to be asked. `type` is DMN's; `values` are the codes an entry may name, if there is a list of them."""

    expression: str
    label: str
    type: str
    values: Sequence[str] = ()


@dataclass(frozen=True)
class NewOutput:
    """A column to be answered. `values` as they stand in DMN (texts in quotes), in the order of priority."""

    name: str
    label: str
    type: str
    values: str = ""
    first: str = ""
    """What the first rule answers."""


def input_of(fact: Attribute, label: str, kind: str) -> NewInput:
    """A fact as a column; `kind` is its type in DMN."""
    return NewInput(fact.dotted, label, kind, tuple(fact.values))


@dataclass(frozen=True)
class NewTable:
    """What a table begins with. `aggregation` is DMN's (SUM, MIN, MAX, COUNT) or empty."""

    key: str
    name: str
    policy: str
    aggregation: str
    inputs: Sequence[NewInput]
    outputs: Sequence[NewOutput]


def blank_table(made: NewTable) -> str:
    """The XML of the table; its drawing too, so that other editors show it."""
    spaces: Any = {None: MODEL, "dmndi": DRAWING, "dc": BOUNDS}
    root = etree.Element(f"{{{MODEL}}}definitions", nsmap=spaces)
    root.attrib.update({"id": _id("Definitions"), "name": made.name, "namespace": OURS})
    decision = _below(root, "decision", id=made.key, name=made.name)
    table = _below(decision, "decisionTable", id=_id("Table"), hitPolicy=made.policy)
    if made.aggregation:
        table.set("aggregation", made.aggregation)
    for column in made.inputs:
        _add_input(table, column)
    for answer in made.outputs:
        node = _below(table, "output", id=_id("Output"), label=answer.label, name=answer.name, typeRef=answer.type)
        if answer.values:
            _text(_below(node, "outputValues", id=_id("Values")), answer.values)
    rule = _below(table, "rule", id=_id("Rule"))
    for _column in made.inputs:
        _text(_below(rule, "inputEntry", id=_id("Entry")), "")
    for answer in made.outputs:
        _text(_below(rule, "outputEntry", id=_id("Entry")), answer.first)
    _draw(root, made.key)
    etree.indent(root)
    return str(etree.tostring(root, encoding="unicode")) + "\n"


def _add_input(table: Any, column: NewInput) -> None:
    node = _below(table, "input", id=_id("Input"), label=column.label)
    expression = _below(node, "inputExpression", id=_id("Expression"), typeRef=column.type)
    _text(expression, column.expression)
    if column.values:
        _text(_below(node, "inputValues", id=_id("Values")), ",".join(f'"{value}"' for value in column.values))


def _draw(root: Any, key: str) -> None:
    diagram = etree.SubElement(etree.SubElement(root, f"{{{DRAWING}}}DMNDI"), f"{{{DRAWING}}}DMNDiagram")
    diagram.set("id", _id("Diagram"))
    shape = etree.SubElement(diagram, f"{{{DRAWING}}}DMNShape", id=_id("Shape"), dmnElementRef=key)
    etree.SubElement(shape, f"{{{BOUNDS}}}Bounds", BOX)


def _below(parent: Any, kind: str, **attributes: str) -> Any:
    return etree.SubElement(parent, f"{{{MODEL}}}{kind}", {key: text for key, text in attributes.items() if text})


def _text(node: Any, text: str) -> None:
    etree.SubElement(node, f"{{{MODEL}}}text").text = text


def _id(kind: str) -> str:
    return f"{kind}_{ids.new_id()[-12:]}"
