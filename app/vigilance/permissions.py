"""Rights on complaints and CAPA."""

from __future__ import annotations

from app.catalog.permissions import BUSINESS
from app.core.i18n import _l
from app.core.permissions import Permission, permission
from app.documents.permissions import readers

COMPLAINT_READ = permission("complaint:read", _l("See complaints"), *BUSINESS, "quality_head")
COMPLAINT_RECORD = permission(
    "complaint:record",
    _l("Record complaints"),
    *("sales", "order_desk", "warehouse", "transport", "qa_ra", "quality_head", "integration"),
)
COMPLAINT_WORK = permission(
    "complaint:work", _l("Investigate complaints, decide on reporting, conclude"), "qa_ra", "quality_head"
)
CAPA_READ = permission("capa:read", _l("See CAPA"), *BUSINESS, "quality_head")
CAPA_RUN = permission("capa:run", _l("Open CAPA and plan their actions"), "qa_ra", "quality_head")


@readers.register("complaint")
def papers_of_complaints() -> Permission:
    """Who sees complaints may read their papers."""
    return COMPLAINT_READ


@readers.register("capa")
def papers_of_capas() -> Permission:
    """Who sees CAPA may read their papers."""
    return CAPA_READ
