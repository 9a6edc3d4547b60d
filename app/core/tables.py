"""Import of every slice's models, so that the metadata is whole: used by migrations and tests only."""

from __future__ import annotations

import importlib
from pathlib import Path

import app


def load_all() -> None:
    """Import `app/*/models.py` and those one folder deeper, number series, contents, jobs, events, periodic work."""
    for name in ("ids", "idempotency", "kept", "periodic", "jobs.models", "outbox.models"):
        importlib.import_module(f"app.core.{name}")
    root = Path(app.__path__[0])
    for path in sorted([*root.glob("*/models.py"), *root.glob("*/*/models.py")]):
        importlib.import_module(".".join(("app", *path.relative_to(root).with_suffix("").parts)))
