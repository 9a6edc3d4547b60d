"""The facts of an inspection for its rule sets, typed by rules/facts.yaml."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.core import clock
from app.core.subject import Subject
from app.decisions.facts import always_of, fact
from app.inventory import queries as stock
from app.inventory.models import CONSIGNMENT, CUSTOMER, RECALLED, TRANSIT, USED, usable_on
from app.quality import history
from app.quality.models import Inspection
from app.quality.queries import get_inspection
from app.quality.supply import terms_of

OUTSIDE = (CUSTOMER, CONSIGNMENT, TRANSIT, USED)
CHECKED = ("package", "label", "udi", "certificate")
always_of("inspection", "inspection")
always_of("inspection_result", "inspection")
always_of("nonconformance", "inspection")


@fact.register("inspection")
def inspection_facts(subject: Subject, _as_of: datetime) -> list[dict[str, Any]]:
    """How the lot is to be inspected follows from these."""
    if subject.kind != "inspection":
        return []
    one = get_inspection(subject.id)
    product, terms = one.lot.product, terms_of(one)
    agreed = terms is not None and terms.reduced_since is not None
    return [
        {
            "origin": one.origin,
            **history.counted(history.past_of(one)),
            "production_steady": agreed,
            "reduced_agreed": agreed,
            "supplier_action_done": history.improved(one),
            "lots_before": history.lots_before(one),
            "risk_class": product.risk_class or 3,
            "implantable": product.implantable,
            "sterile": product.sterile,
            "cold_chain": product.cold_chain,
            "temperature_record_complete": one.checks.get("temperature") != "incomplete",
        }
    ]


@fact.register("inspection_result")
def result_facts(subject: Subject, _as_of: datetime) -> list[dict[str, Any]]:
    """What the receiving check and the samples come to."""
    if subject.kind != "inspection":
        return []
    one = get_inspection(subject.id)
    found = one.found
    return [
        {
            "sample_size": one.plan.get("size", 0),
            "accept_at_most": one.plan.get("accept", 0),
            "sampled": found.get("sampled", 0),
            "defective": found.get("defective", 0),
            "missing": len(found.get("missing", ())),
            "key_failed": found.get("key_failed", 0),
            "receipt_faults": receipt_faults(one),
        }
    ]


def receipt_faults(one: Inspection) -> int:
    """How much the receiving check found wrong."""
    wrong: int = sum(one.checks.get(name) == "wrong" for name in CHECKED)
    return wrong + int(one.checks.get("counted") != one.checks.get("expected"))


def severity_of(one: Inspection) -> str:
    """How grave what was found is: a key characteristic critical, the sample major, the receipt minor."""
    if one.found.get("key_failed"):
        return "critical"
    return "major" if one.found.get("defective", 0) > one.plan.get("accept", 0) else "minor"


@fact.register("nonconformance")
def nonconformance_facts(subject: Subject, as_of: datetime) -> list[dict[str, Any]]:
    """What the disposition of the lot follows from; what nobody has recorded counts as not so."""
    if subject.kind != "inspection":
        return []
    one = get_inspection(subject.id)
    lot, severity = one.lot, severity_of(one)
    package_only = one.checks.get("package") == "wrong" and receipt_faults(one) == 1
    return [
        {
            "lot": lot.lot_no,
            "severity": severity,
            "requirements_met": severity == "minor" and package_only,
            "appearance_only": severity == "minor" and package_only,
            "implant_or_sterile": lot.product.implantable or lot.product.sterile,
            "returned": one.origin == "return",
            "expired": not usable_on(lot, clock.local_date(as_of)),
            "recalled": lot.status == RECALLED,
            "delivered_quantity": sum(row[-1] for row in stock.holdings_of(lot.id) if row[0].kind in OUTSIDE),
        }
    ]
