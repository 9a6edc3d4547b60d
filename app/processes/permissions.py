"""Rights over processes."""

from __future__ import annotations

from app.core.i18n import _l
from app.core.permissions import EVERYONE, permission

PROCESS_READ = permission("process:read", _l("See process diagrams and where they are"), EVERYONE)
PROCESS_VARIABLES = permission(
    "process:variables",
    _l("See the variables of process instances"),
    *("operator", "designer", "auditor", "integration"),
)
"""They may hold anything that people and programs gave the process. Tasks and external tasks show their own."""
PROCESS_DEPLOY = permission("process:deploy", _l("Deploy process diagrams"), "designer")
PROCESS_OPERATE = permission("process:operate", _l("Operate processes"), "operator")
PROCESS_APPROVE = permission("process:approve", _l("Approve diagrams that others drew"), "qa_ra", "manager")
