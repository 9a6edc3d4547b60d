"""Who may read rules and decisions, who may write them, and who may put what others wrote into force."""

from __future__ import annotations

from app.core.i18n import _l
from app.core.permissions import EVERYONE, permission

RULE_READ = permission("rule:read", _l("Read rule sets and decisions"), EVERYONE)
RULE_EDIT = permission("rules:edit", _l("Write and test rules"), "designer", "order_desk", "qa_ra", "manager")
RULE_APPROVE = permission("rules:approve", _l("Approve rules and put them into force"), "qa_ra", "manager")
