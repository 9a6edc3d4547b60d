"""The form of a new decision table: its id and name, the facts it asks, what it answers, its hit policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from app.core.i18n import _, _l, pick
from app.decisions.dmn.asking import nameable
from app.decisions.dmn.blank import NewInput, NewOutput, NewTable, blank_table, input_of
from app.decisions.dmn.offered import DMN_TYPES
from app.decisions.schema import Attribute

POLICIES = {
    "FIRST": _l("First: rules may overlap, the first that holds answers"),
    "UNIQUE": _l("Unique: only one rule can hold"),
    "ANY": _l("Any: rules that hold together answer the same"),
    "PRIORITY": _l("Priority: of those that hold, the one with the foremost output value"),
    "COLLECT": _l("Collect: the answers of all that hold, as a list"),
    "COLLECT SUM": _l("Collect (+): their sum"),
    "COLLECT MIN": _l("Collect (<): the smallest"),
    "COLLECT MAX": _l("Collect (>): the largest"),
    "COLLECT COUNT": _l("Collect (#): how many hold"),
    "RULE ORDER": _l("Rule order: all that hold, in the order of the rules"),
    "OUTPUT ORDER": _l("Output order: all that hold, the foremost output value first"),
}
"""Hit policies that are run, with the aggregation."""
TYPES = {
    "string": _l("text"),
    "boolean": _l("yes or no"),
    "integer": _l("whole number"),
    "number": _l("number"),
    "date": _l("date"),
}
MOST_ROWS = 40
_KEY = re.compile(r"[A-Za-z_][\w.-]{0,63}\Z", re.ASCII)
_WORD = re.compile(r"[^\W\d]\w{0,62}\Z")


@dataclass
class TableForm:
    """What was filled in, and what is wrong with it: {field: [reasons]}."""

    key: str = ""
    name: str = ""
    policy: str = "FIRST"
    inputs: list[str] = field(default_factory=lambda: [""])
    """Facts, `kind.attribute`."""
    outputs: list[dict[str, str]] = field(default_factory=lambda: [{}])
    """`name`, `label`, `type`, `allowed` (values in words, with commas)."""
    errors: dict[str, list[str]] = field(default_factory=dict)

    def wrong(self, name: str, reason: str) -> None:
        """Note what is wrong with a field."""
        self.errors.setdefault(name, []).append(reason)


def read(given: Callable[[str, str], str], sent: Mapping[str, object]) -> TableForm:
    """The form as it was sent, with what is wrong with it. `given(name, instead)` answers a field."""
    form = TableForm(
        key=given("key", "").strip(),
        name=given("name", "").strip(),
        policy=given("policy", ""),
        inputs=[given(f"inputs-{place}-fact", "") for place in _places("inputs", sent)],
        outputs=[
            {part: given(f"outputs-{place}-{part}", "").strip() for part in ("name", "label", "type", "allowed")}
            for place in _places("outputs", sent)
        ],
    )
    _check(form)
    return form


def table_of(form: TableForm) -> str:
    """The table as DMN. The form must be right."""
    policy, aggregation = form.policy, ""
    if policy.startswith("COLLECT "):
        policy, aggregation = policy.split(" ")
    facts = _facts()
    inputs: list[NewInput] = []
    for name in form.inputs:
        fact = facts[name]
        inputs.append(input_of(fact, f"{pick(fact.kind_label)}: {pick(fact.label)}", DMN_TYPES[fact.type]))
    outputs = [_output(one) for one in form.outputs]
    return blank_table(NewTable(form.key, form.name, policy, aggregation, inputs, outputs))


def _places(name: str, sent: Mapping[str, object]) -> list[int]:
    found = {int(match[1]) for key in sent if (match := re.match(rf"{name}-([0-9]{{1,3}})-", key))}
    return sorted(found)[:MOST_ROWS]


def _check(form: TableForm) -> None:
    if not _KEY.match(form.key):
        form.wrong("key", _("Letters, digits, _ . - and no space, at most 64."))
    if not form.name or len(form.name) > 200 or not form.name.isprintable():
        form.wrong("name", _("A table needs a name of at most 200 characters."))
    if form.policy not in POLICIES:
        form.wrong("policy", _("Choose one of the list."))
    facts = _facts()
    if not form.inputs:
        form.wrong("form", _("A table asks at least one fact."))
    for place, name in enumerate(form.inputs):
        if name not in facts:
            form.wrong(f"inputs.{place}.fact", _("Choose one of the list."))
    if not form.outputs:
        form.wrong("form", _("A table answers at least one output."))
    for place, output in enumerate(form.outputs):
        _check_output(form, place, output)


def _check_output(form: TableForm, place: int, output: dict[str, str]) -> None:
    names = [one["name"] for one in form.outputs[:place]]
    if not _WORD.match(output["name"]) or output["name"] in names:
        form.wrong(f"outputs.{place}.name", _("Each output needs a name of its own: one word."))
    if output["type"] not in TYPES:
        form.wrong(f"outputs.{place}.type", _("Choose one of the list."))
    for part in ("label", "allowed"):
        if len(output[part]) > 500 or not output[part].isprintable():
            form.wrong(f"outputs.{place}.{part}", _("At most 500 characters."))


def _output(output: dict[str, str]) -> NewOutput:
    values = [_quoted(text, output["type"]) for text in re.split("[,，]", output["allowed"]) if text.strip()]
    return NewOutput(output["name"], output["label"], output["type"], ",".join(values), values[0] if values else "")


def _quoted(text: str, kind: str) -> str:
    bare = text.strip().strip('"“”')
    if kind not in ("string", "date"):
        return bare
    return '"' + bare.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _facts() -> dict[str, Attribute]:
    return {one.dotted: one for kind in nameable().values() for one in kind.attributes.values()}
