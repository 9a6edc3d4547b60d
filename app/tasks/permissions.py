"""Rights of the inbox."""

from __future__ import annotations

from app.core.i18n import _l
from app.core.permissions import EVERYONE, permission

TASK_READ = permission("task:read", _l("See own and group tasks"), EVERYONE)
TASK_WORK = permission("task:work", _l("Claim and complete tasks"), EVERYONE)
TASK_READ_ALL = permission("task:read-all", _l("See everybody's tasks"), "manager", "operator", "auditor")
TASK_MANAGE = permission(
    "task:manage", _l("Give others' tasks to somebody, urge, remove attachments"), "manager", "operator"
)
