"""What a decision is about, as its pages name it and lead to it, and which rule sets can say something of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import current_app

from app.audit.queries import labels_by_id
from app.core import permissions
from app.core.errors import DomainError
from app.core.subject import Subject
from app.core.templating import link
from app.decisions import queries
from app.decisions.compile import Plan
from app.decisions.dmn.asking import inputs_of
from app.decisions.facts import Facts, gather
from app.decisions.models import RuleSetVersion
from app.decisions.vocabulary import subject_words

PAGES = {
    "order": ("orders.show_order", "order_id"),
    "shipment": ("shipping.show_shipment", "shipment_id"),
    "change": ("changes.show_change", "change_id"),
    "inspection": ("quality.show_inspection", "inspection_id"),
    "nonconformance": ("vigilance.show_nonconformance", "nonconformance_id"),
    "complaint": ("vigilance.show_complaint", "complaint_id"),
    "recall": ("recalls.show_recall", "recall_id"),
}
"""Kind of subject → the page of one, by its endpoint and argument."""


@dataclass(frozen=True)
class Named:
    """A subject in the reader's words; `url` is empty where there is no page that the reader may see."""

    subject: Subject
    text: str
    url: str


def named(subject: Subject) -> Named:
    """The subject by its kind and number."""
    return Named(subject, subject_words(subject), _page_of(subject))


def exists(subject: Subject) -> bool:
    """There is such a subject, or was one about which something was decided."""
    return bool(labels_by_id(subject.kind, [subject.id])) or bool(queries.decisions_of(subject, limit=1))


def _page_of(subject: Subject) -> str:
    endpoint, argument = PAGES.get(subject.kind, ("", ""))
    view = current_app.view_functions.get(endpoint)
    right = permissions.named(getattr(view, "permission", ""))
    if right is None or not permissions.current_actor().may(right):
        return ""
    return link(endpoint, **{argument: subject.id})


def facts_now(plan: Plan, subject: Subject, moment: datetime) -> Facts:
    """What the plan asks, gathered anew; of a table what its inputs come to without a process. Raises FactsInvalid."""
    if plan.table is not None:
        return inputs_of(plan.table, subject, {}, moment)
    return gather(subject, plan.kinds, moment, plan.rule_set.schema)


def answering(subject: Subject, moment: datetime) -> list[RuleSetVersion]:
    """The versions in force that can say something of the subject: it has all the facts that they ask for. Each kind of
    fact is gathered once for all rule files of one schema."""
    had: dict[tuple[str, str], bool] = {}

    def has(kind: str, plan: Plan) -> bool:
        schema = plan.rule_set.schema
        place = kind, schema.sha256
        if place not in had:
            had[place] = _comes(lambda: gather(subject, [kind], moment, schema))
        return had[place]

    def answers(plan: Plan) -> bool:
        if plan.table is not None:
            return _comes(lambda: facts_now(plan, subject, moment))
        return all(has(kind, plan) for kind in sorted(plan.kinds))

    return [version for version in queries.rule_sets() if answers(queries.plan_of(version))]


def _comes(gathering: Callable[[], Facts]) -> bool:
    try:
        gathering()
    except DomainError:
        return False
    return True
