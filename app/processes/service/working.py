"""Jobs of processes: timers that are due, parts that run asynchronously."""

from __future__ import annotations

import structlog

from app.core import jobs
from app.core.jobs import Job
from app.core.permissions import SYSTEM
from app.processes import keeping, saving
from app.processes.engine import Arrive, EngineFault, Go, TokenNotReady
from app.processes.saving import NotRunning
from app.processes.service import following
from app.processes.service.going_on import act
from app.processes.world import SOURCE

log = structlog.get_logger()
FAILED = "failedJob"


@jobs.handler.register(SOURCE)
def run_job(job: Job) -> None:
    """A timer is due, or an asynchronous part is to be done. What has gone on meanwhile needs it no more."""
    token = int(job.source_ref)
    is_timer = job.payload["kind"] == "timer"
    command = Arrive(token, ("timer",)) if is_timer else Go(token, ("job",))
    try:
        before = saving.load(job.source_id)
        after = act(SYSTEM, before, command, dealt_with=token)
    except (NotRunning, TokenNotReady):
        log.info("process.job_not_needed", job=job.id, instance=job.source_id, token=token)
        return
    if after.faults and job.retries > 1:
        following.forget()
        raise EngineFault(after.faults[0].element, after.faults[0].reason)  # it may be better next time
    if job.attempts and not after.faults:
        keeping.resolve_incidents(job.source_id, [token], how="done at last")
    following.follow()


@jobs.on_exhausted.register(SOURCE)
def give_up(job: Job, error: str) -> None:
    """No tries are left: somebody must look."""
    keeping.stand(
        [
            {
                "instance_id": job.source_id,
                "token": int(job.source_ref),
                "element_id": job.element_id or "",
                "kind": FAILED,
                "message": error,
                "details": {"kind": job.payload.get("kind", ""), "attempts": job.attempts},
                "job_id": job.id,
            }
        ]
    )
