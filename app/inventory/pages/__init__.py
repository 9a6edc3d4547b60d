"""Pages of stock: by product, by lot, by warehouse."""

import app.inventory.pages.lot
import app.inventory.pages.stock
import app.inventory.pages.warehouses  # noqa: F401 - loading them registers their routes
from app.inventory.pages.blueprint import bp as bp
