"""The roles of the trade; candidate groups of tasks are these roles. Rights per role are declared by each slice."""

from __future__ import annotations

ROLES: dict[str, dict[str, str]] = {
    "admin": {"en": "Administrator", "zh": "系统管理员"},
    "sales": {"en": "Sales", "zh": "销售"},
    "order_desk": {"en": "Order desk", "zh": "订单处理"},
    "qa_ra": {"en": "Quality and regulatory affairs", "zh": "质量与法规"},
    "quality_head": {"en": "Head of quality", "zh": "质量负责人"},
    "warehouse": {"en": "Warehouse", "zh": "仓储"},
    "purchasing": {"en": "Purchasing", "zh": "采购"},
    "planner": {"en": "Planner", "zh": "计划"},
    "finance": {"en": "Finance", "zh": "财务"},
    "transport": {"en": "Transport", "zh": "运输"},
    "manager": {"en": "Manager", "zh": "管理层"},
    "designer": {"en": "Process and rule designer", "zh": "流程与规则设计"},
    "operator": {"en": "System operator", "zh": "系统运维"},
    "auditor": {"en": "Auditor", "zh": "审计员"},
    "integration": {"en": "Integration", "zh": "系统集成"},
}
"""Code → name in both languages, shown with `pick`; in the order in which lists show them."""
