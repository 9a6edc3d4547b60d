"""/api/v1/subscriptions: who is told of which events; their deliveries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields

from app.core.fields import Choice, Schema, Text, between
from app.core.openapi import ApiBlueprint, ErrorSchema
from app.core.paging import LARGEST, SIZE, paginate
from app.core.permissions import current_actor, requires
from app.integration.outbound import queries, service
from app.integration.outbound.models import DELIVERY_NAMES, HookDelivery, HookSubscription
from app.integration.outbound.service import SubscriptionGiven
from app.integration.permissions import HOOK_MANAGE, HOOK_READ, HOOK_REPLAY

bp = ApiBlueprint("subscriptions", "app.integration.api", description="Webhooks out: who is told of which events")

HIGHEST = 2**31 - 1


class SubscriptionOut(Schema):
    """A subscription. `open_until`: the endpoint failed again and again and is left alone till then."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    url = fields.String(required=True)
    types = fields.List(fields.String(), required=True)
    filter = fields.String(required=True)
    active = fields.Boolean(required=True)
    failures = fields.Integer(required=True)
    open_until = fields.String(required=True, allow_none=True)
    ended_because = fields.String(required=True)
    version = fields.Integer(required=True)


class SubscriptionMade(SubscriptionOut):
    """A new one, with its secret, which is shown only here."""

    secret = fields.String(required=True)


class SubscriptionPage(Schema):
    """Subscriptions by name."""

    items = fields.List(fields.Nested(SubscriptionOut), required=True)
    page = fields.Integer(required=True)
    total = fields.Integer(required=True)


class PageQuery(Schema):
    """Which page."""

    page = fields.Integer(load_default=1, validate=between(1, 1_000_000))
    size = fields.Integer(load_default=SIZE, validate=between(1, LARGEST))


class SubscriptionChangeIn(SubscriptionGiven):
    """All that may change, the version it was read in, and whether it is on."""

    version = fields.Integer(required=True, strict=True, validate=between(1, HIGHEST))
    state = Choice(("on", "off"), load_default=None, metadata={"description": "Left out: as it is"})


class SecretIn(Schema):
    """What becomes of the other secrets: hours until they end; nothing leaves them as they are."""

    old_ends_in_hours = fields.Integer(strict=True, load_default=None, allow_none=True, validate=between(0, 24 * 90))


class SecretOut(Schema):
    """A new secret, shown only here."""

    secret = fields.String(required=True)


class DeliveryOut(Schema):
    """An event for a subscription, and how far it got."""

    id = fields.String(required=True)
    event_id = fields.String(required=True)
    type = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": [str(state) for state in DELIVERY_NAMES]})
    attempts = fields.Integer(required=True)
    last_status = fields.Integer(required=True, allow_none=True)
    last_error = fields.String(required=True)
    made_at = fields.String(required=True)
    next_at = fields.String(required=True, allow_none=True)
    finished_at = fields.String(required=True, allow_none=True)


class DeliveryPage(Schema):
    """Deliveries, the newest first."""

    items = fields.List(fields.Nested(DeliveryOut), required=True)
    page = fields.Integer(required=True)
    total = fields.Integer(required=True)


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    state = Choice([str(state) for state in DELIVERY_NAMES], load_default="")


class ResendIn(Schema):
    """Deliveries to send again."""

    ids = fields.List(
        Text(most=26), required=True, metadata={"maxItems": 1000, "example": ["06h1mg39mgq7l815tbpm8dcqi0"]}
    )


class ResendOut(Schema):
    """How many are sent again: what is still pending is left as it is."""

    count = fields.Integer(required=True)


@bp.get("/subscriptions")
@requires(HOOK_READ)
@bp.arguments(PageQuery, location="query")
@bp.response(200, SubscriptionPage)
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
def list_subscriptions(given: dict[str, Any]) -> dict[str, Any]:
    """Every subscription, ended ones too."""
    page = paginate(queries.subscriptions(), given["page"], given["size"])
    return {"items": [shown(one) for one in page.items], "page": page.number, "total": page.total}


@bp.post("/subscriptions")
@requires(HOOK_MANAGE)
@bp.arguments(SubscriptionGiven)
@bp.response(201, SubscriptionMade)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(413, schema=ErrorSchema)
@bp.alt_response(415, schema=ErrorSchema)
def create_subscription(given: dict[str, Any]) -> ResponseReturnValue:
    """Be told of events from now on. The secret to check signatures with is in this answer only."""
    made, secret = service.subscribe(current_actor(), given)
    where = url_for("subscriptions_api.get_subscription", subscription_id=made.id)
    return {**shown(made), "secret": secret}, 201, {"Location": where}


@bp.get("/subscriptions/<subscription_id>")
@requires(HOOK_READ)
@bp.response(200, SubscriptionOut)
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(404, schema=ErrorSchema)
def get_subscription(subscription_id: str) -> dict[str, Any]:
    """One subscription."""
    return shown(queries.get_subscription(subscription_id))


@bp.put("/subscriptions/<subscription_id>")
@requires(HOOK_MANAGE)
@bp.arguments(SubscriptionChangeIn)
@bp.response(200, SubscriptionOut)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(404, schema=ErrorSchema)
@bp.alt_response(409, schema=ErrorSchema, description="Stale version")
@bp.alt_response(413, schema=ErrorSchema)
@bp.alt_response(415, schema=ErrorSchema)
def change_subscription(given: dict[str, Any], subscription_id: str) -> dict[str, Any]:
    """Change it, end it (`state: off`) or take it up again."""
    found = queries.get_subscription(subscription_id)
    state, seen = given.pop("state"), given.pop("version")
    service.change(current_actor(), found, given, seen_version=seen)
    if state is not None:
        service.switch(current_actor(), found, on=state == "on")
    return shown(found)


@bp.post("/subscriptions/<subscription_id>/secrets")
@requires(HOOK_MANAGE)
@bp.arguments(SecretIn)
@bp.response(201, SecretOut)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(404, schema=ErrorSchema)
@bp.alt_response(413, schema=ErrorSchema)
@bp.alt_response(415, schema=ErrorSchema)
def rotate_secret(given: dict[str, Any], subscription_id: str) -> dict[str, str]:
    """Another secret: until the others end, each message bears a signature by every one."""
    hours = given["old_ends_in_hours"]
    ends = None if hours is None else timedelta(hours=hours)
    found = queries.get_subscription(subscription_id)
    return {"secret": service.new_secret(current_actor(), found, old_ends_in=ends)}


@bp.get("/subscriptions/<subscription_id>/deliveries")
@requires(HOOK_READ)
@bp.arguments(DeliveryQuery, location="query")
@bp.response(200, DeliveryPage)
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(404, schema=ErrorSchema)
def list_deliveries(given: dict[str, Any], subscription_id: str) -> dict[str, Any]:
    """What was, or is to be, delivered."""
    found = queries.get_subscription(subscription_id)
    page = paginate(queries.deliveries(found.id, given["state"]), given["page"], given["size"])
    return {"items": [delivery(one) for one in page.items], "page": page.number, "total": page.total}


@bp.post("/deliveries/replay")
@requires(HOOK_REPLAY)
@bp.arguments(ResendIn)
@bp.response(200, ResendOut)
@bp.alt_response(400, schema=ErrorSchema, description="The body is no JSON")
@bp.alt_response(401, schema=ErrorSchema)
@bp.alt_response(403, schema=ErrorSchema)
@bp.alt_response(413, schema=ErrorSchema)
@bp.alt_response(415, schema=ErrorSchema)
def replay_deliveries(given: dict[str, Any]) -> dict[str, int]:
    """Send again what was delivered, given up or discarded: the same events with the same ids."""
    found = queries.deliveries_by_id(given["ids"][:1000])
    return {"count": service.resend(current_actor(), found)}


def shown(one: HookSubscription) -> dict[str, Any]:
    """As `SubscriptionOut`."""
    plain = {name: getattr(one, name) for name in ("id", "name", "url", "types", "filter", "active", "version")}
    until = one.open_until.isoformat() if one.open_until else None
    return {**plain, "failures": one.failures, "open_until": until, "ended_because": one.ended_because}


def delivery(one: HookDelivery) -> dict[str, Any]:
    """As `DeliveryOut`."""
    names = ("id", "event_id", "type", "state", "attempts", "last_status", "last_error")
    moments = {"made_at": one.made_at, "next_at": one.ready_at, "finished_at": one.finished_at}
    plain = {name: getattr(one, name) for name in names}
    return {**plain, **{name: moment.isoformat() if moment else None for name, moment in moments.items()}}
