"""Batches: check what is chosen, start, follow, stop."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.core import jsontext, web
from app.core.db import session
from app.core.errors import Invalid
from app.core.i18n import _
from app.core.permissions import current_actor, requires
from app.processes.cockpit import batches, listing, moving, naming
from app.processes.cockpit.models import BATCH_STATUS_NAMES, ITEM_STATUS_NAMES, ProcessBatch
from app.processes.definitions import deployed
from app.processes.models import ProcessInstance
from app.processes.pages.blueprint import bp, page_number
from app.processes.permissions import PROCESS_OPERATE

TONES = {"running": "info", "finished": "success", "stopped": "warning"}
ITEM_TONES = {"waiting": "neutral", "done": "success", "skipped": "neutral", "failed": "danger"}
SHOWN = 20


@bp.post("/processes/batches/check")
@requires(PROCESS_OPERATE)
def check_batch() -> ResponseReturnValue:
    """What was chosen in the list, before anything is done to it."""
    return _check(None)


def _check(error: Invalid | None, *, changed: bool = False) -> ResponseReturnValue:
    chosen = _chosen()
    verb = request.form.get("verb", "")
    if verb not in batches.LISTED or not chosen:
        flash(_("Choose at least one instance, and what to do with it."), "warning")
        kept: dict[str, Any] = {**_filter().address()}
        return redirect(url_for("processes.list_instances", **kept))
    first = session().scalars(select(ProcessInstance).where(ProcessInstance.id.in_(chosen[:SHOWN])))
    page = render_template(
        "processes/batch_check.html",
        verb=verb,
        verb_name=batches.VERBS[verb],
        chosen=chosen,
        rows=listing.rows_of(list(first)),
        all_matching=request.form.get("all") == "1",
        wanted=_filter().address(),
        error=error,
        seen=jsontext.digest(chosen),
        changed=changed,
        reason=request.form.get("reason", "")[: batches.REASON],
    )
    return page, 422 if error else 409 if changed else 200


def _filter() -> listing.Wanted:
    return listing.Wanted.read(request.form)


def _chosen() -> list[str]:
    """The ids ticked, or those of everything the filter matches (at most MOST), each once."""
    if request.form.get("all") == "1":
        matching = listing.matching(_filter()).with_only_columns(ProcessInstance.id)
        return list(session().scalars(matching.order_by(ProcessInstance.id).limit(batches.MOST)))
    return list(dict.fromkeys(one for one in request.form.getlist("instance") if 0 < len(one) <= 26))[: batches.MOST]


@bp.post("/processes/batches")
@requires(PROCESS_OPERATE)
def start_batch() -> ResponseReturnValue:
    """Do it; a long one goes on while nobody watches. What the filter matches must be what was shown."""
    chosen = _chosen()
    if request.form.get("verb") not in batches.LISTED or request.form.get("seen") != jsontext.digest(chosen):
        return _check(None, changed=True)
    try:
        made = batches.begin(current_actor(), request.form.get("verb", ""), chosen, request.form.get("reason", ""))
    except Invalid as error:
        return _check(error)
    return redirect(url_for("processes.show_batch", batch_id=made.id))


@bp.get("/processes/batches")
@requires(PROCESS_OPERATE)
def list_batches() -> str:
    """The latest batches."""
    found = batches.latest()
    return render_template(
        "processes/batches.html",
        batches=found,
        verbs=batches.VERBS,
        states=BATCH_STATUS_NAMES,
        tones=TONES,
        people=naming.people_of(one.created_by for one in found),
    )


@bp.get("/processes/batches/<batch_id>")
@requires(PROCESS_OPERATE)
def show_batch(batch_id: str) -> str:
    """How far a batch is, and what came of each item."""
    batch = batches.get_batch(batch_id)
    failed = request.args.get("show") == "failed"
    page = batches.items_of(batch, page_number(), failed=failed)
    ids = [item.instance_id for item in page.items]
    instances = {one.id: one for one in session().scalars(select(ProcessInstance).where(ProcessInstance.id.in_(ids)))}
    return render_template(
        "processes/_batch.html" if web.is_fragment() else "processes/batch.html",
        batch=batch,
        page=page,
        only="failed" if failed else None,
        instances=instances,
        labels=naming.labels_of(instances.values()),
        verb_name=batches.VERBS.get(batch.verb, batch.verb),
        states=BATCH_STATUS_NAMES,
        tones=TONES,
        item_states=ITEM_STATUS_NAMES,
        item_tones=ITEM_TONES,
        people=naming.people_of([batch.created_by]),
        **_moved(batch),
    )


def _moved(batch: ProcessBatch) -> dict[str, Any]:
    """What the page of a batch that moved instances says beside: between which versions, how many can be put back."""
    if batch.verb != "migrate":
        return {"old": None}
    old, new = deployed(batch.params["from"]), deployed(batch.params["to"])
    return {"old": old, "new": new, "undoable": len(moving.undoable(batch))}


@bp.post("/processes/batches/<batch_id>/undo")
@requires(PROCESS_OPERATE)
def undo_batch(batch_id: str) -> ResponseReturnValue:
    """Put everything that the batch moved and that has not gone on since back to its version, as a batch."""
    try:
        made = moving.begin_undo(current_actor(), batch_id, request.form.get("reason", ""))
    except Invalid as error:
        flash(" ".join(said for reasons in error.details["fields"].values() for said in reasons), "danger")
        return redirect(url_for("processes.show_batch", batch_id=batch_id, _anchor="undo"))
    return redirect(url_for("processes.show_batch", batch_id=made.id))


@bp.get("/processes/batches/<batch_id>/stamp")
@requires(PROCESS_OPERATE)
def batch_stamp(batch_id: str) -> Response:
    """A text that changes while the batch goes on."""
    batch = batches.get_batch(batch_id)
    return Response(f"{batch.status}-{batch.seen}", mimetype="text/plain")


@bp.post("/processes/batches/<batch_id>/stop")
@requires(PROCESS_OPERATE)
def stop_batch(batch_id: str) -> ResponseReturnValue:
    """Leave what is not done yet undone."""
    batches.stop(current_actor(), batch_id)
    flash(_("The batch is stopped. What was done stays done."), "success")
    return redirect(url_for("processes.show_batch", batch_id=batch_id))
