"""Rights on stock."""

from __future__ import annotations

from app.core.i18n import _l
from app.core.permissions import permission

STOCK_READ = permission(
    "stock:read",
    _l("See stock and lots"),
    "sales",
    "order_desk",
    "qa_ra",
    "warehouse",
    "purchasing",
    "planner",
    "finance",
    "transport",
    "manager",
    "auditor",
    "integration",
)
STOCK_RECEIVE = permission("stock:receive", _l("Receive goods into stock"), "warehouse")
LOT_RELEASE = permission("lot:release", _l("Release, hold, reject and recall lots"), "qa_ra")
WAREHOUSE_EDIT = permission("warehouse:edit", _l("Lay out warehouses: zones and bins"), "warehouse")
