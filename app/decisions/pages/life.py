"""What is done with a version as a whole: begun, tested, approved, put into force, rolled back, discarded."""

from __future__ import annotations

from datetime import datetime

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response

from app.core import clock
from app.core.i18n import _
from app.core.permissions import current_actor, requires
from app.core.web import in_transaction, opens_own_transactions
from app.decisions import life, queries, service
from app.decisions.models import RuleSetVersion
from app.decisions.pages.blueprint import bp
from app.decisions.pages.reading import back_to
from app.decisions.permissions import RULE_APPROVE, RULE_EDIT
from app.decisions.publish import Trial

VERSION = "/rules/<rule_set>/versions/<int:number>"


@bp.post(f"{VERSION}/draft")
@requires(RULE_EDIT)
def begin_draft(rule_set: str, number: int) -> Response:
    """A draft with the text and cases of this version."""
    made = service.begin_draft(current_actor(), queries.numbered_version(rule_set, number))
    flash(
        _("This is your draft, version %(number)s. Nothing counts before it is in force.", number=made.number), "info"
    )
    return back_to(made)


@bp.post(f"{VERSION}/test")
@opens_own_transactions
@requires(RULE_EDIT)
def test_version(rule_set: str, number: int) -> Response:
    """Run the cases and the trial in a process of its own, which takes seconds: no transaction is open meanwhile."""
    actor = current_actor()

    def take() -> Trial:
        return service.trial_of(queries.numbered_version(rule_set, number))

    def keep() -> RuleSetVersion:
        return service.passed(actor, queries.numbered_version(rule_set, number), trial)

    trial = in_transaction(take, write=False)
    trial.run()
    version = in_transaction(keep, write=True)
    flash(_("Version %(number)s is tested: somebody else may approve it now.", number=number), "success")
    return back_to(version)


@bp.post(f"{VERSION}/approve")
@requires(RULE_APPROVE)
def approve_version(rule_set: str, number: int) -> Response:
    """Agree to a tested version that others wrote."""
    note = request.form.get("reason", "").strip()[:1000]
    version = service.approve(current_actor(), queries.numbered_version(rule_set, number), note)
    flash(_("Version %(number)s is approved. Put it into force when you are ready.", number=number), "success")
    return back_to(version)


@bp.post(f"{VERSION}/activate")
@requires(RULE_APPROVE)
def activate_version(rule_set: str, number: int) -> Response:
    """Put an approved version into force, now or at the moment given."""
    at = _moment(request.form.get("at", "")) if request.form.get("when") == "later" else None
    reason = request.form.get("reason", "").strip()[:1000]
    version = service.activate(current_actor(), queries.numbered_version(rule_set, number), at=at, reason=reason)
    if at is None:
        flash(_("Version %(number)s of “%(rule_set)s” is in force.", number=number, rule_set=rule_set), "success")
        return redirect(url_for("decisions.show_rule_set", rule_set=rule_set))
    flash(_("Version %(number)s comes into force at the date you set.", number=number), "success")
    return back_to(version)


@bp.post(f"{VERSION}/unschedule")
@requires(RULE_APPROVE)
def unschedule_version(rule_set: str, number: int) -> Response:
    """Take the date back; the version stays approved."""
    version = queries.numbered_version(rule_set, number)
    service.take_back_date(current_actor(), version)
    flash(_("The date is taken back. The version stays approved."), "info")
    return back_to(version)


@bp.post(f"{VERSION}/discard")
@requires(RULE_EDIT)
def discard_version(rule_set: str, number: int) -> Response:
    """Give up a version that never came into force."""
    reason = request.form.get("reason", "").strip()[:1000]
    service.discard(current_actor(), queries.numbered_version(rule_set, number), reason)
    flash(_("Version %(number)s is discarded.", number=number), "info")
    return redirect(url_for("decisions.show_history", rule_set=rule_set))


@bp.post("/rules/<rule_set>/roll-back")
@requires(RULE_APPROVE)
def roll_back(rule_set: str) -> Response:
    """Put the version before, or the retired one named by `to`, back into force."""
    seen, to = _whole("seen"), _whole("to")
    reason = request.form.get("reason", "").strip()[:1000]
    version = service.roll_back(current_actor(), rule_set, seen=seen or 0, reason=reason, to=to)
    flash(_("Version %(number)s of “%(rule_set)s” is in force.", number=version.number, rule_set=rule_set), "success")
    return redirect(url_for("decisions.show_rule_set", rule_set=rule_set))


def _whole(name: str) -> int | None:
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _moment(text: str) -> datetime:
    """A moment as the browser's field gives it, in the business zone. Raises NoMoment."""
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=clock.BUSINESS_ZONE)
    except ValueError:
        raise life.NoMoment from None
