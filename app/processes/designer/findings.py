"""What the lint says of a draft, in the reader's language: the same that a deployment would say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.processes import engine
from app.processes.designer.models import ProcessDraft
from app.processes.service.deploying import known_with


@dataclass(frozen=True)
class Findings:
    """What must be put right before a deployment, and what is only told."""

    errors: list[dict[str, str]]
    """[{"element", "reason"}]"""
    warnings: list[dict[str, str]]

    def to_json(self) -> list[dict[str, Any]]:
        """[{"element", "reason", "warning"}], the errors first."""
        return [
            *({**one, "warning": False} for one in self.errors),
            *({**one, "warning": True} for one in self.warnings),
        ]


def findings_of(xml: bytes, forms: Mapping[str, Any]) -> Findings:
    """What a deployment of the diagram with these forms would say. It may be any bytes."""
    known = known_with(forms)
    found = engine.findings(xml, lambda _key: known)
    said = [({"element": one.element, "reason": one.reason}, one.warning) for one in found]
    return Findings([one for one, warning in said if not warning], [one for one, warning in said if warning])


def findings_of_draft(draft: ProcessDraft) -> Findings:
    """Of the draft as it is stored."""
    return findings_of(draft.xml.encode(), draft.forms)
