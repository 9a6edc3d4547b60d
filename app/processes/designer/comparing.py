"""What a draft changes beside its diagram: forms and scenarios, as lines."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import Any

from app.processes.designer import governing, queries
from app.processes.designer.models import ProcessDraft

Lines = list[tuple[str, str]]
"""("add" | "drop" | "same" | "place", line)"""


@dataclass(frozen=True)
class Beside:
    """Changes of forms by key, and of the scenarios; empty where nothing differs."""

    forms: dict[str, Lines]
    scenarios: Lines


def beside(draft: ProcessDraft) -> Beside:
    """Against the version it was begun from, and the scenarios of the one in force."""
    base = queries.version_row(draft.base_id)
    old: dict[str, Any] = {} if base is None else base.forms
    changed = {key: _lines(_text(old.get(key)), _text(form)) for key, form in sorted(draft.forms.items())}
    return Beside(
        {key: lines for key, lines in changed.items() if lines},
        [] if draft.status == "live" else _lines(governing.scenarios_of(draft.key), draft.scenarios),
    )


def _text(form: Any) -> str:
    return "" if form is None else json.dumps(form, ensure_ascii=False, indent=1, sort_keys=True)


def _lines(old: str, new: str) -> Lines:
    found = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=2))[2:]
    kinds = {"+": "add", "-": "drop", "@": "place"}
    return [(kinds.get(line[:1], "same"), line) for line in found]
