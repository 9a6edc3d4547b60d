"""Decisions from a process of its own until it is told to stop: `python -m tests.decisions.streaming URL FOLDER`."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from app import create_app
from app.core import db
from app.core.subject import Subject
from app.decisions import service
from config import Settings
from tests.decisions.factories import shipped, whole


def main(url: str, folder: str) -> None:
    create_app(Settings(Path(folder), url, False, "x" * 40, sqlite_synchronous="NORMAL", testing=True))
    facts = {"order": whole(shipped("priority"))["order"]}
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
    count = 0
    print("ready", flush=True)
    while not stop.is_set():
        count += 1
        try:
            with db.transaction():
                service.decide("trial", Subject("order", f"p{count}"), facts=facts)
                service.decide("trial", Subject("order", f"p{count}"), facts=facts)
        except Exception as error:
            if not db.is_lost_race(error):
                raise
    print("ended", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
