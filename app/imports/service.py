"""Loading of GUDID devices as products, in batches, within the caller's transaction.

A device whose content is as it was at the last import is left alone, whatever was edited here since; one that changed
takes the new values of the columns GUDID knows; a product entered by hand with the same UDI-DI is never touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from app.audit.service import record
from app.catalog.models import Product, ProductPackage
from app.catalog.service import BadIdentifier, base_quantities, check_di, product_search_text
from app.core import clock
from app.core.changing import changing
from app.core.db import session
from app.core.i18n import _
from app.core.ids import new_id
from app.core.permissions import Actor
from app.core.subject import Subject
from app.imports.gudid import Device, Identifier
from app.imports.models import ImportRun

BATCH = 500
_products: Any = Product.__table__
_packages: Any = ProductPackage.__table__


@dataclass(frozen=True)
class Refusal:
    """An identifier that was not taken; a refused primary one means that its device was not."""

    identifier: str
    kind: str
    device: str
    reason: str


@dataclass
class Summary:
    """How many devices met which fate, and every refused identifier."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    kept: int = 0
    """Left as entered by hand."""
    refused: int = 0
    """Devices not taken."""
    packages: int = 0
    """Further identifiers of the devices taken."""
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """The numbers by name."""
        names = ("new", "changed", "unchanged", "kept", "refused", "packages")
        return {name: getattr(self, name) for name in names} | {"refused_identifiers": len(self.refusals)}


@dataclass(frozen=True)
class Ready:
    """A device with its identifiers checked."""

    device: Device
    di: str
    issuer: str
    others: list[dict[str, Any]]


def load_gudid(actor: Actor, devices: Iterable[Device], *, file_name: str, sha256: str) -> Summary:
    """Load the devices; stores the run and answers its summary. All or nothing: the caller's transaction decides."""
    summary = Summary()
    seen: set[str] = set()
    walk = iter(devices)
    while batch := list(islice(walk, BATCH)):
        _load_batch(actor, [ready for device in batch if (ready := _ready(device, seen, summary))], summary)
    run = ImportRun(
        id=new_id(),
        kind="gudid",
        file_name=file_name[:200],
        sha256=sha256,
        at=clock.now(),
        actor_id=actor.id,
        counts=summary.counts,
        refused=[asdict(refusal) for refusal in summary.refusals],
    )
    session().add(run)
    session().flush()
    record(actor, "import:gudid", Subject("import", run.id), file=file_name, sha256=sha256, counts=summary.counts)
    return summary


def _ready(device: Device, seen: set[str], summary: Summary) -> Ready | None:
    primary = device.primary
    if primary is None:
        summary.refused += 1
        summary.refusals.append(Refusal("", "primary", "", _("the record has no primary identifier")))
        return None
    try:
        di = check_di(primary.di, primary.issuer)
    except BadIdentifier as error:
        summary.refused += 1
        summary.refusals.append(Refusal(primary.di, "primary", primary.di, str(error.details["reason"])))
        return None
    if di in seen:
        summary.refused += 1
        summary.refusals.append(Refusal(di, "primary", di, _("the same identifier came earlier in the file")))
        return None
    seen.add(di)
    others = list(_others(device, di, summary))
    summary.packages += len(others)
    return Ready(device, di, primary.issuer, others)


def _others(device: Device, di: str, summary: Summary) -> Iterator[dict[str, Any]]:
    """The checked further identifiers as package rows; refused ones go into the summary."""
    checked: dict[tuple[str, str], tuple[Identifier, str]] = {}
    for found in device.identifiers:
        if found is device.primary:
            continue
        try:
            own = check_di(found.di, found.issuer)
        except BadIdentifier as error:
            summary.refusals.append(Refusal(found.di, found.kind, di, str(error.details["reason"])))
            continue
        checked.setdefault((own, found.kind), (found, own))
    levels = [
        {"di": own, "contains_di": found.contains_di, "quantity": found.quantity}
        for found, own in checked.values()
        if found.kind == "package"
    ]
    sizes = base_quantities(di, levels)
    for found, own in checked.values():
        size = sizes.get(own) if found.kind == "package" else 1
        if size is None or size > 2**31 - 1:
            reason = _("it contains %(di)s, which is not in the record", di=found.contains_di or "—")
            summary.refusals.append(Refusal(own, found.kind, di, reason))
            continue
        yield {
            "di": own,
            "issuer": found.issuer,
            "kind": found.kind,
            "contains_di": found.contains_di,
            "quantity": found.quantity,
            "base_quantity": size,
            "status": "discontinued" if found.discontinued else "active",
        }


def _load_batch(actor: Actor, batch: list[Ready], summary: Summary) -> None:
    wanted = select(
        Product.id, Product.udi_di, Product.name, Product.sku, Product.source, Product.source_data, Product.version
    ).where(Product.udi_di.in_([ready.di for ready in batch]))
    known = {row.udi_di: row for row in session().execute(wanted)}
    taken = set(session().scalars(select(Product.sku).where(Product.sku.in_([ready.di for ready in batch]))))
    new, changed = [], []
    for ready in batch:
        row = known.get(ready.di)
        if row is None:
            new.append(ready)
        elif row.source != "gudid":
            summary.kept += 1
        elif row.source_data.get("fingerprint") == ready.device.fingerprint():
            summary.unchanged += 1
        else:
            changed.append((ready, row))
    _insert(actor, new, taken)
    _update(actor, changed)
    summary.new += len(new)
    summary.changed += len(changed)


def _columns(ready: Ready, name: str, sku: str) -> dict[str, Any]:
    values = ready.device.values
    texts = (sku, ready.di, name, values["name_en"], values["brand"], values["model"])
    return {
        **values,
        "issuer": ready.issuer,
        "source_data": {**ready.device.source_data, "fingerprint": ready.device.fingerprint()},
        "search_text": product_search_text(texts, [row["di"] for row in ready.others]),
        "updated_at": clock.now(),
    }


def _insert(actor: Actor, batch: list[Ready], taken: set[str]) -> None:
    if not batch:
        return
    products, packages = [], []
    for ready in batch:
        product_id = new_id()
        sku = f"GUDID-{ready.di}" if ready.di in taken else ready.di
        name = ready.device.values["name_en"]
        products.append(
            {
                **_columns(ready, name, sku),
                "id": product_id,
                "sku": sku,
                "udi_di": ready.di,
                "name": name,
                "status": "draft",
                "source": "gudid",
                "category_code": "",
                "list_price": Decimal(0),
                "version": 1,
                "implantable": False,
                "life_supporting": False,
                "high_value": False,
                "needs_inspection": False,
            }
        )
        packages += [{"id": new_id(), "product_id": product_id, **row} for row in ready.others]
    session().execute(insert(_products), products, execution_options=changing([]))  # nobody has ordered them
    if packages:
        session().execute(insert(_packages), packages)
    for row in products:
        record(actor, "product:create", Subject("product", row["id"]), source="gudid", udi_di=row["udi_di"])


def _update(actor: Actor, batch: list[tuple[Ready, Any]]) -> None:
    for ready, row in batch:
        columns = _columns(ready, row.name, row.sku)
        session().execute(
            update(_products)
            .where(_products.c.id == bindparam("own_id"))
            .values({**columns, "version": _products.c.version + 1}),
            {"own_id": row.id},
            execution_options=changing([{"id": row.id}]),
        )
        session().execute(delete(_packages).where(_packages.c.product_id == row.id))
        if ready.others:
            session().execute(
                insert(_packages), [{"id": new_id(), "product_id": row.id, **other} for other in ready.others]
            )
        record(actor, "product:change", Subject("product", row.id), source="gudid", version=row.version + 1)
