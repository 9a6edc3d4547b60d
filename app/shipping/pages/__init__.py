"""Pages of shipping; each module adds its routes to the one blueprint."""

import app.shipping.pages.delivering
import app.shipping.pages.labels
import app.shipping.pages.lists
import app.shipping.pages.picking
import app.shipping.pages.prevented
import app.shipping.pages.scanning
import app.shipping.pages.shipment  # noqa: F401 - loading them registers their routes
from app.shipping.pages.blueprint import bp as bp
