"""Rights of `/engine-rest` and the feed of events. Deploying is `process:deploy`; tasks: `task:read`, `task:work`."""

from __future__ import annotations

from app.core.i18n import _l
from app.core.permissions import EVERYONE as EVERYONE
from app.core.permissions import permission

ENGINE_READ = permission(
    "engine:read",
    _l("Read definitions, instances, variables and history by program"),
    *("integration", "operator", "designer", "auditor", "manager"),
)
ENGINE_WORK = permission("engine:work", _l("Do external tasks as a worker"), "integration", "operator")
ENGINE_START = permission("engine:start", _l("Start processes, send messages and signals"), "integration", "operator")
ENGINE_OPERATE = permission(
    "engine:operate",
    _l("Change running instances and act on everybody's tasks by program"),
    *("integration", "operator"),
)
EVENTS_READ = permission(
    "events:read",
    _l("Read the feed of events by program"),
    *("integration", "operator", "auditor"),
)
HOOK_READ = permission(
    "hook:read", _l("See webhooks and what came and went by them"), "integration", "operator", "designer", "auditor"
)
HOOK_MANAGE = permission("hook:manage", _l("Set up webhooks: sources, subscriptions, secrets"), "integration")
HOOK_MAP = permission("hook:map", _l("Map what comes by webhooks"), "integration", "designer")
HOOK_REPLAY = permission("hook:replay", _l("Replay and discard events of webhooks"), "integration", "operator")
