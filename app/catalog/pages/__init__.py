"""Pages of master data: lists, records, edit forms, exports, and the suggestions of typing fields."""

import app.catalog.pages.customers
import app.catalog.pages.products
import app.catalog.pages.records
import app.catalog.pages.regions
import app.catalog.pages.suppliers  # noqa: F401 - loading them registers their routes
from app.catalog.pages.blueprint import bp as bp
