"""/api/v1/orders."""

from __future__ import annotations

from app.core.openapi import ApiBlueprint

bp = ApiBlueprint("orders", "app.fulfilment.api", description="Orders of the three channels")
