"""Rights on change requests."""

from __future__ import annotations

from app.core.i18n import _l
from app.core.permissions import permission
from app.orders.permissions import ORDER_CANCEL, ORDER_CHANGE, ORDER_READ

CHANGE_READ = permission("change:read", _l("See change requests"), *sorted(ORDER_READ.roles))
CHANGE_ASK = permission("change:ask", _l("Request changes of orders"), *sorted(ORDER_CHANGE.roles | ORDER_CANCEL.roles))
