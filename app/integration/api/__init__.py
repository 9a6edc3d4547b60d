"""Integration's part of the REST API: the feed of events, subscriptions to it, sources of webhooks."""

from app.integration.api.events import bp as bp
from app.integration.api.sources import bp as sources_bp
from app.integration.api.subscriptions import bp as subscriptions_bp

__all__ = ["bp", "sources_bp", "subscriptions_bp"]
