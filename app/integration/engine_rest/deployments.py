"""/deployment: files in, definitions out; what was deployed, and taking it back."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, exists, func, not_, select

from app.audit.service import record
from app.core import clock, ids, jsontext
from app.core.db import session
from app.core.errors import Invalid
from app.core.permissions import current_actor, requires
from app.core.subject import Subject
from app.integration.engine_rest import withdrawing
from app.integration.engine_rest.blueprint import bp, done
from app.integration.engine_rest.contents import attachment
from app.integration.engine_rest.definitions import shape as definition_shape
from app.integration.engine_rest.definitions import statement_of
from app.integration.engine_rest.engine import verbs
from app.integration.engine_rest.errors import EngineRefused, InvalidRequest, missing, parse_exception
from app.integration.engine_rest.wire import Given, asked, moment_out, order_of, refuse_longer, window
from app.integration.models import DeployedDefinition, DeploymentResource, DeploymentWithdrawal
from app.integration.permissions import ENGINE_READ
from app.processes.models import ProcessDefinition, ProcessDeployment
from app.processes.permissions import PROCESS_DEPLOY

DIAGRAMS = (".bpmn", ".bpmn20.xml")
FORM_KEYS = re.compile(rb"""(?:formKey|formRef)\s*=\s*["']([^"']{1,500})["']""")
SORTS = {
    "id": ProcessDeployment.id,
    "name": ProcessDeployment.name,
    "deploymentTime": ProcessDeployment.at,
    "tenantId": ProcessDeployment.id,
}
MOST_FILES = 200
_shown = not_(exists().where(DeploymentWithdrawal.deployment_id == ProcessDeployment.id))


@dataclass(frozen=True)
class File:
    """A file of a deployment."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """What tells it from others."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def is_diagram(self) -> bool:
        """Whether it is to become a definition."""
        return self.name.lower().endswith(DIAGRAMS)


class FileRefused(Exception):
    """A diagram was refused; nothing is deployed."""

    def __init__(self, name: str, fields: dict[str, list[str]]) -> None:
        super().__init__(name)
        self.name, self.fields = name, fields


@bp.errorhandler(FileRefused)
def refused(error: FileRefused) -> Response:
    """As modelers expect it."""
    return parse_exception(error.name, error.fields)


@bp.post("/deployment/create")
@requires(PROCESS_DEPLOY)
def create_deployment() -> Response:
    """Deploy the files of a form: diagrams with the forms they name; all of them or none."""
    form, files = request.form, _files()
    if not files:
        raise InvalidRequest("No deployment resources contained in the form upload.")
    options = Given({name: value for name, value in form.items() if value != ""})
    if options.text("tenant-id"):
        raise InvalidRequest("There are no tenants here", kind="BadUserRequestException")
    changed_only = options.flag("deploy-changed-only")
    name, source = options.text("deployment-name", 255), options.text("deployment-source", 255)
    if options.flag("enable-duplicate-filtering") or changed_only:
        same = _same_as_last(name, files)
        if same is not None:
            return jsonify({**_shape(same), **_brought(None)})
    made = ProcessDeployment(id=ids.new_id(), name=name, source=source, at=clock.now(), by=current_actor().id)
    session().add(made)
    session().flush()
    definitions = _deploy(made.id, files, anew=not changed_only)
    told = {"name": name, "source": source, "files": [file.name for file in files]}
    record(current_actor(), "deployment:create", Subject("deployment", made.id), definitions=definitions, **told)
    rows = session().execute(statement_of().where(ProcessDefinition.id.in_(definitions)))
    return jsonify({**_shape(made), **_brought({row.id: definition_shape(row, made.id) for row in rows})})


def _files() -> list[File]:
    found: dict[str, File] = {}
    for part, upload in request.files.items(multi=True):
        name = (upload.filename or part).replace("\\", "/").strip()
        if "\x00" in name or len(name) > 255:
            raise InvalidRequest("A file's name is longer than 255 characters or cannot be read")
        if name in found:
            raise InvalidRequest(f"The file '{name}' is there twice")
        found[name] = File(name, upload.read())
    if len(found) > MOST_FILES:
        raise InvalidRequest(f"More than {MOST_FILES} files in one deployment")
    return list(found.values())


def _same_as_last(name: str | None, files: Sequence[File]) -> ProcessDeployment | None:
    """The last deployment of that name, if it brought exactly these files."""
    last = session().scalar(
        select(ProcessDeployment)
        .where(ProcessDeployment.name == name, _shown)
        .order_by(ProcessDeployment.id.desc())
        .limit(1)
    )
    if last is None:
        return None
    rows = session().execute(
        select(DeploymentResource.name, DeploymentResource.sha256).where(DeploymentResource.deployment_id == last.id)
    )
    return last if {tuple(row) for row in rows} == {(file.name, file.sha256) for file in files} else None


def _deploy(deployment_id: str, files: Sequence[File], *, anew: bool) -> list[str]:
    """Ids of the definitions. `anew`: a diagram that is in force as it is would be a new version in the original, whose
    start timers are set; here it is the same version (they are known by their content), but its timers are set too."""
    forms = _forms(files)
    definitions: list[str] = []
    for file in files:
        session().add(
            DeploymentResource(
                id=ids.new_id(),
                deployment_id=deployment_id,
                name=file.name,
                sha256=file.sha256,
                content=file.content,
            )
        )
        for made in _definitions_of(file, forms, deployment_id, anew=anew) if file.is_diagram else ():
            if made not in definitions:
                definitions.append(made)
                session().add(DeployedDefinition(definition_id=made, deployment_id=deployment_id, resource=file.name))
    session().flush()
    return definitions


def _definitions_of(file: File, forms: Mapping[str, Any], deployment_id: str, *, anew: bool) -> list[str]:
    named = {key.decode("utf-8", "replace") for key in FORM_KEYS.findall(file.content)}
    used = {key: forms[key] for key in sorted(named) if key in forms}
    try:
        verbs.refuse_direct(verbs.processes_in(file.content), url_for("processes.list_drafts", _external=True))
        made = verbs.deploy_all(current_actor(), file.content, forms=used, deployment_id=deployment_id, anew=anew)
    except Invalid as error:
        raise FileRefused(file.name, error.details["fields"]) from None
    except verbs.GovernedProcess as error:
        raise FileRefused(file.name, {error.details["key"]: [error.sentence()]}) from None
    return [one.id for one in made]


def _forms(files: Sequence[File]) -> dict[str, Any]:
    """Forms by every name under which a diagram may ask for them."""
    found: dict[str, Any] = {}
    for file in files:
        if not file.name.lower().endswith(".form"):
            continue
        try:
            schema = jsontext.strict(file.content)
        except (ValueError, RecursionError):
            schema = None
        if not isinstance(schema, dict):
            raise FileRefused(file.name, {file.name: ["This form is no JSON object."]})
        stem = file.name.rpartition("/")[2][: -len(".form")]
        for key in (stem, schema.get("id"), f"camunda-forms:deployment:{file.name}"):
            if isinstance(key, str) and key:
                found[key] = schema
    return found


def _shape(row: ProcessDeployment) -> dict[str, Any]:
    address = url_for("engine_rest.get_deployment", deployment_id=row.id, _external=True)
    return {
        "links": [{"method": "GET", "href": address, "rel": "self"}],
        "id": row.id,
        "name": row.name,
        "source": row.source,
        "deploymentTime": moment_out(row.at),
        "tenantId": None,
    }


def _brought(definitions: dict[str, Any] | None) -> dict[str, Any]:
    by_id = {one["id"]: one for one in definitions.values()} if definitions else None
    return {
        "deployedProcessDefinitions": by_id,
        "deployedCaseDefinitions": None,
        "deployedDecisionDefinitions": None,
        "deployedDecisionRequirementsDefinitions": None,
    }


def filtered(given: Given, *columns: Any) -> Select[Any]:
    """The deployments that a query means."""
    statement = select(*columns or (ProcessDeployment,)).select_from(ProcessDeployment).where(_shown)
    for name, column in (
        ("id", ProcessDeployment.id),
        ("name", ProcessDeployment.name),
        ("source", ProcessDeployment.source),
    ):
        if name in given:
            statement = statement.where(column == given.text(name))
    if "nameLike" in given:
        statement = statement.where(ProcessDeployment.name.like(str(given.text("nameLike"))))
    if given.flag("withoutSource"):
        statement = statement.where(ProcessDeployment.source.is_(None))
    after, before = given.moment("after"), given.moment("before")
    if after is not None:
        statement = statement.where(ProcessDeployment.at > after)
    if before is not None:
        statement = statement.where(ProcessDeployment.at < before)
    if given.texts("tenantIdIn"):
        statement = statement.where(ProcessDeployment.id.is_(None))
    return statement


@bp.get("/deployment")
@requires(ENGINE_READ)
def list_deployments() -> Response:
    """The deployments that a query means."""
    given = asked()
    first, most = window(given)
    statement = filtered(given).order_by(*order_of(given, SORTS), ProcessDeployment.id).limit(most).offset(first)
    return jsonify([_shape(row) for row in refuse_longer(list(session().scalars(statement)))])


@bp.get("/deployment/count")
@requires(ENGINE_READ)
def count_deployments() -> dict[str, int]:
    """How many they are."""
    return {
        "count": session().scalar(select(func.count()).select_from(filtered(asked(), ProcessDeployment.id).subquery()))
        or 0
    }


def _by_id(deployment_id: str) -> ProcessDeployment:
    row = session().scalar(select(ProcessDeployment).where(ProcessDeployment.id == deployment_id, _shown))
    if row is None:
        missing(f"Deployment with id '{deployment_id}' does not exist")
    return row


@bp.get("/deployment/registered")
@requires(ENGINE_READ)
def registered_deployments() -> Response:
    """No application of its own registers any."""
    return jsonify([])


@bp.get("/deployment/<deployment_id>")
@requires(ENGINE_READ)
def get_deployment(deployment_id: str) -> dict[str, Any]:
    """One deployment."""
    return _shape(_by_id(deployment_id))


@bp.get("/deployment/<deployment_id>/resources")
@requires(ENGINE_READ)
def list_resources(deployment_id: str) -> Response:
    """Its files."""
    _by_id(deployment_id)
    columns = (DeploymentResource.id, DeploymentResource.name, DeploymentResource.deployment_id)
    rows = session().execute(
        select(*columns).where(DeploymentResource.deployment_id == deployment_id).order_by(DeploymentResource.name)
    )
    return jsonify([{"id": row.id, "name": row.name, "deploymentId": row.deployment_id} for row in rows])


def _resource(deployment_id: str, resource_id: str) -> DeploymentResource:
    _by_id(deployment_id)
    row = session().get(DeploymentResource, resource_id)
    if row is None or row.deployment_id != deployment_id:
        missing(
            f"Deployment resource with resource id '{resource_id}' for deployment id '{deployment_id}' does not exist."
        )
    return row


@bp.get("/deployment/<deployment_id>/resources/<resource_id>")
@requires(ENGINE_READ)
def get_resource(deployment_id: str, resource_id: str) -> dict[str, Any]:
    """One file's name."""
    row = _resource(deployment_id, resource_id)
    return {"id": row.id, "name": row.name, "deploymentId": row.deployment_id}


@bp.get("/deployment/<deployment_id>/resources/<resource_id>/data")
@requires(ENGINE_READ)
def get_resource_data(deployment_id: str, resource_id: str) -> Response:
    """One file."""
    row = _resource(deployment_id, resource_id)
    return attachment(bytes(row.content), row.name.rpartition("/")[2], "application/octet-stream")


@bp.delete("/deployment/<deployment_id>")
@requires(PROCESS_DEPLOY)
def delete_deployment(deployment_id: str) -> ResponseReturnValue:
    """Take it back: what it brought is started no more; with `cascade` what runs of it is ended.

    Nothing is erased: instances and history stay on record for as long as the law wants. What brought a governed
    process is not taken back: its diagram changes by an approved draft only.
    """
    row = session().scalar(select(ProcessDeployment).where(ProcessDeployment.id == deployment_id, _shown))
    if row is None:
        missing(f"Deployment with id '{deployment_id}' do not exist")
    try:
        verbs.refuse_direct(withdrawing.keys_of(row.id), url_for("processes.list_drafts", _external=True))
    except verbs.GovernedProcess as error:
        raise EngineRefused(f"Deployment {deployment_id} cannot be deleted: {error.sentence()}") from None
    running = withdrawing.withdraw(current_actor(), row.id, cascade=Given(request.args.to_dict()).flag("cascade"))
    if running:
        raise EngineRefused(
            f"Deployment {deployment_id} cannot be deleted: {running} instances of it run. Use cascade."
        )
    return done()
