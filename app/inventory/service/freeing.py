"""Telling that more of a product may be sold than before."""

from __future__ import annotations

from typing import Any

from app.core.registry import Registry
from app.inventory.models import RELEASED, Lot

stock_freed = Registry[Any]("stock freed")
"""Filled by later packages: `fn(product_id, why)` is called when more of a product may be sold than before."""


def tell_freed(lot: Lot, why: str) -> None:
    """Who waits for stock is told, if the lot may be sold."""
    if lot.status != RELEASED:
        return
    for name in stock_freed:
        stock_freed.get(name)(lot.product_id, why)
