"""How the dialect writes moments, ids, bodies and parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import request

from app.core import jsontext
from app.integration.engine_rest.errors import InvalidRequest

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?\Z")
LARGEST = 10_000
"""Rows of one answer; a list that would be longer is refused rather than cut short."""


def moment_out(moment: datetime | None) -> str | None:
    """`2026-11-22T22:00:00.000+0000`."""
    if moment is None:
        return None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"


def moment_in(text: str) -> datetime:
    """The moment that a text of the dialect (or ISO 8601) names; without zone UTC. Raises ValueError."""
    found = _MOMENT.match(text.strip())
    if found is None:
        raise ValueError(f"not a moment: {text[:60]!r}")
    second, fraction, zone = found.groups()
    zone = {None: "+00:00", "Z": "+00:00"}.get(zone, zone)
    moment = datetime.fromisoformat(f"{second}.{(fraction or '0').ljust(6, '0')[:6]}{zone}")
    if not 1 < moment.year < 9999:
        raise ValueError(f"not a moment of the calendar: {text[:60]!r}")
    return moment.astimezone(UTC)


def execution_id(instance_id: str, token: int | None) -> str:
    """Id of a token; the instance's own without one."""
    return instance_id if token is None else f"{instance_id}:{token}"


def split_execution(execution: str) -> tuple[str, int | None]:
    """Instance and token of an execution's id; an unreadable one is taken for an instance that is not there."""
    instance, colon, token = execution.partition(":")
    if not colon:
        return execution, None
    if not re.fullmatch(r"\d{1,9}", token):
        return execution, None
    return instance, int(token)


def activity_instance_id(element: str, instance_id: str, token: int) -> str:
    """Id of one visit of an activity."""
    return f"{element}:{instance_id}:{token}"


def body() -> dict[str, Any]:
    """The JSON object that was sent, whatever its content type; an empty one without a body."""
    sent = request.get_data()
    if not sent.strip():
        return {}
    try:
        found = jsontext.strict(sent)
    except (ValueError, RecursionError):
        raise InvalidRequest("Cannot read the request body as JSON", kind="JsonParseException") from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise InvalidRequest("Cannot read the request body: a JSON object is expected", kind="JsonMappingException")
    _refuse_nul(found)
    return found


def _refuse_nul(value: Any) -> None:
    level = [value]
    while level:
        inner = []
        for one in level:
            if isinstance(one, str) and "\x00" in one:
                raise InvalidRequest("Cannot read the request body: NUL is not allowed")
            if isinstance(one, dict):
                inner += [*one.keys(), *one.values()]
            elif isinstance(one, list):
                inner += one
        level = inner


class Given:
    """Parameters by name: of the address (all text), or of a JSON object. Absent and null are the same."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def raw(self, name: str) -> Any:
        """As it came."""
        return self.values.get(name)

    def text(self, name: str, most: int = 4000) -> str | None:
        """A text; numbers become one."""
        found = self.values.get(name)
        if found is None:
            return None
        if isinstance(found, bool | dict | list):
            raise self._wrong(name, found, "java.lang.String")
        if len(str(found)) > most:
            raise InvalidRequest(f"Parameter '{name}' is longer than {most} characters")
        return str(found)

    def needed(self, name: str, most: int = 4000) -> str:
        """A text that must be there and not empty."""
        found = self.text(name, most)
        if not found:
            raise InvalidRequest(f"{name} is null" if found is None else f"{name} is empty")
        return found

    def flag(self, name: str) -> bool:
        """True when given as true (`True`, `"true"`)."""
        found = self.values.get(name)
        if isinstance(found, bool):
            return found
        if found is None or str(found).strip().lower() in ("true", "false", ""):
            return str(found).strip().lower() == "true"
        raise self._wrong(name, found, "java.lang.Boolean")

    def number(self, name: str, low: int = -(2**31), high: int = 2**31 - 1) -> int | None:
        """A whole number."""
        found = self.values.get(name)
        if found is None or found == "":
            return None
        if isinstance(found, float) and found.is_integer():
            found = int(found)
        if isinstance(found, bool | float | dict | list) or not re.fullmatch(r"[+-]?[0-9]{1,19}", str(found).strip()):
            raise self._wrong(name, found, "java.lang.Integer")
        value = int(str(found))
        if not low <= value <= high:
            raise self._wrong(name, found, "java.lang.Integer")
        return value

    def moment(self, name: str) -> datetime | None:
        """A moment."""
        found = self.text(name)
        if not found:
            return None
        try:
            return moment_in(found)
        except ValueError:
            raise self._wrong(name, found, "java.util.Date") from None

    def texts(self, name: str) -> list[str] | None:
        """Several texts: a list, or separated by commas."""
        found = self.values.get(name)
        if found is None:
            return None
        if isinstance(found, str):
            return [part.strip() for part in found.split(",") if part.strip()]
        if not isinstance(found, list) or any(isinstance(one, dict | list | bool) for one in found):
            raise self._wrong(name, found, "java.util.List")
        if len(found) > LARGEST:
            raise InvalidRequest(f"Parameter '{name}' has more than {LARGEST} values")
        return [str(one) for one in found if one is not None]

    def mapping(self, name: str) -> dict[str, Any]:
        """A JSON object; empty without."""
        found = self.values.get(name)
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise self._wrong(name, found, "java.util.Map")
        return found

    def objects(self, name: str) -> list[Given]:
        """A list of JSON objects; empty without."""
        found = self.values.get(name)
        if found is None:
            return []
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise self._wrong(name, found, "java.util.List")
        if len(found) > 1000:
            raise InvalidRequest(f"Parameter '{name}' has more than 1000 values")
        return [Given(one) for one in found]

    @staticmethod
    def _wrong(name: str, value: Any, kind: str) -> InvalidRequest:
        shown = str(value)[:60]
        return InvalidRequest(
            f"Cannot set query parameter '{name}' to value '{shown}': "
            f'Cannot convert value "{shown}" to java type {kind}'
        )


def sent() -> Given:
    """The body's parameters."""
    return Given(body())


def asked() -> Given:
    """The parameters of a query: of the address, and of the body when it is posted."""
    values: dict[str, Any] = dict(request.args.items())
    if request.method == "POST":
        values |= body()
    return Given(values)


def order_of(given: Given, sorts: Mapping[Any, Any]) -> list[Any]:
    """The columns to sort by, from `sortBy` and `sortOrder` or from `sorting`. Raises InvalidRequest."""
    pairs = [(one.text("sortBy"), one.text("sortOrder")) for one in given.objects("sorting")]
    single = (given.text("sortBy"), given.text("sortOrder"))
    if any(single):
        if not all(single):
            raise InvalidRequest("Only a single sorting parameter specified. sortBy and sortOrder required")
        pairs.append(single)
    found = []
    for by, direction in pairs:
        if by not in sorts:
            raise InvalidRequest(f"Cannot set query sortBy parameter to value {str(by)[:60]}")
        if direction not in ("asc", "desc"):
            raise InvalidRequest(f"Cannot set query sortOrder parameter to value {str(direction)[:60]}")
        column = sorts[by]
        found.append(column.desc() if direction == "desc" else column.asc())
    return found


def window(given: Given) -> tuple[int, int]:
    """First row and how many, from `firstResult` and `maxResults`. Raises InvalidRequest."""
    first = given.number("firstResult") or 0
    most = given.number("maxResults")
    if first < 0 or (most is not None and most < 0):
        raise InvalidRequest("The first and the maximum number of results cannot be negative")
    return first, LARGEST + 1 if most is None else min(most, LARGEST + 1)


def refuse_longer(rows: list[Any]) -> list[Any]:
    """The rows, unless they are more than one answer holds."""
    if len(rows) > LARGEST:
        raise InvalidRequest(f"Max results limit of {LARGEST} exceeded!", kind="BadUserRequestException")
    return rows
