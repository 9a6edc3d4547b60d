"""One lot: where it lies and stands, its units, its ledger, the decisions on its QC status, its moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.audit.queries import latest_of
from app.catalog import queries as catalog
from app.catalog.models import Customer
from app.core.db import session
from app.core.errors import Conflict, DomainError, Invalid, NotFound
from app.core.i18n import LazyString, _, _l, _n
from app.core.paging import paginate
from app.core.permissions import current_actor, requires
from app.core.subject import Subject
from app.inventory import naming, queries, service
from app.inventory.fit import why_not
from app.inventory.models import MOVES, RELEASED, Lot
from app.inventory.pages.blueprint import bp, words
from app.inventory.permissions import LOT_RELEASE, STOCK_READ, STOCK_RECEIVE
from app.inventory.places import QUARANTINE, RETURNS
from app.inventory.schemas import STATUS_NAMES

VERB_NAMES: dict[str, LazyString] = {
    "inspecting": _l("Begin inspection"),
    "released": _l("Release lot"),
    "held": _l("Hold lot"),
    "rejected": _l("Reject lot"),
    "recalled": _l("Recall lot"),
}
ACTION_NAMES: dict[str, LazyString] = {
    "lot:assemble": _l("Kits made"),
    "lot:count": _l("Counted"),
    "lot:hand_over": _l("Handed over"),
    "lot:into_kit": _l("Put into kits"),
    "lot:move": _l("Moved"),
    "lot:out_of_kit": _l("Taken out of kits"),
    "lot:pick": _l("Picked"),
    "lot:put_back": _l("Put back"),
    "lot:receive": _l("Received"),
    "lot:ship": _l("Shipped"),
    "lot:status": _l("Status changed"),
    "lot:take_apart": _l("Kits taken apart"),
    "lot:take_out": _l("Taken out"),
    "lot:take_over": _l("Owner changed"),
}


@bp.get("/lots/<lot_id>")
@requires(STOCK_READ)
def show_lot(lot_id: str) -> str:
    """One lot: quantities by warehouse, what may be decided, the ledger, the history."""
    return _lot_page(queries.get_lot(lot_id))


def _lot_page(lot: Lot, wrong: dict[str, Any] | None = None, reason: str = "") -> str:
    page = paginate(queries.ledger_of(lot.id), request.args.get("page", 1, type=int))
    bins, held = queries.bins_of(lot.id), queries.holdings_of(lot.id)
    places = [*(row.place for row in bins), *(row[0] for row in held)]
    places += [place for row in page.items for place in row[1:]]
    return render_template(
        "inventory/lot.html",
        lot=lot,
        sums=queries.lots_of(lot.id),
        bins=bins,
        targets=_targets(lot),
        held=held,
        places=naming.names_of(places),
        zone_names=naming.ZONES,
        zone_tones=naming.ZONE_TONES,
        movements=naming.MOVEMENTS,
        serials=queries.serial_numbers(row[0].serial_id for row in page.items),
        keep_until=queries.keep_until(lot),
        allowed=_allowed(lot),
        unsound=list(queries.broken_links(lot.id)),
        moves=[status for status in MOVES[lot.status] if status in VERB_NAMES],
        verbs=VERB_NAMES,
        action_names=ACTION_NAMES,
        page=page,
        history=latest_of(Subject("lot", lot.id), limit=30),
        wrong=wrong or {},
        reason=reason,
        **words(),
    )


def _allowed(lot: Lot) -> list[Customer]:
    """Who alone may have the lot; nobody named: everybody."""
    ids = queries.customers_allowed([lot]).get(lot.id, frozenset())
    return sorted(catalog.customers_of(ids).values(), key=lambda one: one.code)


@bp.post("/lots/<lot_id>/lift")
@requires(LOT_RELEASE)
def lift_condition(lot_id: str) -> BaseResponse | tuple[str, int]:
    """A lot that was released for some customers is released for everybody."""
    lot = queries.get_lot(lot_id)
    reason = request.form.get("lift_reason", "").strip()[:500]
    try:
        with session().begin_nested():
            service.lift_condition(
                current_actor(), lot, reason=reason, seen_version=request.form.get("seen_version", 0, type=int)
            )
    except Invalid as error:
        return _lot_page(lot, {"lift_reason": error.details["fields"]["reason"]}), 422
    except Conflict as error:
        return _said(error, lot)
    flash(_("Everybody may have the lot now."), "success")
    return redirect(url_for("inventory.show_lot", lot_id=lot.id))


_VERBS: dict[str, Callable[..., Any]] = {
    "inspecting": service.inspect_lot,
    "released": service.release_lot,
    "held": service.hold_lot,
    "rejected": service.reject_lot,
    "recalled": service.recall_lot,
}


@bp.post("/lots/<lot_id>/status")
@requires(LOT_RELEASE)
def decide_lot(lot_id: str) -> BaseResponse | tuple[str, int]:
    """Release, hold, reject or recall the lot, with a reason."""
    lot = queries.get_lot(lot_id)
    status, reason = request.form.get("status", ""), request.form.get("reason", "").strip()[:500]
    if status not in _VERBS:
        raise NotFound(status=status)
    extra = {"report_no": request.form.get("report_no", "").strip()[:64] or None} if status == "released" else {}
    seen = request.form.get("seen_version", 0, type=int)
    try:
        with session().begin_nested():  # a refusal undoes all of it, and the page is shown again
            service.refuse_claimed(lot, status)
            lost = _VERBS[status](current_actor(), lot, reason=reason, seen_version=seen, **extra)
    except Invalid as error:
        return _lot_page(lot, error.details["fields"], reason), 422
    except service.NoReport as error:
        return _lot_page(lot, {"report_no": [error.sentence()]}, reason), 422
    except Conflict as error:
        return _said(error, lot)
    flash(_("The lot is now: %(status)s.", status=STATUS_NAMES[status]), "success")
    if status not in ("released", "inspecting") and lost:
        flash(_n("%(num)s order lost stock by this.", "%(num)s orders lost stock by this.", len(lost)), "warning")
    return redirect(url_for("inventory.show_lot", lot_id=lot.id))


def _said(error: DomainError, lot: Lot) -> tuple[str, int]:
    flash(error.sentence(), "danger")
    return _lot_page(lot), error.status


def _targets(lot: Lot) -> list[tuple[str, str]]:
    """Bins that take the lot, (id, name), of the warehouses where it lies."""
    here = {row.warehouse.id: row.warehouse for row in queries.bins_of(lot.id)}
    fitting = [
        place
        for warehouse_id in here
        for place, _number in queries.bins_in(warehouse_id)
        if place.zone is not None and why_not(place.zone, lot, lot.product) is None
    ]
    names = naming.names_of(fitting)
    return [(place.id, names[place.id]) for place in fitting]


@bp.post("/lots/<lot_id>/move")
@requires(STOCK_RECEIVE)
def move_lot(lot_id: str) -> BaseResponse | tuple[str, int]:
    """Put free stock of the lot into another bin."""
    lot = queries.get_lot(lot_id)
    source, target = (queries.get_place(request.form.get(name, "")) for name in ("source", "target"))
    quantity, reason = request.form.get("quantity", 0, type=int), request.form.get("why", "").strip()[:500]
    serials = tuple(request.form.get("serials", "").split()[:1000])
    if not (source.inside and target.inside):
        raise NotFound(place=source.id)
    if not reason:
        return _lot_page(lot, {"why": [_("Say why.")]}), 422
    try:
        with session().begin_nested():
            goods = service.Goods(lot, quantity, serials)
            if source.zone_kind in (QUARANTINE, RETURNS) and target.zone_kind not in (QUARANTINE, RETURNS):
                service.refuse_claimed(lot, RELEASED)
            service.move(current_actor(), goods, source, target, reason=reason)
    except Invalid as error:
        return _lot_page(lot, error.details["fields"]), 422
    except Conflict as error:
        return _said(error, lot)
    flash(_("Moved."), "success")
    return redirect(url_for("inventory.show_lot", lot_id=lot.id))


@bp.post("/lots/<lot_id>/put-away")
@requires(STOCK_RECEIVE)
def put_away_lot(lot_id: str) -> BaseResponse | tuple[str, int]:
    """What waits of a released lot goes to where it is picked."""
    lot = queries.get_lot(lot_id)
    moved = 0
    try:
        with session().begin_nested():
            service.refuse_claimed(lot, RELEASED)
            for warehouse in {row.warehouse for row in queries.bins_of(lot.id)}:
                moved += service.put_away(current_actor(), lot, warehouse, reason=_("Put away"))
    except Conflict as error:
        return _said(error, lot)
    flash(_("Put away: %(quantity)s.", quantity=moved) if moved else _("Nothing waits to be put away."), "success")
    return redirect(url_for("inventory.show_lot", lot_id=lot.id))
