"""Integration's part of the REST API: the feed of events, subscriptions to it."""

from app.integration.api.events import bp as bp
from app.integration.api.subscriptions import bp as subscriptions_bp

__all__ = ["bp", "subscriptions_bp"]
