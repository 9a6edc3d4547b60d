"""Two processes share one list of tests: one takes its modules from the front, the other from the back, till they meet.

So both end together however long which module takes, and each module keeps what it makes once for its tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, groupby, pairwise
from pathlib import Path

import pytest

ENDS = ("front", "back")


def taken(items: list[pytest.Item], end: str, claims: Path) -> Iterator[pytest.Item]:
    """The tests of one module after the other, each claimed when it is begun, up to the first that is not to be had."""
    modules = [list(group) for _path, group in groupby(items, key=lambda item: item.path)]
    for number in range(len(modules)) if end == "front" else reversed(range(len(modules))):
        try:
            (claims / str(number)).touch(exist_ok=False)
        except FileExistsError:
            return
        yield from modules[number]


def run(session: pytest.Session, end: str, claims: Path) -> None:
    """As pytest runs tests, but only those that are taken."""
    for item, following in pairwise(chain(taken(session.items, end, claims), [None])):
        assert item is not None
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
