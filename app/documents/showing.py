"""Signatures on a paper in the reader's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.audit import signatures
from app.audit.models import Signature
from app.audit.signatures import MEANINGS


@dataclass(frozen=True)
class ShownSignature:
    """Who signed, when, with what meaning, and what speaks against it."""

    who: str
    on_behalf_of: str
    at: datetime
    meaning: str
    reason: str
    sha256: str
    faults: tuple[str, ...]


def shown_signatures(found: Sequence[Signature]) -> list[ShownSignature]:
    """These signatures, checked now. A bounded number of statements."""
    faults = signatures.faults_of(found)
    return [
        ShownSignature(
            who=one.signer_name,
            on_behalf_of=one.on_behalf_of_name or "",
            at=one.at,
            meaning=str(MEANINGS.get(one.meaning, one.meaning)),
            reason=str(one.manifest.get("reason", "")),
            sha256=one.hash,
            faults=tuple(fault.sentence() for fault in faults[one.id]),
        )
        for one in found
    ]
