"""Pages of processes: definitions with their heatmap, instances and what can be done to them, batches, messages."""

import app.processes.pages.actions
import app.processes.pages.batches
import app.processes.pages.definitions
import app.processes.pages.designer
import app.processes.pages.forms
import app.processes.pages.instances
import app.processes.pages.messages
import app.processes.pages.migrating
import app.processes.pages.reviewing
import app.processes.pages.scenarios  # noqa: F401 - loading them registers their routes
from app.processes.pages.blueprint import bp as bp
