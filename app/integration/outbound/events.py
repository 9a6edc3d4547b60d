"""What is told of webhooks themselves."""

from __future__ import annotations

from app.core.i18n import _l
from app.core.outbox import TEXT, event_type

TESTED = event_type(
    "youxu.webhook.tested",
    _l("Somebody sent a test event to a subscription. It goes to that one only and is not in the feed."),
    subscription=TEXT,
)
