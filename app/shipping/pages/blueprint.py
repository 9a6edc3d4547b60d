"""The blueprint of the shipping pages."""

from flask import Blueprint

bp = Blueprint("shipping", "app.shipping.pages")
