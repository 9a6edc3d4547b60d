"""A worker as its own process, with the handlers of the tests: `python -m tests.core.jobs.worker_process URL FOLDER`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from app.core import db, logs
from app.core.jobs.worker import Worker
from config import Settings
from tests.core.jobs import handlers as handlers


def main(url: str, folder: str, lanes: str = "4", sweep: str = "30", synchronous: str = "NORMAL") -> None:
    logs.set_up(quiet=True)
    settings = Settings(Path(folder), url, False, "x" * 40, sqlite_synchronous=synchronous, testing=True)
    db.connect(settings)
    clean = Worker(url, settings.data, int(lanes), float(sweep)).run()
    os._exit(0 if clean else 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
