"""Orders from a CSV or Excel file: one row per line. First a dry run that stores no order, then all or none.

Rows with the same order key, or with the same customer and customer's reference, make one order; a row with neither is
an order of its own. What belongs to the order may stand in its first row only, or in each alike.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import delete

from app.audit import service as audit
from app.core import clock
from app.core.db import session
from app.core.errors import Invalid, NotFound
from app.core.i18n import _, _l, language, named, reading
from app.core.ids import new_id
from app.core.permissions import Actor
from app.core.sheets import Fault, SheetRefused, SheetRow, read_rows
from app.core.subject import Subject
from app.fulfilment import intake
from app.fulfilment.models import OrderUpload
from app.orders import queries as orders
from app.orders.models import CHANNELS, DELIVERIES, ORDER_TYPES, Order
from app.orders.service import References, check_order

MOST_ORDERS = 200
"""Orders per file: they are made in one transaction, and others wait meanwhile."""

COLUMNS: dict[str, tuple[str, ...]] = {
    "order_key": ("Order key", "订单标识", "Key", "订单序号"),
    "channel": ("Channel", "渠道", "销售渠道"),
    "order_type": ("Order type", "订单类型", "Type"),
    "delivery": ("Delivery", "交付方式"),
    "customer": ("Customer", "客户编码", "Customer code", "客户", "客户代码"),
    "external_ref": ("Customer's reference", "客户单号", "External reference", "外部单号", "客户订单号"),
    "requested_date": ("Requested date", "要求日期", "要求交期", "要求到货日期"),
    "hospital_po": ("Hospital purchase order", "医院采购单号", "Hospital PO"),
    "contract_number": ("Contract", "合同编号", "Contract number", "合同号"),
    "authorisation_number": ("Authorisation", "授权书编号", "Authorisation number", "Authorization number"),
    "tender_award_number": ("Tender award", "中标编号", "Tender award number", "中标号"),
    "surgery_at": ("Surgery at", "手术时间", "Surgery date", "手术日期"),
    "surgery_number": ("Surgery number", "手术编号", "手术号"),
    "note": ("Note", "备注"),
    "product": ("Product", "产品编码", "SKU", "UDI-DI", "产品", "物料编码"),
    "quantity": ("Quantity", "数量", "Qty"),
    "uom": ("Unit", "单位", "UoM"),
    "unit_price": ("Unit price", "单价", "Price"),
    "price_ceiling": ("Price ceiling", "中标限价", "限价", "最高限价"),
}
"""Names of the columns: English, Chinese, then others that are understood."""
REQUIRED = ("channel", "customer", "requested_date", "product", "quantity", "unit_price")
LINE = ("product", "quantity", "uom", "unit_price", "price_ceiling")
HEAD = tuple(name for name in COLUMNS if name not in (*LINE, "order_key"))

EXAMPLE: tuple[dict[str, str], ...] = (
    {
        "order_key": "1",
        "channel": "direct",
        "order_type": "normal",
        "customer": "H-0001",
        "external_ref": "PO-0815",
        "surgery_at": "08:00",
        "surgery_number": "OR-2026-1202-07",
        "product": "STENT-3018",
        "quantity": "2",
        "uom": "EA",
        "unit_price": "8900.00",
    },
    {"order_key": "1", "product": "WIRE-014", "quantity": "4", "uom": "EA", "unit_price": "320.00"},
    {
        "order_key": "2",
        "channel": "distributor",
        "customer": "D-0001",
        "authorisation_number": "AUTH-2026-03",
        "product": "STENT-3018",
        "quantity": "3",
        "uom": "BX",
        "unit_price": "8100.00",
    },
    {
        "order_key": "3",
        "channel": "tender",
        "customer": "H-0002",
        "tender_award_number": "TB-2026-07",
        "product": "WIRE-014",
        "quantity": "50",
        "uom": "EA",
        "unit_price": "300.00",
        "price_ceiling": "310.00",
    },
)
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T](\d{1,2}):(\d{2})(?::\d{2})?)?\Z")


class UploadNotFound(NotFound):
    """The upload is not there, is another person's, or was replaced by a newer one."""

    message = _l("This upload is no longer there. Choose the file again.")


@dataclass
class Draft:
    """An order as the file describes it, and where each of its parts stands."""

    first: SheetRow
    given: dict[str, Any]
    rows: list[SheetRow] = field(default_factory=list)
    total: Decimal = Decimal(0)
    customer_name: str = ""

    def fault(self, path: str, reason: str) -> Fault:
        """A refusal of `check_order` at its place in the sheet."""
        parts = path.split(".")
        row, name = self.first, parts[0]
        if name == "lines" and len(parts) > 1 and parts[1].isdecimal():
            row = self.rows[int(parts[1])]
            name = parts[2] if len(parts) > 2 else "product"
        return Fault(row.number, row.letters.get(name) or header(name), reason)


@dataclass
class DryRun:
    """What a file would make, or every reason why it makes nothing."""

    drafts: list[Draft]
    faults: list[Fault]
    rows: int


def header(name: str) -> str | None:
    """What a column is called in the reader's language: for one that the file does not have."""
    return COLUMNS[name][language().startswith("zh")] if name in COLUMNS else None


def headers() -> list[str]:
    """The column names in the reader's language, for a template."""
    return [names[language().startswith("zh")] for names in COLUMNS.values()]


def example_rows() -> list[list[str]]:
    """Rows that show how to fill the template in; dates lie ahead, channels are in the reader's language."""
    day = clock.today() + timedelta(days=10)
    filled = []
    for row in EXAMPLE:
        values = {**row}
        if "channel" in row:
            values |= {"channel": str(CHANNELS[row["channel"]]), "requested_date": day.isoformat()}
        if "order_type" in row:
            values["order_type"] = str(ORDER_TYPES[row["order_type"]])
        if "surgery_at" in row:
            values["surgery_at"] = f"{(day + timedelta(days=1)).isoformat()} {row['surgery_at']}"
        filled.append([values.get(name, "") for name in COLUMNS])
    return filled


def dry_run(filename: str, content: bytes) -> DryRun:
    """Read and check the file; nothing is stored."""
    place = 1 if language().startswith("zh") else 0
    columns = {name: (names[place], *names) for name, names in COLUMNS.items()}
    try:
        rows = read_rows(filename, content, columns=columns, required=REQUIRED)
    except SheetRefused as refused:
        return DryRun([], refused.faults, 0)
    faults: list[Fault] = []
    drafts = _drafts(rows, faults)
    if len(drafts) > MOST_ORDERS:
        faults.append(Fault(None, None, _("Too many orders in one file: at most %(most)s.", most=MOST_ORDERS)))
        return DryRun(drafts, faults, len(rows))
    known = learned(drafts)
    for draft in drafts:
        _check(draft, known, faults)
    _check_references(drafts, known, faults)
    faults.sort(key=lambda fault: (fault.row or 0, len(fault.column or ""), fault.column or ""))
    return DryRun(drafts, faults, len(rows))


def learned(drafts: Iterable[Draft]) -> References:
    """What the drafts refer to, looked up together."""
    known = References()
    drafts = list(drafts)
    known.learn_customers(draft.given["customer"] for draft in drafts if draft.given.get("customer"))
    known.learn_products(line["product"] for draft in drafts for line in draft.given["lines"] if "product" in line)
    return known


def _drafts(rows: Sequence[SheetRow], faults: list[Fault]) -> list[Draft]:
    by_key: dict[Any, Draft] = {}
    for row in rows:
        key = _key(row)
        draft = by_key.get(key)
        if draft is None:
            draft = by_key[key] = Draft(row, {**_head(row), "lines": []})
        else:
            _same_head(draft, row, faults)
        draft.rows.append(row)
        draft.given["lines"].append(_line(row))
    return list(by_key.values())


def _key(row: SheetRow) -> Any:
    if row.cells.get("order_key"):
        return ("key", row.cells["order_key"])
    if row.cells.get("external_ref"):
        return ("ref", row.cells.get("customer"), row.cells["external_ref"])
    return ("row", row.number)


def _head(row: SheetRow) -> dict[str, Any]:
    given: dict[str, Any] = {name: row.cells[name] for name in HEAD if name in row.cells}
    for name, choices in (("channel", CHANNELS), ("order_type", ORDER_TYPES), ("delivery", DELIVERIES)):
        if name in given:
            given[name] = _code(given[name], choices)
    for name in ("requested_date", "surgery_at"):
        if name in given:
            given[name] = _moment(given[name])
    return given


def _code(text: str, choices: Mapping[str, Any]) -> str:
    """The code of a choice that is written as code or as its name in either language."""
    wanted = text.casefold()
    for code, name in choices.items():
        called = {code}
        for tongue in ("en", "zh_Hans"):
            with reading(tongue):
                called.add(str(name).casefold())
        if wanted in called:
            return code
    return text


def _moment(text: str) -> str:
    """A date, with or without time, as ISO 8601; spreadsheets write 2026/12/1 8:30 or 2026年12月1日."""
    found = _DATE.match(text)
    if found is None:
        return text
    day = f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}"
    return f"{day}T{int(found[4]):02}:{found[5]}" if found[4] else day


def _line(row: SheetRow) -> dict[str, Any]:
    line: dict[str, Any] = {name: row.cells[name] for name in LINE if name in row.cells}
    quantity = line.get("quantity", "").replace(",", "").replace("，", "")
    if re.fullmatch(r"-?\d{1,12}", quantity):
        line["quantity"] = int(quantity)
    for name in ("unit_price", "price_ceiling"):
        if name in line:
            line[name] = re.sub(r"[¥￥,，\s]", "", line[name])
    return line


def _same_head(draft: Draft, row: SheetRow, faults: list[Fault]) -> None:
    for name, value in _head(row).items():
        if name not in draft.given:
            draft.given[name] = value
        elif draft.given[name] != value:
            reason = _("This differs from row %(row)s of the same order.", row=draft.first.number)
            faults.append(Fault(row.number, row.letters.get(name), reason))


def _check(draft: Draft, known: References, faults: list[Fault]) -> None:
    try:
        checked = check_order(draft.given, references=known)
    except Invalid as refused:
        for path, reasons in refused.details["fields"].items():
            faults.extend(draft.fault(path, reason) for reason in reasons)
    else:
        draft.customer_name = named(checked.customer)
        draft.total = sum((line.quantity * line.unit_price for line in checked.lines or ()), Decimal(0))


def _check_references(drafts: Iterable[Draft], known: References, faults: list[Fault]) -> None:
    """A customer's own reference may stand once: neither twice in the file nor with an order that is there."""
    seen: dict[tuple[str, str], Draft] = {}
    for draft in drafts:
        reference, text = draft.given.get("external_ref"), draft.given.get("customer")
        customer = known.customer(text) if text else None
        if not reference or customer is None:
            continue
        first = seen.setdefault((customer.id, reference), draft)
        twin = orders.find_by_external_ref(customer.id, reference)
        if first is not draft:
            reason = _("Row %(row)s is another order with this reference.", row=first.first.number)
            faults.append(draft.fault("external_ref", reason))
        elif twin is not None:
            reason = _(
                "This customer already has an order with reference %(external_ref)s: %(order)s.",
                external_ref=reference,
                order=twin.number,
            )
            faults.append(draft.fault("external_ref", reason))


def keep(actor: Actor, filename: str, content: bytes) -> OrderUpload:
    """Keep a checked file until its sender confirms it; it replaces the sender's earlier unconfirmed ones."""
    session().execute(delete(OrderUpload).where(OrderUpload.actor_id == actor.id, OrderUpload.confirmed_at.is_(None)))
    upload = OrderUpload(
        id=new_id(),
        actor_id=actor.id,
        filename=filename[-200:],
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        made_at=clock.now(),
        order_ids=[],
    )
    session().add(upload)
    session().flush()
    return upload


def get_upload(actor: Actor, upload_id: str, *, lock: bool = False) -> OrderUpload:
    """The actor's own upload. Raises UploadNotFound."""
    found = session().get(OrderUpload, upload_id, with_for_update=lock, populate_existing=lock)
    if found is None or found.actor_id != actor.id:
        raise UploadNotFound(upload=upload_id)
    return found


def confirm(actor: Actor, upload_id: str) -> tuple[OrderUpload, DryRun | None]:
    """Make every order of the file, or none; the dry run tells why none. Confirmed twice, it is made once."""
    upload = get_upload(actor, upload_id, lock=True)
    if upload.confirmed_at is not None:
        return upload, None
    checked = dry_run(upload.filename, upload.content)
    if checked.faults:
        return upload, checked
    known = learned(checked.drafts)
    made: list[Order] = [intake.take_in(actor, draft.given, references=known).order for draft in checked.drafts]
    upload.order_ids = [order.id for order in made]
    upload.confirmed_at, upload.content = clock.now(), b""
    session().flush()
    audit.record(
        actor,
        "order:upload",
        Subject("upload", upload.id),
        filename=upload.filename,
        sha256=upload.sha256,
        orders=[order.number for order in made],
    )
    return upload, None
