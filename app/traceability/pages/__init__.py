"""Pages of tracing: search and chain, EPCIS events."""

import app.traceability.pages.chain
import app.traceability.pages.events  # noqa: F401 - loading them registers their routes
from app.traceability.pages.blueprint import bp as bp
