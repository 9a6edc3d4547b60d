"""/shipments: what is to be shipped, is under way and was, with what is to be done next."""

from __future__ import annotations

from flask import render_template, request

from app.core import menu
from app.core.i18n import _l
from app.core.paging import paginate_in_turn
from app.core.permissions import current_actor, requires
from app.core.web import is_fragment
from app.shipping import shipments
from app.shipping.models import STATUSES
from app.shipping.pages.blueprint import bp
from app.shipping.permissions import SHIPMENT_READ
from app.tasks.queries import seen_among

menu.add(
    _l("Shipments"), "shipping.list_shipments", icon="truck-delivery", right=SHIPMENT_READ, section="orders", order=25
)


@bp.get("/shipments")
@requires(SHIPMENT_READ)
def list_shipments() -> str:
    """Shipments by state and number, what must leave first, each with its open task."""
    choices = {name: request.args.get(name, "").strip()[:40] for name in ("q", "status")}
    if choices["status"] not in STATUSES:
        choices["status"] = ""
    counts = shipments.counts(q=choices["q"])
    page = paginate_in_turn(shipments.to_do_first(counts, **choices), request.args.get("page", 1, type=int))
    tasks = shipments.tasks_of([shipment.id for shipment, _order in page.items])
    return render_template(
        "shipping/_shipments.html" if is_fragment() else "shipping/shipments.html",
        page=page,
        choices={name: value for name, value in choices.items() if value},
        counts=counts,
        statuses=STATUSES,
        tasks=tasks,
        late={shipment.id for shipment, _order in page.items if shipments.is_late(shipment)},
        may_open={task.id for task in seen_among(current_actor(), [task.id for task in tasks.values()])},
        customers=shipments.customers_of(order.customer_id for _shipment, order in page.items),
    )
