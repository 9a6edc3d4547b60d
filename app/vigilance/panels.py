"""What the page of a task shows of a CAPA, and what a signature on it binds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.core import kept
from app.core.db import session
from app.core.errors import DomainError
from app.core.i18n import _
from app.core.subject import Subject
from app.identity.queries import names_of
from app.processes.queries import local_variables_of, variables_of_each
from app.tasks.models import Task, TaskAttachment, TaskStatus
from app.tasks.showing import Shown, in_lists, shown_subject, signed_subject, still_stored
from app.vigilance import tracing  # noqa: F401 - loading it puts its steps into the chains
from app.vigilance.models import Capa, CapaAction
from app.vigilance.queries import early_of, files_of, get_capa

ACT = "capa_act"
"""The form of the task in which an action is carried out."""
SHORT = 120
"""Most characters of a text in a list."""


@dataclass(frozen=True)
class Sheet:
    """A CAPA with the names of its people and the files that were put to its tasks."""

    capa: Capa
    names: dict[str, str]
    files: list[TaskAttachment]
    early: str
    """Why it was verified before its day, where it was."""


def sheet_of(capa: Capa) -> Sheet:
    """All of it. Five statements."""
    files = files_of(capa)
    doers = (person for one in capa.actions for person in (one.owner_id, one.done_by))
    people = {capa.opened_by, capa.closed_by, *doers, *(file.user_id for file in files)}
    return Sheet(capa, names_of([person for person in people if person]), files, early_of(capa))


def action_of(task: Task, capa: Capa) -> CapaAction | None:
    """Which of its actions an open task is about; None of other tasks."""
    if task.form_key != ACT or task.status != TaskStatus.OPEN:
        return None
    try:
        planned = local_variables_of(task.source_id, int(task.source_ref), whole=True).get("action")
    except (DomainError, ValueError):
        return None
    wanted = _id_in(planned)
    return next((one for one in capa.actions if one.id == wanted), None)


def _id_in(planned: Any) -> str:
    """The id of an action as the diagram's variable `action` has it."""
    return str(planned.get("id") or "") if isinstance(planned, dict) else ""


@in_lists.register("capa")
def capas_in_lists(several: Sequence[Task]) -> dict[str, str]:
    """The action that is to be carried out; else the problem. Three statements."""
    columns = select(Capa.id, Capa.problem).where(Capa.id.in_({task.subject_id for task in several}))
    problems = {row.id: row.problem for row in session().execute(columns)}
    seen = variables_of_each([task for task in several if task.form_key == ACT])
    planned = {task_id: _id_in(variables.get("action")) for task_id, variables in seen.items()}
    rows = session().scalars(select(CapaAction).where(CapaAction.id.in_(set(planned.values())))) if planned else ()
    actions = {one.id: _("Action %(number)s: %(what)s", number=one.number, what=_short(one.text)) for one in rows}
    return {
        task.id: actions.get(planned.get(task.id, "")) or _short(problems.get(task.subject_id, "")) for task in several
    }


def _short(text: str) -> str:
    return text if len(text) <= SHORT else text[: SHORT - 1] + "…"


@shown_subject.register("capa")
def capa_shown(subject: Subject) -> Shown:
    """The problem, its cause, the actions."""
    capa = get_capa(subject.id)
    return Shown(
        number=capa.number,
        title=capa.problem[:200],
        template="vigilance/_capa_task.html",
        endpoint="vigilance.show_capa",
        arguments={"capa_id": capa.id},
        context=sheet_of(capa),
        notes="vigilance/_capa_notes.html",
        known={
            "root_cause": capa.root_cause,
            "criterion": capa.criterion,
            "check_on": capa.check_on.isoformat() if capa.check_on else "",
        },
    )


@signed_subject.register("capa")
def capa_content(subject: Subject) -> dict[str, Any]:
    """The problem, its cause and criterion, every action with its owner, day and evidence, the files that show it, the
    result of the check."""
    capa = get_capa(subject.id)
    files = files_of(capa)
    sums = kept.sums_of(one.content_id for one in files if one.content_id)
    names = ("number", "source_kind", "source_note", "problem", "root_cause", "criterion", "result", "effective")
    own = ("number", "kind", "text", "owner_id", "evidence", "done_by")
    return {
        **{name: getattr(capa, name) for name in names},
        "check_on": capa.check_on.isoformat() if capa.check_on else None,
        "actions": [
            {**{name: getattr(one, name) for name in own}, "due_on": one.due_on.isoformat()} for one in capa.actions
        ],
        "files": {one.id: sums.get(one.content_id or "", one.url or "") for one in files},
    }


@still_stored.register("capa")
def files_still_stored(contents: Sequence[Mapping[str, Any]]) -> list[bool]:
    """Whether the files that show what was done are stored as they were signed. Two statements."""
    wanted = {name for content in contents for name in content.get("files", ())}
    found = session().scalars(select(TaskAttachment).where(TaskAttachment.id.in_(wanted))).all() if wanted else ()
    sums = kept.sums_of(one.content_id for one in found if one.content_id)
    now = {one.id: sums.get(one.content_id or "", one.url or "") for one in found}
    return [all(now.get(name) == said for name, said in content.get("files", {}).items()) for content in contents]
