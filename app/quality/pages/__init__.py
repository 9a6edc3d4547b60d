"""Pages of quality control: the queue, an inspection, nonconformances."""

import app.quality.pages.inspection
import app.quality.pages.lists  # noqa: F401 - loading them registers their routes
from app.quality.pages.blueprint import bp as bp
