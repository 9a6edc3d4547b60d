"""Pages of change requests: the list, one request, and asking for one."""

import app.changes.pages.asking
import app.changes.pages.lists  # noqa: F401 - loading them registers their routes
from app.changes.pages.blueprint import bp as bp
