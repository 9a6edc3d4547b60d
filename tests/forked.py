"""Processes for tests, real ones that can be killed, without the price of importing everything for each.

They are forked from a server process that has imported it once; that one was started afresh, so nothing of the test
process (connections, a moved clock) is in them.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any

PRELOADED = ["__main__", "tests.core.jobs.worker_process", "tests.processes.worker_process"]
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(PRELOADED)


class Forked:
    """One process that runs `main(*arguments)`."""

    def __init__(self, main: Callable[..., Any], *arguments: str) -> None:
        self._process = _context.Process(target=main, args=arguments, daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Its exit code (negative: the signal that ended it); None while it runs."""
        return self._process.exitcode

    def wait(self, seconds: float | None = None) -> int:
        """Its exit code, once it ended."""
        self._process.join(seconds)
        code = self._process.exitcode
        assert code is not None, "it has not ended in time"
        return code

    def terminate(self) -> None:
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        self._process.kill()
