"""Variables as the dialect types them, and as an instance keeps them.

An instance keeps JSON values. What JSON cannot tell (a Long, a Date, a Json text, a File) is noted in the reserved
variable `_types`: {name: {"type", "valueInfo"}}. Bytes and files lie in a table, the value refers to them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core import jsontext
from app.integration.engine_rest.errors import InvalidRequest
from app.integration.engine_rest.wire import moment_in, moment_out
from app.processes.service import ENGINE_NAMES

TYPES = "_types"
RESERVED = ENGINE_NAMES | {TYPES}
"""Variables that the engine keeps for itself: not shown, not to be set."""
NAMES = {
    name.lower(): name
    for name in (
        *("String", "Boolean", "Short", "Integer", "Long", "Double", "Number"),
        *("Date", "Bytes", "File", "Json", "Xml", "Object", "Null"),
    )
}
BOUNDS = {"Short": 2**15, "Integer": 2**31, "Long": 2**63}
CONTENT = "content:"
"""Begins the value of a variable whose bytes lie in the table; the id follows."""
MOST = 1000
"""Variables in one request."""
LONGEST_NAME = 255

Keep = Callable[[bytes], str]


@dataclass
class Variables:
    """Variables as they go into an instance: values, how they are typed, which of them are not to be kept."""

    values: dict[str, Any] = field(default_factory=dict)
    types: dict[str, Any] = field(default_factory=dict)
    transient: set[str] = field(default_factory=set)

    def lasting(self) -> dict[str, Any]:
        """The values that are kept."""
        return {name: value for name, value in self.values.items() if name not in self.transient}

    def with_types(self, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What is handed to the engine: the values, and the types of all there were before with the new ones."""
        kept = self.lasting()
        if not kept:
            return {}
        types = {name: one for name, one in dict(before or {}).items() if name not in kept}
        types |= {name: one for name, one in self.types.items() if name in kept}
        return {**kept, TYPES: types} if types or before else kept


def variables_in(given: Mapping[str, Any], keep: Keep) -> Variables:
    """The variables of a request. `keep` stores bytes and answers their id. Raises InvalidRequest."""
    found = Variables()
    if len(given) > MOST:
        raise InvalidRequest(f"More than {MOST} variables in one request")
    for name, one in given.items():
        _refuse_name(name)
        value, kind, info = value_in(name, one, keep)
        found.values[name] = value
        if kind is not None:
            found.types[name] = {"type": kind, "valueInfo": info} if info else {"type": kind}
        if (
            isinstance(one, dict)
            and isinstance(one.get("valueInfo"), dict)
            and one["valueInfo"].get("transient") is True
        ):
            found.transient.add(name)
    return found


def _refuse_name(name: str) -> None:
    if not name or len(name) > LONGEST_NAME:
        raise InvalidRequest(f"A variable's name has 1 to {LONGEST_NAME} characters")
    if name in RESERVED:
        raise InvalidRequest(f"The variable name '{name}' is reserved")


def value_in(name: str, given: Any, keep: Keep) -> tuple[Any, str | None, dict[str, Any]]:
    """Value, type if JSON does not tell it, and what else is known of it."""
    if not isinstance(given, dict):
        raise InvalidRequest(f"Cannot read variable '{name}': an object with 'value' and 'type' is expected")
    value, told, info = given.get("value"), given.get("type"), given.get("valueInfo")
    info = {key: one for key, one in info.items() if key != "transient"} if isinstance(info, dict) else {}
    if told is not None and not isinstance(told, str):
        raise InvalidRequest(f"Cannot read variable '{name}': its type is no text")
    if not told:
        return value, _inferred(name, value), {}
    kind = NAMES.get(told.lower())
    if kind is None:
        raise InvalidRequest(f"Unsupported value type '{told[:60]}'", kind="RestException")
    if kind == "Null" or (value is None and kind not in ("File", "Bytes")):
        return None, None if kind == "Null" else kind, {}
    return _read(name, value, kind, info, keep)


def _inferred(name: str, value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) < BOUNDS["Integer"]:
            return None
        _bounded(name, value, "Long")
        return "Long"
    return None


def _read(name: str, value: Any, kind: str, info: dict[str, Any], keep: Keep) -> tuple[Any, str | None, dict[str, Any]]:
    if kind in ("File", "Bytes"):
        return _kept(name, value, kind, info, keep)
    if kind == "Boolean" and isinstance(value, str):
        value = {"true": True, "false": False}.get(value.lower(), value)
    if kind == "Object" and not (isinstance(value, str) and "json" in str(info.get("serializationDataFormat") or "")):
        return value, "Object", info
    read = _READERS[kind](name, kind, value)
    return (
        read,
        None if kind in ("String", "Boolean", "Integer") else kind.replace("Number", "Double"),
        (info if kind == "Object" else {}),
    )


def _kept(name: str, value: Any, kind: str, info: dict[str, Any], keep: Keep) -> tuple[Any, str, dict[str, Any]]:
    try:
        content = base64.b64decode("" if value is None else _must(name, kind, value, isinstance(value, str)))
    except (binascii.Error, ValueError):
        raise InvalidRequest(f"Cannot read variable '{name}': its value is not base64") from None
    if kind == "Bytes":
        return CONTENT + keep(content), kind, {}
    filename = info.get("filename")
    if not isinstance(filename, str) or not filename:
        raise InvalidRequest("The file name must be specified in the valueInfo", kind="RestException")
    known = {key: str(info[key]) for key in ("filename", "mimetype", "mimeType", "encoding") if info.get(key)}
    if "mimetype" in known:
        known["mimeType"] = known.pop("mimetype")
    return CONTENT + keep(content), kind, known


def _must(name: str, kind: str, value: Any, right: bool) -> Any:  # noqa: FBT001
    if not right:
        shown = jsontext.dumps(value)[:60]
        raise InvalidRequest(
            f"Must provide '{_JAVA.get(kind, 'String')}' value for value type '{kind}', not {shown} (variable '{name}')"
        )
    return value


_JAVA = {
    "Boolean": "java.lang.Boolean",
    "Short": "java.lang.Short",
    "Integer": "java.lang.Integer",
    "Long": "java.lang.Long",
}


def _whole(name: str, value: Any, kind: str) -> int:
    if isinstance(value, str):
        try:
            return int(value) if len(value) < 30 else _must(name, kind, value, False)  # noqa: FBT003
        except ValueError:
            pass
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(_must(name, kind, value, isinstance(value, int) and not isinstance(value, bool)))


def _bounded(name: str, value: int, kind: str) -> int:
    bound = BOUNDS[kind]
    if not -bound <= value < bound:
        raise InvalidRequest(f"Cannot read variable '{name}': {value} is no {kind}")
    return value


def _double(name: str, value: Any) -> float:
    try:
        found = float(value) if isinstance(value, str) and len(value) < 60 else value
    except ValueError:
        found = None
    right = isinstance(found, int | float) and not isinstance(found, bool) and abs(found) < 1e308
    return float(_must(name, "Double", found if right else value, right))


def _date(name: str, value: Any) -> str:
    try:
        moment = moment_in(_must(name, "Date", value, isinstance(value, str)))
    except ValueError:
        shown = str(value)[:60]
        raise InvalidRequest(
            f'Cannot set variable {name}: Could not convert value "{shown}" to type Date. '
            "A date looks like 2026-11-22T22:00:00.000+0000"
        ) from None
    return moment.isoformat(timespec="milliseconds")


def _parsed(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return jsontext.strict(value)
    except (ValueError, RecursionError):
        raise InvalidRequest(f"Cannot read variable '{name}': its value is no JSON") from None


_READERS: dict[str, Callable[[str, str, Any], Any]] = {
    "String": lambda name, kind, value: _must(name, kind, value, isinstance(value, str)),
    "Xml": lambda name, kind, value: _must(name, kind, value, isinstance(value, str)),
    "Boolean": lambda name, kind, value: _must(name, kind, value, isinstance(value, bool)),
    **dict.fromkeys(BOUNDS, lambda name, kind, value: _bounded(name, _whole(name, value, kind), kind)),
    **dict.fromkeys(("Double", "Number"), lambda name, _kind, value: _double(name, value)),
    "Date": lambda name, _kind, value: _date(name, value),
    **dict.fromkeys(("Json", "Object"), lambda name, _kind, value: _parsed(name, value)),
}


def variables_out(kept: Mapping[str, Any], *, plain: bool = True, only: Iterable[str] | None = None) -> dict[str, Any]:
    """What an instance keeps, as the dialect shows it. `plain`: objects as they are, not as JSON text."""
    types = kept.get(TYPES) if isinstance(kept.get(TYPES), dict) else {}
    wanted = None if only is None else set(only)
    return {
        name: value_out(value, (types or {}).get(name), plain=plain)
        for name, value in kept.items()
        if name not in RESERVED and (wanted is None or name in wanted)
    }


def value_out(value: Any, typed: Mapping[str, Any] | None, *, plain: bool = True) -> dict[str, Any]:
    """`{"type", "value", "valueInfo"}` of one value."""
    kind, info = _kind_of(value), dict((typed or {}).get("valueInfo") or {})
    if typed and _fits(typed.get("type"), value):
        kind = str(typed["type"])
    else:
        info = {}
    if kind in ("File", "Bytes"):
        return {"type": kind, "value": None, "valueInfo": info}
    if value is None:
        return {"type": kind, "value": None, "valueInfo": info}
    if kind == "Json":
        return {"type": kind, "value": jsontext.dumps(value), "valueInfo": {}}
    if kind == "Date":
        return {"type": kind, "value": _moment_text(value), "valueInfo": {}}
    if kind == "Object":
        return {
            "type": kind,
            "value": value if plain else jsontext.dumps(value),
            "valueInfo": {**_object(value), **info},
        }
    return {"type": kind, "value": value, "valueInfo": info}


def _fits(kind: Any, value: Any) -> bool:
    """Whether the type noted is still right: a step of the process may have put another value in its place."""
    if kind not in NAMES.values():
        return False
    if kind in ("File", "Bytes"):
        return content_id(value) is not None
    if value is None or kind in ("Json", "Object"):
        return True
    if kind in BOUNDS:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "Double":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str)


def _moment_text(value: Any) -> Any:
    try:
        return moment_out(moment_in(str(value)))
    except ValueError:
        return value  # a step of ours put something else in its place


def _object(value: Any) -> dict[str, str]:
    java = "java.util.ArrayList" if isinstance(value, list) else "java.util.LinkedHashMap"
    return {"objectTypeName": java, "serializationDataFormat": "application/json"}


def _kind_of(value: Any) -> str:
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, int):
        return "Integer" if abs(value) < BOUNDS["Integer"] else "Long"
    if isinstance(value, float):
        return "Double"
    return "String" if isinstance(value, str) else "Object"


def content_id(value: Any) -> str | None:
    """The id of the bytes that a value refers to."""
    return value.removeprefix(CONTENT) if isinstance(value, str) and value.startswith(CONTENT) else None
