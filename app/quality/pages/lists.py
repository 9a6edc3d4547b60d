"""/quality/queue: lots under inspection by the demand that waits; /quality/nonconformances."""

from __future__ import annotations

from flask import render_template, request

from app.core import menu
from app.core.i18n import _, _l
from app.core.paging import paginate
from app.core.permissions import current_actor, requires
from app.core.web import is_fragment
from app.quality import queries, wording
from app.quality.models import OUTCOMES, Nonconformance
from app.quality.pages.blueprint import bp
from app.quality.permissions import INSPECTION_READ
from app.tasks.queries import seen_among

menu.add(_l("Inspection"), "quality.show_queue", icon="microscope", right=INSPECTION_READ, section="quality", order=15)


@bp.get("/quality/queue")
@requires(INSPECTION_READ)
def show_queue() -> str:
    """Open inspections in the order in which they should be done, each with the order that waits most urgently."""
    rows = queries.queue()
    shown = rows[: queries.SHOWN]
    mine = seen_among(current_actor(), [row.task.id for row in shown if row.task])
    return render_template(
        "quality/queue.html",
        rows=shown,
        more=len(rows) - len(shown),
        may_open={task.id for task in mine},
    )


@bp.get("/quality/nonconformances")
@requires(INSPECTION_READ)
def list_nonconformances() -> str:
    """Nonconformances, the newest first, by state and text."""
    choices = {name: request.args.get(name, "").strip()[:100] for name in ("q", "outcome")}
    statement = queries.nonconformances(choices["q"])
    if choices["outcome"] in OUTCOMES:
        statement = statement.where(Nonconformance.outcome == choices["outcome"])
    return render_template(
        "quality/_nonconformances.html" if is_fragment() else "quality/nonconformances.html",
        page=paginate(statement, request.args.get("page", 1, type=int)),
        choices={name: value for name, value in choices.items() if value},
        outcomes=[("", _("All")), *((code, str(wording.OUTCOMES[code])) for code in OUTCOMES)],
    )
