"""The pages of the slice, one module per place; each blueprint bears this package's name as its import name."""

from __future__ import annotations

from app.fulfilment.pages.entry import bp as entry

__all__ = ["entry"]
