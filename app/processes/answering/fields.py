"""The fields of a form-js schema, by the path under which their answer is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

TEXTS = frozenset({"textfield", "textarea"})
ONE_OF = frozenset({"radio", "select"})
SOME_OF = frozenset({"checklist", "taglist"})
ASKING = TEXTS | ONE_OF | SOME_OF | {"number", "checkbox", "datetime"}
"""Types of components that take an answer."""
SHOWN_ONLY = frozenset({"text", "html", "separator", "spacer", "image", "button", "table", "iframe", "documentPreview"})
EMPTY: dict[str, Any] = {**dict.fromkeys(TEXTS, ""), **{kind: [] for kind in SOME_OF}, "checkbox": False}
"""What form-js takes for no answer, by type; None for the others."""


@dataclass(frozen=True)
class Field:
    """A component that takes an answer, where it is kept, and under which conditions (its own and those of the groups
    around it) it is hidden."""

    component: Mapping[str, Any]
    path: tuple[str, ...]
    hidden_if: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The path as a person reads it: `address.city`."""
        return ".".join(self.path)

    @property
    def type(self) -> str:
        """Its form-js type."""
        return str(self.component.get("type"))

    @property
    def offered(self) -> list[Any]:
        """The values of its options."""
        found = self.component.get("values")
        options = found if isinstance(found, list) else ()
        return [option.get("value") for option in options if isinstance(option, Mapping)]

    @property
    def rules(self) -> Mapping[str, Any]:
        """Its `validate`."""
        found = self.component.get("validate")
        return found if isinstance(found, Mapping) else {}


def fields_of(
    schema: Mapping[str, Any], path: tuple[str, ...] = (), hidden_if: tuple[str, ...] = ()
) -> Iterator[Field]:
    """Every field of a form, those in groups included."""
    components = schema.get("components")
    for component in components if isinstance(components, list) else ():
        if not isinstance(component, Mapping):
            continue
        conditional = component.get("conditional")
        hide = conditional.get("hide") if isinstance(conditional, Mapping) else None
        conditions = (*hidden_if, hide) if isinstance(hide, str) and hide.strip() else hidden_if
        if str(component.get("type")) in ASKING:
            key = component.get("key")
            if key:
                yield Field(component, (*path, *str(key).split(".")), conditions)
        elif isinstance(component.get("components"), list):
            own = component.get("path")
            yield from fields_of(component, (*path, *str(own).split(".")) if own else path, conditions)


def at(answers: Any, path: tuple[str, ...]) -> Any:
    """The answer at a path; None when there is none."""
    for name in path:
        if not isinstance(answers, Mapping) or name not in answers:
            return None
        answers = answers[name]
    return answers


def put(answers: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Keep an answer at a path."""
    for name in path[:-1]:
        answers = answers.setdefault(name, {})
    answers[path[-1]] = value
