"""Answers to a form, checked by its schema and coerced as form-js does it.

What was not answered is left out. Stricter than the browser in what a person cannot mean: a blank text is no answer,
control characters, a choice made twice, a past day where only later ones are offered, another value of a field that is
only shown, and an answer to a hidden field are refused; a text without a limit has one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Any

from app.core import clock
from app.core.errors import Invalid
from app.core.i18n import _
from app.processes.answering import feel, patterns
from app.processes.answering.fields import EMPTY, ONE_OF, SOME_OF, TEXTS, Field, at, fields_of, put

LONGEST_TEXT = 2000
"""Most characters of a text answer when the form names no limit."""
LARGEST = 2**53 - 1
"""Beyond, a browser no longer tells integers apart."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_EMAIL = re.compile(r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-zA-Z0-9-]{1,63}(\.[a-zA-Z0-9-]{1,63}){0,8}\Z")
_PHONE = re.compile(r"(\+|00)[1-9]\d{5,22}\Z", re.ASCII)
_TIME = re.compile(r"(\d\d:\d\d)(Z|[+-]\d\d:\d\d)?\Z", re.ASCII)


def checked(schema: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers the form asks for, coerced, those in groups nested as the groups say. Raises Invalid naming each
    wrong, missing or unknown field by its path."""
    good, faults = _check(schema, answers)
    if faults:
        raise Invalid(faults)
    return good


def faults_of(schema: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, list[str]]:
    """Why the answers do not fit, by the path of each field; empty when they do."""
    return _check(schema, answers)[1]


def _check(schema: Mapping[str, Any], answers: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    fields = list(fields_of(schema))
    faults = {name: [_("There is no such field.")] for name in _unknown(answers, {field.path for field in fields})}
    seen = _as_a_browser_sees(fields, answers)
    good: dict[str, Any] = {}
    for field in fields:
        value = at(answers, field.path)
        if any(feel.holds(text, seen) for text in field.hidden_if):
            reasons = [_("This is not asked here.")] if _is_given(field, value) else []
        elif field.component.get("disabled") or field.component.get("readonly"):
            fixed = field.component.get("defaultValue")
            reasons = [_("This cannot be changed.")] if _is_given(field, value) and value != fixed else []
            if not reasons and _is_given(field, value) and not field.component.get("disabled"):
                put(good, field.path, value)
        elif _is_given(field, value):
            value = _coerced(field, value)
            reasons = list(_faults(field, value))
            if not reasons:
                put(good, field.path, value)
        else:
            reasons = [_("This is required.")] if field.rules.get("required") else []
            if value is False:
                put(good, field.path, value)
        if reasons:
            faults[field.key] = reasons
    return good, faults


def _unknown(answers: Mapping[str, Any], known: set[tuple[str, ...]], path: tuple[str, ...] = ()) -> Iterator[str]:
    """Paths of answers that no field asks for."""
    for name, value in answers.items():
        here = (*path, str(name))
        if here in known:
            continue
        if isinstance(value, Mapping) and any(one[: len(here)] == here for one in known):
            yield from _unknown(value, known, here)
        else:
            yield ".".join(here)[:200]


def _as_a_browser_sees(fields: list[Field], answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers with what form-js takes for those not given: conditions look at these."""
    seen: dict[str, Any] = {}
    for field in fields:
        value = at(answers, field.path)
        put(seen, field.path, EMPTY.get(field.type) if value is None else value)
    return seen


def _is_given(field: Field, value: Any) -> bool:
    if isinstance(value, str):
        value = value.strip()
    return value not in (None, "", []) and not (field.type == "checkbox" and value is False)


def _coerced(field: Field, value: Any) -> Any:
    """As form-js reads it: a line has no breaks, a number may come as text, an integral one is an integer."""
    if field.type == "textfield" and isinstance(value, str):
        return re.sub(r"[\r\n\t]", " ", value)
    if field.type == "number" and not isinstance(value, bool):
        number = _number(value)
        if number is None:
            return value
        if field.component.get("serializeToString"):
            return value if isinstance(value, str) else format(number, "f")
        return int(number) if number == number.to_integral_value() else float(number)
    return value


def _number(value: Any) -> Decimal | None:
    if isinstance(value, str) and not re.fullmatch(r"\s*-?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})\s*", value, re.ASCII):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) <= LARGEST else None


def _limit(rules: Mapping[str, Any], name: str, otherwise: Any) -> Any:
    """A limit as a whole number; `otherwise` when there is none."""
    found = _number(rules.get(name))
    return otherwise if found is None else int(found)


def _faults(field: Field, value: Any) -> Iterator[str]:
    kind = field.type
    if kind in TEXTS:
        yield from _text_faults(field.rules, value)
    elif kind == "number":
        yield from _number_faults(field, value)
    elif kind == "checkbox":
        if not isinstance(value, bool):
            yield _("Must be true or false.")
    elif kind in ONE_OF | SOME_OF:
        yield from _choice_faults(field, value)
    else:
        yield from _moment_faults(field.component, value)


def _choice_faults(field: Field, value: Any) -> Iterator[str]:
    offered = field.offered
    known = {(type(one), str(one)) for one in offered}
    given = value if field.type in SOME_OF else [value]
    if not isinstance(given, list) or any((type(one), str(one)) not in known for one in given):
        yield _("Must be one of: %(choices)s.", choices=", ".join(map(str, offered)))
    elif len({str(one) for one in given}) < len(given):
        yield _("The same is given twice.")


def _text_faults(rules: Mapping[str, Any], value: Any) -> Iterator[str]:
    if not isinstance(value, str):
        yield _("Must be text.")
        return
    least, most = _limit(rules, "minLength", 0), _limit(rules, "maxLength", LONGEST_TEXT)
    length = len(value.strip().encode("utf-16-le", "surrogatepass")) // 2  # as JavaScript counts
    if not least <= length <= most or len(value) > max(most, LONGEST_TEXT):
        yield _("Must have %(least)s to %(most)s characters.", least=least, most=most)
        return
    if _CONTROL.search(value):
        yield _("Contains a character that cannot be shown.")
        return
    pattern, kind = rules.get("pattern"), rules.get("validationType")
    if pattern and not patterns.fits(str(pattern), value):
        yield str(rules.get("patternErrorMessage") or _("This is not in the right form."))
    if kind == "email" and not _EMAIL.match(value):
        yield _("Must be an e-mail address.")
    if kind == "phone" and not _PHONE.match(value):
        yield _("Must be a phone number with country code, such as +8613800000000.")


def _number_faults(field: Field, value: Any) -> Iterator[str]:
    number = None if isinstance(value, bool) or not isinstance(value, int | float | str) else _number(value)
    digits = _limit(field.component, "decimalDigits", None)
    if number is None:
        yield _("Must be a number.")
        return
    _sign, _digits, exponent = number.normalize().as_tuple()
    if digits is not None and isinstance(exponent, int) and -exponent > digits:
        yield _("Must be a whole number.") if not digits else _("Must have at most %(most)s decimals.", most=digits)
    step, low, high = (
        _number(given) for given in (field.component.get("increment"), field.rules.get("min"), field.rules.get("max"))
    )
    if step and number % step:
        yield _("Must be a multiple of %(step)s.", step=step)
    if low is not None and number < low:
        yield _("Must be at least %(least)s.", least=low)
    if high is not None and number > high:
        yield _("Must be at most %(most)s.", most=high)


def _moment_faults(component: Mapping[str, Any], value: Any) -> Iterator[str]:
    kind = str(component.get("subtype", "date"))
    day, t, hour = value.partition("T") if isinstance(value, str) else ("", "", "")
    if kind == "time":
        day, t, hour = "", "T", day + t + hour
    found = _day(day)
    if (kind != "time" and found is None) or not (_is_time(hour) if kind != "date" else not t):
        yield {
            "time": _("Must be a time such as 14:30."),
            "datetime": _("Must be a date and time such as 2026-11-30T14:30."),
        }.get(kind, _("Must be a date such as 2026-11-30."))
    elif found is not None and component.get("disallowPassedDates") and found < clock.today():
        yield _("Must not lie in the past.")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-11-30") else None
    except ValueError:
        return None


def _is_time(text: str) -> bool:
    match = _TIME.match(text)
    try:
        return match is not None and time.fromisoformat(text.replace("Z", "+00:00")) is not None
    except ValueError:
        return False
