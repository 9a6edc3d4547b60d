"""Input and output parameters, and the variables that are passed on: what their XML says as values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.processes.engine.elements import Parameter
from app.processes.engine.values import Value, read_value
from app.processes.engine.xml import camunda, tag


def extensions(node: Any, name: str) -> Iterator[Any]:
    """The extension elements of that name."""
    holder = node.find(tag("extensionElements"))
    if holder is not None:
        yield from holder.iter(camunda(name))


def parameters(node: Any) -> tuple[tuple[Parameter, ...], tuple[Parameter, ...]]:
    """camunda:inputParameter, camunda:outputParameter."""
    return tuple(
        tuple(Parameter(one.get("name"), parameter_value(one)) for one in extensions(node, name))
        for name in ("inputParameter", "outputParameter")
    )  # type: ignore[return-value]


class Listed:
    """A list or map of values written in a parameter; the names in a map may be expressions too."""

    fixed = False
    text = ""

    def __init__(self, parts: list[Any], names: list[Value] | None = None) -> None:
        self.parts = parts
        self.names = names

    def of(self, scope: Mapping[str, Any]) -> Any:
        """What it stands for."""
        values = [part.of(scope) for part in self.parts]
        if self.names is None:
            return values
        return dict(zip((str(one.of(scope)) for one in self.names), values, strict=True))


class Null(Value):
    """What says nothing is null."""

    def of(self, scope: Mapping[str, Any]) -> None:
        """Nothing."""


def parameter_value(node: Any) -> Any:
    """What a parameter, an entry or a value says: text, camunda:list, camunda:map, or nothing."""
    for one in (node, *node):
        if one.tag == camunda("list"):
            return Listed([parameter_value(each) for each in one])
        if one.tag == camunda("map"):
            entries = one.findall(camunda("entry"))
            names = [read_value(each.get("key")) or Value("") for each in entries]
            return Listed([parameter_value(each) for each in entries], names)
    return read_value(node.text) or Null("")


def mappings(node: Any, name: str) -> tuple[tuple[Parameter, ...], str]:
    """camunda:in, camunda:out: what goes where, and whether all variables go (`all`, `local`). `source` is a variable's
    name; an expression sees everything, whatever `local` says of where it is read."""
    found, everything = [], ""
    for one in extensions(node, name):
        target, alone = one.get("target"), one.get("local") == "true"
        if one.get("variables") == "all":
            everything = "local" if alone and everything != "all" else "all"
        elif target and one.get("sourceExpression"):
            value = read_value(one.get("sourceExpression")) or Value("")
            found.append(Parameter(target, value, local=alone and name == "out"))
        elif target and one.get("source"):
            found.append(Parameter(target, Named(one.get("source")), local=alone))
    return tuple(found), everything


def business_key_in(node: Any) -> str | None:
    """The business key that camunda:in passes on."""
    return next((one.get("businessKey") for one in extensions(node, "in") if one.get("businessKey")), None)


class Named(Value):
    """The variable of that name; null if there is none."""

    def of(self, scope: Mapping[str, Any]) -> Any:
        """Its value."""
        return scope.get(self.text)
