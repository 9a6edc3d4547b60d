"""A source, its secret, a mapping, and requests as senders make them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from app.core import clock
from app.identity.models import User
from app.integration import signing
from app.integration.inbound import mappings, processing, service
from app.integration.inbound.models import HookEvent, HookSource
from app.integration.inbound.queries import get_event
from tests.identity.factories import actor_for, make_user

STRUCTURED = "application/cloudevents+json"


@dataclass
class Sender:
    """Another system."""

    source: HookSource
    secret: str
    user: User
    client: Any

    def signed(self, body: bytes, message_id: str = "m1", at: int | None = None) -> dict[str, str]:
        """Headers of Standard Webhooks."""
        at = int(clock.now().timestamp()) if at is None else at
        signature = signing.sign(signing.key_of(self.secret), message_id, at, body)
        return {"webhook-id": message_id, "webhook-timestamp": str(at), "webhook-signature": signature}

    def post(self, body: Any, message_id: str = "m1", kind: str = STRUCTURED, **headers: str) -> Any:
        """Send it as the source should."""
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        proof = (
            self.signed(text, message_id)
            if self.source.auth == "signature"
            else {"Authorization": f"Bearer {self.secret}", "webhook-id": message_id}
        )
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(f"/hooks/{self.source.code}", data=text, content_type=kind, headers={**proof, **names})

    def event(self, event_id: str, data: Any, type_: str = "order.placed", **more: Any) -> dict[str, Any]:
        """A CloudEvent."""
        return {"specversion": "1.0", "id": event_id, "source": "urn:erp", "type": type_, "data": data, **more}

    def send(self, event_id: str, data: Any, type_: str = "order.placed", **more: Any) -> HookEvent:
        """Send one and have it carried out; the row."""
        answer = self.post(self.event(event_id, data, type_, **more), event_id)
        assert answer.status_code == 202, answer.json
        processing.run_due()
        return get_event(answer.json["status_url"].split("/")[-2])

    def map(self, *rules: dict[str, Any], otherwise: str = "ignore") -> None:
        """Put a mapping into force."""
        actor = actor_for(self.user)
        given = [{"name": "", "when": "", "fields": {}, "variables": {}, **rule} for rule in rules]
        mappings.save_draft(actor, self.source, {"rules": given, "otherwise": otherwise}, "", seen=None)
        mappings.activate(actor, self.source)


def make_sender(client: Any, *, roles: tuple[str, ...] = ("integration", "admin"), **over: Any) -> Sender:
    """A source with one secret."""
    user = make_user(roles=roles)
    values = {
        "code": "erp",
        "name": "ERP",
        "auth": "signature",
        "format": "cloudevents",
        "acts_as": user.id,
        "wait_hours": 24,
        "rate": 1000,
        **over,
    }
    source = service.create_source(actor_for(user), values)
    return Sender(source, service.new_secret(actor_for(user), source), user, client)


def digest(text: bytes) -> str:
    """For comparisons."""
    return hashlib.sha256(text).hexdigest()
