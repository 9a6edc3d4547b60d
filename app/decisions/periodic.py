"""Simulations are looked at for a while and then deleted."""

from __future__ import annotations

from app.core import clock
from app.core.periodic import every
from app.decisions.simulation import runs


@every(minutes=60, name="decisions.forget_simulations")
def forget_simulations() -> None:
    """Delete the old ones."""
    runs.forget_old(clock.now())
