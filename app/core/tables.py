"""Import of every slice's models, so that the metadata is whole: used by migrations and tests only."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil

import app


def load_all() -> None:
    """Import `app/*/models.py` and the number series."""
    importlib.import_module("app.core.ids")
    for package in pkgutil.iter_modules(app.__path__):
        if package.ispkg and importlib.util.find_spec(f"app.{package.name}.models"):
            importlib.import_module(f"app.{package.name}.models")
