"""A worker as its own process, with the whole application: `python -m tests.processes.worker_process URL FOLDER`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from app import create_app
from app.core.jobs.worker import Worker
from config import Settings


def main(url: str, folder: str) -> None:
    settings = Settings(Path(folder), url, False, "x" * 40, sqlite_synchronous="NORMAL", testing=True)
    create_app(settings)
    os._exit(0 if Worker(url, settings.data).run() else 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
