"""Work that waits in tables of its own and is looked for at the dispatcher's pace, beside jobs.

    @jobs.round_of.register("hooks.inbound")
    def look() -> int: ...      # opens its own transactions; how much was done: 0 means nothing waits

Each has a thread of its own in every worker, so one that takes long keeps no other waiting. For work that comes by the
hundred a second: a job row for each would cost more than the work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from app.core.registry import Registry

log = structlog.get_logger()
PAUSE = 0.2
"""Seconds between two looks when nothing waited."""

Look = Callable[[], int]
round_of: Registry[Look] = Registry("round of a worker")


def start_all(stop: threading.Event) -> None:
    """A thread for each that is registered, until told to stop."""
    for name in round_of:
        threading.Thread(target=go_round, args=(name, stop), daemon=True).start()


def go_round(name: str, stop: threading.Event) -> None:
    """Look again and again; without a pause while there is something to do."""
    look = round_of.get(name)
    while not stop.is_set():
        try:
            done = look()
        except Exception:
            log.exception("worker.round_failed", round=name)
            stop.wait(1.0)
            continue
        if not done:
            stop.wait(PAUSE)
