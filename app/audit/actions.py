"""How actions and subjects of the trail are called on pages. The stored codes are never translated."""

from __future__ import annotations

from app.core.i18n import LazyString, _l

ACTIONS: dict[str, LazyString] = {
    "access:deny": _l("Access denied"),
    "login:end": _l("Signed out"),
    "login:fail": _l("Sign-in failed"),
    "login:lock": _l("Sign-in locked"),
    "login:succeed": _l("Signed in"),
    "token:create": _l("API token made"),
    "token:revoke": _l("API token revoked"),
    "user:change": _l("User changed"),
    "user:create": _l("User created"),
    "user:password_change": _l("Password changed"),
    "user:password_reset": _l("Password reset"),
    "user:unlock": _l("User unlocked"),
}

KINDS: dict[str, LazyString] = {
    "address": _l("Network address"),
    "user": _l("User"),
}


def action_name(code: str) -> str:
    """The friendly name of an action, or its code."""
    return str(ACTIONS.get(code, code))


def kind_name(kind: str) -> str:
    """The friendly name of a kind of subject, or its code."""
    return str(KINDS.get(kind, kind))
