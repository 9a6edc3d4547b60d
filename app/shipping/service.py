"""Checking scans and giving numbers to logistic units."""

from __future__ import annotations

from typing import Any, NoReturn

from app.audit.service import exact, record, record_alone
from app.catalog import udi
from app.catalog.udi import Udi, gs1
from app.core import clock, db
from app.core.db import session
from app.core.errors import DomainError, Invalid
from app.core.i18n import _, _l
from app.core.ids import new_id, next_of
from app.core.jsontext import plain
from app.core.permissions import Actor
from app.core.subject import Subject
from app.shipping import queries
from app.shipping.checking import NOT_COUNTED, Expected, Fault, Known, judge
from app.shipping.models import LogisticUnit, PreventedMisship

PREVENT, UNIT = "scan:prevent", "sscc:give"
PREFIX_LENGTHS = range(4, 13)
_prefix = ""


class ScanBlocked(DomainError):
    """The scanned goods may not go on; `reasons` tells each as code and sentence."""

    message = _l("Blocked. %(sentence)s")

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        reasons = [{"code": one.code, "reason": one.sentence()} for one in faults]
        super().__init__(sentence=" ".join(one["reason"] for one in reasons), reasons=reasons)
        self.faults = faults


class NoCompanyPrefix(DomainError):
    """The house has no GS1 company prefix: nobody may make up an SSCC."""

    message = _l("No GS1 company prefix is set (COMPANY_PREFIX): without one no SSCC can be given.")


class OutOfNumbers(DomainError):
    """Every SSCC of the prefix was given."""

    message = _l("Every SSCC of the company prefix %(prefix)s was given: get another prefix from GS1.")


def use_prefix(prefix: str) -> None:
    """The GS1 company prefix of the house, 4 to 12 digits; empty: none."""
    global _prefix  # noqa: PLW0603 - set once at start
    _prefix = prefix


def has_prefix() -> bool:
    """True when SSCC can be given."""
    return bool(_prefix)


def read_code(text: str) -> Udi:
    """What a scanned code says. Raises Invalid without a code."""
    said = udi.read(text)
    if not said.text:
        raise Invalid({"code": [_("This is required.")]})
    return said


def check_scan(actor: Actor, expected: Expected, text: str) -> tuple[Udi, Known]:
    """What was scanned, when it is what is expected. At most four statements.

    Otherwise raises ScanBlocked, and the prevented mis-shipment is recorded in a transaction of its own, which the
    refusal does not undo; codes that merely say too little (`NOT_COUNTED`) are not. Raises Invalid without a code.
    """
    said = read_code(text)
    known = queries.known_of(said)
    faults = judge(expected, said, known)
    if faults:
        refuse_scan(actor, expected, said, faults)
    return said, known


def refuse_scan(actor: Actor, expected: Expected, said: Udi, faults: tuple[Fault, ...]) -> NoReturn:
    """Raises ScanBlocked; what was prevented is recorded, whatever becomes of the rest."""
    if faults[0].code not in NOT_COUNTED:
        row = _row(actor, expected, said, faults)
        db.regardless(lambda: _prevent(actor, row))
    raise ScanBlocked(faults)


def _row(actor: Actor, expected: Expected, said: Udi, faults: tuple[Fault, ...]) -> dict[str, Any]:
    read = ("issuer", "di", "lot_no", "serial", "made_on", "expires_on", "sscc", "problem")
    wanted = {
        "sku": expected.sku,
        "lots": expected.lots,
        "serials": None if expected.serials is None else sorted(expected.serials)[:100],
        "day": expected.day,
        "spare_days": expected.spare_days,
        "sscc": expected.sscc,
    }
    return {
        "id": new_id(),
        "at": clock.now(),
        "purpose": expected.purpose,
        "reason": faults[0].code,
        "reasons": [{"code": one.code, "values": exact(plain(dict(one.values)))} for one in faults],
        "subject_kind": expected.subject.kind,
        "subject_id": expected.subject.id,
        "product_id": expected.product_id or None,
        "expected": exact(plain(wanted)),
        "scanned": exact(said.text),
        "read": exact(plain({name: getattr(said, name) for name in read if getattr(said, name)})),
        "actor_id": actor.id,
        "actor_name": exact(actor.name)[:200],
    }


def _prevent(actor: Actor, row: dict[str, Any]) -> None:
    session().add(PreventedMisship(**row))
    session().flush()
    record_alone(
        actor,
        PREVENT,
        Subject(row["subject_kind"], row["subject_id"]),
        prevented=row["id"],
        purpose=row["purpose"],
        reasons=[one["code"] for one in row["reasons"]],
        expected=row["expected"],
        scanned=row["scanned"],
    )


def give_sscc(actor: Actor, subject: Subject) -> LogisticUnit:
    """A new logistic unit with the next SSCC of the house: no gaps, none twice. Raises NoCompanyPrefix, OutOfNumbers.

    17 digits are extension digit, company prefix and serial reference; the extension digit counts on when all serial
    references of the digit before were given.
    """
    if not _prefix:
        raise NoCompanyPrefix
    width = 16 - len(_prefix)
    number = next_of(f"SSCC-{_prefix}") - 1
    extension, serial = divmod(number, 10**width)
    if extension > 9:
        raise OutOfNumbers(prefix=_prefix)
    sscc = gs1.with_check_digit(f"{extension}{_prefix}{serial:0{width}d}")
    made = LogisticUnit(
        id=new_id(),
        sscc=sscc,
        subject_kind=subject.kind,
        subject_id=subject.id,
        made_at=clock.now(),
        made_by=actor.id,
    )
    session().add(made)
    session().flush()
    record(actor, UNIT, subject, sscc=sscc)
    return made
