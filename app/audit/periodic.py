"""Work of this slice that is due every so often."""

from __future__ import annotations

from app.audit import seals
from app.core.periodic import every


@every(minutes=10, name="audit.seal")
def seal() -> None:
    """Seal what came since the last seal."""
    seals.seal()
