"""A designer's mapping: rules in order, the first whose condition holds says what is done with which fields.

    {"rules": [{"name", "when", "action", "fields": {name: expression | {"each", "columns": {name: expression}}},
                "variables": {name: expression}}],
     "otherwise": "ignore" | "fail"}

Expressions know `event` (id, type, source, subject, time, …) and `data` (the payload); in the columns of a list also
`item`. An empty condition always holds. An optional field whose value is not in the payload is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core import clock
from app.core.errors import DomainError, Invalid
from app.core.expressions import NOW, ExpressionFailed, ExpressionInvalid, as_json, parse
from app.core.i18n import _, _l
from app.integration.inbound.actions import ROWS, Action, DoesNotFit, Parameter, find_action, fitted

IGNORE, FAIL = "ignore", "fail"
OTHERWISE = {IGNORE: _l("nothing is done (the event stays in the log)"), FAIL: _l("the event fails")}
MOST_RULES = 20
MOST_VARIABLES = 40
MOST_ITEMS = 200
MOST_NAME = 100
_VARIABLE = re.compile(r"[A-Za-z一-鿿][A-Za-z0-9_一-鿿]{0,99}\Z")


class NoRuleFits(DomainError):
    """No rule of the mapping is for this event, and the mapping says that this is a fault."""

    message = _l("No rule of the mapping fits this event (type “%(type)s”).")


@dataclass(frozen=True)
class Chosen:
    """What a mapping makes of an event: the rule (None: nothing is to be done), its action, the values for it."""

    rule: int | None
    name: str
    action: Action | None
    values: dict[str, Any]


def checked(given: Any) -> dict[str, Any]:
    """The mapping in its canonical form. Raises Invalid with every fault: `rules.0.fields.customer`, …"""
    faults: dict[str, list[str]] = {}
    rules = given.get("rules") if isinstance(given, dict) else None
    if not isinstance(rules, list) or not 1 <= len(rules) <= MOST_RULES:
        raise Invalid({"rules": [_("Must have 1 to %(most)s rules.", most=MOST_RULES)]})
    otherwise = given.get("otherwise", IGNORE)
    if otherwise not in OTHERWISE:
        faults["otherwise"] = [_("Must be one of: %(choices)s.", choices=", ".join(OTHERWISE))]
    made = [_rule(rule, f"rules.{place}", faults) for place, rule in enumerate(rules)]
    if faults:
        raise Invalid(faults)
    return {"rules": made, "otherwise": otherwise}


def _rule(given: Any, path: str, faults: dict[str, list[str]]) -> dict[str, Any]:
    if not isinstance(given, dict):
        faults[path] = [_("Must be an object.")]
        return {}
    name, when = str(given.get("name") or "").strip(), str(given.get("when") or "").strip()
    if len(name) > MOST_NAME or "\x00" in name:
        faults[f"{path}.name"] = [_("Must have %(least)s to %(most)s characters.", least=0, most=MOST_NAME)]
    if when:
        _parsed(when, f"{path}.when", faults)
    action = find_action(str(given.get("action") or ""))
    if action is None:
        faults[f"{path}.action"] = [_("Choose what is to be done.")]
        return {}
    fields = _fields(action.parameters, given.get("fields"), f"{path}.fields", faults)
    variables = _variables(given.get("variables") if action.variables else {}, f"{path}.variables", faults)
    return {"name": name, "when": when, "action": action.code, "fields": fields, "variables": variables}


def _fields(parameters: Sequence[Parameter], given: Any, path: str, faults: dict[str, list[str]]) -> dict[str, Any]:
    given = given if isinstance(given, dict) else {}
    made: dict[str, Any] = {}
    for one in parameters:
        here = f"{path}.{one.name}"
        if one.kind == ROWS:
            rows = given.get(one.name) if isinstance(given.get(one.name), dict) else {}
            each = str(rows.get("each") or "").strip()
            if each:
                _parsed(each, f"{here}.each", faults)
                columns = _fields(one.columns, rows.get("columns"), f"{here}.columns", faults)
                made[one.name] = {"each": each, "columns": columns}
            elif one.required:
                faults[f"{here}.each"] = [_("This is required.")]
            continue
        text = str(given.get(one.name) or "").strip()
        if text:
            _parsed(text, here, faults)
            made[one.name] = text
        elif one.required:
            faults[here] = [_("This is required.")]
    return made


def _variables(given: Any, path: str, faults: dict[str, list[str]]) -> dict[str, str]:
    made: dict[str, str] = {}
    pairs = list(given.items()) if isinstance(given, dict) else []
    if len(pairs) > MOST_VARIABLES:
        faults[path] = [_("At most %(most)s variables.", most=MOST_VARIABLES)]
        return {}
    for place, (name, text) in enumerate(pairs):
        if not isinstance(text, str) or not _VARIABLE.match(str(name)):
            faults[f"{path}.{place}"] = [_("A variable's name has letters, digits and _, and begins with a letter.")]
            continue
        _parsed(text, f"{path}.{place}", faults)
        made[str(name)] = text
    return made


def _parsed(text: str, path: str, faults: dict[str, list[str]]) -> None:
    try:
        parse(text)
    except ExpressionInvalid as error:
        faults[path] = [error.sentence()]


def choose(body: Mapping[str, Any], scope: Mapping[str, Any]) -> Chosen:
    """Which rule is for this event, and its values. Raises Invalid (every field that cannot be filled), NoRuleFits."""
    scope = {**scope, NOW: clock.now()}
    for place, rule in enumerate(body["rules"]):
        if not _holds(rule["when"], scope, f"rules.{place}.when"):
            continue
        action = find_action(rule["action"])
        if action is None:
            raise Invalid({f"rules.{place}.action": [_("Choose what is to be done.")]})
        faults: dict[str, list[str]] = {}
        values = _values(action.parameters, rule["fields"], scope, "", faults)
        given = {
            name: value
            for name, text in rule["variables"].items()
            if (value := _value(text, scope, f"variables.{name}", faults, required=False)) is not None
        }
        if faults:
            raise Invalid(faults)
        return Chosen(place, rule["name"], action, {**values, **({"variables": given} if action.variables else {})})
    if body["otherwise"] == FAIL:
        raise NoRuleFits(type=str(scope["event"].get("type", ""))[:100])
    return Chosen(None, "", None, {})


def absent(body: Mapping[str, Any], scope: Mapping[str, Any], rule: int | None) -> dict[str, str]:
    """What is read but not in the payload, by path, with the reason: it counts as empty, and a condition that asks for
    it does not hold. Of the conditions until the rule that is chosen (None: of all), and of what that rule fills in."""
    scope = {**scope, NOW: clock.now()}
    found: dict[str, str] = {}
    for place, one in enumerate(body["rules"][: None if rule is None else rule + 1]):
        _lacking(one["when"] or "true", scope, f"rules.{place}.when", found)
    if rule is None:
        return found
    chosen, path = body["rules"][rule], f"rules.{rule}"
    for name, mapped in chosen["fields"].items():
        here = f"{path}.fields.{name}"
        if isinstance(mapped, str):
            _lacking(mapped, scope, here, found)
            continue
        items = _lacking(mapped["each"], scope, f"{here}.each", found)
        for item in items if isinstance(items, list) else [] if items is None else [items]:
            for column, text in mapped["columns"].items():
                _lacking(text, {**scope, "item": item}, f"{here}.columns.{column}", found)
    for name, text in chosen["variables"].items():
        _lacking(text, scope, f"{path}.variables.{name}", found)
    return found


def _lacking(text: str, scope: Mapping[str, Any], path: str, found: dict[str, str]) -> Any:
    """The value; what it lacks is noted once."""
    try:
        return parse(text).evaluate(scope)
    except ExpressionFailed as error:
        if error.absent:
            found.setdefault(path, f"{text[:100]} – {error.details['reason']}")
        return None


def _holds(when: str, scope: Mapping[str, Any], path: str) -> bool:
    """False also when the condition asks for what this payload does not have."""
    try:
        return not when or parse(when).holds(scope)
    except ExpressionFailed as error:
        if error.absent:
            return False
        raise Invalid({path: [error.sentence()]}) from None


def _values(
    parameters: Sequence[Parameter],
    fields: Mapping[str, Any],
    scope: Mapping[str, Any],
    path: str,
    faults: dict[str, list[str]],
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for one in parameters:
        mapped = fields.get(one.name)
        here = f"{path}{one.name}"
        if mapped is None:
            continue
        if one.kind == ROWS:
            rows = _rows(one, mapped, scope, here, faults)
            if rows is not None:
                made[one.name] = rows
            continue
        value = _value(mapped, scope, here, faults, required=one.required)
        if value is None or value == "":
            if one.required and here not in faults:
                faults[here] = [_("“%(path)s” is empty.", path=mapped)]
            continue
        try:
            made[one.name] = fitted(one, value)
        except DoesNotFit as error:
            faults[here] = [error.sentence()]
    return made


def _rows(
    one: Parameter, mapped: Mapping[str, Any], scope: Mapping[str, Any], path: str, faults: dict[str, list[str]]
) -> list[dict[str, Any]] | None:
    items = _value(mapped["each"], scope, path, faults, required=one.required)
    if items is None:
        return None
    items = items if isinstance(items, list) else [items]
    if len(items) > MOST_ITEMS:
        faults[path] = [_("There are more than %(most)s.", most=MOST_ITEMS)]
        return None
    return [
        _values(one.columns, mapped["columns"], {**scope, "item": item}, f"{path}.{place}.", faults)
        for place, item in enumerate(items)
    ]


def _value(text: str, scope: Mapping[str, Any], path: str, faults: dict[str, list[str]], *, required: bool) -> Any:
    try:
        return as_json(parse(text).evaluate(scope))
    except ExpressionFailed as error:
        if required or not error.absent:
            faults[path] = [error.sentence()]
        return None
