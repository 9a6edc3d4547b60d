"""The API of the slice, one module per resource; each blueprint bears this package's name as its import name."""

from __future__ import annotations

from app.vigilance.api.capas import bp as capas
from app.vigilance.api.complaints import bp as complaints

__all__ = ["capas", "complaints"]
