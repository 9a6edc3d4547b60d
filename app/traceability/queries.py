"""Reads of where goods came from and went to."""

from app.traceability.scoping import Account, Consignee, Inside, Kept, Scope, Spot, scope

__all__ = ["Account", "Consignee", "Inside", "Kept", "Scope", "Spot", "scope"]
