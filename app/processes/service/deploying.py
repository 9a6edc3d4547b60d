"""Diagrams: kept as versions of their key, one of them in force."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import structlog
from sqlalchemy import delete, insert

from app.audit.service import record
from app.audit.signatures import MEANINGS
from app.core import clock, jobs
from app.core.db import session
from app.core.jobs import NewJob
from app.core.permissions import Actor
from app.core.registry import Registry
from app.core.subject import Subject
from app.decisions.outcome import BANDS
from app.identity.roles import ROLES
from app.processes import deciding, engine
from app.processes.answering import refuse_wrong_form
from app.processes.definitions import Deployed, in_force, put_in_force, store
from app.processes.designer import governing
from app.processes.engine import Event, timers
from app.processes.forms import asks_for_approval
from app.processes.models import ProcessDefinitionFlags, ProcessRelease, ProcessStart
from app.processes.queries import STARTS, is_in_force
from app.processes.steps import step

FOLDER = Path(__file__).parents[3] / "bpmn"
starts_over: Registry[Callable[[str], None]] = Registry("end of timed starts")
"""Told the key before the starts of the version in force are given up."""
log = structlog.get_logger()

__all__ = [
    "FOLDER",
    "STARTS",
    "deploy",
    "deploy_all",
    "known_with",
    "seed",
    "start_job",
    "starts_over",
    "suspend_definition",
    "take_out_of_force",
]


def deploy(
    actor: Actor,
    xml: bytes,
    *,
    forms: Mapping[str, Any] | None = None,
    release: bool = True,
    deployment_id: str | None = None,
) -> Deployed:
    """Keep a diagram (with the forms its tasks name) as the next version of its key; with `release` it is in force.

    A document with several executable processes deploys each; the first is answered. Deploying the same again changes
    nothing. Raises FormRefused, DiagramRefused naming each component or element with its reasons.
    """
    return deploy_all(actor, xml, forms=forms, release=release, deployment_id=deployment_id)[0]


def deploy_all(
    actor: Actor,
    xml: bytes,
    *,
    forms: Mapping[str, Any] | None = None,
    release: bool = True,
    deployment_id: str | None = None,
    anew: bool = False,
) -> list[Deployed]:
    """As `deploy`, but answers what each executable process of the document became. `anew`: the timers that start a
    version which was in force already are set again, as if it were a new one."""
    keys = engine.keys_of(xml)
    for name, form in (forms or {}).items():
        refuse_wrong_form(name, form)
    made = []
    for key in keys:
        one, was_in_force = _deploy_one(actor, xml, key, forms or {}, deployment_id, release=release)
        if anew and was_in_force:
            _listen(one)
        made.append(one)
    session().flush()
    return made


def take_out_of_force(actor: Actor, made: Deployed, *, instead: Deployed | None) -> None:
    """Nothing new is started with this definition; `instead` is in force from now on, or nothing of that key."""
    if instead is not None:
        put_in_force(actor, instead)
        _listen(instead)
    else:
        session().execute(delete(ProcessRelease).where(ProcessRelease.key == made.key))
        session().execute(delete(ProcessStart).where(ProcessStart.key == made.key))
        starts_over.get(STARTS)(made.key)
        jobs.cancel_of(STARTS, made.key)
        session().expire_all()
    now = None if instead is None else instead.version
    record(actor, "process:withdraw", Subject("process-definition", made.key), version=made.version, now=now)


def _deploy_one(
    actor: Actor, xml: bytes, key: str, forms: Mapping[str, Any], deployment_id: str | None, *, release: bool
) -> tuple[Deployed, bool]:
    """The version, and whether it was in force before."""
    made, new = store(actor, xml, key, forms, known_with(forms), deployment_id)
    if new:
        record(actor, "process:deploy", Subject("process-definition", made.key), version=made.version, id=made.id)
    was_in_force = is_in_force(made.key) and in_force(made.key).id == made.id
    if release and not was_in_force:
        put_in_force(actor, made)
        _listen(made)
        record(actor, "process:release", Subject("process-definition", made.key), version=made.version, id=made.id)
    return made, was_in_force


def known_with(forms: Mapping[str, Any]) -> engine.Known:
    """What a diagram with these forms may name. Two statements."""
    return engine.Known(
        steps=step,
        rule_sets=deciding.rule_set_names(),
        rule_set_versions=deciding.rule_set_versions(),
        forms=forms,
        approving={name for name, form in forms.items() if asks_for_approval(form)},
        groups=ROLES,
        meanings=tuple(MEANINGS),
        bands=BANDS,
    )


def _listen(made: Deployed) -> None:
    """From now on the start events of this version start the process, and no longer those of the version before."""
    session().execute(delete(ProcessStart).where(ProcessStart.key == made.key))
    starts_over.get(STARTS)(made.key)
    jobs.cancel_of(STARTS, made.key)
    elements = made.definition.elements.values()
    starts = [one for one in elements if isinstance(one, Event) and one.kind == "startEvent" and one.scope is None]
    rows = [
        {
            "definition_id": made.id,
            "element_id": one.id,
            "key": made.key,
            "kind": one.trigger,
            "name": "" if one.ref is None else one.ref.text[:255],
        }
        for one in starts
        if one.trigger in ("message", "signal", "conditional")
    ]
    if rows:
        session().execute(insert(ProcessStart), rows)
    jobs.schedule([job for one in starts if one.trigger == "timer" and (job := _timed(made, one))])


def _timed(made: Deployed, start: Event) -> NewJob | None:
    """The job that starts the process when the timer of its start event is due."""
    assert start.when is not None  # noqa: S101 - the lint refuses a timer that does not say when
    now = clock.now()
    due, cycle = timers.due_of(str(start.timer), start.when.of({"now()": now}), now)
    return None if due is None else start_job(made, start, due, {"cycle": cycle, "fired": 0, "from": now.isoformat()})


def start_job(made: Deployed, start: Event, due: datetime, turns: dict[str, Any]) -> NewJob:
    """A start at a time; `turns` say how often it has fired."""
    return NewJob(
        kind=STARTS,
        due_at=due,
        source_kind=STARTS,
        source_id=made.key,
        source_ref=start.id,
        element_id=start.id,
        name=dict(start.name),
        payload={"kind": "start", "definition": made.id, "element": start.id, **turns},
        definition_id=made.id,
        definition_key=made.key,
    )


def suspend_definition(actor: Actor, definition_id: str, *, suspended: bool, reason: str = "") -> None:
    """A suspended definition starts nothing new; what runs goes on."""
    row = session().get(ProcessDefinitionFlags, definition_id, populate_existing=True)
    if row is None:
        row = ProcessDefinitionFlags(definition_id=definition_id)
        session().add(row)
    row.suspended = suspended
    session().flush()
    action = "process:suspend-definition" if suspended else "process:resume-definition"
    record(actor, action, Subject("process-definition", definition_id), **({"reason": reason} if reason else {}))


def seed(actor: Actor, folder: Path = FOLDER) -> list[str]:
    """Deploy the diagrams of a folder; answers the keys that are in force for the first time.

    A key that is in force already is left alone: a changed file is kept as a version that is not in force.
    """
    forms = {path.stem: orjson.loads(path.read_bytes()) for path in sorted(folder.glob("*.form"))}
    first = []
    for path in sorted(folder.glob("*.bpmn")):
        xml = path.read_bytes()
        key = engine.key_of(xml)
        used = {name: forms[name] for name in engine.form_keys_of(xml) if name in forms}
        new = not is_in_force(key)
        made = deploy(actor, xml, forms=used, release=new)
        beside = path.with_name(f"{path.stem}.scenarios.yaml")
        governing.settle(key, beside.read_text(encoding="utf-8") if beside.exists() else "")
        if new:
            first.append(key)
        elif in_force(key).id != made.id:
            log.warning("process.file_differs", key=key, version=made.version, file=path.name)
    return first
