"""The site's menu: each slice adds its pages; people see those they may open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.core.i18n import LazyString
from app.core.permissions import Actor, Permission, actor_or_none

SECTIONS = ("work", "orders", "master", "quality", "system")


@dataclass(frozen=True)
class Entry:
    """A place in the menu. `icon` names a Tabler icon; `badge` gives a short live count or an empty string."""

    label: LazyString
    endpoint: str
    icon: str
    right: Permission | tuple[Permission, ...] | None
    """Who may open it; of several rights one is enough."""
    section: str
    order: int
    badge: Callable[[], str] | None = None


_entries: list[Entry] = []


def add(
    label: LazyString,
    endpoint: str,
    *,
    icon: str,
    right: Permission | tuple[Permission, ...] | None = None,
    section: str = "work",
    order: int = 50,
    badge: Callable[[], str] | None = None,
) -> None:
    """Put a page into the menu."""
    _entries.append(Entry(label, endpoint, icon, right, section, order, badge))


def _is_for(actor: Actor, entry: Entry) -> bool:
    if entry.right is None:
        return True
    rights = entry.right if isinstance(entry.right, tuple) else (entry.right,)
    return any(actor.may(right) for right in rights)


def visible() -> list[Entry]:
    """The entries the actor may open, in order."""
    actor = actor_or_none()
    if actor is None:
        return []
    shown = [entry for entry in _entries if _is_for(actor, entry)]
    return sorted(shown, key=lambda entry: (SECTIONS.index(entry.section), entry.order))
