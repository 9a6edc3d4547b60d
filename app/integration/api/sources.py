"""/api/v1/hook-sources: who may tell us of events, what is done with them, what became of each."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields

from app.core.errors import Invalid, StaleVersion
from app.core.fields import Choice, MomentField, Schema, Text, between
from app.core.i18n import _, language
from app.core.openapi import ApiBlueprint, ErrorSchema
from app.core.paging import LARGEST, SIZE, paginate
from app.core.permissions import current_actor, requires
from app.identity import queries as people
from app.integration.inbound import mapping, mappings, queries, service
from app.integration.inbound.models import DRAFT, STATE_NAMES, HookEvent, HookSource
from app.integration.inbound.queries import Filter
from app.integration.inbound.service import SourceGiven
from app.integration.permissions import HOOK_MANAGE, HOOK_MAP, HOOK_READ

bp = ApiBlueprint("hook_sources", "app.integration.api", description="Webhooks in: who tells us of events, and how")

HIGHEST = 2**31 - 1
STATES = [str(state) for state in STATE_NAMES]


class SourceIn(SourceGiven):
    """A source."""

    acts_as = Text(most=64, required=True, metadata={"description": "Login or id of the account in whose name it acts"})


class SourceOut(Schema):
    """A source. `url`: where it sends to."""

    id = fields.String(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    auth = fields.String(required=True)
    format = fields.String(required=True)
    wait_hours = fields.Integer(required=True)
    rate = fields.Integer(required=True)
    active = fields.Boolean(required=True)
    version = fields.Integer(required=True)
    url = fields.String(required=True)


class SourceMade(SourceOut):
    """A new one, with its secret, which is shown only here."""

    secret = fields.String(required=True)


class SourceList(Schema):
    """Every source."""

    items = fields.List(fields.Nested(SourceOut), required=True)


class MappingIn(Schema):
    """What is done with its events: rules in order, the first whose condition holds."""

    version = fields.Integer(
        required=True,
        strict=True,
        validate=between(0, HIGHEST),
        metadata={"description": "The version in force that was read; 0: there was none"},
    )
    rules = fields.List(
        fields.Dict(),
        required=True,
        metadata={
            "example": [
                {
                    "when": "event.type == 'picked'",
                    "action": "shipment.pick",
                    "fields": {"shipment": "data.shipment", "lot_no": "data.lot", "quantity": "data.quantity"},
                }
            ]
        },
    )
    otherwise = Choice(tuple(mapping.OTHERWISE), load_default=mapping.IGNORE)


class MappingOut(Schema):
    """The mapping in force; version 0: none."""

    version = fields.Integer(required=True)
    rules = fields.List(fields.Dict(), required=True)
    otherwise = fields.String(required=True)


class EventsAsked(Schema):
    """Which events."""

    state = Choice(STATES, load_default="")
    page = fields.Integer(load_default=1, validate=between(1, 1_000_000))
    size = fields.Integer(load_default=SIZE, validate=between(1, LARGEST))


class EventOut(Schema):
    """An event that came and what became of it, in the caller's language. `fields`: what is wrong, by field."""

    event_id = fields.String(required=True)
    type = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": STATES})
    received_at = MomentField(required=True)
    finished_at = MomentField(required=True, allow_none=True)
    duplicates = fields.Integer(required=True)
    clashes = fields.Integer(required=True)
    said = fields.String(required=True)
    code = fields.String(required=True)
    reason = fields.String(required=True)
    fields_ = fields.Dict(required=True, data_key="fields")


class EventPage(Schema):
    """Events, the newest first."""

    items = fields.List(fields.Nested(EventOut), required=True)
    page = fields.Integer(required=True)
    total = fields.Integer(required=True)


@bp.get("/hook-sources")
@requires(HOOK_READ)
@bp.response(200, SourceList)
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
def list_hook_sources() -> dict[str, Any]:
    """Every source, by code."""
    return {"items": [_shown(one) for one in queries.sources()]}


@bp.post("/hook-sources")
@requires(HOOK_MANAGE)
@bp.arguments(SourceIn)
@bp.response(201, SourceMade)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(413, schema=ErrorSchema)
@bp.alt_response(415, schema=ErrorSchema)
def create_hook_source(given: dict[str, Any]) -> ResponseReturnValue:
    """Take events of another system. The secret to sign with is in this answer only."""
    account = people.user_id_of(given["acts_as"])
    if account is None:
        raise Invalid({"acts_as": [_("Choose an active account.")]})
    made = service.create_source(current_actor(), {**given, "acts_as": account})
    secret = service.new_secret(current_actor(), made)
    where = url_for("hook_sources_api.get_hook_source", source_id=made.id)
    return {**_shown(made), "secret": secret}, 201, {"Location": where}


@bp.get("/hook-sources/<source_id>")
@requires(HOOK_READ)
@bp.response(200, SourceOut)
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(404, schema=ErrorSchema)
def get_hook_source(source_id: str) -> dict[str, Any]:
    """One source."""
    return _shown(queries.get_source(source_id))


@bp.get("/hook-sources/<source_id>/mapping")
@requires(HOOK_READ)
@bp.response(200, MappingOut)
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(404, schema=ErrorSchema)
def get_mapping(source_id: str) -> dict[str, Any]:
    """What is done with its events."""
    found = mappings.active(queries.get_source(source_id).id)
    return {"version": 0, "rules": [], "otherwise": mapping.IGNORE} if found is None else _mapped(found)


@bp.put("/hook-sources/<source_id>/mapping")
@requires(HOOK_MAP)
@bp.arguments(MappingIn)
@bp.response(200, MappingOut)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(404, schema=ErrorSchema)
@bp.alt_response(409, schema=ErrorSchema, description="Another version is in force, or somebody works on a draft")
@bp.alt_response(413, schema=ErrorSchema)
@bp.alt_response(415, schema=ErrorSchema)
def put_mapping(given: dict[str, Any], source_id: str) -> dict[str, Any]:
    """Put a mapping into force; what waited for one is carried out."""
    source, actor = queries.get_source(source_id), current_actor()
    there = mappings.current(source.id)
    current = 0 if there is None else there.version
    if current != given["version"] or (there is not None and there.status == DRAFT):
        raise StaleVersion(seen=given["version"], current=current)
    body = {"rules": given["rules"], "otherwise": given["otherwise"]}
    mappings.save_draft(actor, source, body, "", seen=None)
    return _mapped(mappings.activate(actor, source))


@bp.get("/hook-sources/<source_id>/events")
@requires(HOOK_READ)
@bp.arguments(EventsAsked, location="query")
@bp.response(200, EventPage)
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(404, schema=ErrorSchema)
def list_hook_events(asked: dict[str, Any], source_id: str) -> dict[str, Any]:
    """What it sent and what became of it, without the contents."""
    wanted = Filter(source_id=queries.get_source(source_id).id, state=asked["state"] or "")
    page = paginate(queries.events(wanted), asked["page"], asked["size"])
    return {"items": [_event(one) for one in page.items], "page": page.number, "total": page.total}


def _shown(one: HookSource) -> dict[str, Any]:
    names = [name for name in SourceOut().fields if name != "url"]
    return {**{name: getattr(one, name) for name in names}, "url": f"/hooks/{one.code}"}


def _mapped(one: Any) -> dict[str, Any]:
    return {"version": one.version, "rules": one.body["rules"], "otherwise": one.body["otherwise"]}


def _event(one: HookEvent) -> dict[str, Any]:
    tongue = "zh" if language() == "zh_Hans" else "en"
    names = ("event_id", "type", "state", "received_at", "finished_at", "duplicates", "clashes")
    fault = one.fault or {}
    wrong = fault.get("fields_zh") if tongue == "zh" and fault.get("fields_zh") else fault.get("fields", {})
    return {
        **{name: getattr(one, name) for name in names},
        "said": (one.outcome or {}).get("text", {}).get(tongue, ""),
        "code": fault.get("code", ""),
        "reason": fault.get("reason", {}).get(tongue, ""),
        "fields_": wrong,
    }
