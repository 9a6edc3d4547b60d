"""Definitions as they are stored and as the engine wants them: compiled once per process, kept by id."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, insert, select

from app.core import clock, ids, jsontext
from app.core.db import session
from app.core.errors import NotFound
from app.core.i18n import _l
from app.core.permissions import Actor
from app.core.prepared import Prepared
from app.processes.engine import Definition, Known, as_text, compile_definition
from app.processes.models import ProcessDefinition, ProcessRelease

_IN_FORCE = Prepared(select(ProcessRelease.definition_id).where(ProcessRelease.key == bindparam("process")))
KEPT = 256
"""Compiled definitions kept in memory per worker, the least recently used goes first."""


class ProcessNotFound(NotFound):
    """No definition of that key is in force."""

    message = _l("There is no process “%(key)s” in force.")


@dataclass(frozen=True)
class Deployed:
    """A stored definition, compiled."""

    id: str
    key: str
    version: int
    name: dict[str, str]
    forms: Mapping[str, Any]
    definition: Definition
    deployment_id: str | None = None


_kept: OrderedDict[str, Deployed] = OrderedDict()
_lock = threading.Lock()


def deployed(definition_id: str) -> Deployed:
    """The definition of an id. One statement the first time, none after. Raises NotFound."""
    with _lock:
        found = _kept.get(definition_id)
        if found is not None:
            _kept.move_to_end(definition_id)
            return found
    row = session().execute(select(ProcessDefinition).where(ProcessDefinition.id == definition_id)).scalar_one_or_none()
    if row is None:
        raise NotFound(definition=definition_id)
    return _keep(
        Deployed(
            id=row.id,
            key=row.key,
            version=row.version,
            name=dict(row.name),
            forms=row.forms,
            definition=compile_definition(row.xml.encode(), key=row.key),
            deployment_id=row.deployment_id,
        )
    )


def _keep(made: Deployed) -> Deployed:
    with _lock:
        found = _kept.setdefault(made.id, made)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return found


def in_force(key: str) -> Deployed:
    """The definition that new instances are started with. Raises ProcessNotFound."""
    found = _IN_FORCE.one({"process": key})
    if found is None:
        raise ProcessNotFound(key=key)
    return deployed(found["definition_id"])


def for_call(details: Mapping[str, Any], deployment_id: str | None) -> Deployed | None:
    """The definition that a call activity means: {"key", "binding", "version"}; None if there is none."""
    binding, key = details["binding"], details["key"]
    if binding == "latest" or (binding == "deployment" and deployment_id is None):
        found = session().execute(select(ProcessRelease.definition_id).where(ProcessRelease.key == key)).scalar()
        return None if found is None else deployed(found)
    statement = select(ProcessDefinition.id).where(ProcessDefinition.key == key)
    if binding == "deployment":
        statement = statement.where(ProcessDefinition.deployment_id == deployment_id)
    elif binding == "versionTag":
        statement = statement.where(ProcessDefinition.version_tag == str(details["version"]))
    else:
        number = str(details["version"])
        known = number.isdecimal() and len(number) < 10
        statement = statement.where(ProcessDefinition.version == (int(number) if known else -1))
    found = session().execute(statement.order_by(ProcessDefinition.version.desc()).limit(1)).scalar()
    return None if found is None else deployed(found)


def store(  # noqa: PLR0917 - what belongs to a version
    actor: Actor, xml: bytes, key: str, forms: Mapping[str, Any], known: Known, deployment_id: str | None = None
) -> tuple[Deployed, bool]:
    """Lint, compile and keep a diagram; True if it was not there before. Raises DiagramRefused."""
    text = as_text(xml)
    definition = compile_definition(text.encode(), known, key)
    whole = jsontext.digest([definition.key, definition.hash, forms])
    there = session().execute(select(ProcessDefinition.id).where(ProcessDefinition.hash == whole)).scalar()
    if there is not None:
        return deployed(there), False
    last = session().execute(
        select(func.coalesce(func.max(ProcessDefinition.version), 0)).where(ProcessDefinition.key == definition.key)
    )
    made = Deployed(
        id=ids.new_id(),
        key=definition.key,
        version=last.scalar_one() + 1,
        name=dict(definition.name),
        forms=jsontext.plain(dict(forms)),
        definition=definition,
        deployment_id=deployment_id,
    )
    session().execute(
        insert(ProcessDefinition),
        {
            "id": made.id,
            "hash": whole,
            "key": made.key,
            "version": made.version,
            "name": made.name,
            "xml": text,
            "forms": made.forms,
            "version_tag": definition.version_tag,
            "deployment_id": deployment_id,
            "deployed_at": clock.now(),
            "deployed_by": actor.id,
        },
    )
    return _keep(made), True


def put_in_force(actor: Actor, made: Deployed) -> None:
    """From now on instances of the key are started with this definition; running ones stay on theirs."""
    release = session().get(ProcessRelease, made.key, populate_existing=True)
    if release is None:
        release = ProcessRelease(key=made.key)
        session().add(release)
    release.definition_id, release.released_at, release.released_by = made.id, clock.now(), actor.id
    session().flush()
