"""Rights over processes."""

from __future__ import annotations

from app.core.i18n import _l
from app.core.permissions import EVERYONE, permission

PROCESS_READ = permission("process:read", _l("See process diagrams and where they are"), EVERYONE)
PROCESS_DEPLOY = permission("process:deploy", _l("Deploy process diagrams"), "designer")
PROCESS_OPERATE = permission("process:operate", _l("Operate processes"), "operator")
