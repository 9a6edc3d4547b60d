"""Pages of recalls: list, opening, the case, and the door by which consignees answer."""

import app.recalls.pages.acting
import app.recalls.pages.case
import app.recalls.pages.lists
import app.recalls.pages.portal  # noqa: F401 - loading them registers their routes
from app.recalls.pages.blueprint import bp as bp
