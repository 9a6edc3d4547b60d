"""What Prometheus is told of processes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from sqlalchemy import func, select

from app.core import clock, metrics
from app.core.db import session
from app.processes.models import InstanceStatus, ProcessIncident, ProcessInstance, ProcessMessage
from app.processes.queries import stuck_start

P = ParamSpec("P")
R = TypeVar("R")
STEPS = metrics.counter("youxu_steps_total", "Steps of process instances; one repeated after a lost race counts twice")
STEP_SECONDS = metrics.histogram("youxu_step_seconds", "Seconds a step of a process instance took, without its commit")


def a_step(make: Callable[P, R]) -> Callable[P, R]:
    """Counts and times the step that the function makes; one that raises is not counted."""

    @wraps(make)
    def timed(*args: P.args, **kwargs: P.kwargs) -> R:
        began = clock.ticks()
        made = make(*args, **kwargs)
        STEPS.inc()
        STEP_SECONDS.observe(clock.ticks() - began)
        return made

    return timed


@metrics.gauge("youxu_incidents_open", "Incidents that nobody has resolved")
def incidents_open() -> float:
    """How many tokens cannot go on, and starts at a time are given up, until somebody has looked."""
    still = ProcessIncident.resolved_at.is_(None)
    found = session().scalar(select(func.count()).select_from(ProcessIncident).where(still)) or 0
    starts = session().scalar(select(func.count()).where(*stuck_start())) or 0
    return found + starts


@metrics.gauge("youxu_instances_open", "Process instances that run")
def instances_open() -> float:
    """How many instances have not ended."""
    running = ProcessInstance.status == InstanceStatus.RUNNING.value
    return session().scalar(select(func.count()).select_from(ProcessInstance).where(running)) or 0


@metrics.gauge("youxu_messages_kept", "Messages that wait for a process that wants them")
def messages_kept() -> float:
    """How many messages nobody has waited for yet."""
    waiting = ProcessMessage.delivered_at.is_(None) & (ProcessMessage.expires_at > clock.now())
    return session().scalar(select(func.count()).select_from(ProcessMessage).where(waiting)) or 0
