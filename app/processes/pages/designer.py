"""Drafts of diagrams: the list, a new one, the modeler and what it asks while somebody draws."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import Response as FlaskResponse
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core import menu
from app.core.errors import DomainError, Invalid
from app.core.i18n import _, _l, pick
from app.core.permissions import Actor, actor_or_none, current_actor, requires
from app.core.web import allow_body, in_transaction, opens_own_transactions
from app.processes.cockpit import overview
from app.processes.designer import approving, drafts, governing, merging, queries, uses
from app.processes.designer.blank import blank
from app.processes.designer.drafts import STATUS_NAMES
from app.processes.designer.findings import findings_of
from app.processes.designer.models import ProcessDraft
from app.processes.designer.offered import offered
from app.processes.engine import parse_diagram
from app.processes.pages.blueprint import bp, page_number
from app.processes.permissions import PROCESS_APPROVE, PROCESS_DEPLOY, PROCESS_READ

DRAFT = "/processes/drafts/<draft_id>"
LARGEST = 2 * 1024 * 1024
"""A diagram as a file in a form; the lint refuses more than 1 MiB with the words for it."""
TONES = {"draft": "neutral", "review": "info", "approved": "warning", "live": "success", "discarded": "neutral"}
WAY = ("draft", "review", "approved", "live")


def _waiting() -> str:
    """How many drafts wait for who reads this."""
    actor = actor_or_none()
    count = queries.waiting_for(actor.id) if actor is not None and actor.may(PROCESS_APPROVE) else 0
    return str(count) if count else ""


menu.add(
    _l("Drafts of processes"),
    "processes.list_drafts",
    icon="pencil",
    right=(PROCESS_DEPLOY, PROCESS_APPROVE),
    section="system",
    order=21,
    badge=_waiting,
)


@bp.get("/processes/drafts")
@requires(PROCESS_READ)
def list_drafts() -> str:
    """All drafts, the open ones first; new ones begin here."""
    return _list_page()


@bp.post("/processes/drafts")
@requires(PROCESS_DEPLOY)
def begin_draft() -> ResponseReturnValue:
    """A draft from a version, a file or nothing; what is wrong comes back at its field."""
    try:
        made = _begun(current_actor(), request.form.get("from", "version"))
    except DomainError as error:
        if error.status != 422:
            raise
        return _list_page(error), 422
    return redirect(url_for("processes.draw", draft_id=made.id))


def _begun(actor: Actor, way: str) -> ProcessDraft:
    form = request.form
    title = form.get("title", "").strip()
    if way == "file":
        given = request.files.get("file")
        content = given.read(LARGEST) if given else b""
        if not content:
            raise Invalid({"file": [_("Choose a BPMN file.")]})
        return drafts.begin_with(actor, content, title or str(given.filename if given else "")[:200])
    if way == "blank":
        key, name = form.get("key", "").strip(), form.get("name", "").strip()[:200]
        faults = {} if name else {"name": [_("This is required.")]}
        if not drafts.is_key(key):
            faults["key"] = [
                _("Letters, digits, “_”, “-” and “.”, beginning with a letter; at most %(limit)s.", limit=64)
            ]
        elif key in overview.definition_keys():
            faults["key"] = [_("There is a process of this id: begin with its version in force.")]
        if faults:
            raise Invalid(faults)
        return drafts.begin_with(actor, blank(key, name, form.get("name_zh", "").strip()[:200]), title or name)
    number = form.get("version", "")
    version = int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else None
    return drafts.begin(actor, form.get("key", "")[:64], title, version=version)


def _list_page(error: DomainError | None = None) -> str:
    return render_template(
        "processes/designer/drafts.html",
        drafts=queries.drafts(number=page_number()),
        key_choices=[(key, f"{pick(name)} ({key})") for key, name in overview.definition_keys().items()],
        governed=governing.governed_keys(),
        error=error,
        given=request.form,
        **words(),
    )


@bp.get(f"{DRAFT}/diagram")
@requires(PROCESS_READ)
def draw(draft_id: str) -> ResponseReturnValue:
    """The diagram in the modeler; one that is not open for changes is shown on its page."""
    draft = queries.get_draft(draft_id)
    if not draft.is_draft or not current_actor().may(PROCESS_DEPLOY):
        return redirect(url_for("processes.show_draft", draft_id=draft.id))
    return render_template("processes/designer/diagram.html", **shared(draft, "diagram"), offered=offered(draft.forms))


@bp.post(f"{DRAFT}/diagram")
@requires(PROCESS_DEPLOY)
def save_diagram(draft_id: str) -> ResponseReturnValue:
    """Store the diagram, sent as a file: {"revision", "changed", "findings"}."""
    seen = seen_revision()
    draft = drafts.save(current_actor(), draft_id, seen, uploaded())
    found = findings_of(draft.xml.encode(), draft.forms)
    return {"revision": draft.revision, "changed": draft.revision != seen, "findings": found.to_json()}


@bp.post(f"{DRAFT}/check")
@opens_own_transactions
@requires(PROCESS_DEPLOY)
def check_diagram(draft_id: str) -> dict[str, Any]:
    """What a deployment of a diagram, sent as a file, would say: {"findings": [{"element", "reason", "warning"}]}."""
    xml = uploaded()
    found = in_transaction(lambda: findings_of(xml, queries.get_draft(draft_id).forms), write=False)
    return {"findings": found.to_json()}


@bp.post(f"{DRAFT}/here")
@requires(PROCESS_DEPLOY)
def stay(draft_id: str) -> dict[str, Any]:
    """Somebody has the draft open; who else has, and where it stands: {"others": [{"name", "changing"}], "revision",
    "changedBy", "status"}."""
    actor = current_actor()
    drafts.visit(actor, draft_id, changing=request.form.get("changing") == "1")
    draft = queries.get_draft(draft_id)
    others = [{"name": one.name, "changing": one.changing} for one in queries.others_at(draft_id, actor.id)]
    return {"others": others, "revision": draft.revision, "changedBy": draft.changed_by, "status": draft.status}


@bp.post(f"{DRAFT}/merge")
@opens_own_transactions
@requires(PROCESS_DEPLOY)
def merge_diagram(draft_id: str) -> dict[str, Any]:
    """What somebody drew, sent as a file, with what was saved since the revision they saw; nothing is stored:
    {"xml", "revision", "taken": [id], "conflicts": [id], "by"}. Where both changed an element, theirs stays."""
    mine, seen = uploaded(), seen_revision()
    return in_transaction(lambda: _merged(draft_id, mine, seen), write=False)


def _merged(draft_id: str, mine: bytes, seen: int) -> dict[str, Any]:
    draft, base = queries.get_draft(draft_id), queries.revision_of(draft_id, seen)
    if base is None:
        raise Invalid({"revision": [_("What you began from is not kept any more: keep yours as a draft of its own.")]})
    found = merging.merge(base.xml.encode(), mine, draft.xml.encode())
    return {
        "xml": found.xml.decode(),
        "revision": draft.revision,
        "taken": found.taken,
        "conflicts": found.conflicts,
        "by": draft.changed_by,
    }


@bp.post(f"{DRAFT}/branch")
@requires(PROCESS_DEPLOY)
def branch_diagram(draft_id: str) -> dict[str, Any]:
    """What somebody drew, sent as a file, becomes a draft of its own: {"address"}."""
    xml = uploaded()
    title = request.form.get("title", "").strip() or queries.get_draft(draft_id).title
    made = drafts.branch(current_actor(), draft_id, xml, title)
    flash(_("Kept as a draft of its own."), "success")
    return {"address": url_for("processes.draw", draft_id=made.id)}


@bp.get(f"{DRAFT}/download")
@requires(PROCESS_READ)
def download_draft(draft_id: str) -> FlaskResponse:
    """The diagram as a file."""
    draft = queries.get_draft(draft_id)
    answer = FlaskResponse(draft.xml, mimetype="application/xml")
    answer.headers["Content-Disposition"] = f'attachment; filename="{draft.key}.bpmn"'
    return answer


for _endpoint in ("begin_draft", "save_diagram", "check_diagram", "merge_diagram", "branch_diagram"):
    allow_body(f"processes.{_endpoint}", LARGEST + 64 * 1024)


def uploaded() -> bytes:
    """The diagram that was sent as a file. Raises Invalid when there is none, DiagramRefused when it is none."""
    given = request.files.get("file")
    content = given.read(LARGEST) if given else b""
    if not content:
        raise Invalid({"file": [_("Choose a BPMN file.")]})
    parse_diagram(content)
    return content


def seen_revision() -> int:
    """The revision of the draft that the page showed."""
    text = request.values.get("revision", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def words() -> dict[str, Any]:
    """What the templates of drafts say of states."""
    return {"draft_status": STATUS_NAMES, "draft_tones": TONES, "way": WAY}


def shared(draft: ProcessDraft, tab: str) -> dict[str, Any]:
    """What the head of every page of a draft needs."""
    actor = current_actor()
    return {
        "draft": draft,
        "tab": tab,
        "base": queries.version_row(draft.base_id),
        "version": queries.version_row(draft.version_id),
        "behind": approving.is_behind(draft) if draft.status in ("draft", "review", "approved") else 0,
        "drafts_beside": queries.open_drafts(draft.key, but=draft.id),
        "own": actor.id in draft.editors,
        "may_draw": actor.may(PROCESS_DEPLOY),
        "may_approve": actor.may(PROCESS_APPROVE),
        **words(),
    }


@bp.get("/processes/drafts/uses")
@requires(PROCESS_READ)
def list_uses() -> str:
    """What the processes in force name, of a `kind` and `name` if given."""
    kind, name = request.args.get("kind", ""), request.args.get("name", "")[:200]
    found = uses.uses(kind if kind in uses.KINDS else "", name)
    by_kind = [(one, list(group)) for one, group in groupby(found, key=lambda use: use.kind)]
    return render_template("processes/designer/uses.html", found=by_kind, kinds=uses.KINDS, name=name)
