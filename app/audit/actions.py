"""How actions and subjects of the trail are called on pages. The stored codes are never translated.

A code `kind:verb` is shown as “kind: verb” when both are known here, else as it is. Slices need not register theirs.
"""

from __future__ import annotations

from app.core.i18n import LazyString, _l

KINDS: dict[str, LazyString] = {
    "order": _l("Order"),
    "task": _l("Task"),
    "process": _l("Process"),
    "process-definition": _l("Process diagram"),
    "rule_set": _l("Rule set"),
    "product": _l("Product"),
    "customer": _l("Customer"),
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
}

VERBS: dict[str, LazyString] = {
    "activate": _l("activated"),
    "assess": _l("priority assessed"),
    "cancel": _l("cancelled"),
    "change": _l("changed"),
    "claim": _l("claimed"),
    "complete": _l("completed"),
    "count": _l("counted"),
    "create": _l("created"),
    "deploy": _l("deployed"),
    "document": _l("document made"),
    "draw": _l("quantity drawn"),
    "receive": _l("received"),
    "reject": _l("rejected"),
    "release": _l("released"),
    "resume": _l("submitted again"),
    "rework": _l("returned for rework"),
    "start": _l("started"),
    "status": _l("status changed"),
    "submit": _l("submitted"),
    "supersede": _l("superseded"),
    "take_out": _l("taken out"),
    "try": _l("tried out"),
    "upload": _l("uploaded"),
    "withdraw": _l("withdrawn"),
}

OWN: dict[str, LazyString] = {
    "access:deny": _l("Access denied"),
    "import:gudid": _l("GUDID imported"),
    "login:end": _l("Signed out"),
    "login:fail": _l("Sign-in failed"),
    "login:lock": _l("Sign-in locked"),
    "login:succeed": _l("Signed in"),
    "order:upload": _l("Orders uploaded"),
    "reservation:lost": _l("Reservation lost"),
    "reservation:make": _l("Stock reserved"),
    "reservation:release": _l("Reservation released"),
    "rule:activate": _l("Rule set put into force"),
    "rule:submit": _l("Rule set submitted"),
    "rule:try": _l("Rule set tried out"),
    "task:release": _l("Task handed back"),
    "token:create": _l("API token made"),
    "token:revoke": _l("API token revoked"),
    "user:password_change": _l("Password changed"),
    "user:password_reset": _l("Password reset"),
    "user:unlock": _l("User unlocked"),
}
"""Actions that “kind: verb” would name badly."""

MASTER_DATA = ("product", "customer", "licence", "registration", "authorisation", "contract", "award", "user")
GENERAL: dict[str, tuple[str, ...]] = {
    "order": (
        *("create", "change", "assess", "document", "rework", "resume"),
        *("release", "reject", "cancel", "withdraw"),
    ),
    "task": ("claim", "complete"),
    "process": ("start", "supersede", "cancel", "deploy", "release"),
    "lot": ("receive", "status", "count", "take_out"),
    **dict.fromkeys(MASTER_DATA, ("create", "change")),
}
OFFERED = sorted({*OWN, *(f"{kind}:{verb}" for kind, verbs in GENERAL.items() for verb in verbs)})
"""Codes that the filter of the page offers."""


def action_name(code: str) -> str:
    """The friendly name of an action, or its code."""
    if code in OWN:
        return str(OWN[code])
    kind, _colon, verb = code.partition(":")
    return f"{KINDS[kind]}: {VERBS[verb]}" if kind in KINDS and verb in VERBS else code


def kind_name(kind: str) -> str:
    """The friendly name of a kind of subject, or its code."""
    return str(KINDS.get(kind, kind))
