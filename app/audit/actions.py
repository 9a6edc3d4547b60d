"""How actions and subjects of the trail are called on pages. The stored codes are never translated.

Master data is created and changed as “kind: verb”; every other action has a name of its own (a test finds any without).
"""

from __future__ import annotations

from app.core.i18n import LazyString, _, _l

KINDS: dict[str, LazyString] = {
    "order": _l("Order"),
    "task": _l("Task"),
    "process": _l("Process"),
    "process-definition": _l("Process diagram"),
    "process-draft": _l("Draft of a process"),
    "deployment": _l("Deployment"),
    "process-batch": _l("Batch of process instances"),
    "process-message": _l("Message to a process"),
    "rule_set": _l("Rule set"),
    "product": _l("Product"),
    "customer": _l("Customer"),
    "supplier": _l("Supplier"),
    "qualification": _l("Qualification"),
    "licence": _l("Licence"),
    "registration": _l("Registration certificate"),
    "authorisation": _l("Authorisation"),
    "contract": _l("Contract"),
    "award": _l("Tender award"),
    "region": _l("Region"),
    "warehouse": _l("Warehouse"),
    "lot": _l("Lot"),
    "import": _l("Import"),
    "upload": _l("Upload"),
    "user": _l("User"),
    "address": _l("Network address"),
    "hook-source": _l("Webhook source"),
    "hook-subscription": _l("Webhook subscription"),
}

VERBS: dict[str, LazyString] = {
    "change": _l("changed"),
    "create": _l("created"),
    "standing": _l("standing in trade changed"),
    "qualify": _l("qualification started"),
    "qualified": _l("qualified"),
    "unqualified": _l("qualification refused"),
    "withdrawn": _l("qualification withdrawn"),
    "scan": _l("scan filed"),
    "scan-verify": _l("scan verified"),
    "scan-remove": _l("scan removed"),
    "warn": _l("warned of the end of validity"),
}

OWN: dict[str, LazyString] = {
    "access:deny": _l("Access denied"),
    "deployment:create": _l("Diagrams deployed together"),
    "deployment:delete": _l("Deployment taken back"),
    "external:complete": _l("External task done"),
    "external:error": _l("External task ended with an error of the diagram"),
    "external:fail": _l("External task failed"),
    "external:priority": _l("Priority of an external task set"),
    "external:retries": _l("Tries of an external task set"),
    "external:unlock": _l("External task unlocked"),
    "hook-delivery:discard": _l("Deliveries of webhooks discarded"),
    "hook-delivery:replay": _l("Deliveries of webhooks sent again"),
    "hook-event:discard": _l("Events of webhooks discarded"),
    "hook-event:replay": _l("Events of webhooks replayed"),
    "hook-mapping:activate": _l("Mapping of a webhook put into force"),
    "hook-mapping:save": _l("Draft of a webhook's mapping saved"),
    "hook-secret:create": _l("Secret of a webhook made"),
    "hook-secret:end": _l("Secret of a webhook ended"),
    "hook-source:change": _l("Webhook source changed"),
    "hook-source:create": _l("Webhook source set up"),
    "hook-source:switch": _l("Webhook source switched on or off"),
    "hook-subscription:change": _l("Webhook subscription changed"),
    "hook-subscription:create": _l("Webhook subscription set up"),
    "hook-subscription:switch": _l("Webhook subscription switched on or off"),
    "hook-subscription:test": _l("Test event sent to a webhook subscription"),
    "hook:refuse": _l("Webhook requests refused"),
    "import:gudid": _l("GUDID imported"),
    "letter:again": _l("Message sent again"),
    "login:end": _l("Signed out"),
    "login:fail": _l("Sign-in failed"),
    "login:lock": _l("Sign-in locked"),
    "login:succeed": _l("Signed in"),
    "award:draw": _l("Award quantity drawn by an order"),
    "lot:count": _l("Lot counted"),
    "lot:receive": _l("Lot received"),
    "lot:status": _l("Lot status changed"),
    "lot:take_out": _l("Taken out of the lot"),
    "order:assess": _l("Priority assessed"),
    "order:cancel": _l("Order cancelled"),
    "order:change": _l("Order changed"),
    "order:create": _l("Order entered"),
    "order:document": _l("Order confirmation made"),
    "order:reject": _l("Order rejected"),
    "order:release": _l("Order released"),
    "order:resume": _l("Order submitted again"),
    "order:rework": _l("Order returned for rework"),
    "order:upload": _l("Orders uploaded"),
    "order:withdraw": _l("Order withdrawn by its submitter"),
    "process:cancel": _l("Process cancelled"),
    "process:correlate": _l("Message brought to a process"),
    "process:deploy": _l("Process diagram deployed"),
    "process:govern": _l("Process governed: changed by approved drafts only"),
    "process:job": _l("Timer or job changed"),
    "process:message": _l("Message delivered again"),
    "process:message-discard": _l("Message discarded"),
    "process:migrate": _l("Process taken to another version"),
    "process:migrate-undo": _l("Process put back on its version"),
    "process:move": _l("Tokens of a process moved"),
    "process:purge": _l("History of a process deleted after its retention"),
    "process:release": _l("Process diagram put into force"),
    "process:resume": _l("Process resumed"),
    "process:resume-definition": _l("Process diagram starts again"),
    "process:retry": _l("Incident tried again"),
    "process:set-variables": _l("Variables of a process set"),
    "process:skip": _l("Stuck step skipped"),
    "process:start": _l("Process started"),
    "process-batch:start": _l("Batch started"),
    "process-batch:stop": _l("Batch stopped"),
    "priority:override": _l("Order moved by hand"),
    "priority:override_end": _l("Move by hand ended by itself"),
    "priority:override_withdraw": _l("Move by hand withdrawn"),
    "process:suspend": _l("Process suspended"),
    "process:suspend-definition": _l("Process diagram starts nothing for now"),
    "process:supersede": _l("Process replaced by a new one"),
    "process:trigger": _l("Process told to go on"),
    "process:ungovern": _l("Process open to direct deployment"),
    "process:withdraw": _l("Process diagram taken out of force"),
    "process-draft:approve": _l("Draft of a process approved"),
    "process-draft:begin": _l("Draft of a process begun"),
    "process-draft:discard": _l("Draft of a process discarded"),
    "process-draft:put-live": _l("Draft of a process put into force"),
    "process-draft:reject": _l("Draft of a process given back"),
    "process-draft:save": _l("Draft of a process saved"),
    "process-draft:send": _l("Draft of a process sent for review"),
    "process-draft:take-back": _l("Draft of a process taken back"),
    "reservation:lost": _l("Reservation lost"),
    "reservation:make": _l("Stock reserved"),
    "reservation:release": _l("Reservation released"),
    "rule:activate": _l("Rule set put into force"),
    "rule:approve": _l("Version of a rule set approved"),
    "rule:discard": _l("Version of a rule set discarded"),
    "rule:edit": _l("Draft of a rule set changed"),
    "rule:roll-back": _l("Earlier version of a rule set put back into force"),
    "rule:schedule": _l("Date set for a version of a rule set"),
    "rule:submit": _l("Rule set submitted"),
    "rule:try": _l("Rule set tried out"),
    "rule:unschedule": _l("Date of a version of a rule set taken back"),
    "signature:sign": _l("Signed electronically"),
    "substitute:end": _l("Substitution ended"),
    "substitute:name": _l("Substitute named"),
    "task:ask-no-more": _l("Question to approve a task too withdrawn"),
    "task:ask-too": _l("Others asked to approve a task too"),
    "task:assign": _l("Task assigned"),
    "task:attach": _l("Attachment added to a task"),
    "task:claim": _l("Task taken"),
    "task:comment": _l("Comment on a task"),
    "task:complete": _l("Task done"),
    "task:copy": _l("Copy of a task sent to somebody"),
    "task:create": _l("Task created"),
    "task:delete": _l("Task deleted"),
    "task:describe": _l("Task described"),
    "task:detach": _l("Attachment of a task removed"),
    "task:error": _l("Task ended with an error of the diagram"),
    "task:escalate": _l("Task escalated"),
    "task:link": _l("Somebody else asked to do a task"),
    "task:overdue": _l("Task not done in time: escalated"),
    "task:release": _l("Task given back"),
    "task:remind": _l("Reminded of a task"),
    "task:unlink": _l("Somebody no longer asked to do a task"),
    "task:urge": _l("Urged to do a task"),
    "task:variables": _l("Variables of a task set"),
    "token:create": _l("API token made"),
    "token:revoke": _l("API token revoked"),
    "user:device": _l("Device to be told by"),
    "user:device_end": _l("Device told no more"),
    "user:password_change": _l("Password changed"),
    "user:password_reset": _l("Password reset"),
    "user:unlock": _l("User unlocked"),
}
"""Actions that “kind: verb” would name badly."""

MASTER_DATA = (
    *("product", "customer", "licence", "registration", "authorisation", "contract", "award"),
    *("supplier", "region", "warehouse", "user"),
)
QUALIFYING = {
    **dict.fromkeys(
        ("supplier", "customer", "product"), ("standing", "qualify", "qualified", "unqualified", "withdrawn")
    ),
    **dict.fromkeys(("licence", "registration", "authorisation"), ("scan", "scan-verify", "scan-remove", "warn")),
}
OFFERED = sorted(
    {
        *OWN,
        *(f"{kind}:{verb}" for kind in MASTER_DATA for verb in ("change", "create")),
        *(f"{kind}:{verb}" for kind, verbs in QUALIFYING.items() for verb in verbs),
    }
)
"""Codes that the filter of the page offers."""


def action_name(code: str) -> str:
    """The friendly name of an action, or its code."""
    if code in OWN:
        return str(OWN[code])
    kind, _colon, verb = code.partition(":")
    return _("%(kind)s: %(verb)s", kind=KINDS[kind], verb=VERBS[verb]) if kind in KINDS and verb in VERBS else code


def kind_name(kind: str) -> str:
    """The friendly name of a kind of subject, or its code."""
    return str(KINDS.get(kind, kind))
