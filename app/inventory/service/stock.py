"""Goods in, goods out, counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from app.audit.service import record
from app.catalog.models import Product
from app.core import clock
from app.core.db import session
from app.core.errors import Conflict, Invalid
from app.core.fields import LARGEST_QUANTITY
from app.core.i18n import _, _l
from app.core.ids import new_id
from app.core.permissions import Actor
from app.core.subject import Subject
from app.inventory import schemas
from app.inventory.ledger import Movement, open_balance, post
from app.inventory.models import (
    COUNT,
    CUSTOMER,
    SCRAP,
    STOCK,
    SUPPLIER,
    Balance,
    Lot,
    Warehouse,
)


class NotEnough(Conflict):
    """Less is free than should be taken out."""

    message = _l("Only %(free)s of lot %(lot)s are free in %(warehouse)s.")


def create_warehouse(actor: Actor, *, code: str, name: dict[str, str], region_code: str, cold: bool) -> Warehouse:
    """A new warehouse. Raises Invalid when the code is taken."""
    if session().scalar(select(Warehouse.id).where(Warehouse.code == code)):
        raise Invalid({"code": [_("This is already in use.")]})
    made = Warehouse(id=new_id(), code=code, name=name, region_code=region_code, cold=cold)
    session().add(made)
    session().flush()
    record(actor, "warehouse:create", Subject("warehouse", made.id), code=code, region_code=region_code, cold=cold)
    return made


def receive(actor: Actor, product: Product, warehouse: Warehouse, given: dict[str, Any]) -> Lot:
    """Take goods of a lot in, made known if it is new; a new lot waits in quarantine. Raises Invalid.

    `given`: lot_no, made_on, expires_on, quantity, document, report_no (see `schemas.ReceiptGiven`).
    """
    values = schemas.checked_receipt(given)
    lot = _lot_for_receipt(product, values)
    open_balance(lot.id, warehouse.id)
    _lock_balances([lot.id])
    document = values["document"]
    post(actor, [Movement(lot.id, warehouse.id, SUPPLIER, STOCK, values["quantity"], document=document)])
    record(
        actor,
        "lot:receive",
        Subject("lot", lot.id),
        lot_no=lot.lot_no,
        product_id=product.id,
        warehouse=warehouse.code,
        quantity=values["quantity"],
        document=document,
    )
    return lot


def _lot_for_receipt(product: Product, values: dict[str, Any]) -> Lot:
    if product.expiry_controlled and values["expires_on"] is None:
        raise Invalid({"expires_on": [_("This product has a shelf life: enter the expiry date.")]})
    wanted = (
        select(Lot).where(Lot.product_id == product.id, Lot.lot_no == values["lot_no"]).with_for_update(key_share=True)
    )
    found = session().scalars(wanted).one_or_none()
    if found is None:
        names = ("lot_no", "made_on", "expires_on", "report_no")
        found = Lot(
            id=new_id(),
            product_id=product.id,
            received_at=clock.now(),
            **{name: values[name] for name in names},
        )
        session().add(found)
    elif (found.made_on, found.expires_on) != (values["made_on"], values["expires_on"]):
        raise Invalid({"lot_no": [_("This lot is known with other dates.")]})
    session().flush()
    return found


def take_out(
    actor: Actor, lot: Lot, warehouse: Warehouse, quantity: int, *, to: str = SCRAP, document: str = "", reason: str
) -> None:
    """Move free stock out: to scrap, to a customer or back to the supplier. Raises NotEnough, Invalid."""
    if not 1 <= quantity <= LARGEST_QUANTITY or to not in (SCRAP, CUSTOMER, SUPPLIER):
        raise Invalid({"quantity": [_("Must be a whole number from 1 to 1,000,000.")]})
    free = _free_of(lot, warehouse)
    if quantity > free:
        raise NotEnough(free=free, lot=lot.lot_no, warehouse=warehouse.code)
    post(actor, [Movement(lot.id, warehouse.id, STOCK, to, quantity, document=document, reason=reason)])
    record(
        actor,
        "lot:take_out",
        Subject("lot", lot.id),
        quantity=quantity,
        to=to,
        warehouse=warehouse.code,
        document=document,
        reason=reason,
    )


def count(actor: Actor, lot: Lot, warehouse: Warehouse, counted: int, *, reason: str) -> int:
    """Set what is on hand to what was counted; answers the difference. Raises NotEnough below what is reserved."""
    open_balance(lot.id, warehouse.id)
    balance = _lock_balances([lot.id])[warehouse.id]
    difference = counted - balance.on_hand
    if counted < balance.reserved:
        raise NotEnough(free=balance.on_hand - balance.reserved, lot=lot.lot_no, warehouse=warehouse.code)
    if difference:
        source, target = (COUNT, STOCK) if difference > 0 else (STOCK, COUNT)
        post(actor, [Movement(lot.id, warehouse.id, source, target, abs(difference), reason=reason)])
        record(
            actor,
            "lot:count",
            Subject("lot", lot.id),
            warehouse=warehouse.code,
            counted=counted,
            difference=difference,
            reason=reason,
        )
    return difference


def _lock_balances(lot_ids: Sequence[str]) -> dict[str, Balance]:
    wanted = (
        select(Balance)
        .where(Balance.lot_id.in_(lot_ids))
        .order_by(Balance.lot_id, Balance.warehouse_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {balance.warehouse_id: balance for balance in session().scalars(wanted)}


def _free_of(lot: Lot, warehouse: Warehouse) -> int:
    balance = _lock_balances([lot.id]).get(warehouse.id)
    return balance.on_hand - balance.reserved if balance else 0
