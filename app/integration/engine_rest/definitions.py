"""/process-definition: what is deployed, its diagram, its state."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, and_, exists, func, not_, or_, select

from app.core.db import session
from app.core.permissions import current_actor, requires
from app.integration.engine_rest.blueprint import bp, done
from app.integration.engine_rest.definition_ids import inner, outer
from app.integration.engine_rest.engine import verbs
from app.integration.engine_rest.errors import InvalidRequest, missing
from app.integration.engine_rest.narrowing import narrow
from app.integration.engine_rest.wire import Given, asked, order_of, refuse_longer, sent, window
from app.integration.models import DeployedDefinition, DeploymentWithdrawal
from app.integration.permissions import ENGINE_OPERATE, ENGINE_READ
from app.processes.models import (
    InstanceStatus,
    ProcessDefinition,
    ProcessDefinitionFlags,
    ProcessIncident,
    ProcessInstance,
    ProcessRelease,
)

_withdrawn = exists().where(DeploymentWithdrawal.deployment_id == DeployedDefinition.deployment_id)
_of_it = DeployedDefinition.definition_id == ProcessDefinition.id
SHOWN = or_(not_(exists().where(_of_it)), exists().where(and_(_of_it, not_(_withdrawn))))
"""Definitions that no deleted deployment alone brought."""
_latest_deployment = (
    select(func.max(DeployedDefinition.deployment_id))
    .where(_of_it, not_(_withdrawn))
    .correlate(ProcessDefinition)
    .scalar_subquery()
)
_resource = select(func.max(DeployedDefinition.resource)).where(_of_it).correlate(ProcessDefinition).scalar_subquery()
COLUMNS = (
    ProcessDefinition.id,
    ProcessDefinition.key,
    ProcessDefinition.version,
    ProcessDefinition.name,
    ProcessDefinition.version_tag,
    func.coalesce(_latest_deployment, ProcessDefinition.deployment_id).label("deployment"),
    _resource.label("resource"),
    func.coalesce(ProcessDefinitionFlags.suspended, False).label("suspended"),
)
SORTS = {
    "id": ProcessDefinition.id,
    "key": ProcessDefinition.key,
    "version": ProcessDefinition.version,
    "versionTag": ProcessDefinition.version_tag,
    "name": ProcessDefinition.key,
    "category": ProcessDefinition.key,
    "deploymentId": ProcessDefinition.deployment_id,
    "deployTime": ProcessDefinition.deployed_at,
    "tenantId": ProcessDefinition.key,
}


def statement_of(*columns: Any) -> Select[Any]:
    """Definitions that are shown, with their flags."""
    return (
        select(*columns or COLUMNS)
        .select_from(ProcessDefinition)
        .outerjoin(ProcessDefinitionFlags, ProcessDefinitionFlags.definition_id == ProcessDefinition.id)
        .where(SHOWN)
    )


def shape(row: Any, deployment_id: str | None = None) -> dict[str, Any]:
    """A definition as the dialect writes it."""
    name = dict(row.name or {})
    return {
        "id": outer(row),
        "key": row.key,
        "category": None,
        "description": None,
        "name": name.get("en") or name.get("zh") or None,
        "version": row.version,
        "resource": row.resource or f"{row.key}.bpmn",
        "deploymentId": deployment_id or row.deployment,
        "diagram": None,
        "suspended": bool(row.suspended),
        "tenantId": None,
        "versionTag": row.version_tag,
        "historyTimeToLive": None,
        "startableInTasklist": True,
    }


_english = ProcessDefinition.name["en"].as_string()
_suspended = func.coalesce(ProcessDefinitionFlags.suspended, False)
_in_force = exists().where(ProcessRelease.definition_id == ProcessDefinition.id)


def filtered(given: Given, *columns: Any) -> Select[Any]:
    """The definitions that a query means."""
    statement = narrow(
        statement_of(*columns),
        given,
        equal={
            "key": ProcessDefinition.key,
            "name": _english,
            "versionTag": ProcessDefinition.version_tag,
            "deploymentId": func.coalesce(_latest_deployment, ProcessDefinition.deployment_id),
            "resourceName": _resource,
        },
        several={"keysIn": ProcessDefinition.key},
        likes={
            "keyLike": ProcessDefinition.key,
            "nameLike": _english,
            "versionTagLike": ProcessDefinition.version_tag,
            "resourceNameLike": _resource,
        },
        flags={
            "latestVersion": _in_force,
            "latest": _in_force,
            "active": _suspended.is_(False),
            "suspended": _suspended.is_(True),
        },
    )
    for name in ("processDefinitionId", "processDefinitionIdIn"):
        ids = given.texts(name)
        if ids is not None:
            statement = statement.where(ProcessDefinition.id.in_([inner(one) for one in ids]))
    version = given.number("version")
    if version is not None:
        statement = statement.where(ProcessDefinition.version == version)
    if "category" in given or "categoryLike" in given or given.texts("tenantIdIn"):
        statement = statement.where(ProcessDefinition.id.is_(None))
    return statement


@bp.get("/process-definition")
@requires(ENGINE_READ)
def list_definitions() -> Response:
    """The definitions that a query means."""
    given = asked()
    first, most = window(given)
    order = order_of(given, SORTS) or [ProcessDefinition.key, ProcessDefinition.version]
    rows = session().execute(filtered(given).order_by(*order, ProcessDefinition.id).limit(most).offset(first))
    return jsonify([shape(row) for row in refuse_longer(list(rows))])


@bp.get("/process-definition/count")
@requires(ENGINE_READ)
def count_definitions() -> dict[str, int]:
    """How many they are."""
    counted = select(func.count()).select_from(filtered(asked(), ProcessDefinition.id).subquery())
    return {"count": session().scalar(counted) or 0}


def by_id(definition_id: str) -> Any:
    """The row of a definition. Raises 404 as the dialect does."""
    row = session().execute(statement_of().where(ProcessDefinition.id == inner(definition_id))).first()
    if row is None:
        missing(f"No matching definition with id {definition_id}")
    return row


def by_key(key: str) -> Any:
    """The row of what is in force for the key."""
    row = session().execute(statement_of().where(ProcessDefinition.key == key, _in_force)).first()
    if row is None:
        missing(f"No matching process definition with key: {key} and no tenant-id", "RestException")
    return row


@bp.get("/process-definition/<definition_id>")
@requires(ENGINE_READ)
def get_definition(definition_id: str) -> dict[str, Any]:
    """One definition."""
    return shape(by_id(definition_id))


@bp.get("/process-definition/key/<key>")
@requires(ENGINE_READ)
def get_definition_by_key(key: str) -> dict[str, Any]:
    """What is in force."""
    return shape(by_key(key))


def _xml(row: Any) -> dict[str, Any]:
    xml = session().scalar(select(ProcessDefinition.xml).where(ProcessDefinition.id == row.id))
    return {"id": outer(row), "bpmn20Xml": xml}


@bp.get("/process-definition/<definition_id>/xml")
@requires(ENGINE_READ)
def get_definition_xml(definition_id: str) -> dict[str, Any]:
    """Its diagram."""
    return _xml(by_id(definition_id))


@bp.get("/process-definition/key/<key>/xml")
@requires(ENGINE_READ)
def get_definition_xml_by_key(key: str) -> dict[str, Any]:
    """The diagram in force."""
    return _xml(by_key(key))


@bp.get("/process-definition/<definition_id>/diagram")
@requires(ENGINE_READ)
def get_definition_diagram(definition_id: str) -> ResponseReturnValue:
    """No picture is kept beside the diagram."""
    by_id(definition_id)
    return done()


@bp.get("/process-definition/<definition_id>/startForm")
@requires(ENGINE_READ)
def get_start_form(definition_id: str) -> dict[str, Any]:
    """Processes are started without a form."""
    by_id(definition_id)
    return {"key": None, "camundaFormRef": None, "contextPath": None}


@bp.get("/process-definition/<definition_id>/form-variables")
@requires(ENGINE_READ)
def get_start_form_variables(definition_id: str) -> dict[str, Any]:
    """So there are no variables of it."""
    by_id(definition_id)
    return {}


def _statistics(given: Given, *, by: Any) -> list[Any]:
    running = ProcessInstance.status == InstanceStatus.RUNNING.value
    counted = select(by, func.count()).where(running).group_by(by)
    del given
    return list(session().execute(counted))


@bp.get("/process-definition/statistics")
@requires(ENGINE_READ)
def definition_statistics() -> Response:
    """How much runs of each definition, and how many incidents stand. Three statements."""
    given = asked()
    running = dict(map(tuple, _statistics(given, by=ProcessInstance.definition_id)))
    standing = _incidents() if given.flag("incidents") or "incidentsForType" in given else {}
    rows = session().execute(filtered(Given({})).order_by(ProcessDefinition.key, ProcessDefinition.version))
    return jsonify(
        [
            {
                "id": outer(row),
                "instances": running.get(row.id, 0),
                "failedJobs": 0,
                "incidents": standing.get(row.id, []),
                "definition": shape(row),
            }
            for row in rows
        ]
    )


def _incidents() -> dict[str, list[dict[str, Any]]]:
    counted = (
        select(ProcessInstance.definition_id, ProcessIncident.kind, func.count())
        .join(ProcessInstance, ProcessInstance.id == ProcessIncident.instance_id)
        .where(ProcessIncident.resolved_at.is_(None))
        .group_by(ProcessInstance.definition_id, ProcessIncident.kind)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for definition, kind, count in session().execute(counted):
        found.setdefault(definition, []).append({"incidentType": kind, "incidentCount": count})
    return found


@bp.put("/process-definition/<definition_id>/suspended")
@requires(ENGINE_OPERATE)
def suspend_definition(definition_id: str) -> ResponseReturnValue:
    """Stop new starts of a definition, or allow them again."""
    _suspend(by_id(definition_id), sent())
    return done()


@bp.put("/process-definition/key/<key>/suspended")
@requires(ENGINE_OPERATE)
def suspend_definition_by_key(key: str) -> ResponseReturnValue:
    """The same for what is in force."""
    _suspend(by_key(key), sent())
    return done()


def _suspend(row: Any, given: Given) -> None:
    if given.raw("suspended") is None:
        raise InvalidRequest("suspended is null")
    suspended, actor = given.flag("suspended"), current_actor()
    verbs.suspend_definition(actor, row.id, suspended=suspended)
    if given.flag("includeProcessInstances"):
        running = ProcessInstance.status == InstanceStatus.RUNNING.value
        for instance in session().scalars(
            select(ProcessInstance.id).where(ProcessInstance.definition_id == row.id, running)
        ):
            (verbs.suspend if suspended else verbs.resume)(actor, instance, "definition")
