"""Rules that somebody tested wait for another person's approval: those who may give it are told."""

from __future__ import annotations

from app.core.permissions import Actor
from app.decisions.models import RuleSetVersion
from app.decisions.permissions import RULE_APPROVE
from app.decisions.service import on_moved
from app.tasks import notices


@on_moved.register("notifying")
def ask_for_review(actor: Actor, version: RuleSetVersion) -> None:
    """A tested version asks for a review, one that went further does not any more."""
    page = f"/rules/{version.rule_set}/versions/{version.number}"
    if version.status != "tested":
        notices.settle(page)
        return
    title = {language: f"{name} {version.number}" for language, name in version.name.items()}
    notices.ask_for_review(actor, RULE_APPROVE, page, title, [version.author_id, *version.editors])
