"""Rights on recalls."""

from __future__ import annotations

from app.catalog.permissions import BUSINESS
from app.core.i18n import _l
from app.core.permissions import Permission, permission
from app.documents.permissions import readers

RECALL_READ = permission("recall:read", _l("See recalls"), *BUSINESS, "quality_head")
RECALL_RUN = permission("recall:run", _l("Open, widen and run recalls"), "qa_ra", "quality_head")


@readers.register("recall")
def papers_of_recalls() -> Permission:
    """Who sees recalls may read their papers."""
    return RECALL_READ
