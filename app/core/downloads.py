"""Handing out what somebody stored, so that a browser saves it and never shows it as a page of ours."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response

HARMLESS = frozenset(
    {
        *("application/octet-stream", "application/pdf", "application/json", "application/zip", "application/xml"),
        *("text/plain", "text/csv", "image/png", "image/jpeg", "image/gif", "application/msword"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
)


def attachment(content: bytes, filename: str, mimetype: str | None, encoding: str | None = None) -> Response:
    """A file to save. Only harmless types are passed on: what somebody stored must not become a page of ours."""
    kind = mimetype if mimetype and mimetype.lower().split(";")[0].strip() in HARMLESS else "application/octet-stream"
    if encoding and encoding.replace("-", "").isalnum() and "charset" not in kind:
        kind = f"{kind.split(';')[0]};charset={encoding}"
    response = Response(content, content_type=kind.replace("\n", "").replace("\r", ""))
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in filename)
    response.headers["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename)}"
    return response
