"""The facts of a qualification for its rule set, typed by rules/facts.yaml."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from app.core import clock, i18n
from app.core.subject import Subject
from app.decisions.facts import always_of, fact
from app.qualification.filing import File, file_of
from app.qualification.queries import get_qualification
from app.qualification.wording import paper_names

always_of("qualification", "qualification")


@fact.register("qualification")
def qualification_facts(subject: Subject, as_of: datetime) -> list[dict[str, Any]]:
    """What is on file of the party or product on the day, and what kind of one it is. At most seven statements."""
    if subject.kind != "qualification":
        return []
    case = get_qualification(subject.id)
    found = file_of(case.about)
    if found is None:
        return []
    today = clock.local_date(as_of)
    states = [(need, need.state(today, verified=True)) for need in found.needs]
    counted = Counter(state for _need, state in states)
    open_needs = [need.any_of for need, state in states if state not in ("met", "unverified")]
    audited = max((one.audited_on for one in found.cases if one.audited_on), default=None)
    party = found.about.kind != "product"
    return [
        {
            "about": found.about.kind,
            "party_kind": found.record.kind if party else None,
            "occasion": case.occasion,
            "missing": counted["missing"] + counted["future"],
            "lapsed": counted["lapsed"],
            "unfiled": counted["unfiled"],
            "unverified": counted["unverified"],
            "papers": _listed(open_needs, "zh_Hans"),
            "papers_en": _listed(open_needs, "en"),
            "data_gaps": _gaps(found),
            "recall_contact": found.about.kind != "supplier" or found.record.recall_contact,
            "risk_class": found.risk_class,
            "implantable": found.implantable,
            "audit_days_ago": None if audited is None else (today - audited).days,
        }
    ]


def _listed(needs: list[tuple[str, ...]], language: str) -> str:
    with i18n.reading(language):
        return i18n._("; ").join(paper_names(one) for one in needs) or "–"


def _gaps(found: File) -> int:
    """Data without which nobody can approve it."""
    one = found.record
    if found.about.kind == "product":
        traced = one.lot_controlled or one.serial_controlled
        untraced = (one.risk_class == 3 or one.implantable) and not traced
        return sum((one.risk_class is None, not one.category_code, untraced))
    return int(not one.uscc)
