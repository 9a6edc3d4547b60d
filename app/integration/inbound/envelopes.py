"""What a request carries: one or more events, read from CloudEvents 1.0 or any JSON. Pure: no database, no Flask."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from app.core import jsontext
from app.core.errors import DomainError
from app.core.expressions import ExpressionFailed, parse
from app.core.i18n import _, _l
from app.integration.inbound.models import CLOUDEVENTS

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
MOST_IN_BATCH = 500
LONGEST = 255
_NAME = re.compile(r"[a-z0-9]{1,20}\Z")
_MOST_ATTRIBUTES = 40


class NotReadable(DomainError):
    """The body is not what the source was told to send."""

    status = 400
    message = _l("This is no event that this source may send: %(reason)s")


class WrongContentType(DomainError):
    """Neither of the content types of the source's format."""

    status = 415
    message = _l("This content type is not accepted here. Accepted: %(accepted)s.")


class NoEventId(DomainError):
    """Nothing tells this event from another, so a repetition could not be recognised."""

    status = 400
    message = _l("The event has no id: %(hint)s")


@dataclass(frozen=True)
class Shape:
    """How a source sends: its format, and expressions for id and key (empty: as the format says)."""

    format: str
    signed: bool
    id_path: str = ""
    key_path: str = ""


@dataclass(frozen=True)
class Incoming:
    """One event. `attributes` are those of the CloudEvent; `body` is the JSON text of its data."""

    event_id: str
    origin: str
    type: str
    key: str | None
    attributes: dict[str, Any]
    body: str

    @property
    def body_hash(self) -> str:
        """What the same event has each time it comes; time and tracing of the sender's attempt do not count."""
        said = f"{self.type}\n{self.attributes.get('subject', '')}\n{self.body}"
        return hashlib.sha256(said.encode()).hexdigest()


def scope_of(attributes: Mapping[str, Any], data: Any) -> dict[str, Any]:
    """The names that expressions know."""
    return {"event": dict(attributes), "data": data}


def read(shape: Shape, content_type: str, headers: Mapping[str, str], body: bytes) -> list[Incoming]:
    """The events of a request. `headers` have small letters. Raises NotReadable, WrongContentType, NoEventId."""
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise WrongContentType(accepted=_("no content encoding"))
    kind = content_type.partition(";")[0].strip().lower()
    if shape.format != CLOUDEVENTS:
        if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
            raise WrongContentType(accepted="application/json")
        return [_plain(shape, headers, _json(body))]
    if kind == STRUCTURED:
        return [_structured(shape, _json(body))]
    if kind == BATCH:
        return _batch(shape, _json(body))
    if "ce-specversion" in headers:
        return [_binary(shape, kind, headers, body)]
    raise WrongContentType(accepted=f"{STRUCTURED}, {BATCH}, application/json + ce-*")


def _json(body: bytes) -> Any:
    try:
        return jsontext.strict(body)
    except (ValueError, RecursionError):
        raise NotReadable(reason=_("the body is no JSON, is nested too deeply or names something twice.")) from None


def _plain(shape: Shape, headers: Mapping[str, str], data: Any) -> Incoming:
    attributes: dict[str, Any] = {}
    given = headers.get("webhook-id") or headers.get("idempotency-key") or ""
    if shape.id_path:
        given = _told(shape.id_path, scope_of(attributes, data)) or ""
        hint = _("“%(path)s” gives none.", path=shape.id_path)
    else:
        hint = _("send it as header webhook-id or Idempotency-Key, or tell the source where it stands in the body.")
    if not given or len(given) > LONGEST:
        raise NoEventId(hint=hint)
    attributes["id"] = given
    kind = data.get("type") if isinstance(data, dict) else None
    attributes["type"] = kind[:LONGEST] if isinstance(kind, str) else ""
    return _made(shape, attributes, data, default_key=None, origin="")


def _structured(shape: Shape, event: Any) -> Incoming:
    if not isinstance(event, dict):
        raise NotReadable(reason=_("a CloudEvent is an object."))
    attributes = {name: value for name, value in event.items() if name not in ("data", "data_base64")}
    data = event.get("data")
    if "data_base64" in event:
        if "data" in event or not isinstance(event["data_base64"], str):
            raise NotReadable(reason=_("either data or data_base64 (text) may be given."))
        try:
            data = _json(base64.b64decode(event["data_base64"], validate=True))
        except binascii.Error:
            raise NotReadable(reason=_("data_base64 is no base64.")) from None
    return _cloud_event(shape, attributes, data)


def _batch(shape: Shape, events: Any) -> list[Incoming]:
    if not isinstance(events, list) or not 1 <= len(events) <= MOST_IN_BATCH:
        raise NotReadable(reason=_("a batch is a list of 1 to %(most)s CloudEvents.", most=MOST_IN_BATCH))
    return [_structured(shape, event) for event in events]


def _binary(shape: Shape, kind: str, headers: Mapping[str, str], body: bytes) -> Incoming:
    if body and kind != "application/json" and not kind.endswith("+json"):
        raise WrongContentType(accepted="application/json")
    attributes: dict[str, Any] = {name[3:]: unquote(value) for name, value in headers.items() if name.startswith("ce-")}
    if shape.signed and attributes.get("id") != headers.get("webhook-id"):
        # The signature covers webhook-id and the body, not ce-id: else who replays could give it a new id.
        raise NotReadable(reason=_("with a signature ce-id must be the webhook-id."))
    return _cloud_event(shape, attributes, _json(body) if body else None)


def _cloud_event(shape: Shape, attributes: dict[str, Any], data: Any) -> Incoming:
    if attributes.get("specversion") != "1.0":
        raise NotReadable(reason=_("specversion must be 1.0."))
    for name in ("id", "source", "type"):
        value = attributes.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= LONGEST:
            raise NotReadable(reason=_("%(name)s must be text of 1 to 255 characters.", name=name))
    if len(attributes) > _MOST_ATTRIBUTES:
        raise NotReadable(reason=_("there are more than %(most)s attributes.", most=_MOST_ATTRIBUTES))
    for name, value in attributes.items():
        if not _NAME.match(name) or isinstance(value, dict | list):
            raise NotReadable(reason=_("the attribute “%(name)s” is not of CloudEvents.", name=name[:40]))
    default = attributes.get("partitionkey") or attributes.get("subject")
    if shape.id_path:
        attributes["id"] = _told(shape.id_path, scope_of(attributes, data)) or ""
        if not 1 <= len(attributes["id"]) <= LONGEST:
            raise NoEventId(hint=_("“%(path)s” gives none.", path=shape.id_path))
    return _made(shape, attributes, data, default_key=default, origin=attributes["source"])


def _made(shape: Shape, attributes: dict[str, Any], data: Any, *, default_key: Any, origin: str) -> Incoming:
    text = jsontext.dumps(data)
    if "\\u0000" in text or "\\u0000" in jsontext.dumps(attributes):  # PostgreSQL has no such text
        raise NotReadable(reason=_("there is a character that cannot be stored."))
    key = _told(shape.key_path, scope_of(attributes, data)) if shape.key_path else default_key
    return Incoming(
        event_id=attributes["id"],
        origin=origin,
        type=attributes.get("type", ""),
        key=str(key)[:LONGEST].replace("\x00", "�") if key not in (None, "") else None,
        attributes=attributes,
        body=text,
    )


def _told(path: str, scope: Mapping[str, Any]) -> str | None:
    """What the expression gives, as text; None when that is not there or is no plain value."""
    try:
        value = parse(path).evaluate(scope)
    except ExpressionFailed:
        return None
    if value is None or isinstance(value, bool | dict | list):
        return None
    return str(value)
