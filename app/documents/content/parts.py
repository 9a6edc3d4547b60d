"""What several papers have: texts in both languages, companies, goods, signatures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.core import i18n
from app.core.i18n import _, pick, show_number
from app.documents.paper.blocks import Facts, Table
from app.documents.retention import Kept


@dataclass(frozen=True)
class Both:
    """A text in both languages; one may be missing, then the other stands for it."""

    zh: str = ""
    en: str = ""

    @classmethod
    def of(cls, text: Any) -> Both:
        """A lazy text of the catalogues, or a mapping `{"en", "zh"}`."""
        said = {}
        for language, name in (("zh_Hans", "zh"), ("en", "en")):
            with i18n.reading(language):
                said[name] = pick(text) if isinstance(text, dict) else str(text)
        return cls(**said)

    def __str__(self) -> str:
        return pick({"zh": self.zh, "en": self.en})


NOTHING = Both()


@dataclass(frozen=True)
class Party:
    """A company or hospital as a paper names it."""

    name: Both
    code: str = ""
    uscc: str = ""
    address: str = ""
    contact: str = ""
    phone: str = ""
    licences: tuple[str, ...] = ()
    """Numbers of licences and filings, with their kind where it is known."""


@dataclass(frozen=True)
class Goods:
    """One line of goods with all that GSP wants on records of sale (医疗器械经营质量管理规范)."""

    sku: str
    name: Both
    quantity: int
    uom: str
    line_no: int = 0
    model: str = ""
    spec: str = ""
    lot_no: str = ""
    serials: tuple[str, ...] = ()
    made_on: date | None = None
    expires_on: date | None = None
    registration_no: str = ""
    registrant: str = ""
    """Registrant or filer (注册人、备案人)."""
    production_licence: str = ""
    manufacturer: str = ""
    """Contract manufacturer (受托生产企业), when it is another."""
    udi_di: str = ""
    storage: Both = NOTHING
    place: str = ""
    """Warehouse and bin, on papers of the house."""
    implantable: bool = False
    unit_price: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True)
class SignedBy:
    """A signature that stood when the paper was made: who, when, with what meaning (21 CFR 11.50)."""

    name: str
    at: datetime
    meaning: Both
    sha256: str
    on_behalf_of: str = ""


def kept_of(goods: Iterable[Goods]) -> list[Kept]:
    """What the time of retention follows from."""
    return [Kept(one.expires_on, one.implantable) for one in goods]


def party_facts(title: str, party: Party) -> Facts:
    """A company with everything that is known of it."""
    licences = "\n".join(party.licences)
    return Facts(
        (
            (title, f"{party.name}{f' ({party.code})' if party.code else ''}"),
            (_("Unified social credit code"), party.uscc),
            (_("Address"), party.address),
            (_("Contact"), "  ".join(one for one in (party.contact, party.phone) if one)),
            (_("Licence and filing numbers"), licences),
        )
    )


def described(one: Goods) -> str:
    """Name, REF, model and specification, UDI."""
    more = [one.sku]
    if one.model:
        more.append(_("Model: %(model)s", model=one.model))
    if one.spec:
        more.append(_("Specification: %(spec)s", spec=one.spec))
    if one.udi_di:
        more.append(f"UDI-DI {one.udi_di}")
    return "\n".join([str(one.name), *more])


def registered(one: Goods) -> str:
    """Certificate, who holds it and who makes the goods."""
    told = [one.registration_no, one.registrant]
    if one.manufacturer and one.manufacturer != one.registrant:
        told.append(_("Contract manufacturer: %(name)s", name=one.manufacturer))
    if one.production_licence:
        told.append(one.production_licence)
    return "\n".join(part for part in told if part)


def traced(one: Goods) -> str:
    """Lot and serial numbers."""
    return "\n".join([*([one.lot_no] if one.lot_no else []), *one.serials]) or "–"


def dated(one: Goods) -> str:
    """Made, and usable until."""
    made = _("made %(day)s", day=one.made_on.isoformat()) if one.made_on else ""
    until = _("use by %(day)s", day=one.expires_on.isoformat()) if one.expires_on else _("does not expire")
    return "\n".join(part for part in (made, until) if part)


def counted(one: Goods) -> str:
    """Quantity with its unit."""
    return f"{show_number(one.quantity)} {one.uom}"


def goods_table(goods: Sequence[Goods]) -> Table:
    """Goods with registration, lot, dates and storage: for a page across."""
    head = (
        *("#", _("Product, model, specification"), _("Registration, registrant, manufacturer")),
        *(_("Lot / serial numbers"), _("Dates"), _("Storage"), _("Quantity")),
    )
    rows = [
        (
            str(place),
            described(one),
            registered(one),
            traced(one),
            dated(one),
            str(one.storage),
            counted(one),
        )
        for place, one in enumerate(goods, 1)
    ]
    return Table(head, tuple(rows), widths=(8, 74, 66, 42, 32, 24, 19), right=(6,))
