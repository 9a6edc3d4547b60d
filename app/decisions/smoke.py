"""A trial of new rule versions in a process of its own: what hangs or dies there rejects the version, not the server.

python -m app.decisions.smoke < job.json      job: {"schema": text, "files": [[name, text], …]}
"""

from __future__ import annotations

import resource
import subprocess  # runs this very module, nothing from outside
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random

from app.core import jsontext
from app.core.errors import DomainError
from app.core.i18n import _l
from app.decisions.assemble import assemble
from app.decisions.boundary import candidates, draw
from app.decisions.engines.closures import Closures
from app.decisions.engines.durable import Durable
from app.decisions.engines.generated import Generated
from app.decisions.texts import new_plan_of_text

ROUNDS = 150
SECONDS = 120
"""Of the clock, which a busy machine needs; a version that loops is ended by CPU_SECONDS long before."""
CPU_SECONDS = 20
MEMORY = 2 * 1024**3


class TrialFailed(DomainError):
    """A new version hung, died, or its engines disagreed in the trial; it cannot be activated."""

    message = _l("The trial of the rule set failed: %(reason)s")


@dataclass(frozen=True)
class Job:
    """Rule files to try, each with the name to report."""

    schema: str
    files: tuple[tuple[str, str], ...]


def try_out(job: Job) -> None:
    """Compile and run every file in a child process. Raises TrialFailed; the caller's process is safe."""
    given = jsontext.dumps({"schema": job.schema, "files": job.files})
    try:
        done = subprocess.run(
            [sys.executable, "-m", "app.decisions.smoke"],
            input=given,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            cwd=Path(__file__).parents[2],
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TrialFailed(reason=f"no answer within {SECONDS} s") from None
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
        raise TrialFailed(reason=last[:300])


def main() -> None:
    """The child: limited in time and memory, silent when all is well."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    job = jsontext.loads(sys.stdin.read())
    for name, body in job["files"]:
        run_one(name, body, job["schema"])


def run_one(name: str, body: str, schema: str, rounds: int = ROUNDS) -> None:
    """Decide `rounds` sets of facts at the edges of the rules on every engine; raises TrialFailed when they differ."""
    plan = new_plan_of_text(body, schema, name)
    durable, generated, closures = Durable(plan), Generated(plan), Closures(plan)
    values = candidates(plan)
    random = Random(7)
    day = date(2026, 1, 1)
    for _round in range(rounds):
        facts = draw(plan, random, values)
        first, second, third = (engine.run(facts, day) for engine in (durable, generated, closures))
        if not first == second == third:
            raise TrialFailed(reason=f"{name}: the engines disagree: {first} / {second} / {third}")
        assemble(plan, first, facts)
    durable.close()


if __name__ == "__main__":
    main()
