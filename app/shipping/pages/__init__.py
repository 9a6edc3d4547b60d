"""Pages of shipping; each module adds its routes to the one blueprint."""

import app.shipping.pages.labels
import app.shipping.pages.prevented
import app.shipping.pages.scanning  # noqa: F401 - loading them registers their routes
from app.shipping.pages.blueprint import bp as bp
