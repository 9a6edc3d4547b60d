"""Whether scanned goods are what is expected: pure, over what the code says and what is known of it.

faults = judge(expected, udi.read(text), known)      # nothing: the goods may go on
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.catalog.udi import Udi
from app.core.i18n import LazyString, _l, pick, show_date
from app.core.subject import Subject
from app.inventory.models import RELEASED, usable_on

PURPOSES: dict[str, LazyString] = {
    "receive": _l("Receipt"),
    "pick": _l("Picking"),
    "check": _l("Second check"),
    "pack": _l("Packing"),
    "pickup": _l("Pick-up by the carrier"),
    "deliver": _l("Delivery"),
    "return": _l("Return"),
}
"""Where goods are scanned."""

REASONS: dict[str, LazyString] = {
    "unreadable": _l("The code cannot be read: %(problem)s"),
    "foreign": _l("This code is of something else, not of goods; it says “%(found)s”."),
    "carton_label": _l("This is the label of a carton (SSCC %(sscc)s): scan the label of the goods in it."),
    "unknown_product": _l("No product of ours has this code: %(found)s."),
    "wrong_product": _l("Wrong product: this is %(found)s, expected is %(expected)s."),
    "no_lot": _l("The code names no lot, and the product is kept by lot."),
    "unknown_lot": _l("Lot %(lot)s of this product is not in our stock."),
    "wrong_lot": _l("Wrong lot: this is %(lot)s, expected is %(expected)s."),
    "recalled": _l("Lot %(lot)s is recalled."),
    "held": _l("Lot %(lot)s is on hold."),
    "quarantined": _l("Lot %(lot)s is not released: it waits in quarantine."),
    "rejected": _l("Lot %(lot)s was rejected."),
    "expired": _l("Expired: usable until %(until)s, needed on %(day)s."),
    "other_dates": _l("The label says usable until %(label)s, the lot is kept here with %(known)s."),
    "no_serial": _l("The code names no serial number, and each unit of the product has one."),
    "unknown_serial": _l("Serial number %(serial)s is not among those expected."),
    "duplicate_serial": _l("Serial number %(serial)s was scanned already."),
    "no_sscc": _l("The code names no carton: scan the SSCC on its label."),
    "wrong_carton": _l("Wrong carton: %(sscc)s belongs to %(other)s, %(customer)s."),
    "unknown_carton": _l("Wrong carton: %(sscc)s, expected is %(expected)s."),
}
"""In the order in which they are told; `%(…)s` are filled from the values of the fault."""
OF_ELSE = frozenset({"foreign", "carton_label"})
"""The code was read, and is none of goods."""
NOT_COUNTED = OF_ELSE | {"unreadable", "no_lot", "no_serial", "no_sscc"}
"""The code says too little of the goods: they are stopped, but nothing shows that they were the wrong ones."""
REASON_NAMES: dict[str, LazyString] = {
    "unreadable": _l("Unreadable code"),
    "foreign": _l("Code of something else"),
    "carton_label": _l("Label of a carton"),
    "unknown_product": _l("Unknown product"),
    "wrong_product": _l("Wrong product"),
    "no_lot": _l("No lot"),
    "unknown_lot": _l("Unknown lot"),
    "wrong_lot": _l("Wrong lot"),
    "recalled": _l("Recalled"),
    "held": _l("On hold"),
    "quarantined": _l("Not released"),
    "rejected": _l("Rejected"),
    "expired": _l("Expired"),
    "other_dates": _l("Other dates"),
    "no_serial": _l("No serial number"),
    "unknown_serial": _l("Unknown serial number"),
    "duplicate_serial": _l("Serial number scanned twice"),
    "no_sscc": _l("No SSCC"),
    "wrong_carton": _l("Another consignee's carton"),
    "unknown_carton": _l("Unknown carton"),
}


@dataclass(frozen=True)
class Expected:
    """What a page waits for. `lots` empty: any; `serials` None: any."""

    purpose: str
    subject: Subject
    product_id: str
    sku: str
    day: date
    """On which the goods must still be usable: of arrival, or today."""
    lots: tuple[str, ...] = ()
    serials: frozenset[str] | None = None
    taken: frozenset[str] = frozenset()
    """Serial numbers scanned before."""
    spare_days: int = 0
    """Shelf life that must be left on the day."""
    sscc: str = ""
    """Of the carton; empty for goods, and where none was given."""

    @property
    def leaves(self) -> bool:
        """True when only goods that may be sold are let through."""
        return self.purpose in ("pick", "check", "pack", "deliver")


@dataclass(frozen=True)
class LotKnown:
    """A lot as it stands in our stock."""

    lot_no: str
    status: str
    expires_on: date | None


@dataclass(frozen=True)
class Known:
    """What we know of the scanned code: whose product it is and its lot."""

    product_id: str = ""
    sku: str = ""
    lot_controlled: bool = False
    serial_controlled: bool = False
    lot: LotKnown | None = None


@dataclass(frozen=True)
class Fault:
    """One reason why the goods may not go on."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def sentence(self) -> str:
        """In the reader's language."""
        return str(REASONS[self.code]) % {name: _shown(value) for name, value in self.values.items()}


def _shown(value: Any) -> Any:
    """A day as it is written, a text in two languages in the reader's."""
    if isinstance(value, Mapping):
        return pick(value)
    return show_date(value) if isinstance(value, date) else value


def judge(expected: Expected, said: Udi, known: Known) -> tuple[Fault, ...]:
    """Every reason to block the goods, the gravest first; nothing when they are right."""
    if not said.issuer or (said.problem and said.text.startswith(("http://", "https://"))):
        return (Fault("foreign", {"found": said.text[:60]}),)
    if said.problem:
        return (Fault("unreadable", {"problem": said.problem}),)
    if said.sscc and not said.di:
        return (Fault("carton_label", {"sscc": said.sscc}),)
    if not known.product_id:
        return (Fault("unknown_product", {"found": said.di or said.text[:60]}),)
    if known.product_id != expected.product_id:
        return (Fault("wrong_product", {"found": known.sku, "expected": expected.sku}),)
    faults = [*_lot(expected, said, known), *_serial(expected, said, known)]
    order = list(REASONS)
    return tuple(sorted(faults, key=lambda one: order.index(one.code)))


def judge_carton(expected: Expected, said: Udi, other: Mapping[str, Any]) -> tuple[Fault, ...]:
    """Why the carton may not go; nothing when it is the right one. `other`: number and customer of what its SSCC was
    given to, empty for none of ours: that says something only where the right one has an SSCC."""
    if not said.sscc:
        return (Fault("no_sscc"),)
    if said.sscc == expected.sscc:
        return ()
    if other:
        return (Fault("wrong_carton", {"sscc": said.sscc, **other}),)
    return (Fault("unknown_carton", {"sscc": said.sscc, "expected": expected.sscc}),) if expected.sscc else ()


def _lot(expected: Expected, said: Udi, known: Known) -> Iterator[Fault]:
    lot_no = known.lot.lot_no if known.lot else said.lot_no
    if known.lot_controlled and not lot_no:
        yield Fault("no_lot")
    elif lot_no and expected.lots and lot_no not in expected.lots:
        yield Fault("wrong_lot", {"lot": lot_no, "expected": ", ".join(expected.lots)})
    elif lot_no and expected.leaves and known.lot is None:
        yield Fault("unknown_lot", {"lot": lot_no})
    if known.lot is not None:
        yield from _standing(expected, said, known.lot)
    elif not usable_on(said, expected.day, spare_days=expected.spare_days):
        yield Fault("expired", {"until": said.expires_on, "day": expected.day})


def _standing(expected: Expected, said: Udi, lot: LotKnown) -> Iterator[Fault]:
    if lot.status != RELEASED and (expected.leaves or lot.status == "recalled") and expected.purpose != "return":
        yield Fault(lot.status, {"lot": lot.lot_no})
    if said.expires_on is not None and said.expires_on != lot.expires_on:
        yield Fault("other_dates", {"label": said.expires_on, "known": lot.expires_on or "–"})
    if expected.purpose != "return" and not usable_on(lot, expected.day, spare_days=expected.spare_days):
        yield Fault("expired", {"until": lot.expires_on, "day": expected.day})


def _serial(expected: Expected, said: Udi, known: Known) -> Iterator[Fault]:
    if known.serial_controlled and not said.serial and expected.purpose != "receive":
        yield Fault("no_serial")
    elif said.serial and said.serial in expected.taken:
        yield Fault("duplicate_serial", {"serial": said.serial})
    elif said.serial and not _among(said.serial, expected.serials):
        yield Fault("unknown_serial", {"serial": said.serial})


def _among(serial: str, serials: Collection[str] | None) -> bool:
    return serials is None or serial in serials
