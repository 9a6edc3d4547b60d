"""How often one address may ask for the door of the consignees; counted in each server process."""

from __future__ import annotations

import threading
from collections import OrderedDict

from app.core import clock
from app.core.errors import TooMany

MOST, SECONDS, ADDRESSES = 60, 60.0, 10_000
_lock = threading.Lock()
_seen: OrderedDict[str, tuple[float, int]] = OrderedDict()


def keep(address: str) -> None:
    """Count a request. Raises TooMany after 60 within a minute."""
    now = clock.now().timestamp()
    with _lock:
        since, count = _seen.pop(address, (now, 0))
        if not 0 <= now - since < SECONDS:
            since, count = now, 0
        _seen[address] = (since, count + 1)
        if len(_seen) > ADDRESSES:
            _seen.popitem(last=False)
    if count >= MOST:
        raise TooMany(retry_after=int(SECONDS - (now - since)) + 1)


def forget() -> None:
    """Begin anew (tests)."""
    with _lock:
        _seen.clear()
