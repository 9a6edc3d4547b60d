"""What Prometheus reads at /metrics, of all processes that share a data folder.

    STEPS = metrics.counter("youxu_steps_total", "Steps of process instances")
    STEPS.inc()

    @metrics.gauge("youxu_jobs_due", "Jobs that are due and wait for a worker")
    def due() -> float: ...

Counters and histograms are counted in each process; `share(folder)` lets the web workers and the job worker keep them
in files that every one of them can add up. Gauges are asked of the database when somebody reads.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import prometheus_client
import structlog
from prometheus_client import CollectorRegistry, multiprocess, values
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE

from app.core.db import session

__all__ = ["CONTENT_TYPE", "counter", "gauge", "histogram", "share", "text"]

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds."""

Reading = Callable[[], float | Mapping[str, float]]

log = structlog.get_logger()
_making = threading.Lock()
_registry = CollectorRegistry()
_folder: Path | None = None
_counters: dict[str, Counter] = {}
_histograms: dict[str, Histogram] = {}
_gauges: dict[str, tuple[str, str, Reading]] = {}


class Counter:
    """A number that only grows; with a label, one per value of it."""

    def __init__(self, name: str, about: str, label: str | None) -> None:
        self.name, self.about, self.label = name, about, label
        self._made: prometheus_client.Counter | None = None

    def inc(self, value: str | None = None, by: float = 1) -> None:
        """Count; `value` is the label's."""
        made = self._made or self._make()
        (made.labels(value) if self.label else made).inc(by)

    def forget(self) -> None:
        """Start again at the next count."""
        self._made = None

    def _make(self) -> prometheus_client.Counter:
        # Not before the first count: only then is it known whether the processes share a folder.
        with _making:
            if self._made is None:
                labels = [self.label] if self.label else []
                self._made = prometheus_client.Counter(self.name, self.about, labels, registry=_registry)
            return self._made


class Histogram:
    """How long something took, in seconds."""

    def __init__(self, name: str, about: str) -> None:
        self.name, self.about = name, about
        self._made: prometheus_client.Histogram | None = None

    def observe(self, seconds: float) -> None:
        """Count one that took so long."""
        (self._made or self._make()).observe(seconds)

    def forget(self) -> None:
        """Start again at the next count."""
        self._made = None

    def _make(self) -> prometheus_client.Histogram:
        with _making:
            if self._made is None:
                self._made = prometheus_client.Histogram(self.name, self.about, buckets=BUCKETS, registry=_registry)
            return self._made


def counter(name: str, about: str, label: str | None = None) -> Counter:
    """Declare a counter; `name` ends in `_total`. The same name twice is a programming error."""
    _refuse_twice(name)
    return _counters.setdefault(name, Counter(name, about, label))


def histogram(name: str, about: str) -> Histogram:
    """Declare a histogram of seconds; `name` ends in `_seconds`."""
    _refuse_twice(name)
    return _histograms.setdefault(name, Histogram(name, about))


def gauge(name: str, about: str, label: str = "") -> Callable[[Reading], Reading]:
    """Decorator: the function is asked, inside the reading request's transaction, for the number now.

    With a label it answers a mapping of the label's values to numbers.
    """

    def keep(function: Reading) -> Reading:
        _refuse_twice(name)
        _gauges[name] = (about, label, function)
        return function

    return keep


def _refuse_twice(name: str) -> None:
    if name in _counters or name in _histograms or name in _gauges:
        raise RuntimeError(f"metric {name!r} is declared twice")


def share(folder: Path, *, empty: bool) -> None:
    """Count in files of that folder from now on, one set per process; `empty` removes those of an earlier run.

    Call it before processes are forked. What this process counted so far is forgotten.
    """
    global _folder, _registry
    folder.mkdir(parents=True, exist_ok=True)
    if empty:
        for old in folder.glob("*.db"):
            old.unlink(missing_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)  # where the library looks for it
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
    _folder, _registry = folder, CollectorRegistry()
    for counting in _counters.values():
        counting.forget()
    for timing in _histograms.values():
        timing.forget()


class _Gauges:
    """The gauges as the library collects them. One that fails is left out: the others matter all the more then."""

    def collect(self) -> Iterator[Any]:
        for name, (about, label, function) in _gauges.items():
            family = GaugeMetricFamily(name, about, labels=[label] if label else [])
            try:
                with session().begin_nested():  # else one that fails would spoil the transaction of the others
                    read = function()
            except Exception:
                log.exception("metrics.gauge_failed", name=name)
                continue
            for value, number in read.items() if isinstance(read, Mapping) else [("", read)]:
                family.add_metric([value] if label else [], number)
            yield family


def text() -> bytes:
    """Everything, as Prometheus reads it. Call inside a transaction."""
    asked = CollectorRegistry()
    asked.register(_Gauges())
    if _folder is None:
        return prometheus_client.generate_latest(_registry) + prometheus_client.generate_latest(asked)
    multiprocess.MultiProcessCollector(asked, path=str(_folder))  # type: ignore[no-untyped-call]
    return prometheus_client.generate_latest(asked)
