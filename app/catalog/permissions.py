"""Rights on master data."""

from __future__ import annotations

from app.core.i18n import _l
from app.core.permissions import EVERYONE, permission

BUSINESS = (
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

PRODUCT_READ = permission("product:read", _l("See products"), EVERYONE)
PRODUCT_EDIT = permission("product:edit", _l("Edit products"), "qa_ra", "purchasing")
CUSTOMER_READ = permission("customer:read", _l("See customers"), *BUSINESS)
CUSTOMER_EDIT = permission("customer:edit", _l("Edit customers"), "sales", "order_desk", "finance")
SUPPLIER_READ = permission("supplier:read", _l("See suppliers"), *BUSINESS)
SUPPLIER_EDIT = permission("supplier:edit", _l("Edit suppliers"), "purchasing")
TAKE_OVER = permission("qualification:take-over", _l("Enter as qualified what was qualified before Youxu"))
REGISTRATION_READ = permission("registration:read", _l("See registration certificates"), *BUSINESS)
REGISTRATION_EDIT = permission("registration:edit", _l("Edit registration certificates"), "qa_ra")
LICENCE_READ = permission("licence:read", _l("See licences"), *BUSINESS)
LICENCE_EDIT = permission("licence:edit", _l("Edit licences"), "qa_ra", "purchasing")
AUTHORISATION_READ = permission("authorisation:read", _l("See authorisations"), *BUSINESS)
AUTHORISATION_EDIT = permission("authorisation:edit", _l("Edit authorisations"), "qa_ra")
CONTRACT_READ = permission("contract:read", _l("See contracts"), *BUSINESS)
CONTRACT_EDIT = permission("contract:edit", _l("Edit contracts"), "sales", "manager")
AWARD_READ = permission("award:read", _l("See tender awards"), *BUSINESS)
AWARD_EDIT = permission("award:edit", _l("Edit tender awards"), "sales", "manager")
REGION_READ = permission("region:read", _l("See regions and lanes"), *BUSINESS)
REGION_EDIT = permission("region:edit", _l("Edit regions and lanes"), "transport", "planner")
