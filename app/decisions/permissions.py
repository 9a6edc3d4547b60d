"""Who may read rules and decisions, and who may put a new version into force."""

from __future__ import annotations

from app.core.i18n import _l
from app.core.permissions import EVERYONE, permission

RULE_READ = permission("rule:read", _l("Read rule sets and decisions"), EVERYONE)
RULE_PUBLISH = permission("rule:publish", _l("Put rule versions into force"), "qa_ra", "manager")
