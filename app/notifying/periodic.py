"""Work of this slice that is due every so often."""

from __future__ import annotations

from app.core.periodic import every
from app.notifying import gathering


@every(minutes=60, name="notifying.letters")
def forget_letters() -> None:
    """Delete messages that are past their time."""
    gathering.forget_old()
