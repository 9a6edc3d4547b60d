"""Who may do what. Each slice declares its permissions with the roles that have them; every route names one.

ORDER_CANCEL = permission("order:cancel", _l("Cancel orders"), "sales", "order_desk")

@bp.post("/orders/<order_id>/cancel")
@requires(ORDER_CANCEL)
def cancel(order_id): ...
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import ParamSpec, TypeVar

from app.core.errors import Forbidden, Unauthenticated
from app.core.i18n import LazyString, _l

P = ParamSpec("P")
R = TypeVar("R")

EVERYONE = "*"
"""Stands for every signed-in user in `permission(...)`."""


@dataclass(frozen=True)
class Permission:
    """A right, named `resource:action`, and the roles that have it. `admin` has all."""

    name: str
    label: LazyString
    roles: frozenset[str]


@dataclass(frozen=True)
class Actor:
    """Who acts: a signed-in user, an API token's user, or the system itself. Passed first to every verb."""

    id: str
    login: str
    name: str
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] | None = None
    """Permission names an API token is limited to; None means no limit."""
    kind: str = "user"
    """`user`, `token` or `system`."""
    origin: str = field(default="", compare=False)
    """Address the request came from, for the audit trail."""

    def may(self, right: Permission) -> bool:
        """True when a role of the actor has the right and the token, if any, is scoped for it."""
        if self.scopes is not None and right.name not in self.scopes:
            return False
        return (
            self.kind == "system" or "admin" in self.roles or EVERYONE in right.roles or bool(self.roles & right.roles)
        )

    def must(self, right: Permission) -> None:
        """Raises NotPermitted unless the actor may."""
        if not self.may(right):
            raise NotPermitted(permission=right.name, reason=str(right.label), roles=", ".join(sorted(right.roles)))


SYSTEM = Actor(id="system", login="system", name="Youxu", kind="system")


class NotPermitted(Forbidden):
    """The actor's roles or token do not include the permission."""

    message = _l("You lack the right “%(reason)s” (%(permission)s). These roles have it: %(roles)s.")


_declared: dict[str, Permission] = {}
_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)


def permission(name: str, label: LazyString, *roles: str) -> Permission:
    """Declare a right. The same name twice is a programming error."""
    if name in _declared:
        raise RuntimeError(f"permission {name!r} is declared twice")
    made = Permission(name, label, frozenset(roles))
    _declared[name] = made
    return made


def declared() -> list[Permission]:
    """Every right, by name."""
    return [_declared[name] for name in sorted(_declared)]


def named(name: str) -> Permission | None:
    """The right of that name."""
    return _declared.get(name)


def requires(right: Permission) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Guard a route: 401 when nobody is signed in, 403 when the actor lacks the right."""

    def guard(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            current_actor().must(right)
            return view(*args, **kwargs)

        checked.permission = right.name  # type: ignore[attr-defined]
        return checked

    return guard


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Mark a route as open to everybody, so that the architecture test knows it is meant."""
    view.permission = "public"  # type: ignore[attr-defined]
    return view


def current_actor() -> Actor:
    """Who acts in this request. Raises Unauthenticated when nobody is signed in."""
    found = _actor.get()
    if found is None:
        raise Unauthenticated
    return found


def actor_or_none() -> Actor | None:
    """Who acts in this request, if anybody."""
    return _actor.get()


def act_as(actor: Actor | None) -> None:
    """Set who acts for the rest of this request."""
    _actor.set(actor)
