"""The server process: gunicorn with threads, in the process that already holds the application."""

from __future__ import annotations

import gc
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from app.core import periodic
from app.core.db import engine

WORKERS = 2
THREADS = 12
"""Four serve writes at once (WRITE_SLOTS), the others read."""


class Server(BaseApplication):
    """gunicorn around the application; workers are forked, so each opens its own database connections."""

    def __init__(self, app: Flask, port: int, workers: int = WORKERS) -> None:
        self.served = app
        self.choices = {
            "bind": f"0.0.0.0:{port}",
            "workers": workers,
            "threads": THREADS,
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
        super().__init__()

    def load_config(self) -> None:
        """Hand our choices to gunicorn."""
        for name, value in self.choices.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application to serve."""
        return self.served


def _after_fork(_server: Any, _worker: Any) -> None:
    engine().dispose(close=False)
    gc.freeze()  # what was loaded before the fork is never garbage: do not walk it at every collection
    gc.set_threshold(10_000, 20, 20)
    periodic.start_thread()


def serve(app: Flask, port: int, workers: int = WORKERS) -> None:
    """Serve until interrupted."""
    engine().dispose()
    Server(app, port, workers).run()
