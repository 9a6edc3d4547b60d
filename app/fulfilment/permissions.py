"""Rights of the pages and addresses that this slice serves; those on orders are declared with the orders."""

from __future__ import annotations

from app.orders.permissions import ORDER_CANCEL as ORDER_CANCEL
from app.orders.permissions import ORDER_CHANGE as ORDER_CHANGE
from app.orders.permissions import ORDER_CREATE as ORDER_CREATE
from app.orders.permissions import ORDER_EXPORT as ORDER_EXPORT
from app.orders.permissions import ORDER_READ as ORDER_READ
from app.orders.permissions import ORDER_WITHDRAW as ORDER_WITHDRAW
