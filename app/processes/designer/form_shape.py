"""Whether a form that comes from outside has the shape of a form: what reads it later relies on that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.errors import Invalid
from app.core.i18n import _

MOST = 500
"""Components of a form, those in groups counted."""


def refuse_misshapen(schema: Any) -> None:
    """Raises Invalid for what is no form-js schema: an object with `components`, each with a type; keys are texts, each
    once; options are objects."""
    if not isinstance(schema, Mapping) or not isinstance(schema.get("components"), list):
        raise _wrong(_("This is no form: an object with “components” is expected."))
    keys: list[str] = []
    todo, seen = [*schema["components"]], 0
    while todo:
        part, seen = todo.pop(), seen + 1
        if seen > MOST:
            raise _wrong(_("A form has at most %(most)s fields.", most=MOST))
        if not isinstance(part, Mapping) or not isinstance(part.get("type"), str):
            raise _wrong(_("Each field must be an object with a type."))
        _refuse_parts(part)
        if part.get("key"):
            keys.append(part["key"])
        todo += part.get("components", [])
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise _wrong(_("Two fields have the key “%(key)s”.", key=twice[0][:60]))


def _refuse_parts(part: Mapping[str, Any]) -> None:
    fits = (
        isinstance(part.get("key", ""), str)
        and isinstance(part.get("components", []), list)
        and isinstance(part.get("properties", {}), Mapping)
        and isinstance(part.get("validate", {}), Mapping)
        and isinstance(part.get("values", []), list)
        and all(isinstance(option, Mapping) for option in part.get("values", []))
    )
    if not fits:
        raise _wrong(_("The field “%(name)s” is misshapen.", name=str(part.get("key") or part.get("id") or "")[:60]))


def _wrong(reason: str) -> Invalid:
    return Invalid({"form": [reason]})


EMPTY: dict[str, Any] = {
    "type": "default",
    "schemaVersion": 18,
    "components": [
        {
            "type": "radio",
            "id": "field_outcome",
            "key": "outcome",
            "label": "Your decision",
            "properties": {"label_zh": "您的决定"},
            "values": [
                {"label": "Approve", "label_zh": "同意", "value": "approve"},
                {"label": "Return for rework", "label_zh": "退回修改", "value": "rework"},
                {"label": "Reject", "label_zh": "驳回", "value": "reject"},
            ],
            "validate": {"required": True},
        }
    ],
}
"""What a new form begins with: the answer that `task_outcome` and the gateways know."""
