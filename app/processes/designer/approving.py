"""From draft to version: sent for review, approved by a person who did not write it, put into force."""

from __future__ import annotations

from app.core import clock
from app.core.errors import Conflict, Forbidden, Invalid, StaleVersion
from app.core.i18n import _, _l
from app.core.permissions import Actor
from app.processes.definitions import Deployed, ProcessNotFound, in_force
from app.processes.designer import governing, merging, queries
from app.processes.designer.drafts import STATUS_NAMES, NoDraft, forget_revisions, hold, note_change, told
from app.processes.designer.findings import findings_of_draft
from app.processes.designer.models import ProcessDraft
from app.processes.designer.trying import Trial, try_draft
from app.processes.engine import DiagramRefused
from app.processes.permissions import PROCESS_APPROVE
from app.processes.service.deploying import deploy
from app.tasks import notices


class OwnDraft(Forbidden):
    """Who wrote on a draft may not approve it."""

    message = _l("You wrote on this draft: somebody else must approve it.")


class NotSent(Conflict):
    """Only what was sent for review can be decided on."""

    message = _l("This draft is not in review: it is “%(status)s”.")


class NotApprovedYet(Conflict):
    """Only what another person approved comes into force."""

    message = _l("This draft has not been approved: it is “%(status)s”.")


class ScenariosBroken(Conflict):
    """What the scenarios expect does not happen."""

    message = _l(
        "%(count)s of %(all)s scenarios do not come out as expected: put them right, or let who approves override it "
        "with a reason."
    )


class OvertakenDraft(Conflict):
    """Another version came into force since the draft was begun."""

    message = _l("Version %(current)s came into force meanwhile: bring the draft up to it first.")


class NothingChanged(Conflict):
    """The draft is the version in force."""

    message = _l("The draft says the same as the version in force.")


def page_of(draft_id: str) -> str:
    """Where the draft is reviewed."""
    return f"/processes/drafts/{draft_id}"


def send(actor: Actor, draft_id: str, revision: int, note: str) -> ProcessDraft:
    """Ask for a review. Raises NoDraft, StaleVersion, DiagramRefused (naming what the lint finds), OvertakenDraft,
    ScenariosInvalid, Invalid (no note)."""
    held = hold(draft_id, revision)
    _refuse_old_base(held)
    _refuse_findings(held)
    if _says_the_same(held):
        raise NothingChanged
    if not note.strip():
        raise Invalid({"note": [_("Please give a reason.")]})
    trial = try_draft(held)
    held.status, held.note, held.override = "review", note, ""
    held.decided_by = held.decided_at = None
    told(actor, "process-draft:send", held, note=note, scenarios=len(trial.results), broken=len(trial.broken))
    title = {"en": held.title, "zh": held.title}
    notices.ask_for_review(actor, PROCESS_APPROVE, page_of(held.id), title, held.editors)
    return held


def take_back(actor: Actor, draft_id: str) -> ProcessDraft:
    """Write on it again, though it was sent or approved. Raises NoDraft for what is live or given up."""
    held = queries.lock_draft(draft_id)
    if held.status not in ("review", "approved"):
        raise NoDraft(status=str(STATUS_NAMES[held.status]))
    held.status, held.override = "draft", ""
    notices.settle(page_of(held.id))
    told(actor, "process-draft:take-back", held)
    return held


def approve(actor: Actor, draft_id: str, revision: int, reason: str, *, override: str = "") -> ProcessDraft:
    """Agree to what others drew; `override` says why although scenarios fail. Raises NotSent, OwnDraft, StaleVersion,
    ScenariosBroken, Invalid (no reason), OvertakenDraft, DiagramRefused."""
    held = _in_review(draft_id, revision)
    if actor.id in held.editors:
        raise OwnDraft
    if not reason.strip():
        raise Invalid({"reason": [_("Please give a reason.")]})
    _refuse_old_base(held)
    _refuse_findings(held)
    trial = try_draft(held)
    _refuse_broken(trial, override)
    held.status, held.note = "approved", reason
    held.override = "" if trial.passed else override
    held.decided_by, held.decided_at = actor.name, clock.now()
    notices.settle(page_of(held.id))
    told(actor, "process-draft:approve", held, reason=reason, override=held.override)
    return held


def reject(actor: Actor, draft_id: str, revision: int, reason: str) -> ProcessDraft:
    """Give it back with what is to be changed. Raises NotSent, StaleVersion, Invalid (no reason)."""
    held = _in_review(draft_id, revision)
    if not reason.strip():
        raise Invalid({"reason": [_("Please give a reason.")]})
    held.status, held.note = "draft", reason
    held.decided_by, held.decided_at = actor.name, clock.now()
    notices.settle(page_of(held.id))
    told(actor, "process-draft:reject", held, reason=reason)
    return held


def put_live(actor: Actor, draft_id: str, revision: int) -> Deployed:
    """An approved draft becomes the version in force. Raises NotApprovedYet, StaleVersion, OvertakenDraft,
    ScenariosBroken (rules changed since), DiagramRefused."""
    held = queries.lock_draft(draft_id)
    if held.status != "approved":
        raise NotApprovedYet(status=str(STATUS_NAMES[held.status]))
    if held.revision != revision:
        raise StaleVersion(seen=revision, current=held.revision)
    _refuse_old_base(held)
    _refuse_broken(try_draft(held), held.override)
    made = deploy(actor, held.xml.encode(), forms=held.forms)
    held.status, held.version_id = "live", made.id
    governing.keep_scenarios(held.key, held.scenarios)
    forget_revisions(held.id)
    told(actor, "process-draft:put-live", held, version=made.version, override=held.override)
    return made


def bring_up(actor: Actor, draft_id: str, revision: int) -> list[str]:
    """Take what the version in force changed since the draft was begun; answers the elements that both changed, where
    the draft's own stays. Raises NoDraft, StaleVersion, DiagramRefused."""
    held = hold(draft_id, revision)
    current, base = _current(held), queries.version_row(held.base_id)
    if current is None or current.id == held.base_id:
        return []
    old = current.definition.xml if base is None else base.xml.encode()
    found = merging.merge(old, held.xml.encode(), current.definition.xml)
    held.xml, held.base_id = found.xml.decode(), current.id
    held.forms = {**current.forms, **held.forms}
    note_change(actor, held)
    return found.conflicts


def is_behind(draft: ProcessDraft) -> int:
    """The number of the version that came into force since the draft was begun or brought up; 0: none did."""
    current = _current(draft)
    return 0 if current is None or current.id == draft.base_id else current.version


def _current(draft: ProcessDraft) -> Deployed | None:
    try:
        return in_force(draft.key)
    except ProcessNotFound:
        return None


def _in_review(draft_id: str, revision: int) -> ProcessDraft:
    held = queries.lock_draft(draft_id)
    if held.status != "review":
        raise NotSent(status=str(STATUS_NAMES[held.status]))
    if held.revision != revision:
        raise StaleVersion(seen=revision, current=held.revision)
    return held


def _says_the_same(draft: ProcessDraft) -> bool:
    current = _current(draft)
    if current is None:
        return False
    same = current.definition.xml.decode() == draft.xml and current.forms == draft.forms
    return same and governing.scenarios_of(draft.key) == draft.scenarios


def _refuse_old_base(draft: ProcessDraft) -> None:
    newer = is_behind(draft)
    if newer:
        raise OvertakenDraft(current=newer)


def _refuse_findings(draft: ProcessDraft) -> None:
    fields: dict[str, list[str]] = {}
    for one in findings_of_draft(draft).errors:
        fields.setdefault(one["element"], []).append(one["reason"])
    if fields:
        raise DiagramRefused(fields)


def _refuse_broken(trial: Trial, override: str) -> None:
    if not trial.passed and not override.strip():
        raise ScenariosBroken(count=len(trial.broken), all=len(trial.results))
