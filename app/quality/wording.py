"""What codes of an inspection are called."""

from __future__ import annotations

from app.core.i18n import LazyString, _l

ROUTES: dict[str, LazyString] = {
    "": _l("not planned yet"),
    "documents": _l("document check"),
    "normal": _l("normal inspection"),
    "tightened": _l("tightened inspection"),
    "full": _l("full test"),
    "hold": _l("held, not inspected"),
}
