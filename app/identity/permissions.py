"""Rights of this slice."""

from __future__ import annotations

from app.core.i18n import _l
from app.core.permissions import EVERYONE, permission

ACCOUNT_OWN = permission("account:own", _l("See and change one's own account"), EVERYONE)
SUBSTITUTE_MANAGE = permission("substitute:manage", _l("Name substitutes for others"), "manager")
TOKEN_ADMIN = permission("token:admin", _l("See and revoke everybody's API tokens"), "admin")
TOKEN_OWN = permission("token:own", _l("Make and revoke one's own API tokens"), EVERYONE)
USER_ADMIN = permission("user:admin", _l("Administer users"), "admin")
