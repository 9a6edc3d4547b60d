"""Pages of complaints, nonconformances and CAPA."""

import app.vigilance.pages.capa
import app.vigilance.pages.capas
import app.vigilance.pages.complaint
import app.vigilance.pages.complaints
import app.vigilance.pages.nonconformance  # noqa: F401 - loading them registers their routes
from app.vigilance.pages.blueprint import bp as bp
