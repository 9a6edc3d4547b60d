"""The fact kind `answer`: what a person answered, while the gateway behind their task is being decided."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from app.core.subject import Subject
from app.decisions.facts import always_of, fact

_answer: ContextVar[dict[str, Any] | None] = ContextVar("answer", default=None)
always_of("answer", "answer")


@fact.register("answer")
def answer_facts(subject: Subject, as_of: datetime) -> list[dict[str, Any]]:
    """The answer {"outcome", "step"} that the running step decides on; outside one none, so nothing is decided."""
    del subject, as_of
    found = _answer.get()
    return [] if found is None else [found]


@contextmanager
def deciding_on(answer: dict[str, Any] | None) -> Iterator[None]:
    """Within the block decisions are made on this answer."""
    token = _answer.set(answer)
    try:
        yield
    finally:
        _answer.reset(token)
