"""Signatures on paper: those that stood when it was made, and those on the paper itself, checked when it is printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from app.audit.models import Signature
from app.audit.signatures import MEANINGS, METHODS, Fault
from app.core import clock
from app.core.i18n import _
from app.documents.content.parts import Both, SignedBy
from app.documents.paper.blocks import Block, Signing, Text


def as_signed(signatures: Iterable[Signature]) -> tuple[SignedBy, ...]:
    """Signatures as content keeps them."""
    return tuple(
        SignedBy(
            name=one.signer_name,
            at=one.at,
            meaning=Both.of(MEANINGS.get(one.meaning, one.meaning)),
            sha256=one.hash,
            on_behalf_of=one.on_behalf_of_name or "",
        )
        for one in signatures
    )


def signed_blocks(signed: Sequence[SignedBy]) -> list[Block]:
    """What was signed before, as told by the content."""
    if not signed:
        return []
    return [
        Text(_("Signed electronically"), heading=True),
        *(
            Signing(
                _who(one.name, one.on_behalf_of),
                ((_("Meaning"), str(one.meaning)), (_("Signed at"), _at(one.at))),
                ((_("Signature"), one.sha256),),
                checked=False,
            )
            for one in signed
        ),
    ]


def signature_blocks(found: Sequence[Signature], faults: Mapping[str, Sequence[Fault]]) -> list[Block]:
    """The signatures on this paper, each with what speaks against it."""
    if not found:
        return []
    return [
        Text(_("Electronic signatures"), heading=True),
        *(
            Signing(
                _who(one.signer_name, one.on_behalf_of_name or ""),
                (
                    (_("Meaning"), str(MEANINGS.get(one.meaning, one.meaning))),
                    (_("Signed at"), _at(one.at)),
                    (_("Proved by"), str(METHODS.get(one.method, one.method))),
                    (_("Reason"), str(one.manifest.get("reason", ""))),
                ),
                ((_("What was signed"), one.content_hash), (_("Signature"), one.hash)),
                tuple(fault.sentence() for fault in faults.get(one.id, ())),
            )
            for one in found
        ),
    ]


def _who(name: str, other: str) -> str:
    return _("%(who)s on behalf of %(other)s", who=name, other=other) if other else name


def _at(at: datetime) -> str:
    local = f"{clock.local(at):%Y-%m-%d %H:%M:%S} ({clock.BUSINESS_ZONE.key})"
    return f"{local}\n{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
