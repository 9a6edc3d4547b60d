"""Bytes of variables and attachments: kept beside the instances, handed out by id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response

from app.core import kept
from app.core.downloads import attachment as attachment
from app.core.kept import content_of as content_of
from app.core.permissions import current_actor
from app.integration.engine_rest.errors import InvalidRequest, missing
from app.integration.engine_rest.values import TYPES, content_id, value_out


def keep(content: bytes) -> str:
    """Store bytes; answers their id."""
    return kept.keep(current_actor(), content)


def download(held: dict[str, Any], name: str, missing_message: Callable[[], str]) -> Response:
    """The bytes of a variable as a file to save; never shown by a browser as a page of ours."""
    if name not in held:
        missing(missing_message())
    typed = (held.get(TYPES) or {}).get(name) or {}
    shown = value_out(held[name], typed)
    if shown["type"] not in ("File", "Bytes"):
        raise InvalidRequest(f"Value of variable with name {name} is not a binary value")
    content = content_of(content_id(held[name]))
    if content is None:
        missing(missing_message())
    info = shown["valueInfo"]
    return attachment(content, info.get("filename") or name, info.get("mimeType"), info.get("encoding"))
