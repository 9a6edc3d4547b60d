"""Wire shapes of master data that people and programs read, and what they may ask of its lists."""

from __future__ import annotations

from marshmallow import fields

from app.catalog import models
from app.catalog.schemas import ContactGiven, whole
from app.core.fields import Amount, Choice, MomentField, Schema, Text

_CELSIUS = {"type": "string", "pattern": r"^-?\d{1,4}(\.\d)?$", "description": "°C"}


class PackageShown(Schema):
    """A further identifier of a product."""

    di = fields.String()
    issuer = fields.String()
    kind = fields.String()
    contains_di = fields.String(allow_none=True)
    quantity = fields.Integer()
    base_quantity = fields.Integer(metadata={"description": "Base units of the product in one such package"})


class ProductShown(Schema):
    """A product."""

    id = fields.String()
    sku = fields.String()
    udi_di = fields.String(allow_none=True)
    issuer = fields.String(allow_none=True)
    name = fields.String()
    name_en = fields.String(allow_none=True)
    brand = fields.String()
    model = fields.String()
    manufacturer = fields.String()
    risk_class = fields.Integer(allow_none=True)
    category_code = fields.String()
    implantable = fields.Boolean()
    sterile = fields.Boolean()
    life_supporting = fields.Boolean()
    high_value = fields.Boolean()
    needs_inspection = fields.Boolean()
    storage_min_c = fields.Decimal(as_string=True, allow_none=True, metadata=_CELSIUS)
    storage_max_c = fields.Decimal(as_string=True, allow_none=True, metadata=_CELSIUS)
    cold_chain = fields.Boolean()
    shelf_life_days = fields.Integer(allow_none=True)
    lot_controlled = fields.Boolean()
    serial_controlled = fields.Boolean()
    uom = fields.String()
    list_price = Amount()
    registration_id = fields.String(allow_none=True)
    min_remaining_days = fields.Integer(allow_none=True)
    substitution_group = fields.String(allow_none=True)
    status = fields.String()
    version = fields.Integer()
    updated_at = MomentField()


class ProductInFull(ProductShown):
    """A product with its further identifiers."""

    description = fields.String()
    packages = fields.List(fields.Nested(PackageShown))


class LicenceShown(Schema):
    """A licence of a customer."""

    kind = fields.String()
    number = fields.String()
    risk_classes = fields.List(fields.Integer())
    category_codes = fields.List(fields.String())
    valid_from = fields.Date()
    valid_to = fields.Date()


class CustomerShown(Schema):
    """A customer."""

    id = fields.String()
    code = fields.String()
    name = fields.String()
    name_en = fields.String(allow_none=True)
    uscc = fields.String(allow_none=True)
    kind = fields.String()
    tier = fields.String()
    region_code = fields.String()
    address = fields.String()
    credit_limit = Amount()
    credit_used = Amount()
    overdue_days = fields.Integer()
    prepaid = fields.Boolean()
    min_remaining_days = fields.Integer(allow_none=True)
    cold_capable = fields.Boolean()
    status = fields.String()
    version = fields.Integer()
    updated_at = MomentField()


class CustomerInFull(CustomerShown):
    """A customer with its contact persons and licences."""

    contacts = fields.List(fields.Nested(ContactGiven))
    licences = fields.List(fields.Nested(LicenceShown))


class SupplierShown(Schema):
    """A supplier."""

    id = fields.String()
    code = fields.String()
    name = fields.String()
    name_en = fields.String(allow_none=True)
    uscc = fields.String(allow_none=True)
    kind = fields.String()
    address = fields.String()
    contacts = fields.List(fields.Nested(ContactGiven))
    product_ids = fields.List(fields.String(), metadata={"description": "Empty: whatever its licences cover"})
    status = fields.String()
    version = fields.Integer()
    updated_at = MomentField()


class ListAsked(Schema):
    """Which part of a list is wanted."""

    q = Text(least=0, most=100, load_default="", metadata={"description": "Text to look for"})
    page = whole(1, 1_000_000, load_default=1)
    size = whole(1, 200, load_default=50)


class ProductsAsked(ListAsked):
    """Which products are wanted."""

    status = Choice(models.PRODUCT_STATUSES, load_default=None)


class CustomersAsked(ListAsked):
    """Which customers are wanted."""

    status = Choice(models.CUSTOMER_STATUSES, load_default=None)


class ProductsShown(Schema):
    """A page of products."""

    items = fields.List(fields.Nested(ProductShown))
    number = fields.Integer(data_key="page")
    size = fields.Integer()
    total = fields.Integer()


class CustomersShown(Schema):
    """A page of customers."""

    items = fields.List(fields.Nested(CustomerShown))
    number = fields.Integer(data_key="page")
    size = fields.Integer()
    total = fields.Integer()


class SuppliersAsked(ListAsked):
    """Which suppliers are wanted."""

    status = Choice(models.PARTY_STATUSES, load_default=None)


class SuppliersShown(Schema):
    """A page of suppliers."""

    items = fields.List(fields.Nested(SupplierShown))
    number = fields.Integer(data_key="page")
    size = fields.Integer()
    total = fields.Integer()
