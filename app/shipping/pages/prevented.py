"""/scans/prevented: what scans prevented, counted and one by one."""

from __future__ import annotations

from flask import render_template, request

from app.audit.queries import labels_by_id
from app.catalog import queries as catalog
from app.core import menu, web
from app.core.i18n import _l
from app.core.paging import paginate
from app.core.permissions import requires
from app.shipping import queries
from app.shipping.checking import PURPOSES, REASON_NAMES, Fault
from app.shipping.models import PreventedMisship
from app.shipping.pages.blueprint import bp
from app.shipping.permissions import MISSHIP_READ

PERIODS = (7, 30, 90, 365)
menu.add(
    _l("Prevented mis-shipments"),
    "shipping.list_prevented",
    icon="shield-check",
    right=MISSHIP_READ,
    section="quality",
    order=30,
)


@bp.get("/scans/prevented")
@requires(MISSHIP_READ)
def list_prevented() -> str:
    """Blocked scans of a period by reason, the newest first."""
    days = request.args.get("days", 30, type=int)
    days = days if days in PERIODS else 30
    reason, purpose = request.args.get("reason", ""), request.args.get("purpose", "")
    reason, purpose = reason if reason in REASON_NAMES else "", purpose if purpose in PURPOSES else ""
    since = queries.days_ago(days)
    counts = queries.prevented_by_reason(since=since, purpose=purpose)
    wanted = queries.prevented(since=since, reason=reason, purpose=purpose)
    page = paginate(wanted, request.args.get("page", 1, type=int))
    rows: list[PreventedMisship] = page.items
    products = catalog.products_of(one.product_id for one in rows if one.product_id)
    orders = labels_by_id("order", {one.subject_id for one in rows if one.subject_kind == "order"})
    return render_template(
        "shipping/_prevented.html" if web.is_fragment() else "shipping/prevented.html",
        page=page,
        choices={name: value for name, value in (("days", days), ("reason", reason), ("purpose", purpose)) if value},
        days=days,
        periods=PERIODS,
        counts={name: counts[name] for name in REASON_NAMES if name in counts},
        total=sum(counts.values()),
        reasons=REASON_NAMES,
        purposes=PURPOSES,
        products=products,
        orders=orders,
        shipments=labels_by_id("shipment", {one.subject_id for one in rows if one.subject_kind == "shipment"}),
        told=lambda row: " ".join(Fault(one["code"], one["values"]).sentence() for one in row.reasons),
    )
