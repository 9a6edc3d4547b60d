"""Pages of the qualification: lists, the file of a party or product, scans of papers."""

import app.qualification.pages.files
import app.qualification.pages.lists
import app.qualification.pages.papers  # noqa: F401 - loading them registers their routes
from app.qualification.pages.blueprint import bp as bp
