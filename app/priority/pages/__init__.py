"""The pages of the slice, one module per place; the blueprint bears this package's name as its import name."""

from __future__ import annotations

from app.priority.pages import overrides as overrides
from app.priority.pages.lists import bp

__all__ = ["bp"]
