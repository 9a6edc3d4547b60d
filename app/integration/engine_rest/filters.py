"""Filters by variables: an instance keeps them in its state, so rows are looked at in chunks, a statement each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from app.core.db import session
from app.core.permissions import current_actor
from app.integration.engine_rest.engine import bulk
from app.integration.engine_rest.errors import InvalidRequest
from app.integration.engine_rest.values import CONTENT, RESERVED, TYPES
from app.integration.engine_rest.wire import Given, moment_in
from app.processes.permissions import PROCESS_VARIABLES

OPERATORS = ("eq", "neq", "gt", "gteq", "lt", "lteq", "like", "notLike")
_WRITTEN = re.compile(rf"(.+?)_({'|'.join(sorted(OPERATORS, key=len, reverse=True))})_(.*)\Z", re.DOTALL)
CHUNK = 500
MOST_LOOKED_AT = 20_000
"""Rows whose variables one request looks at."""
_absent = object()


@dataclass(frozen=True)
class Condition:
    """One comparison of a variable."""

    name: str
    operator: str
    value: Any
    written: bool = False
    """It came in the address, as text: `1` may be a number."""
    any_case: bool = False
    any_name_case: bool = False

    def holds(self, variables: Mapping[str, Any]) -> bool:
        """Whether it holds among these variables; one that is not there fulfils nothing."""
        return self._compare(self._found(variables))

    def _found(self, variables: Mapping[str, Any]) -> Any:
        if self.name in RESERVED:
            return _absent
        if not self.any_name_case:
            return variables.get(self.name, _absent)
        wanted = self.name.lower()
        return next((value for name, value in variables.items() if name.lower() == wanted), _absent)

    def _compare(self, found: Any) -> bool:
        if found is _absent:
            return False
        one, other = self._alike(found)
        if self.operator in ("like", "notLike"):
            fits = isinstance(one, str) and like(one, str(other))
            return fits if self.operator == "like" else isinstance(one, str) and not fits
        if self.operator in ("eq", "neq"):
            same = one == other and isinstance(one, bool) == isinstance(other, bool)
            return same is (self.operator == "eq")
        if type(one) is not type(other) and not (_is_number(one) and _is_number(other)):
            return False
        if not (_is_number(one) or isinstance(one, str | datetime)):
            return False
        return bool({"gt": one > other, "gteq": one >= other, "lt": one < other, "lteq": one <= other}[self.operator])

    def _alike(self, found: Any) -> tuple[Any, Any]:
        value = self.value
        if self.written and not isinstance(found, str):
            value = _read(str(value), found)
        if isinstance(found, str) and isinstance(value, str):
            moments = _moments(found, value)
            if moments is not None:
                return moments
            if self.any_case:
                return found.lower(), value.lower()
        return found, value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _read(text: str, like_this: Any) -> Any:
    if isinstance(like_this, bool):
        return {"true": True, "false": False}.get(text.lower(), text)
    if _is_number(like_this) and re.fullmatch(r"[+-]?\d{1,18}(\.\d{1,18})?", text):
        return float(text) if "." in text else int(text)
    return None if like_this is None and text in ("", "null") else text


def _moments(one: str, other: str) -> tuple[Any, Any] | None:
    if len(one) < 19 or len(other) < 19 or one[10:11] != "T" or other[10:11] != "T":
        return None
    try:
        return moment_in(one), moment_in(other)
    except ValueError:
        return None


def like(text: str, pattern: str) -> bool:
    """SQL's LIKE: `%` any text, `_` any character, a backslash takes the next as it is. Takes at most
    len(text) × len(pattern) steps, whatever the pattern."""
    parts: list[str | None] = []
    literal = False
    for character in pattern[:500]:
        if character == "\\" and not literal:
            literal = True
            continue
        parts.append({"%": None, "_": ""}.get(character, character) if not literal else character)
        literal = False
    here, there, star, mark = 0, 0, -1, 0
    while here < len(text):
        if there < len(parts) and parts[there] is not None and parts[there] in ("", text[here]):
            here, there = here + 1, there + 1
        elif there < len(parts) and parts[there] is None:
            star, mark, there = there, here, there + 1
        elif star >= 0:
            mark += 1
            here, there = mark, star + 1
        else:
            return False
    return all(part is None for part in parts[there:])


def conditions(given: Given, name: str) -> list[Condition]:
    """`variables=a_eq_1,b_like_%x%` of an address, or `[{"name", "operator", "value"}]` of a body."""
    found = given.raw(name)
    if found is None:
        return []
    any_case, any_name = given.flag("variableValuesIgnoreCase"), given.flag("variableNamesIgnoreCase")
    if isinstance(found, str):
        return [_written(part, any_case=any_case, any_name=any_name) for part in found.split(",") if part]
    made = []
    for one in given.objects(name):
        operator = one.text("operator") or "eq"
        if operator not in OPERATORS:
            raise InvalidRequest(f"Invalid variable comparator specified: {operator[:40]}")
        wanted = one.raw("value")
        if isinstance(wanted, dict | list):
            raise InvalidRequest("Variables of object types cannot be compared")
        made.append(Condition(one.needed("name"), operator, wanted, any_case=any_case, any_name_case=any_name))
    return made


def of_everybody(given: Given, name: str) -> list[Condition]:
    """As `conditions`, on instances whoever they belong to: who may ask for values can find them out."""
    found = conditions(given, name)
    if found:
        current_actor().must(PROCESS_VARIABLES)
    return found


def _written(part: str, *, any_case: bool, any_name: bool) -> Condition:
    found = _WRITTEN.match(part)
    if found is None:
        if part.count("_") < 2:
            raise InvalidRequest("variable query parameter has to have format KEY_OPERATOR_VALUE.")
        raise InvalidRequest(f"Invalid variable comparator specified: {part[:60]}")
    return Condition(found[1], found[2], found[3], written=True, any_case=any_case, any_name_case=any_name)


Looks = Callable[[Any, "bulk.Seen"], bool]


def scan(
    statement: Select[Any], instance_of: Callable[[Any], str | None], looks: Looks, first: int, most: int
) -> list[Any]:
    """The rows that look right, from `first`, at most `most`. `statement` must be sorted; two statements per chunk."""
    found: list[Any] = []
    skipped = 0
    for start in range(0, MOST_LOOKED_AT + 1, CHUNK):
        if start >= MOST_LOOKED_AT:
            raise InvalidRequest(
                f"More than {MOST_LOOKED_AT} rows would have to be looked at: narrow the query by definition or key",
                kind="BadUserRequestException",
            )
        rows = list(session().execute(statement.limit(CHUNK).offset(start)))
        seen = bulk.of_many({key for row in rows if (key := instance_of(row)) is not None})
        for row in rows:
            if not looks(row, seen.get(instance_of(row) or "", bulk.Seen())):
                continue
            if skipped < first:
                skipped += 1
                continue
            found.append(row)
            if len(found) >= most:
                return found
        if len(rows) < CHUNK:
            return found
    return found


def instances_where(wanted: Sequence[Condition], statement: Select[Any], first: int, most: int) -> list[Any]:
    """Rows of instances (each with its `id`) whose variables fulfil `wanted`, from `first`, at most `most`. `statement`
    must be sorted."""
    if not wanted:
        return list(session().execute(statement.limit(most).offset(first)))
    return scan(statement, lambda row: str(row.id), lambda _row, seen: all_hold(wanted, seen.whole), first, most)


def count_where(wanted: Sequence[Condition], statement: Select[Any]) -> int:
    """How many rows `instances_where` would find in all. `statement` must be sorted."""
    if wanted:
        return len(instances_where(wanted, statement, 0, MOST_LOOKED_AT + 1))
    return session().scalar(select(func.count()).select_from(statement.order_by(None).subquery())) or 0


def all_hold(wanted: Sequence[Condition], variables: Mapping[str, Any]) -> bool:
    """Whether each of them holds. Bytes cannot be compared."""
    return all(one.holds(_comparable(variables, one)) for one in wanted)


def _comparable(variables: Mapping[str, Any], one: Condition) -> Mapping[str, Any]:
    typed = (variables.get(TYPES) or {}).get(one.name) or {}
    value = variables.get(one.name)
    if typed.get("type") in ("File", "Bytes") and isinstance(value, str) and value.startswith(CONTENT):
        return {}
    return variables
