"""Import of every slice's models, so that the metadata is whole: used by migrations and tests only."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil

import app


def load_all() -> None:
    """Import `app/*/models.py`, the number series, jobs and turns of periodic work."""
    for name in ("ids", "periodic", "jobs.models"):
        importlib.import_module(f"app.core.{name}")
    for package in pkgutil.iter_modules(app.__path__):
        if package.ispkg and importlib.util.find_spec(f"app.{package.name}.models"):
            importlib.import_module(f"app.{package.name}.models")
