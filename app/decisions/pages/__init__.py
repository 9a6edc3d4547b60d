"""Pages of rules: sets and versions in words, the studio that writes them, decisions explained."""

import app.decisions.pages.cases
import app.decisions.pages.dmn
import app.decisions.pages.explain
import app.decisions.pages.life
import app.decisions.pages.reading
import app.decisions.pages.rules
import app.decisions.pages.settings
import app.decisions.pages.simulation
import app.decisions.pages.table_editor
import app.decisions.pages.text  # noqa: F401 - loading them registers their routes
from app.decisions.pages.blueprint import bp as bp
