"""/api/v1/products, /api/v1/customers and /api/v1/suppliers: read by programs."""

from __future__ import annotations

from typing import Any

from app.catalog import answers, queries
from app.catalog.models import Customer, Product, Supplier
from app.catalog.permissions import CUSTOMER_READ, PRODUCT_READ, SUPPLIER_READ
from app.core.openapi import ApiBlueprint, ErrorSchema
from app.core.paging import Page, paginate
from app.core.permissions import requires

bp = ApiBlueprint("catalog", __name__, description="Products, customers and suppliers")


@bp.get("/products")
@requires(PRODUCT_READ)
@bp.arguments(answers.ProductsAsked, location="query")
@bp.response(200, answers.ProductsShown)
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
@bp.response(200, answers.ProductInFull)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(404, schema=ErrorSchema, description="No such product")
def get_product(product_id: str) -> Product:
    """One product with its packages."""
    return queries.get_product(product_id)


@bp.get("/customers")
@requires(CUSTOMER_READ)
@bp.arguments(answers.CustomersAsked, location="query")
@bp.response(200, answers.CustomersShown)
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
@bp.response(200, answers.CustomerInFull)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(404, schema=ErrorSchema, description="No such customer")
def get_customer(customer_id: str) -> Customer:
    """One customer with its licences."""
    return queries.get_customer(customer_id)


@bp.get("/suppliers")
@requires(SUPPLIER_READ)
@bp.arguments(answers.SuppliersAsked, location="query")
@bp.response(200, answers.SuppliersShown)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
def list_suppliers(asked: dict[str, Any]) -> Page[Supplier]:
    """Suppliers, found by code, name or credit code."""
    statement = queries.matching_suppliers(asked["q"])
    if asked["status"]:
        statement = statement.where(Supplier.status == asked["status"])
    return paginate(statement, asked["page"], asked["size"])


@bp.get("/suppliers/<supplier_id>")
@requires(SUPPLIER_READ)
@bp.response(200, answers.SupplierShown)
@bp.alt_response(401, schema=ErrorSchema, description="No valid token")
@bp.alt_response(403, schema=ErrorSchema, description="The token lacks the right")
@bp.alt_response(404, schema=ErrorSchema, description="No such supplier")
def get_supplier(supplier_id: str) -> Supplier:
    """One supplier with its contacts."""
    return queries.get_supplier(supplier_id)
