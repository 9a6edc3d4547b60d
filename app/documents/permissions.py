"""Who may read papers: everybody who may see what they are about."""

from __future__ import annotations

from collections.abc import Callable

from app.core.i18n import _l
from app.core.permissions import EVERYONE, Actor, Permission, permission
from app.core.registry import Registry
from app.core.subject import Subject

DOCUMENT_READ = permission("document:read", _l("Open papers of what one may see"), EVERYONE)

readers: Registry[Callable[[], Permission]] = Registry("right to read papers")
"""`@readers.register("order")`: the right that papers about such a subject need. A kind that nobody registered is open
to administrators only."""


def may_read(actor: Actor, subject: Subject) -> bool:
    """True when the actor may see papers about it."""
    return subject.kind in readable_kinds(actor)


def readable_kinds(actor: Actor) -> list[str]:
    """Kinds of subjects whose papers the actor may see."""
    return [kind for kind in readers if actor.may(readers.get(kind)())]
