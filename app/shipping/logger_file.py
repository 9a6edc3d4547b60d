"""The file of a temperature logger: CSV with the columns `at` (ISO 8601, local time when it names no zone) and
`celsius`, in any order and among others."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation

from app.core import clock
from app.core.errors import Invalid
from app.core.i18n import _
from app.shipping.delivery import MOST_READINGS, why_not
from app.shipping.models import Shipment
from app.shipping.temperature import Reading

MOST_ROWS, MOST_FAULTS = 20_000, 5


def read(content: bytes, shipment: Shipment) -> list[Reading]:
    """Every reading of the file. Raises Invalid naming the first bad rows with their reasons."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid({"file": [_("The file is no text in UTF-8.")]}) from None
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    found, faults = [], []
    try:
        if not {"at", "celsius"} <= {name.strip() for name in rows.fieldnames or ()}:
            raise Invalid({"file": [_("The first row must name the columns at and celsius.")]})
        for number, row in enumerate(rows, start=2):
            if number > MOST_ROWS + 1:
                raise Invalid({"file": [_("A file may have at most %(most)s readings.", most=MOST_ROWS)]})
            said = _row({(name or "").strip(): value for name, value in row.items() if isinstance(value, str)})
            why = said if isinstance(said, str) else why_not(shipment, said)
            if why:
                faults.append(_("Row %(row)s: %(reason)s", row=number, reason=why))
                if len(faults) == MOST_FAULTS:
                    break
            elif isinstance(said, Reading):
                found.append(said)
    except csv.Error as error:
        raise Invalid({"file": [_("Row %(row)s: %(reason)s", row=rows.line_num, reason=error)]}) from None
    if faults or not found:
        raise Invalid({"file": faults or [_("The file has no readings.")]})
    return found


def parts(rows: Sequence[Reading]) -> Iterator[Sequence[Reading]]:
    """In portions that are taken at once."""
    for start in range(0, len(rows), MOST_READINGS):
        yield rows[start : start + MOST_READINGS]


def _row(row: dict[str, str]) -> Reading | str:
    """The reading, or why it is none."""
    at, celsius = row.get("at", "").strip(), row.get("celsius", "").strip()
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return _("“%(said)s” is no date with time.", said=at[:40])
    value = celsius_of(celsius)
    if value is None:
        return _("“%(said)s” is no number.", said=celsius[:40])
    try:
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=clock.BUSINESS_ZONE)).astimezone(
            clock.BUSINESS_ZONE
        )
    except OverflowError:
        return _("“%(said)s” is no date with time.", said=at[:40])
    return Reading(moment, value)


def celsius_of(text: str) -> Decimal | None:
    """A temperature that somebody wrote, to a tenth; None when it is no number."""
    try:
        value = Decimal(text.strip().replace(",", ".")).quantize(Decimal("0.1"))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
