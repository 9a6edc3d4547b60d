"""/api/v1/products and /api/v1/customers: read by programs."""

from __future__ import annotations

from typing import Any

from app.catalog import queries, schemas
from app.catalog.models import Customer, Product
from app.catalog.permissions import CUSTOMER_READ, PRODUCT_READ
from app.core.openapi import ApiBlueprint, ErrorSchema
from app.core.paging import Page, paginate
from app.core.permissions import requires

bp = ApiBlueprint("catalog", __name__, description="Products and customers")


@bp.get("/products")
@requires(PRODUCT_READ)
@bp.arguments(schemas.ProductsAsked, location="query")
@bp.response(200, schemas.ProductsShown)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
def list_products(asked: dict[str, Any]) -> Page[Product]:
    """Products, found by SKU, UDI-DI, package DI or name."""
    statement = queries.matching_products(asked["q"])
    if asked["status"]:
        statement = statement.where(Product.status == asked["status"])
    return paginate(statement, asked["page"], asked["size"])


@bp.get("/products/<product_id>")
@requires(PRODUCT_READ)
@bp.response(200, schemas.ProductInFull)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(404, schema=ErrorSchema, description="No such product")
def get_product(product_id: str) -> Product:
    """One product with its packages."""
    return queries.get_product(product_id)


@bp.get("/customers")
@requires(CUSTOMER_READ)
@bp.arguments(schemas.CustomersAsked, location="query")
@bp.response(200, schemas.CustomersShown)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
def list_customers(asked: dict[str, Any]) -> Page[Customer]:
    """Customers, found by code, name or credit code."""
    statement = queries.matching_customers(asked["q"])
    if asked["status"]:
        statement = statement.where(Customer.status == asked["status"])
    return paginate(statement, asked["page"], asked["size"])


@bp.get("/customers/<customer_id>")
@requires(CUSTOMER_READ)
@bp.response(200, schemas.CustomerInFull)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(404, schema=ErrorSchema, description="No such customer")
def get_customer(customer_id: str) -> Customer:
    """One customer with its licences."""
    return queries.get_customer(customer_id)
