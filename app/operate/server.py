"""The server: gunicorn with threads, and beside it the worker that runs jobs; children of one process that watches.

A worker that dies is started again. When gunicorn ends, or the watcher is told to stop, everything ends within
seconds.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import structlog
from flask import Flask
from gunicorn.app.base import BaseApplication

from app.core import clock, metrics
from app.core.db import engine
from app.integration.engine_rest.external_fetch import parking
from app.operate.certificates import Certificates
from config import Settings

WORKERS = 2
THREADS = 12
"""Four serve writes at once (WRITE_SLOTS), the others read; workers of external tasks wait in threads beside them."""
GRACE = 10.0
"""Seconds that the children get to stop."""
PAUSES = (0.2, 1.0, 5.0, 15.0)
"""Seconds before a dead worker is started again: longer each time it dies young."""
YOUNG = 30.0
_PARENT_DIED = 1  # prctl(PR_SET_PDEATHSIG)

log = structlog.get_logger()


class Server(BaseApplication):
    """gunicorn around the application; workers are forked, so each opens its own database connections."""

    def __init__(self, app: Flask, port: int, workers: int = WORKERS, encrypted: Certificates | None = None) -> None:
        self.served = app
        self.choices = {
            "bind": f"0.0.0.0:{port}",
            "workers": workers,
            "threads": THREADS + app.config["SETTINGS"].parked_polls,
            "worker_class": "gthread",
            "timeout": 60,
            "graceful_timeout": 5,
            "preload_app": True,
            "post_fork": _after_fork,
            "loglevel": "warning",
            "forwarded_allow_ips": "127.0.0.1",
            "limit_request_line": 8190,
            "control_socket_disable": True,
        }
        if encrypted is not None:
            self.choices |= {"certfile": str(encrypted.certificate), "keyfile": str(encrypted.key)}
        super().__init__()

    def load_config(self) -> None:
        """Hand our choices to gunicorn."""
        for name, value in self.choices.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application to serve."""
        return self.served


def _after_fork(_server: Any, worker: Any) -> None:
    engine().dispose(close=False)
    parking.is_alive = lambda: worker.alive
    freeze()


def freeze() -> None:
    """What was loaded before a fork is never garbage: do not walk it at every collection."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def work(settings: Settings, lanes: int | None = None) -> None:
    """Be the worker process until told to stop; does not return."""
    freeze()
    # Here, and by name, because DBOS takes most of a second to import and only workers need it.
    module = import_module("app.core.jobs.worker")
    gc.set_threshold(module.UNTIDY, *module.TIDY[1:])
    worker = module.Worker(settings.database_url, settings.data, lanes or module.LANES)
    clean = worker.run()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0 if clean else 1)  # a job that did not end in time would keep the process for ever


def share_metrics(settings: Settings, *, empty: bool) -> None:
    """Count together with the other processes of this data folder."""
    metrics.share(settings.data / "metrics", empty=empty)


@dataclass
class Child:
    """A process of ours and what it runs."""

    name: str
    run: Callable[[], None]
    pid: int = 0
    since: float = 0.0
    deaths: int = 0

    def start(self) -> None:
        """Fork; the child runs and ends with the process."""
        self.since = clock.ticks()
        watcher = os.getpid()
        self.pid = os.fork()
        if self.pid:
            return
        code = 1
        try:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            ctypes.CDLL(None).prctl(_PARENT_DIED, signal.SIGTERM)
            if os.getppid() == watcher:
                engine().dispose(close=False)
                self.run()
                code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            log.exception("child.failed", name=self.name)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def ended(self) -> bool:
        """True once the process is no more (and takes note of it)."""
        if self.pid and os.waitpid(self.pid, os.WNOHANG)[0]:
            self.pid = 0
        return not self.pid

    def tell(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.pid:
            os.kill(self.pid, number)


def serve(
    app: Flask,
    settings: Settings,
    workers: int = WORKERS,
    *,
    with_worker: bool = True,
    encrypted: Certificates | None = None,
    beside: Sequence[Callable[[], None]] = (),
) -> int:
    """Serve (HTTPS with `encrypted`) until interrupted or told to stop; the exit status. `beside`: more to run, each
    in a process of its own."""
    engine().dispose()
    share_metrics(settings, empty=True)
    web = Child("web", lambda: Server(app, settings.port, workers, encrypted).run())
    jobs = Child("worker", lambda: work(settings))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    children = [web, jobs] if with_worker else [web]
    children += [Child("beside", run) for run in beside]
    for child in children:
        child.start()
    try:
        while not stop.wait(0.2) and not web.ended():
            if with_worker and jobs.ended():
                _again(jobs, stop)
        stop.wait(0.2)  # Ctrl-C reaches all at once: gunicorn may be gone before we hear of it
    finally:
        _end(children)
    return 0 if stop.is_set() else 1


def _again(child: Child, stop: threading.Event) -> None:
    """Start a dead child anew, after a pause that grows while it dies young."""
    child.deaths = child.deaths + 1 if clock.ticks() - child.since < YOUNG else 1
    pause = PAUSES[min(child.deaths, len(PAUSES)) - 1]
    log.warning("child.died", name=child.name, times=child.deaths, again_in=pause)
    if not stop.wait(pause):
        child.start()


def _end(children: list[Child]) -> None:
    """Tell every child to stop; end those by force that do not."""
    for child in children:
        child.tell(signal.SIGTERM)
    until = clock.ticks() + GRACE
    waiting = threading.Event()
    while clock.ticks() < until and not all(child.ended() for child in children):
        waiting.wait(0.05)
    for child in children:
        child.tell(signal.SIGKILL)
