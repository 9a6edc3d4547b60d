"""The worker process: finds due jobs, has DBOS run them, keeps their locks, tells that it lives, numbers events, does
periodic work."""

from __future__ import annotations

import fcntl
import gc
import os
import signal
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from app.core import clock, ids, outbox, periodic, wal
from app.core.db import transaction
from app.core.jobs import claiming, durable, rounds
from app.core.jobs.claiming import Claim, Unit
from app.core.jobs.running import run_job

LANES = 4
"""Threads that run jobs. On SQLite they take turns at the one write lock."""
PER_LANE = 10
"""Jobs taken at most per free thread at a time."""
TICK = 0.2
"""Seconds between two looks for due jobs."""
BEAT = 5.0
"""Seconds between two signs of life; locks are renewed with them."""
PATIENCE = 1.0
"""When a job takes longer, those that wait behind it in its unit are given back for other threads."""
SLOW = 60.0
STOPPING = 5
"""Seconds that running jobs get to end when the worker is told to stop."""
SWEEP = 30.0
"""Seconds between two clearings of what DBOS keeps of finished units."""

TIDY = (2_000, 20, 20)
"""After so many new objects, and so many collections of younger ones, garbage is collected between jobs."""
UNTIDY = 200_000
"""New objects at which Python does it itself, wherever a job is."""

log = structlog.get_logger()


@dataclass
class Lane:
    """What one thread has: the job that runs, since when, and those behind it."""

    waiting: list[Claim]
    running: Claim | None = None
    since: float = 0.0
    told: bool = False


@dataclass
class Worker:
    """One worker process. `run()` returns when the process was told to stop (SIGTERM, SIGINT)."""

    url: str
    data: Path
    lanes: int = LANES
    sweep: float = SWEEP
    id: str = field(default_factory=ids.new_id)
    _told: bool = False
    _stop: threading.Event = field(default_factory=threading.Event)
    _wake: threading.Event = field(default_factory=threading.Event)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _busy: list[Lane] = field(default_factory=list)
    _begun: int = 0
    """Units handed to DBOS whose thread has not started yet."""

    def run(self) -> bool:
        """Work until told to stop; False when a job did not end in time (then end the process without ceremony)."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._told_to_stop)
        _slot, executor = take_slot(self.data)
        durable.start(self.url, executor, self.lanes, self.run_unit)
        self._beat()
        log.info("worker.started", worker=self.id, executor=executor, lanes=self.lanes)
        for loop in (self._keep, self._relay, self._periodic, self._sweep):
            threading.Thread(target=loop, daemon=True).start()
        threading.Thread(target=wal.keep_short, args=(self._stop,), daemon=True).start()
        rounds.start_all(self._stop)
        self._dispatch()
        return self._leave()

    def _told_to_stop(self, _number: int, _frame: Any) -> None:
        """Only a flag: an event's lock may be held by the very thread that this interrupts, or by this itself when a
        second signal comes."""
        self._told = True

    def _dispatch(self) -> None:
        while not self._told:
            try:
                took = self.tick()
            except Exception:
                log.exception("worker.tick_failed")
                self._stop.wait(1.0)
                continue
            if not took or not self._free():
                self._wake.wait(TICK)
                self._wake.clear()
        self._stop.set()

    def _free(self) -> int:
        with self._guard:
            return self.lanes - len(self._busy) - self._begun

    def tick(self) -> int:
        """Look once for due jobs and begin them; how many."""
        self._unblock()
        free = self._free()
        if free <= 0:
            return 0
        units = claiming.claim(self.id, free * PER_LANE, calm=free == self.lanes)
        for unit in claiming.spread(units, free):
            self._begin(unit)
        return len(units)

    def _begin(self, unit: Unit) -> None:
        with self._guard:
            self._begun += 1
        try:
            durable.begin(unit, self.id)
        except Exception:
            with self._guard:
                self._begun -= 1
            with transaction():
                claiming.release(unit.claims)
            raise

    def run_unit(self, claims: Sequence[Claim], died: bool) -> None:  # noqa: FBT001 - DBOS's side calls it
        """Run the claims one after the other (in a thread of DBOS); those of a dead predecessor are given back."""
        if died:
            with transaction():
                claiming.release(claims, died=True)
            self._wake.set()
            return
        lane = Lane(list(claims))
        with self._guard:
            self._begun -= 1
            self._busy.append(lane)
        try:
            while (one := self._next(lane)) is not None:
                run_job(one.id, one.fence)
                tidy()
        finally:
            with self._guard:
                self._busy.remove(lane)
            if lane.waiting:  # told to stop
                with transaction():
                    claiming.release(lane.waiting)
            self._wake.set()

    def _next(self, lane: Lane) -> Claim | None:
        with self._guard:
            lane.running = lane.waiting.pop(0) if lane.waiting and not self._stop.is_set() else None
            lane.since, lane.told = clock.ticks(), False
            return lane.running

    def _unblock(self) -> None:
        """Give back what waits behind a job that takes long, so that other threads get it."""
        now = clock.ticks()
        with self._guard:
            stuck = [lane for lane in self._busy if lane.waiting and now - lane.since > PATIENCE]
            back = [one for lane in stuck for one in lane.waiting]
            for lane in stuck:
                lane.waiting = []
        if back:
            with transaction():
                claiming.release(back)

    def _keep(self) -> None:
        """Every few seconds: say that we live, and keep the locks of what we have."""
        while not self._stop.wait(BEAT):
            try:
                self._beat()
            except Exception:
                log.exception("worker.beat_failed")

    def _beat(self) -> None:
        with self._guard:
            held = [one for lane in self._busy for one in (lane.running, *lane.waiting) if one is not None]
            slow = [lane for lane in self._busy if not lane.told and clock.ticks() - lane.since > SLOW]
        with transaction():
            claiming.beat(self.id, socket.gethostname(), os.getpid())
            claiming.renew(held)
        for lane in slow:
            lane.told = True
            log.warning("job.slow", job=lane.running.id if lane.running else "", seconds=SLOW)

    def _relay(self) -> None:
        """Number events, at the dispatcher's pace but beside it: jobs and periodic work may take long."""
        while not self._stop.wait(TICK):
            try:
                while outbox.relay() == outbox.AT_ONCE and not self._stop.is_set():
                    pass
            except Exception:
                log.exception("worker.relay_failed")
                self._stop.wait(1.0)

    def _periodic(self) -> None:
        while not self._stop.wait(periodic.PAUSE):
            periodic.run_due()

    def _sweep(self) -> None:
        while not self._stop.wait(self.sweep):
            try:
                durable.forget_finished()
            except Exception:
                log.exception("worker.sweep_failed")

    def _leave(self) -> bool:
        """Let what runs end, sign off; False when something did not end in time."""
        durable.stop(STOPPING)
        with self._guard:
            unfinished = bool(self._busy)
        if not unfinished:  # else SQLite's write lock may be taken; whoever takes over will see
            with transaction():
                claiming.sign_off(self.id)
        log.info("worker.stopped", worker=self.id, unfinished=unfinished)
        return not unfinished


def tidy() -> None:
    """Collect garbage between two jobs, as often as Python would in the middle of one: whoever waits for that job would
    wait for it too."""
    due = [age for age, (count, most) in enumerate(zip(gc.get_count(), TIDY, strict=True)) if count > most]
    if due:
        gc.collect(due[-1])


def take_slot(folder: Path) -> tuple[int, str]:
    """The first place in this folder that no living worker has: file descriptor, name for DBOS.

    The descriptor stays open as long as the process lives, so a worker started after a crash gets the name of the dead
    one and with it what that one left unfinished. The name stands in the file: two hosts may be called the same.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1000):
        slot = os.open(folder / f"worker-{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(slot)
            continue
        name = os.pread(slot, 64, 0).decode()
        if not name:
            name = ids.new_id()
            os.pwrite(slot, name.encode(), 0)
        return slot, name
    raise RuntimeError("a thousand workers share this folder")
