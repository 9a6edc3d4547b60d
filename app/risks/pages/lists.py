"""/risks: orders that may come late, goods that run out, lots that will expire unsold, signals of quality."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from app.core import menu
from app.core.i18n import _l
from app.core.permissions import current_actor, requires
from app.identity.queries import names_of
from app.identity.roles import ROLES
from app.risks import promises, stock, watching, wording
from app.risks.permissions import RISK_READ
from app.risks.settings import figures
from app.tasks.queries import seen_among
from app.vigilance import trends
from app.vigilance.queries import late_actions
from app.vigilance.settings import figures as vigilance_figures

bp = Blueprint("risks", "app.risks.pages")
menu.add(_l("Risks"), "risks.show_promises", icon="alert-triangle", right=RISK_READ, section="orders", order=55)


@bp.get("/risks")
@requires(RISK_READ)
def show_promises() -> str:
    """Orders that may come late, those wanted first first."""
    cause = request.args.get("cause", "")[:16]
    page = promises.listed(cause, request.args.get("page", 1, type=int))
    tasks = [task for row in page.items for task in row.tasks]
    return render_template(
        "risks/promises.html",
        page=page,
        cause=cause,
        counts=promises.counts(),
        wording=wording,
        owners={cause: [ROLES[role] for role in roles] for cause, roles in watching.OWNERS.items()},
        names=names_of([task.assignee_id for task in tasks if task.assignee_id]),
        may_open={task.id for task in seen_among(current_actor(), [task.id for task in tasks])},
        figures=figures(),
    )


@bp.get("/risks/stock")
@requires(RISK_READ)
def show_stock() -> str:
    """Products that run out within the horizon."""
    return render_template("risks/stock.html", rows=stock.running_out(), most=stock.MOST, figures=figures())


@bp.get("/risks/expiry")
@requires(RISK_READ)
def show_expiry() -> str:
    """Lots that will expire before they are used up."""
    return render_template("risks/expiry.html", rows=stock.expiring(), most=stock.MOST, figures=figures())


@bp.get("/risks/quality")
@requires(RISK_READ)
def show_quality() -> str:
    """Complaints and nonconformances that add up, actions of CAPA that are late."""
    late = late_actions()
    return render_template(
        "risks/quality.html",
        signals=trends.signals(),
        late=late,
        names=names_of([action.owner_id for action, _capa in late]),
        figures=vigilance_figures(),
    )
