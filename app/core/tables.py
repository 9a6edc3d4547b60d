"""Import of every slice's models, so that the metadata is whole: used by migrations and tests only."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from pathlib import Path

import app


def load_all() -> None:
    """Import `app/*/models.py`, those of packages within slices, the number series, jobs, turns of periodic work."""
    for name in ("ids", "periodic", "jobs.models"):
        importlib.import_module(f"app.core.{name}")
    for package in pkgutil.iter_modules(app.__path__):
        if package.ispkg and importlib.util.find_spec(f"app.{package.name}.models"):
            importlib.import_module(f"app.{package.name}.models")
    for within in sorted(Path(app.__path__[0]).glob("*/*/models.py")):
        importlib.import_module(f"app.{within.parts[-3]}.{within.parts[-2]}.models")
