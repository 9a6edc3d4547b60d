"""What was imported, and what was refused with which reason."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from sqlalchemy import select

from app.core import menu
from app.core.db import session
from app.core.errors import NotFound
from app.core.i18n import _l
from app.core.paging import paginate
from app.core.permissions import requires
from app.imports.models import ImportRun
from app.imports.permissions import IMPORT_READ

bp = Blueprint("imports", __name__)
menu.add(_l("Imports"), "imports.list_runs", icon="file-import", right=IMPORT_READ, section="master", order=90)


@bp.get("/imports")
@requires(IMPORT_READ)
def list_runs() -> str:
    """Every import, the latest first."""
    statement = select(ImportRun).order_by(ImportRun.at.desc(), ImportRun.id.desc())
    return render_template("imports/runs.html", page=paginate(statement, request.args.get("page", 1, type=int)))


@bp.get("/imports/<run_id>")
@requires(IMPORT_READ)
def show_run(run_id: str) -> str:
    """One import with every refused identifier."""
    run = session().get(ImportRun, run_id)
    if run is None:
        raise NotFound(run=run_id)
    return render_template("imports/run.html", run=run)
