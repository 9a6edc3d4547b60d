"""Moving an order by hand: the form with its preview, withdrawing, and what came of it all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as BaseResponse

from app.core import clock, menu
from app.core.db import session
from app.core.errors import Conflict, DomainError, Invalid
from app.core.i18n import _, _l
from app.core.paging import paginate
from app.core.permissions import current_actor, requires
from app.identity import queries as people
from app.identity import service as identity
from app.orders import queries as orders
from app.orders.models import STATUS_NAMES, Order
from app.priority import hindsight, overriding, profile, queries, review
from app.priority.models import CAUSES, VERDICTS
from app.priority.overriding import Foreseen, SignatureNeeded, Wish
from app.priority.pages.lists import bp, page_number
from app.priority.permissions import PRIORITY_OVERRIDE, PRIORITY_REVIEW

menu.add(
    _l("Moves by hand"),
    "priority.list_overrides",
    icon="adjustments",
    right=PRIORITY_REVIEW,
    section="orders",
    order=60,
)
HOURS = (4, 8, 24, 48)
PERIODS = (30, 90, 365)
TONES = {"better": "success", "same": "neutral", "worse": "danger"}


@bp.get("/orders/<order_id>/override")
@requires(PRIORITY_OVERRIDE)
def override_form(order_id: str) -> str:
    """The form to move the order up or down."""
    return _form(orders.get_order(order_id), {"points": "50", "hours": "24", "cause": "clinical"})


@bp.get("/orders/<order_id>/override/preview")
@requires(PRIORITY_OVERRIDE)
def preview_override(order_id: str) -> str:
    """What points, band and hours would do, as a part of the page."""
    order = orders.get_order(order_id)
    given = {name: request.args.get(name, "") for name in ("points", "band", "hours")}
    seen, error = _foresee(order, {**given, "cause": "other", "reason": "-"})
    return render_template("priority/_foreseen.html", order=order, seen=seen, error=error, wrong={})


@bp.post("/orders/<order_id>/override")
@requires(PRIORITY_OVERRIDE)
def save_override(order_id: str) -> ResponseReturnValue:
    """Move the order, or show the form again with what is wrong; a wrong password is counted."""
    actor, order = current_actor(), orders.get_order(order_id)
    given = {name: request.form.get(name, "") for name in ("points", "band", "cause", "reason", "hours")}
    password = request.form.get("password", "")
    signed = bool(password) and identity.confirm(actor, password, request.remote_addr or "")
    if password and not signed:
        return _form(order, given, Invalid({"password": [_("This is not your present password.")]})), 422
    try:
        with session().begin_nested():
            made = overriding.set_override(actor, order.id, wish_of(given), signed=signed)
    except (Invalid, Conflict, SignatureNeeded) as error:
        return _form(order, given, error), error.status
    flash(_("Order %(order)s is moved until %(until)s.", order=order.number, until=_moment(made.until)), "success")
    return redirect(url_for("orders.show_order", order_id=order.id))


@bp.post("/priority/overrides/<override_id>/withdraw")
@requires(PRIORITY_OVERRIDE)
def withdraw_override(override_id: str) -> BaseResponse:
    """End it now."""
    found = overriding.withdraw_override(current_actor(), override_id)
    flash(_("The order stands where the rules put it again."), "success")
    return redirect(url_for("orders.show_order", order_id=found.order_id))


def wish_of(given: dict[str, str]) -> Wish:
    """The form as a wish. Raises Invalid for what is no number."""
    wrong: dict[str, list[str]] = {}
    points, hours = _whole(given, "points", wrong), _whole(given, "hours", wrong)
    if wrong:
        raise Invalid(wrong)
    return Wish(points, given.get("band") or None, given.get("cause", ""), given.get("reason", ""), hours)


def _whole(given: dict[str, str], name: str, wrong: dict[str, list[str]]) -> int:
    text = given.get(name, "").strip().replace("−", "-")
    digits = text.removeprefix("-").removeprefix("+")
    if not text:
        return 0
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 6):
        wrong[name] = [_("Must be a whole number.")]
        return 0
    return int(text)


def _foresee(order: Order, given: dict[str, str]) -> tuple[Foreseen | None, DomainError | None]:
    try:
        return overriding.foresee(current_actor(), order.id, wish_of(given)), None
    except DomainError as error:
        return None, error


def _form(order: Order, given: dict[str, Any], error: DomainError | None = None) -> str:
    seen, fault = _foresee(order, {**given, "reason": given.get("reason") or "-"})
    rules = profile.current()
    return render_template(
        "priority/override.html",
        order=order,
        standing=queries.standing_or_none(order.id),
        given=given,
        wrong=error.details.get("fields", {}) if isinstance(error, Invalid) else {},
        refusal=None if error is None or isinstance(error, Invalid) else error,
        seen=seen,
        error=fault if error is None else None,
        causes=CAUSES,
        hours=[hours for hours in HOURS if hours <= rules.override_hours],
        most=rules.override_points,
        hours_word=hours_word,
    )


def hours_word(hours: int) -> str:
    """So many hours, and until when that is."""
    until = _moment(clock.now() + timedelta(hours=hours))
    return _("%(hours)s hours, until %(until)s", hours=hours, until=until)


def _moment(at: Any) -> str:
    return clock.local(at).strftime("%Y-%m-%d %H:%M")


@bp.get("/priority/overrides")
@requires(PRIORITY_REVIEW)
def list_overrides() -> str:
    """Every override of a period, counted by cause and person, with what came of it."""
    days = request.args.get("days", 90, type=int)
    days = days if days in PERIODS else 90
    since = clock.now() - timedelta(days=days)
    page = paginate(review.overrides_since(since), page_number())
    return render_template(
        "priority/overrides.html",
        page=page,
        days=days,
        periods=PERIODS,
        by_cause=review.by_cause(since),
        by_person=review.by_person(since),
        names=people.names_of(one.withdrawn_by or "" for one, _order in page.items),
        causes=CAUSES,
        verdicts=VERDICTS,
        tones=TONES,
        statuses=STATUS_NAMES,
        told=hindsight.told,
        reasons=review.reasons,
    )
