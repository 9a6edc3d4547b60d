"""Verbs on subscriptions and deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from marshmallow import ValidationError, fields
from sqlalchemy import insert, select, update

from app.audit.service import record
from app.core import clock, ids, outbox, reaching
from app.core.db import session
from app.core.errors import Conflict, Invalid, StaleVersion
from app.core.expressions import ExpressionInvalid, parse
from app.core.fields import Schema, Text
from app.core.i18n import LazyString, _, _l
from app.core.outbox.models import OutboxFeed
from app.core.permissions import Actor
from app.core.refusals import flat_fields
from app.core.subject import Subject
from app.integration.cloudevents import CONTENT_TYPE, SOURCE, SPEC_VERSION
from app.integration.inbound.service import find_secret, make_secret
from app.integration.outbound.events import TESTED
from app.integration.outbound.feeding import PATIENCE, delivery
from app.integration.outbound.models import DeliveryState, HookDelivery, HookSubscription

MOST_AT_ONCE = 1000
ERRORS: dict[str, LazyString] = {
    reaching.BAD_URL: _l("The address is not one that can be sent to."),
    reaching.NOT_RESOLVED: _l("The name has no address."),
    reaching.NOT_ALLOWED: _l("It leads to a private address, which is not allowed (HOOK_ALLOW)."),
    reaching.NOT_HTTPS: _l("It must be https, but for places that are allowed (HOOK_ALLOW)."),
    reaching.NO_CONNECTION: _l("No connection could be made."),
    reaching.TLS_FAILED: _l("The certificate is not good, or there is no TLS."),
    reaching.TOO_SLOW: _l("The answer took longer than 15 seconds."),
    reaching.BROKEN: _l("The answer broke off or is no HTTP."),
    reaching.LEADS_ON: _l("It answered with a redirect, which is not followed."),
}


class CannotResend(Conflict):
    """It is to be delivered anyway."""

    message = _l("This is to be delivered anyway.")


class SubscriptionGiven(Schema):
    """A subscription as people and programs enter it."""

    name = Text(most=200, required=True)
    url = Text(most=500, required=True, metadata={"format": "uri", "example": "https://erp.example/webhooks/youxu"})
    types = fields.List(
        Text(most=64), load_default=list, metadata={"description": "Types of events; empty: all (`/events/catalogue`)"}
    )
    filter = Text(
        least=0,
        most=500,
        load_default="",
        metadata={"description": "Expression over `event` and `data`", "example": "data.channel == 'tender'"},
    )


def subscribe(actor: Actor, given: Mapping[str, Any]) -> tuple[HookSubscription, str]:
    """A new subscription, told of what happens from now on, and its secret, which is shown once. Raises Invalid."""
    values = checked(given)
    made = HookSubscription(
        id=ids.new_id(),
        active=True,
        fed_to=session().scalar(select(OutboxFeed.last)) or 0,
        failures=0,
        ended_because="",
        created_at=clock.now(),
        created_by=actor.id,
        **values,
    )
    session().add(made)
    session().flush()
    _secret, shown = make_secret(actor, made.id, signs=True)
    record(actor, "hook-subscription:create", subject_of(made.id), **values)
    return made, shown


def change(actor: Actor, subscription: HookSubscription, given: Mapping[str, Any], *, seen_version: int) -> None:
    """Another name, address, types or filter; its circuit is closed. Raises Invalid, StaleVersion."""
    _take(subscription, seen_version)
    values = checked(given)
    before = {name: getattr(subscription, name) for name in values}
    for name, value in values.items():
        setattr(subscription, name, value)
    subscription.failures, subscription.open_until = 0, None
    session().flush()
    diff = {name: [before[name], value] for name, value in values.items() if before[name] != value}
    record(actor, "hook-subscription:change", subject_of(subscription.id), diff=diff)


def switch(actor: Actor, subscription: HookSubscription, *, on: bool) -> None:
    """End it, or take it up again: then it is told of what happens from now on, and what it still had to get."""
    if subscription.active == on:
        return
    subscription.active, subscription.ended_because = on, ""
    subscription.failures, subscription.open_until = 0, None
    if on:
        subscription.fed_to = session().scalar(select(OutboxFeed.last)) or 0
    subscription.version += 1
    session().flush()
    record(actor, "hook-subscription:switch", subject_of(subscription.id), on=on)


def new_secret(actor: Actor, subscription: HookSubscription, *, old_ends_in: timedelta | None = None) -> str:
    """A secret to sign with beside those there are. Raises TooManySecrets."""
    made, shown = make_secret(actor, subscription.id, signs=True, old_ends_in=old_ends_in)
    record(actor, "hook-secret:create", subject_of(subscription.id), hint=made.hint)
    return shown


def end_secret(actor: Actor, subscription: HookSubscription, secret_id: str) -> None:
    """Nothing is signed with it any more. Raises NotFound."""
    secret = find_secret(subscription.id, secret_id)
    secret.ends_at = clock.now()
    session().flush()
    record(actor, "hook-secret:end", subject_of(subscription.id), hint=secret.hint)


def send_test(actor: Actor, subscription: HookSubscription) -> str:
    """A test event for this subscription only, by the way of all others; the delivery's id."""
    event = {
        "specversion": SPEC_VERSION,
        "id": ids.new_id(),
        "source": SOURCE,
        "type": TESTED.name,
        "subject": f"hook-subscription/{subscription.id}",
        "time": clock.now().isoformat().replace("+00:00", "Z"),
        "datacontenttype": CONTENT_TYPE,
        "data": {"subscription": subscription.name},
    }
    row = delivery(subscription.id, event, None)
    session().execute(insert(HookDelivery), row)
    record(actor, "hook-subscription:test", subject_of(subscription.id), event=event["id"])
    return str(row["id"])


def resend(actor: Actor, wanted: Sequence[HookDelivery]) -> int:
    """Send again what was delivered, given up or discarded: the same event with the same id; how many."""
    again = [one for one in wanted if one.state != DeliveryState.PENDING][:MOST_AT_ONCE]
    now = clock.now()
    if again:
        session().execute(
            update(HookDelivery)
            .where(HookDelivery.seq.in_([one.seq for one in again]), HookDelivery.ready_at.is_(None))
            .values(
                state=DeliveryState.PENDING,
                ready_at=now,
                until=now + PATIENCE,
                attempts=0,
                fence=HookDelivery.fence + 1,
                finished_at=None,
            )
            .execution_options(synchronize_session=False)
        )
    for subscription_id in sorted({one.subscription_id for one in again}):
        count = sum(one.subscription_id == subscription_id for one in again)
        record(actor, "hook-delivery:replay", subject_of(subscription_id), count=count)
    return len(again)


def discard(actor: Actor, wanted: Sequence[HookDelivery]) -> int:
    """What need not be delivered any more: given up, or still pending; how many."""
    gone = [one for one in wanted if one.state in (DeliveryState.PENDING, DeliveryState.DEAD)]
    for one in gone:
        one.state, one.ready_at, one.fence = DeliveryState.DISCARDED, None, one.fence + 1
        one.finished_at = clock.now()
    session().flush()
    for subscription_id in sorted({one.subscription_id for one in gone}):
        count = sum(one.subscription_id == subscription_id for one in gone)
        record(actor, "hook-delivery:discard", subject_of(subscription_id), count=count)
    return len(gone)


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Typed values. Raises Invalid with every fault."""
    try:
        values: dict[str, Any] = SubscriptionGiven().load(dict(given))
    except ValidationError as error:
        raise Invalid(flat_fields(error.messages)) from error
    faults: dict[str, list[str]] = {}
    try:
        reaching.target_of(values["url"])
    except reaching.Refused as refused:
        faults["url"] = [str(ERRORS[refused.code])]
    known = {kind.name for kind in outbox.event_types()}
    if unknown := sorted(set(values["types"]) - known):
        faults["types"] = [_("There is no event type “%(type)s”.", type=name) for name in unknown]
    values["types"] = sorted(set(values["types"]))
    try:
        if values["filter"]:
            parse(values["filter"])
    except ExpressionInvalid as error:
        faults["filter"] = [error.sentence()]
    if faults:
        raise Invalid(faults)
    return values


def subject_of(subscription_id: str) -> Subject:
    """Of the audit trail."""
    return Subject("hook-subscription", subscription_id)


def _take(subscription: HookSubscription, seen_version: int) -> None:
    session().refresh(subscription, with_for_update=True)
    if subscription.version != seen_version:
        raise StaleVersion(seen=seen_version, current=subscription.version)
    subscription.version += 1
