"""A rule as a form: what stands in the file as fields, and the fields as what will stand in the file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from app.core.i18n import _
from app.decisions.ir import RuleSet
from app.decisions.reader import WORD
from app.decisions.sense import end_before_begin, ends_first
from app.decisions.studio import condition_form, inputs
from app.decisions.studio.condition_form import Condition, Form
from app.decisions.studio.rows import rows_of, when_of

TEXTS = ("name", "reason", "basis", "unblock")
PLAIN = (
    *("id", "owner", "valid_from", "valid_to", "points_mode", "points", "factor", "of", "none_at", "full_at", "most"),
    *("floor", "cap", "route", "tag", "signal", "block", "disabled"),
)
FIELDS = (*PLAIN, *(f"{name}_{language}" for name in TEXTS for language in ("en", "zh")))
_NOT_WORD = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass
class RuleForm:
    """The fields of a rule as texts, its conditions, the groups it asks, and what is wrong by field."""

    values: dict[str, str] = field(default_factory=dict)
    conditions: list[Condition] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)
    """What the form does not show and must not lose: note, who is asked by step or by name."""
    errors: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")


def empty_form(rule_set: RuleSet) -> RuleForm:
    """A rule that is to be written: one condition, points if the rule set has groups of points."""
    values = {"owner": "", "points_mode": "fixed" if rule_set.factors else "none", "id": _free_id(rule_set, "R1")}
    return RuleForm(values, [Condition("0")])


def shown(rule: dict[str, Any], rule_set: RuleSet) -> RuleForm:
    """A rule of the file as fields."""
    then = rule["then"]
    made = RuleForm()
    values = made.values
    for name in ("id", "owner", "valid_from", "valid_to", "disabled"):
        values[name] = inputs.typed(rule.get(name))
    for name in ("factor", "floor", "cap", "route", "tag", "signal"):
        values[name] = str(then.get(name) or "")
    _show_points(values, then.get("points"), rule_set)
    for name, texts in (("name", rule["name"]), ("reason", rule["reason"]), *_block_texts(then)):
        values |= {f"{name}_{language}": str(texts[language]) for language in ("en", "zh")}
    values["block"] = "1" if "block" in then else ""
    values["disabled"] = "1" if rule.get("disabled") else ""
    made.groups, made.kept = _kept(rule)
    rows = rows_of(rule["when"], rule_set.schema)
    made.conditions = [condition_form.shown(str(place), row, rule_set.schema) for place, row in enumerate(rows)]
    return made


def read(form: Form, rule_set: RuleSet, before: dict[str, Any] | None = None) -> RuleForm:
    """The form as it was sent; `before` is the rule as it stands in the file."""
    made = RuleForm({name: (form(name) or [""])[0].strip() for name in FIELDS})
    made.groups = form("groups")
    made.kept = _kept(before)[1] if before else {}
    made.conditions = [condition_form.read(key, form, rule_set.schema) for key in form("row") if WORD.match(f"k{key}")]
    if made.conditions:
        made.conditions[0].either = False
    return made


def rule_of(form: RuleForm, rule_set: RuleSet, before: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """The rule that the fields tell; None, with reasons in `errors` and on the conditions, when something is wrong."""
    reading = _Reading(form, rule_set)
    made: dict[str, Any] = {"id": reading.rule_id(before), "name": reading.texts("name")}
    if form["owner"]:
        made["owner"] = form["owner"]
    made["when"] = reading.when(before)
    made["then"] = reading.then()
    made["reason"] = reading.texts("reason")
    for name in ("valid_from", "valid_to"):
        if form[name]:
            made[name] = reading.day(name)
    if ends_first(made.get("valid_from"), made.get("valid_to")):
        reading.wrong("valid_to", end_before_begin())
    made |= {name: form.kept[name] for name in ("note",) if name in form.kept}
    if form["disabled"]:
        made["disabled"] = True
    wrong = form.errors or any(one.error for one in form.conditions)
    return None if wrong else made


class _Reading:
    """Reads the fields, noting each that is wrong."""

    def __init__(self, form: RuleForm, rule_set: RuleSet) -> None:
        self.form = form
        self.rule_set = rule_set

    def wrong(self, name: str, reason: str) -> None:
        self.form.errors.setdefault(name, reason)

    def rule_id(self, before: dict[str, Any] | None) -> str:
        given = self.word("id")
        taken = {rule.id for rule in self.rule_set.rules} - ({before["id"]} if before else set())
        if given in taken:
            self.wrong("id", _("the id is used twice"))
        return given

    def texts(self, name: str) -> dict[str, str]:
        found = {language: self.form[f"{name}_{language}"] for language in ("en", "zh")}
        for language, text in found.items():
            if not text:
                self.wrong(f"{name}_{language}", _("must not be empty"))
        return found

    def day(self, name: str) -> Any:
        try:
            return inputs.day(self.form[name])
        except inputs.WrongInput as error:
            self.wrong(name, str(error))
            return None

    def whole(self, name: str, unit: str = "") -> int:
        try:
            return int(inputs.number(self.form[name], unit))
        except inputs.WrongInput as error:
            self.wrong(name, str(error))
            return 0

    def when(self, before: dict[str, Any] | None) -> Any:
        form, rules = self.form, self.rule_set
        if not form.conditions:
            self.wrong("conditions", _("a rule needs at least one condition"))
            return {"all": []}
        rows = [condition_form.row_of(one, rules.schema, rules.parameters, form["id"]) for one in form.conditions]
        whole = [row for row in rows if row is not None]
        if before is not None and whole == rows_of(before["when"], rules.schema):
            return before["when"]  # as it was written
        return when_of(whole) if len(whole) == len(rows) else {"all": []}

    def then(self) -> dict[str, Any]:
        form = self.form
        made = {**self._given_points(), **{name: form[name] for name in ("floor", "cap") if form[name]}}
        if form["block"]:
            made["block"] = {"basis": self.texts("basis"), "unblock": self.texts("unblock")}
        if form["route"]:
            made["route"] = form["route"]
        assign = [*([{"groups": form.groups}] if form.groups else []), *form.kept.get("assign", [])]
        if assign:
            made["assign"] = assign[0] if len(assign) == 1 else assign
        for name in ("signal", "tag"):
            if form[name]:
                made[name] = self.word(name)
        if not made:
            self.wrong("then", _("the rule does nothing"))
        return made

    def word(self, name: str) -> str:
        if not WORD.match(self.form[name]):
            self.wrong(name, _("must be a word of letters, digits, _ . -, beginning with a letter"))
        return self.form[name]

    def _given_points(self) -> dict[str, Any]:
        points = self._points()
        if points is None:
            return {}
        if self.form["factor"] not in {one.id for one in self.rule_set.factors}:
            self.wrong("factor", _("choose a group of points"))
        return {"points": points, "factor": self.form["factor"]}

    def _points(self) -> Any:
        mode = self.form["points_mode"]
        if mode == "fixed":
            return self.whole("points")
        if mode != "scale":
            return None
        kind, _dot, name = self.form["of"].partition(".")
        attribute = self.rule_set.schema.attribute(kind, name)
        if attribute is None:
            self.wrong("of", _("choose a fact"))
            return {}
        none_at, full_at = self.whole("none_at", attribute.unit), self.whole("full_at", attribute.unit)
        return {"of": attribute.dotted, "none_at": none_at, "full_at": full_at, "most": self.whole("most")}


def _show_points(values: dict[str, str], points: Any, rule_set: RuleSet) -> None:
    values["points_mode"] = "none" if points is None else "scale" if isinstance(points, dict) else "fixed"
    if isinstance(points, dict):
        kind, _dot, name = str(points["of"]).partition(".")
        attribute = rule_set.schema.attribute(kind, name)
        unit = attribute.unit if attribute else ""
        values |= {"of": str(points["of"]), "most": str(points["most"])}
        values |= {name: inputs.typed(points[name], unit) for name in ("none_at", "full_at")}
    elif points is not None:
        values["points"] = str(points)


def _block_texts(then: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    block = then.get("block")
    return [("basis", block["basis"]), ("unblock", block["unblock"])] if block else []


def _kept(rule: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """The groups that the form shows, and what it does not show."""
    given = rule["then"].get("assign", [])
    entries = given if isinstance(given, list) else [given]
    simple = [entry for entry in entries if set(entry) == {"groups"}][:1]
    kept: dict[str, Any] = {"assign": [entry for entry in entries if entry not in simple]}
    if "note" in rule:
        kept["note"] = rule["note"]
    return list(simple[0]["groups"]) if simple else [], kept


def _free_id(rule_set: RuleSet, wish: str) -> str:
    """An id that no rule has: the wish, or the wish with the next free number behind it."""
    taken = {rule.id for rule in rule_set.rules}
    if wish not in taken:
        return wish
    stem = wish.rstrip("0123456789") or "R"
    return next(name for number in range(1, 1000) if (name := f"{stem}{number}") not in taken)


def copy_of(rule: dict[str, Any], rule_set: RuleSet) -> dict[str, Any]:
    """The rule under an id of its own, to be placed behind it."""
    wish = _NOT_WORD.sub("", str(rule["id"]))[:50] + "c"
    return {**rule, "id": _free_id(rule_set, wish)}
