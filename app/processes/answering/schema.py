"""What may not be deployed as a form: whatever could not be shown, or not be checked here as the browser checks it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from app.core.errors import Invalid
from app.core.i18n import _, _l
from app.processes.answering import feel, patterns
from app.processes.answering.fields import ASKING, ONE_OF, SHOWN_ONLY, SOME_OF, fields_of

MOST = 300
"""Components of a form."""
DEEPEST = 8
"""Groups in groups."""
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*){0,7}\Z")
_RESERVED = {"__proto__", "constructor", "prototype"}
HOLDING = frozenset({"group", "default"})
RULES = {"required", "min", "max", "minLength", "maxLength", "pattern", "patternErrorMessage", "validationType"}
Found = Iterator[tuple[str, str]]


class FormRefused(Invalid):
    """The form could not be shown or checked. `fields` names each component (`form: component`) with the reasons."""

    message = _l("The form cannot be deployed; see each component.")


def refuse_wrong_form(name: str, schema: Any) -> None:
    """Raises FormRefused naming every component that is wrong."""
    problems: dict[str, list[str]] = {}
    for component, reason in problems_of(schema):
        problems.setdefault(f"{name}: {component}" if component else name, []).append(reason)
    if problems:
        raise FormRefused(problems)


def problems_of(schema: Any) -> Found:
    """(component, reason) of everything that is wrong; the component by its key, id or place."""
    if not isinstance(schema, Mapping) or not isinstance(schema.get("components", []), list):
        yield "", _("This is no form-js schema.")
        return
    shape = list(_shape(schema, 0, [0], ""))
    yield from shape
    if shape:  # the rest reads what has just been found wrong
        return
    fields = list(fields_of(schema))
    keys = [field.path for field in fields]
    for field in fields:
        if keys.count(field.path) > 1:
            yield field.key, _("Another field has this key too.")
        if any(other[: len(field.path)] == field.path for other in keys if other != field.path):
            yield field.key, _("Another field is kept within this one.")
        yield from ((field.key, reason) for reason in _field_problems(field.component))
        for text in field.hidden_if:
            yield from ((field.key, reason) for reason in _condition_problems(text, {one.key for one in fields}))


def _shape(holder: Mapping[str, Any], depth: int, count: list[int], place: str) -> Found:
    if depth > DEEPEST:
        yield place, _("Groups are nested too deeply.")
        return
    for number, one in enumerate(holder.get("components") or (), start=1):
        count[0] += 1
        here = f"{place}{number}"
        if not isinstance(one, Mapping):
            yield here, _("This is no component.")
            continue
        if count[0] > MOST:
            yield here, _("A form has at most %(most)s components.", most=MOST)
            return
        name = str(one.get("key") or one.get("id") or here)[:100]
        yield from ((name, reason) for reason in _kind_problems(one))
        if str(one.get("type")) in HOLDING:
            if isinstance(one.get("components", []), list):
                yield from _shape(one, depth + 1, count, f"{here}.")
            else:
                yield name, _("This is no form-js schema.")


def _kind_problems(one: Mapping[str, Any]) -> Iterator[str]:
    kind = one.get("type")
    if not isinstance(kind, str) or kind not in ASKING | SHOWN_ONLY | HOLDING:
        yield _("Components of the type “%(type)s” cannot be used here.", type=str(kind)[:40])
        return
    named = one.get("key") if kind in ASKING else one.get("path") if kind in HOLDING else None
    if kind in ASKING and not named:
        yield _("It has no key, so its answer could not be kept.")
    elif named and (not isinstance(named, str) or not _KEY.match(named) or _RESERVED & set(named.split("."))):
        yield _("Its key must consist of letters, digits and underscores.")
    if one.get("isRepeating"):
        yield _("Groups that repeat cannot be used here.")
    if "conditional" in one and not isinstance(one["conditional"], Mapping | None):
        yield _("Its condition cannot be read.")
    if kind in ASKING and not isinstance(one.get("validate", {}), Mapping):
        yield _("What it checks cannot be read.")


def _field_problems(one: Mapping[str, Any]) -> Iterator[str]:
    kind, rules = one["type"], one.get("validate") or {}
    for name in sorted(set(rules) - RULES):
        yield _("“%(name)s” would not be checked.", name=str(name)[:40])
    for name in ("disabled", "readonly"):
        if not isinstance(one.get(name, False), bool):
            yield _("“%(name)s” must be true or false here.", name=name)
    if not isinstance(rules.get("required", False), bool):
        yield _("“%(name)s” must be true or false here.", name="required")
    yield from _limits(rules, "min", "max", whole=False)
    yield from _limits(rules, "minLength", "maxLength", whole=True)
    if kind == "number":
        yield from _limits(one, "decimalDigits", "decimalDigits", whole=True)
        step = _decimal(one.get("increment"))
        if one.get("increment") not in (None, "") and (step is None or step <= 0):
            yield _("“%(name)s” must be a number here.", name="increment")
    yield from _text_problems(rules)
    if kind in ONE_OF | SOME_OF:
        yield from _option_problems(one)
    if kind == "datetime" and str(one.get("subtype", "date")) not in ("date", "time", "datetime"):
        yield _("It must ask for a date, a time or both.")


def _text_problems(rules: Mapping[str, Any]) -> Iterator[str]:
    pattern = rules.get("pattern")
    if pattern and (not isinstance(pattern, str) or not patterns.is_runnable(pattern)):
        yield _("Its pattern cannot be run: it may have no look-around and no back-reference.")
    if str(rules.get("validationType") or "custom") not in ("custom", "email", "phone"):
        yield _("“%(name)s” would not be checked.", name="validationType")


def _limits(rules: Mapping[str, Any], low: str, high: str, *, whole: bool) -> Iterator[str]:
    found = {}
    for name in dict.fromkeys((low, high)):
        if rules.get(name) in (None, ""):
            continue
        found[name] = number = _decimal(rules[name])
        if number is None or (whole and (number < 0 or number != number.to_integral_value() or number > 100_000)):
            yield _("“%(name)s” must be a number here.", name=name)
            return
    least, most = found.get(low), found.get(high)
    if least is not None and most is not None and least > most:
        yield _("“%(low)s” is larger than “%(high)s”: no answer could be right.", low=low, high=high)


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) < 10**18 else None


def _option_problems(one: Mapping[str, Any]) -> Iterator[str]:
    if one.get("valuesKey") or one.get("valuesExpression"):
        yield _("Its options come from data, so that answers could not be checked: list them in the form.")
        return
    options = one.get("values")
    if not isinstance(options, list) or not options or not all(isinstance(option, Mapping) for option in options):
        yield _("It offers nothing to choose.")
        return
    values = [option.get("value") for option in options]
    if any(value in (None, "") or not isinstance(value, str | int | float) for value in values):
        yield _("Each option needs a value.")
    elif len({str(value) for value in values}) < len(values):
        yield _("Two options have the same value.")


def _condition_problems(text: str, known: set[str]) -> Iterator[str]:
    try:
        names = feel.condition(text).names
    except (feel.NotUnderstood, ValueError):
        yield _("Its condition can only compare answers with values: “%(condition)s”.", condition=text[:80])
        return
    if "outcome" in names:
        yield _("It depends on the outcome, which is only known when a button is pressed.")
    for name in sorted(names - known - {"outcome"}):
        yield _("Its condition names “%(name)s”, which is no field of the form.", name=name[:80])
