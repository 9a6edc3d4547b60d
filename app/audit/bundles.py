"""The signed record of one subject, to be taken away: signatures, the chain of the trail, and what was signed.

One JSON file that `verify_record.py` (beside this module) checks with nothing but Python.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import select

from app.audit.models import SIGNED, AuditEntry, Signature, covered
from app.audit.signatures import signatures_of
from app.core.db import session
from app.core.errors import NotFound
from app.core.i18n import _l
from app.core.jsontext import digest, plain
from app.core.registry import Registry
from app.core.subject import Subject

FORMAT = "youxu-signed-record/1"
VERIFIER = Path(__file__).parent / "verify_record.py"
"""The program that checks a record offline."""

parts_of: Registry[Callable[[Sequence[Signature]], dict[str, Any]]] = Registry("parts of a signed record")
"""`@parts_of.register("order")`: signatures on subjects of the kind → what they signed, as plain JSON."""


class NothingSigned(NotFound):
    """There is no signature on the subject."""

    message = _l("Nothing has been signed here.")


def bundle(subject: Subject, label: str = "") -> dict[str, Any]:
    """The signed record as plain JSON; `fingerprint` is the SHA-256 of all the rest, the same until something happens
    to the subject. Raises NothingSigned."""
    found = signatures_of(subject)
    if not found:
        raise NothingSigned(subject=subject.id)
    entries = (
        select(AuditEntry)
        .where(AuditEntry.subject_kind == subject.kind, AuditEntry.subject_id == subject.id)
        .order_by(AuditEntry.subject_seq)
        .execution_options(populate_existing=True)
    )
    made = {
        "format": FORMAT,
        "subject": {"kind": subject.kind, "id": subject.id, "label": label},
        "signatures": [
            {**{name: getattr(one, name) for name in SIGNED}, "hash": one.hash, "entry_id": one.entry_id}
            | {"manifest": one.manifest}
            for one in found
        ],
        "entries": [{**covered(one), "hash": one.hash} for one in session().scalars(entries)],
        "parts": parts_of.get(subject.kind)(found) if subject.kind in parts_of else {},
    }
    whole: dict[str, Any] = plain(made)
    return {**whole, "fingerprint": digest(whole)}


def as_file(made: dict[str, Any]) -> bytes:
    """The record as it is saved: indented, so that people can read it."""
    return orjson.dumps(made, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
