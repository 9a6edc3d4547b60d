"""Who hears of a change: whoever looks after the customer, and after each order that lost stock or may gain some."""

from __future__ import annotations

from app.changes.models import CANCEL, ChangeRequest
from app.core.permissions import Actor
from app.orders import queries as orders
from app.tasks.notices import tell_of_page

TITLES = {
    "applied": {"en": "Changed: %s", "zh": "已变更：%s"},
    "cancelled": {"en": "Cancelled: %s", "zh": "已取消：%s"},
    "refused": {"en": "Change refused: %s", "zh": "变更未获同意：%s"},
    "displaced": {"en": "Lost stock to %s: %s", "zh": "库存转给%s：%s"},
}


def tell_applied(actor: Actor, case: ChangeRequest) -> list[str]:
    """The owner of the order and the requester, and the owners of the orders that lost stock; answers whom."""
    order = orders.get_order(case.order_id)
    title = _title("cancelled" if case.kind == CANCEL else "applied", order.number)
    page = f"/changes/{case.id}"
    told = tell_of_page(actor, page, title, [order.submitted_by, case.requested_by])
    for one in case.what_if["displaced"]:
        lost = _title("displaced", order.number, one["number"])
        told += tell_of_page(actor, f"/orders/{one['order_id']}", lost, [one["owner"]])
    return told


def tell_refused(actor: Actor, case: ChangeRequest) -> list[str]:
    """The requester, with the reason a person gave; what rules say stands on the page. Answers whom."""
    order = orders.get_order(case.order_id)
    return tell_of_page(
        actor, f"/changes/{case.id}", _title("refused", order.number), [case.requested_by], case.outcome
    )


def _title(name: str, *numbers: str) -> dict[str, str]:
    return {language: text % numbers for language, text in TITLES[name].items()}
