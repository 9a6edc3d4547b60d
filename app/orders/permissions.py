"""Who may do what with orders."""

from __future__ import annotations

from app.core.i18n import _l
from app.core.permissions import Permission, permission
from app.documents.permissions import readers

ORDER_READ = permission(
    "order:read",
    _l("See orders"),
    "sales",
    "order_desk",
    "qa_ra",
    "warehouse",
    "purchasing",
    "planner",
    "finance",
    "transport",
    "manager",
    "designer",
    "operator",
    "auditor",
    "integration",
)
ORDER_CREATE = permission("order:create", _l("Enter orders"), "sales", "order_desk", "integration")
ORDER_CHANGE = permission("order:change", _l("Change orders"), "sales", "order_desk", "integration")
ORDER_CANCEL = permission("order:cancel", _l("Cancel orders"), "sales", "order_desk", "manager", "integration")
ORDER_WITHDRAW = permission("order:withdraw", _l("Withdraw own orders"), "sales", "order_desk", "integration")
ORDER_EXPORT = permission(
    "order:export", _l("Export orders"), "sales", "order_desk", "planner", "finance", "manager", "auditor"
)


@readers.register("order")
def papers_of_orders() -> Permission:
    """Who sees orders may read their papers."""
    return ORDER_READ
