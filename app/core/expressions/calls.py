"""The functions and methods of the language. There are no others: a name that is not here is refused when read.

Each gets values and a way to fail; none reaches into Python objects, has effects, or reads the machine's clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NoReturn

from app.core.errors import DomainError
from app.core.expressions.errors import ErrorThrown
from app.core.expressions.values import among, as_number, bounded, exact, kind_of, same, text_of
from app.core.i18n import _
from app.core.intervals import HOUR, MINUTE, SECOND, Duration, parse_date

NOW = "now()"
"""Key of the scope under which the time is found (an aware datetime): no variable can have this name."""
EXECUTION = "execution"
"""Key of the scope under which the instance tells of itself: {"processInstanceId": …, "processBusinessKey": …}."""

Scope = Mapping[str, Any]
Fail = Callable[[str], NoReturn]


@dataclass(frozen=True)
class Function:
    """`run(scope, arguments, fail)`; takes `least` to `most` arguments."""

    least: int
    most: int
    run: Callable[[Scope, list[Any], Fail], Any]


@dataclass(frozen=True)
class MethodOf:
    """`run(value, arguments, fail)` for values of these kinds; takes `count` arguments."""

    kinds: tuple[str, ...]
    count: int
    run: Callable[[Any, list[Any], Fail], Any]


def _now(scope: Scope, _arguments: list[Any], fail: Fail) -> datetime:
    found = scope.get(NOW)
    if not isinstance(found, datetime):
        fail(_("the time is not known here"))
    return found


def _date_time(scope: Scope, arguments: list[Any], fail: Fail) -> datetime:
    if not arguments:
        return _now(scope, arguments, fail)
    given = arguments[0]
    if not isinstance(given, str | date):
        fail(_("needs a date, not %(kind)s", kind=kind_of(given)))
    try:
        return parse_date(given)
    except DomainError as error:
        fail(error.sentence())


def _concat(_scope: Scope, arguments: list[Any], _fail: Fail) -> str:
    return bounded("".join(text_of(value) for value in arguments))


def _number(_scope: Scope, arguments: list[Any], fail: Fail) -> int | Decimal:
    given = arguments[0]
    found: Any = as_number(given) if isinstance(given, str) else given
    if kind_of(found) != "number":
        fail(_("needs a number, not %(kind)s", kind=kind_of(given)))
    number: int | Decimal = found
    return number


def _error(_scope: Scope, arguments: list[Any], fail: Fail) -> NoReturn:
    code, *why = (_text(argument, fail) for argument in arguments)
    raise ErrorThrown(f"error('{code}')", 0, code[:100], "".join(why)[:500])


FUNCTIONS: dict[str, Function] = {
    "error": Function(1, 2, _error),
    "now": Function(0, 0, _now),
    "dateTime": Function(0, 1, _date_time),
    "concat": Function(1, 40, _concat),
    "number": Function(1, 1, _number),
}


def _variable(scope: Scope, arguments: list[Any], fail: Fail) -> Any:
    name = _text(arguments[0], fail)
    return None if name in (NOW, EXECUTION) else exact(scope.get(name))


def _has_variable(scope: Scope, arguments: list[Any], fail: Fail) -> bool:
    name = _text(arguments[0], fail)
    return name in scope and name not in (NOW, EXECUTION)


def _told(key: str) -> Function:
    def tell(scope: Scope, _arguments: list[Any], fail: Fail) -> Any:
        known = scope.get(EXECUTION)
        if not isinstance(known, Mapping) or key not in known:
            fail(_("there is no “%(name)s”", name=f"{EXECUTION}.{key}"))
        return exact(known[key])

    return Function(0, 0, tell)


ON_EXECUTION: dict[str, Function] = {
    "getVariable": Function(1, 1, _variable),
    "hasVariable": Function(1, 1, _has_variable),
    "getProcessBusinessKey": _told("processBusinessKey"),
    "getBusinessKey": _told("processBusinessKey"),
    "getProcessInstanceId": _told("processInstanceId"),
}


def _text(value: Any, fail: Fail) -> str:
    if not isinstance(value, str):
        fail(_("needs text, not %(kind)s", kind=kind_of(value)))
    return value


def _contains(value: Any, arguments: list[Any], fail: Fail) -> bool:
    if isinstance(value, str):
        return _text(arguments[0], fail) in value
    return among(arguments[0], value)


def _get(value: Any, arguments: list[Any], fail: Fail) -> Any:
    if isinstance(value, Mapping):
        return exact(value.get(_text(arguments[0], fail)))
    return item(value, arguments[0], fail)


def item(value: Any, key: Any, fail: Fail) -> Any:
    """`value[key]`; a list counts from 0, and what is not there is a failure."""
    if isinstance(value, Mapping):
        if (name := _text(key, fail)) not in value:
            fail(_("there is no “%(name)s”", name=name[:40]))
        return exact(value[name])
    if kind_of(value) != "list":
        fail(_("[ ] needs a list or an object, not %(kind)s", kind=kind_of(value)))
    if kind_of(key) != "number" or key != int(key):
        fail(_("the place in a list must be a whole number"))
    if not 0 <= key < len(value):
        fail(_("the list has %(count)s items, counted from 0", count=len(value)))
    return exact(value[int(key)])


def _shift(*, sign: int, months: int = 0, days: int = 0, microseconds: int = 0) -> MethodOf:
    def shifted(value: datetime, arguments: list[Any], fail: Fail) -> datetime:
        times = arguments[0]
        if kind_of(times) != "number" or not -(10**10) < times < 10**10 or times != int(times):
            fail(_("needs a whole number"))
        steps, forward = abs(int(times)), (times > 0) is (sign > 0)
        try:
            length = Duration(months * steps, days * steps, microseconds * steps)
            return length.after(value) if forward else length.before(value)
        except DomainError as error:
            fail(error.sentence())

    return MethodOf(("moment",), 1, shifted)


_UNITS: dict[str, dict[str, int]] = {
    "Years": {"months": 12},
    "Months": {"months": 1},
    "Weeks": {"days": 7},
    "Days": {"days": 1},
    "Hours": {"microseconds": HOUR},
    "Minutes": {"microseconds": MINUTE},
    "Seconds": {"microseconds": SECOND},
}
_HOLDERS = ("text", "list", "object")
_ANY = ("bool", "number", "text", "moment", "date", "list", "object")

METHODS: dict[str, MethodOf] = {
    "size": MethodOf(("list", "object"), 0, lambda value, _a, _f: len(value)),
    "length": MethodOf(("text",), 0, lambda value, _a, _f: len(value)),
    "isEmpty": MethodOf(_HOLDERS, 0, lambda value, _a, _f: len(value) == 0),
    "contains": MethodOf(("text", "list"), 1, _contains),
    "containsKey": MethodOf(("object",), 1, lambda value, found, fail: _text(found[0], fail) in value),
    "get": MethodOf(("list", "object"), 1, _get),
    "startsWith": MethodOf(("text",), 1, lambda value, found, fail: value.startswith(_text(found[0], fail))),
    "endsWith": MethodOf(("text",), 1, lambda value, found, fail: value.endswith(_text(found[0], fail))),
    "equals": MethodOf(_ANY, 1, lambda value, found, _f: same(value, found[0])),
    "equalsIgnoreCase": MethodOf(
        ("text",), 1, lambda value, found, _f: isinstance(found[0], str) and value.casefold() == found[0].casefold()
    ),
    "concat": MethodOf(("text",), 1, lambda value, found, fail: bounded(value + _text(found[0], fail))),
    "toLowerCase": MethodOf(("text",), 0, lambda value, _a, _f: bounded(value.lower())),
    "toUpperCase": MethodOf(("text",), 0, lambda value, _a, _f: bounded(value.upper())),
    "trim": MethodOf(("text",), 0, lambda value, _a, _f: bounded(value.strip())),
    "toString": MethodOf(_ANY, 0, lambda value, _a, _f: text_of(value)),
    "toDate": MethodOf(("moment",), 0, lambda value, _a, _f: value),
    **{f"plus{unit}": _shift(sign=1, **length) for unit, length in _UNITS.items()},
    **{f"minus{unit}": _shift(sign=-1, **length) for unit, length in _UNITS.items()},
}
