"""Variables as people read and write them: a type, a short form, the whole as text; and back from a form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from app.core import jsontext
from app.core.errors import Invalid
from app.core.i18n import LazyString, _, _l, _n
from app.processes.engine import ENGINE_NAMES

SHORT = 80
WHOLE = 20_000
"""Letters of a value that a page shows; the rest is cut, and the page says so."""
RESERVED = ENGINE_NAMES | {"_types"}
"""Names the engine keeps for itself. They are shown apart and cannot be set."""
NAME = re.compile(r"[A-Za-z_\u4e00-\u9fff][\w\u4e00-\u9fff]{0,99}\Z")
TYPES: dict[str, LazyString] = {
    "text": _l("text"),
    "number": _l("number"),
    "boolean": _l("yes or no"),
    "json": _l("list or object (JSON)"),
    "null": _l("nothing"),
}


@dataclass(frozen=True)
class Shown:
    """A variable in a table. `whole` is empty when `short` says it all."""

    name: str
    type: str
    short: str
    whole: str = ""
    cut: bool = False


def shown(name: str, value: Any) -> Shown:
    """The variable as a page shows it."""
    kind = type_of(value)
    if kind == "null":
        return Shown(name, _("nothing"), "–")
    if kind == "boolean":
        return Shown(name, _("yes or no"), _("yes") if value else _("no"))
    if kind == "number":
        return Shown(name, _("number"), str(value))
    if kind == "text":
        short = value if len(value) <= SHORT else value[:SHORT] + "…"
        return Shown(name, _("text"), short, "" if len(value) <= SHORT else value[:WHOLE], len(value) > WHOLE)
    whole = pretty(value)
    many = _n("list of %(num)s", "list of %(num)s", len(value))
    label = (
        many if isinstance(value, list) else _n("object with %(num)s field", "object with %(num)s fields", len(value))
    )
    line = jsontext.dumps(value)
    return Shown(name, label, line if len(line) <= SHORT else line[:SHORT] + "…", whole[:WHOLE], len(whole) > WHOLE)


def type_of(value: Any) -> str:
    """One of TYPES."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "text"
    return "json" if isinstance(value, list | dict) else "number"


def pretty(value: Any) -> str:
    """JSON over several lines, keys as they are."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def written(value: Any) -> str:
    """The value as a form field holds it, so that `read` gives it back."""
    kind = type_of(value)
    if kind == "null":
        return ""
    if kind == "text":
        return str(value)
    return pretty(value) if kind == "json" else jsontext.dumps(value)


def read(given: Mapping[str, str]) -> tuple[str, Any]:
    """(name, value) of a form with `name`, `type` and `value`. Raises Invalid."""
    name = given.get("name", "").strip()
    faults: dict[str, list[str]] = {}
    if not NAME.match(name):
        faults["name"] = [_("A name begins with a letter and has letters, digits and _ only.")]
    elif name in RESERVED:
        faults["name"] = [_("The engine keeps this name for itself.")]
    try:
        value = _value(given.get("type", ""), given.get("value", ""))
    except ValueError as error:
        faults["value"] = [str(error)]
        value = None
    if faults:
        raise Invalid(faults)
    return name, value


def _value(kind: str, text: str) -> Any:
    if "\x00" in text:
        raise ValueError(_("There is a character that cannot be stored."))
    if kind == "null":
        return None
    if kind == "text":
        return text.replace("\r\n", "\n")
    if kind not in TYPES:
        raise ValueError(_("Choose a type."))
    try:
        value = jsontext.strict(text.strip())
    except ValueError as error:
        raise ValueError(_("This is not a value of that type: %(reason)s", reason=str(error)[:200])) from error
    if type_of(value) != kind:
        raise ValueError(_("This is not a value of that type."))
    return value


def read_object(text: str) -> dict[str, Any]:
    """Several variables at once, written as a JSON object; nothing means none. Raises Invalid on `values`."""
    if not text.strip():
        return {}
    try:
        value = jsontext.strict(text)
    except ValueError as error:
        raise Invalid({"values": [_("This is not JSON: %(reason)s", reason=str(error)[:200])]}) from error
    if not isinstance(value, dict):
        raise Invalid({"values": [_('Write an object, as in {"approved": true}.')]})
    wrong = [name for name in value if name in RESERVED or not NAME.match(name)]
    if wrong:
        raise Invalid({"values": [_("These names cannot be used: %(names)s", names=", ".join(wrong[:10]))]})
    return value
