"""Whether a document is EPCIS 2.0: by the JSON schema of GS1 (schema.json), each fault with its path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from app.core import jsontext
from app.core.errors import Invalid
from app.core.i18n import _

MOST_FAULTS = 20


@cache
def _schema() -> Any:
    found = jsontext.loads((Path(__file__).parent / "schema.json").read_bytes())
    return jsonschema_rs.validator_for(found, validate_formats=True)


def check(document: Any) -> None:
    """Raises Invalid that names each fault with its path (`epcisBody.eventList.0.action`), at most 20."""
    if not isinstance(document, dict) or document.get("type") != "EPCISDocument":
        raise Invalid({"type": [_("This is no EPCIS document: “type” must be EPCISDocument.")]})
    faults: dict[str, list[str]] = {}
    for path, sentence in _faults(document):
        faults.setdefault(path, []).append(sentence)
        if len(faults) >= MOST_FAULTS:
            break
    if faults:
        raise Invalid({path: list(dict.fromkeys(sentences)) for path, sentences in faults.items()})


def _faults(document: Any) -> Iterator[tuple[str, str]]:
    for error in _schema().iter_errors(document):
        path = ".".join(str(part) for part in error.instance_path)[:200] or "document"
        yield path, _sentence(error)


def _sentence(error: Any) -> str:
    kind = error.kind
    said = _SENTENCES.get(kind.name)
    return said(kind) if said is not None else _unfit(kind)


def _unfit(kind: Any) -> str:
    return _("This does not fit the schema of EPCIS 2.0 (%(rule)s).", rule=kind.name)


def _unknown_name(kind: Any) -> str:
    return _("“%(name)s” is no field that EPCIS 2.0 knows here.", name=str(kind.error.instance)[:80])


def _any_of(kind: Any) -> str:
    """For a word of the vocabulary the words; else that none of the allowed forms fits."""
    for branch in kind.context:
        for inner in branch:
            if inner.kind.name == "enum":
                return _sentence(inner)
    missing = [str(inner.kind.property) for branch in kind.context for inner in branch if inner.kind.name == "required"]
    if missing:
        return _("One of these is missing: %(names)s.", names=_listed(missing))
    return _unfit(kind)


def _listed(values: Any) -> str:
    texts = list(dict.fromkeys(str(one) for one in values))
    return ", ".join(texts[:12]) + (" …" if len(texts) > 12 else "")


_SENTENCES: dict[str, Callable[[Any], str]] = {
    "required": lambda kind: _("“%(name)s” is missing.", name=kind.property),
    "enum": lambda kind: _("Not one of the values that are allowed here: %(values)s.", values=_listed(kind.options)),
    "format": lambda kind: _("This is no %(form)s.", form=kind.format),
    "type": lambda kind: _("This must be of type %(type)s.", type=_listed(kind.types)),
    "propertyNames": _unknown_name,
    "anyOf": _any_of,
}
