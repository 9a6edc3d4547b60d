"""Work of this slice that is due every so often."""

from __future__ import annotations

from app.core.periodic import every
from app.identity.service import guards, sessions


@every(minutes=60, name="identity.forget")
def forget() -> None:
    """Remove what only protected for a while: counts of failed sign-ins, sessions long over."""
    guards.forget_old()
    sessions.forget_old()
