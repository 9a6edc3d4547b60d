"""Conditional release (附条件放行): a lot that some customers alone may have, until a day; the database minds it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import delete, insert

from app.audit.service import record
from app.catalog import queries as catalog
from app.core import clock
from app.core.db import session
from app.core.errors import Invalid
from app.core.i18n import _
from app.core.permissions import Actor
from app.core.subject import Subject
from app.inventory.models import Lot, LotCustomer

MOST_CUSTOMERS = 100


def limit_to(actor: Actor, lot: Lot, customer_ids: Collection[str], until: date | None) -> None:
    """Only these customers may have the lot, until that day; said before it is released. Raises Invalid, NotFound."""
    wanted = sorted(set(customer_ids))
    if not 1 <= len(wanted) <= MOST_CUSTOMERS:
        raise Invalid({"customers": [_("Name 1 to %(most)s customers.", most=MOST_CUSTOMERS)]})
    known = catalog.customers_of(wanted)
    if len(known) < len(wanted):
        raise Invalid({"customers": [_("There is no such customer.")]})
    if until is not None and until < clock.today():
        raise Invalid({"until": [_("This day is past.")]})
    lot.conditional, lot.only_until = True, until
    session().execute(delete(LotCustomer).where(LotCustomer.lot_id == lot.id))
    session().execute(insert(LotCustomer), [{"lot_id": lot.id, "customer_id": one} for one in wanted])
    session().flush()
    codes = sorted(customer.code for customer in known.values())
    record(actor, "lot:limit", Subject("lot", lot.id), customers=codes, until=until and until.isoformat())
