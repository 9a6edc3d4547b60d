"""The API of the slice, one module per resource; each blueprint bears this package's name as its import name."""

from __future__ import annotations

from app.fulfilment.api.inspections import bp as inspections
from app.fulfilment.api.orders import bp as orders
from app.fulfilment.api.tasks import bp as tasks

__all__ = ["inspections", "orders", "tasks"]
