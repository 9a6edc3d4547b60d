"""Who may scan goods, print labels, pick and carry shipments, see what scans prevented."""

from __future__ import annotations

from app.core.i18n import _l
from app.core.permissions import Permission, permission
from app.documents.permissions import readers
from app.inventory.permissions import STOCK_READ

GOODS_SCAN = permission("goods:scan", _l("Scan goods"), "warehouse", "qa_ra", "transport")
LABEL_PRINT = permission("label:print", _l("Print labels of lots and logistic units"), "warehouse", "qa_ra")
SHIPMENT_READ = permission(
    "shipment:read",
    _l("See shipments"),
    *("warehouse", "qa_ra", "transport", "order_desk", "sales", "manager", "auditor"),
)
SHIPMENT_PICK = permission("shipment:pick", _l("Pick the goods of shipments"), "warehouse")
SHIPMENT_CARRY = permission(
    "shipment:carry", _l("Report pickup, temperatures and delivery of shipments"), "transport", "warehouse"
)
MISSHIP_READ = permission(
    "misship:read", _l("See prevented mis-shipments"), "warehouse", "qa_ra", "transport", "manager", "auditor"
)


@readers.register("lot")
def papers_of_lots() -> Permission:
    """Who sees stock may read the papers of lots."""
    return STOCK_READ
