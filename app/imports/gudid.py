"""Reading of GUDID device files (FDA AccessGUDID, XML): one device at a time, in bounded memory.

What is taken, and how:
- the primary DI is the product's UDI-DI; packages, units of use and other agencies' identifiers become its packages;
- storage temperatures become °C with one decimal (°F and K converted); several ranges become the one inside them all;
- handling temperatures, humidity, pressure and special conditions are kept as texts;
- GUDID has neither the risk class I/II/III nor whether a device is implanted: both stay open, and the product stays a
  draft until it is qualified here (首营审核). FDA product codes and GMDN terms are kept for that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import IO, Any

from lxml import etree

from app.core import jsontext
from app.core.errors import DomainError
from app.core.i18n import _l

KINDS = {
    "Primary": "primary",
    "Package": "package",
    "Unit of Use": "unit_of_use",
    "Secondary": "secondary",
    "Direct Marking": "direct_marking",
    "Previous": "previous",
}
STORAGE_TEMPERATURE = "Storage Environment Temperature"
TENTH = Decimal("0.1")


class CannotRead(DomainError):
    """The file is not a GUDID file, or broken; nothing was loaded."""

    message = _l("The file cannot be read as GUDID device XML: %(reason)s")


@dataclass(frozen=True)
class Identifier:
    """One identifier of a device record; `kind` as in `KINDS`."""

    di: str
    issuer: str
    kind: str
    contains_di: str | None = None
    quantity: int = 1
    discontinued: bool = False


@dataclass(frozen=True)
class Device:
    """One device record. `values` are columns of a product, `source_data` what has no column."""

    identifiers: tuple[Identifier, ...]
    values: dict[str, Any]
    source_data: dict[str, Any] = field(default_factory=dict)

    @property
    def primary(self) -> Identifier | None:
        """The identifier of the product itself."""
        return next((found for found in self.identifiers if found.kind == "primary"), None)

    def fingerprint(self) -> str:
        """Hash of everything read of the device: equal when nothing changed."""
        read = [[list(vars(found).values()) for found in self.identifiers], self.values, self.source_data]
        return hashlib.sha256(jsontext.dumps(read).encode()).hexdigest()


def devices(stream: IO[bytes]) -> Iterator[Device]:
    """Each device of the (decompressed) XML. Raises CannotRead; entities and document types are refused."""
    walk = etree.iterparse(
        stream, events=("end",), tag="{*}device", resolve_entities=False, no_network=True, load_dtd=False
    )
    first = True
    try:
        for _event, element in walk:
            if first:
                _refuse_doctype(element)
                first = False
            yield _device(element)
            _forget(element)
    except (etree.XMLSyntaxError, EOFError, OSError) as error:
        raise CannotRead(reason=str(error)) from error
    if first:
        raise CannotRead(reason="no device element")


def _refuse_doctype(element: Any) -> None:
    if element.getroottree().docinfo.internalDTD is not None:
        raise CannotRead(reason="it has a document type declaration")


def _forget(element: Any) -> None:
    """Free what was read: the element and everything before it."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def _text(element: Any, path: str) -> str:
    return " ".join((element.findtext("{*}" + path) or "").split())


def _device(element: Any) -> Device:
    names = ("brandName", "versionModelNumber", "catalogNumber", "companyName", "deviceDescription")
    brand, model, catalogue, company, description = (_text(element, name) for name in names)
    terms = [_text(found, "gmdnPTName") for found in element.iter("{*}gmdn")]
    count = _whole(_text(element, "deviceCount"))
    low, high = _storage_range(element)
    name = ", ".join(filter(None, (brand, terms[0] if terms else description, catalogue or model)))
    values = {
        "name_en": (name or company)[:300],
        "brand": brand[:200],
        "model": (model or catalogue)[:200],
        "manufacturer": company[:200],
        "description": description[:2000],
        "sterile": _true(element, "sterilization/{*}deviceSterile"),
        "lot_controlled": _true(element, "lotBatch"),
        "serial_controlled": _true(element, "serialNumber"),
        "expiry_controlled": _true(element, "expirationDate"),
        "storage_min_c": low,
        "storage_max_c": high,
        "uom": "EA" if count == 1 else "PK",
    }
    source_data = {
        "catalogue_number": catalogue,
        "device_count": count,
        "gmdn_terms": terms,
        "fda_product_codes": [_text(found, "productCode") for found in element.iter("{*}fdaProductCode")],
        "single_use": _true(element, "singleUse"),
        "prescription": _true(element, "rx"),
        "mri_safety": _text(element, "MRISafetyStatus"),
        "distribution": _text(element, "deviceCommDistributionStatus"),
        "published_on": _text(element, "devicePublishDate"),
        "conditions": _conditions(element),
    }
    return Device(tuple(_identifiers(element)), values, source_data)


def _true(element: Any, path: str) -> bool:
    return _text(element, path).lower() == "true"


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 and int(text) else 1


def _identifiers(element: Any) -> Iterator[Identifier]:
    for found in element.iter("{*}identifier"):
        yield Identifier(
            di=_text(found, "deviceId"),
            issuer=_text(found, "deviceIdIssuingAgency"),
            kind=KINDS.get(_text(found, "deviceIdType"), "secondary"),
            contains_di=_text(found, "containsDINumber") or None,
            quantity=_whole(_text(found, "pkgQuantity")),
            discontinued=_text(found, "pkgStatus").lower().startswith("not in"),
        )


def celsius(value: str, unit: str) -> Decimal | None:
    """A temperature in °C, to a tenth; None when there is no number or the unit is none of °C, °F, K."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) > 10_000:
        return None
    kind = unit.lower()
    if "fahrenheit" in kind:
        number = (number - 32) * 5 / 9
    elif "kelvin" in kind:
        number -= Decimal("273.15")
    elif "celsius" not in kind:
        return None
    return number.quantize(TENTH, ROUND_HALF_UP)


def _storage_range(element: Any) -> tuple[Decimal | None, Decimal | None]:
    lows: list[Decimal] = []
    highs: list[Decimal] = []
    for condition in element.iter("{*}storageHandling"):
        if _text(condition, "storageHandlingType") == STORAGE_TEMPERATURE:
            for side, bounds in (("Low", lows), ("High", highs)):
                path = f"storageHandling{side}/{{*}}"
                found = celsius(_text(condition, f"{path}value"), _text(condition, f"{path}unit"))
                if found is not None:
                    bounds.append(found)
    low, high = max(lows, default=None), min(highs, default=None)
    if low is not None and high is not None and low > high:
        return None, None  # ranges that exclude each other: the texts remain
    return low, high


def _conditions(element: Any) -> list[str]:
    found = []
    for condition in element.iter("{*}storageHandling"):
        low, high = (
            " ".join(
                filter(None, (_text(condition, f"{side}/{{*}}value"), _text(condition, f"{side}/{{*}}unit")))
                if _text(condition, f"{side}/{{*}}value")
                else ()
            )
            for side in ("storageHandlingLow", "storageHandlingHigh")
        )
        special = _text(condition, "storageHandlingSpecialConditionText")
        kind = _text(condition, "storageHandlingType")
        between = " – ".join(filter(None, (low and f"from {low}", high and f"to {high}")))
        found.append(": ".join(filter(None, (kind, special or between)))[:500])
    return found
