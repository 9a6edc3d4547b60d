"""What Prometheus is told of processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select

from app.core import clock, metrics
from app.core.db import session
from app.processes.models import InstanceStatus, ProcessInstance

STEPS = metrics.counter("youxu_steps_total", "Steps of process instances; one repeated after a lost race counts twice")
STEP_SECONDS = metrics.histogram("youxu_step_seconds", "Seconds a step of a process instance took, without its commit")


@contextmanager
def a_step() -> Iterator[None]:
    """Counts and times the step made inside (also a decorator); one that raises is not counted."""
    began = clock.ticks()
    yield
    STEPS.inc()
    STEP_SECONDS.observe(clock.ticks() - began)


@metrics.gauge("youxu_instances_open", "Process instances that run")
def instances_open() -> float:
    """How many instances have not ended."""
    running = ProcessInstance.status == InstanceStatus.RUNNING.value
    return session().scalar(select(func.count()).select_from(ProcessInstance).where(running)) or 0
