"""Wire shapes of master data that people and programs may write (what they read: `answers`)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, validate

from app.catalog import identifiers, models
from app.core.fields import LARGEST_QUANTITY, Amount, Choice, Schema, Text
from app.core.i18n import _, _l

COLDEST, HOTTEST = Decimal(-273), Decimal(1000)
LONGEST_DAYS = 36_500
CODE_LENGTH = 64
MOST_CONTACTS = 20
_ADDRESS_PART = re.compile(r"[A-Za-z0-9-]+\Z")


def _between(low: int | Decimal, high: int | Decimal) -> validate.Range:
    return validate.Range(low, high, error=_l("Must lie between {min} and {max}."))  # type: ignore[arg-type]


class WholeField(fields.Integer):
    """A whole number, as a number or in digits; never rounded from a fraction."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        text = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdecimal()) or len(digits) > 12:
            raise self.make_error("invalid", input=value)
        return int(text)


def whole(low: int, high: int, **kwargs: Any) -> WholeField:
    return WholeField(validate=_between(low, high), **kwargs)


def _days(**kwargs: Any) -> WholeField:
    return whole(0, LONGEST_DAYS, **kwargs)


def _decimal(low: Decimal, high: Decimal, places: int, **kwargs: Any) -> fields.Decimal:
    def few_places(value: Decimal) -> None:
        if low <= value <= high and value != round(value, places):
            raise ValidationError(_("Must have at most %(places)s decimals.", places=places))

    return fields.Decimal(validate=[_between(low, high), few_places], as_string=True, **kwargs)


def _code(**kwargs: Any) -> Text:
    return Text(most=CODE_LENGTH, **kwargs)


def _optional_text(most: int, **kwargs: Any) -> Text:
    return Text(least=0, most=most, load_default="", **kwargs)


class _UsccField(Text):
    """A unified social credit code."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return identifiers.check_uscc(text)
        except identifiers.BadIdentifier as error:
            raise ValidationError(error.sentence()) from error


def _some_lines(value: list[Any]) -> None:
    if not 1 <= len(value) <= 2000:
        raise ValidationError(_("Must have 1 to 2,000 lines."))


def _few(value: list[Any]) -> None:
    if len(value) > MOST_CONTACTS:
        raise ValidationError(_("Must have at most %(most)s contacts.", most=MOST_CONTACTS))


def _address_part(value: str) -> None:
    """The code stands in the address of the page."""
    if not _ADDRESS_PART.match(value):
        raise ValidationError(_("Must be Latin letters, digits and dashes."))


class TwoLanguages(Schema):
    """A text in English and Chinese."""

    en = Text(most=200, required=True)
    zh = Text(most=200, required=True)


class PeriodGiven(Schema):
    """First and last valid day."""

    valid_from = fields.Date(required=True)
    valid_to = fields.Date(required=True)


class RegistrationGiven(PeriodGiven):
    """A registration certificate."""

    number = _code(required=True)
    holder = Text(most=200, required=True)
    risk_class = whole(1, 3, required=True)


class PackageGiven(Schema):
    """A packaging level: `quantity` of `contains_di` (the product's own DI when left out)."""

    di = Text(most=32, required=True)
    contains_di = Text(most=32, load_default=None, allow_none=True)
    quantity = whole(1, LARGEST_QUANTITY, required=True)


class ProductGiven(Schema):
    """A product as edited. Temperatures in °C, durations in days."""

    sku = _code(required=True)
    udi_di = Text(most=32, load_default=None, allow_none=True)
    issuer = Choice(tuple(identifiers.ISSUERS), load_default="GS1")
    name = Text(most=300, required=True)
    name_en = Text(most=300, load_default=None, allow_none=True)
    brand = _optional_text(200)
    model = _optional_text(200)
    manufacturer = _optional_text(200)
    description = _optional_text(2000, lines=True)
    risk_class = whole(1, 3, load_default=None, allow_none=True)
    category_code = _optional_text(32)
    implantable = fields.Boolean(load_default=False)
    sterile = fields.Boolean(load_default=False)
    life_supporting = fields.Boolean(load_default=False)
    high_value = fields.Boolean(load_default=False)
    needs_inspection = fields.Boolean(load_default=False)
    storage_min_c = _decimal(COLDEST, HOTTEST, 1, load_default=None, allow_none=True)
    storage_max_c = _decimal(COLDEST, HOTTEST, 1, load_default=None, allow_none=True)
    shelf_life_days = whole(1, LONGEST_DAYS, load_default=None, allow_none=True)
    lot_controlled = fields.Boolean(load_default=True)
    serial_controlled = fields.Boolean(load_default=False)
    expiry_controlled = fields.Boolean(load_default=True)
    uom = Text(most=16, load_default="EA")
    list_price = Amount(load_default=Decimal(0))
    registration_id = Text(most=26, load_default=None, allow_none=True)
    min_remaining_days = _days(load_default=None, allow_none=True)
    substitution_group = Text(most=64, load_default=None, allow_none=True)
    status = Choice(models.PRODUCT_STATUSES, load_default="draft")
    packages = fields.List(fields.Nested(PackageGiven), load_default=None, allow_none=True)
    """None leaves the packaging levels as they are."""


class ContactGiven(Schema):
    """Whom to call at a customer or supplier, and what for."""

    name = Text(most=100, required=True)
    purpose = Choice(models.CONTACT_PURPOSES, required=True)
    phone = _optional_text(40)
    email = _optional_text(200)


class CustomerGiven(Schema):
    """A customer as edited."""

    code = _code(required=True)
    name = Text(most=200, required=True)
    name_en = Text(most=200, load_default=None, allow_none=True)
    uscc = _UsccField(most=18, load_default=None, allow_none=True)
    kind = Choice(models.CUSTOMER_KINDS, required=True)
    tier = Choice(models.CUSTOMER_TIERS, load_default="B")
    region_code = Text(most=16, required=True)
    address = _optional_text(300)
    contacts = fields.List(fields.Nested(ContactGiven), load_default=list, validate=_few)
    credit_limit = Amount(load_default=Decimal(0))
    credit_used = Amount(load_default=Decimal(0))
    overdue_days = _days(load_default=0)
    prepaid = fields.Boolean(load_default=False)
    min_remaining_days = _days(load_default=None, allow_none=True)
    cold_capable = fields.Boolean(load_default=False)
    status = Choice(models.CUSTOMER_STATUSES, load_default="prospect")


class SupplierGiven(Schema):
    """A supplier as edited."""

    code = _code(required=True)
    name = Text(most=200, required=True)
    name_en = Text(most=200, load_default=None, allow_none=True)
    uscc = _UsccField(most=18, load_default=None, allow_none=True)
    kind = Choice(models.SUPPLIER_KINDS, required=True)
    address = _optional_text(300)
    contacts = fields.List(fields.Nested(ContactGiven), load_default=list, validate=_few)
    product_ids = fields.List(Text(most=26), load_default=list)
    status = Choice(models.PARTY_STATUSES, load_default="prospect")


class LicenceGiven(PeriodGiven):
    """A licence: of the customer, of the supplier, or ours when both are left out. `succeeds_id`: the licence that it
    renews."""

    customer_id = Text(most=26, load_default=None, allow_none=True)
    supplier_id = Text(most=26, load_default=None, allow_none=True)
    succeeds_id = Text(most=26, load_default=None, allow_none=True)
    kind = Choice(models.LICENCE_KINDS, required=True)
    number = _code(required=True)
    risk_classes = fields.List(whole(1, 3), load_default=list)
    category_codes = fields.List(Text(most=32), load_default=list)


class AuthorisationGiven(PeriodGiven):
    """An authorisation: to the distributor, or to us when `grantee_customer_id` is left out."""

    number = _code(required=True)
    grantor = _optional_text(200)
    grantee_customer_id = Text(most=26, load_default=None, allow_none=True)
    product_ids = fields.List(Text(most=26), load_default=list)
    region_codes = fields.List(Text(most=16), load_default=list)


class ContractGiven(PeriodGiven):
    """A supply contract."""

    number = _code(required=True)
    customer_id = Text(most=26, required=True)
    sla_hours = whole(1, 10_000, load_default=None, allow_none=True)
    penalty_pct_day = _decimal(Decimal(0), Decimal(100), 3, load_default=None, allow_none=True)
    penalty_cap_pct = _decimal(Decimal(0), Decimal(100), 3, load_default=None, allow_none=True)
    min_remaining_days = _days(load_default=None, allow_none=True)
    status = Choice(models.CONTRACT_STATUSES, load_default="active")


class AwardLineGiven(Schema):
    """One product of an award."""

    product_id = Text(most=26, required=True)
    price_ceiling = Amount(required=True)
    committed_qty = whole(0, 1_000_000_000, load_default=0)


class AwardGiven(PeriodGiven):
    """A tender award for a region or one customer."""

    number = _code(required=True)
    title = _optional_text(200)
    region_code = Text(most=16, load_default=None, allow_none=True)
    customer_id = Text(most=26, load_default=None, allow_none=True)
    lines = fields.List(fields.Nested(AwardLineGiven), required=True, validate=_some_lines)


class RegionGiven(Schema):
    """A delivery region."""

    code = Text(most=16, required=True, validate=_address_part)
    name = fields.Nested(TwoLanguages, required=True)
    lane_days_p50 = _days(required=True)
    lane_days_p95 = _days(required=True)
    cold_lane = fields.Boolean(load_default=False)
