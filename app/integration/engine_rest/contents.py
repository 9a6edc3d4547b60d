"""Bytes of variables and attachments: kept beside the instances, handed out by id."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from flask import Response
from sqlalchemy import insert, select

from app.core import clock, ids
from app.core.db import session
from app.core.permissions import current_actor
from app.integration.engine_rest.errors import InvalidRequest, missing
from app.integration.engine_rest.values import TYPES, content_id, value_out
from app.integration.models import KeptContent

_contents: Any = KeptContent.__table__


def keep(content: bytes) -> str:
    """Store bytes; answers their id."""
    made = ids.new_id()
    session().execute(
        insert(_contents),
        {
            "id": made,
            "sha256": hashlib.sha256(content).hexdigest(),
            "content": content,
            "created_at": clock.now(),
            "created_by": current_actor().id,
        },
    )
    return made


def content_of(content: str | None) -> bytes | None:
    """The bytes of an id."""
    found = session().scalar(select(KeptContent.content).where(KeptContent.id == content)) if content else None
    return None if found is None else bytes(found)


def download(kept: dict[str, Any], name: str, missing_message: Callable[[], str]) -> Response:
    """The bytes of a variable as a file to save; never shown by a browser as a page of ours."""
    if name not in kept:
        missing(missing_message())
    typed = (kept.get(TYPES) or {}).get(name) or {}
    shown = value_out(kept[name], typed)
    if shown["type"] not in ("File", "Bytes"):
        raise InvalidRequest(f"Value of variable with name {name} is not a binary value")
    content = content_of(content_id(kept[name]))
    if content is None:
        missing(missing_message())
    info = shown["valueInfo"]
    return attachment(content, info.get("filename") or name, info.get("mimeType"), info.get("encoding"))


def attachment(content: bytes, filename: str, mimetype: str | None, encoding: str | None = None) -> Response:
    """A file to save. Only harmless types are passed on: what somebody stored must not become a page of ours."""
    kind = mimetype if mimetype and mimetype.lower().split(";")[0].strip() in HARMLESS else "application/octet-stream"
    if encoding and encoding.replace("-", "").isalnum() and "charset" not in kind:
        kind = f"{kind.split(';')[0]};charset={encoding}"
    response = Response(content, content_type=kind.replace("\n", "").replace("\r", ""))
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in filename)
    response.headers["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename)}"
    return response


HARMLESS = frozenset(
    {
        *("application/octet-stream", "application/pdf", "application/json", "application/zip", "application/xml"),
        *("text/plain", "text/csv", "image/png", "image/jpeg", "image/gif", "application/msword"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
)
