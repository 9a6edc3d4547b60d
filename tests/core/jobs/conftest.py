from __future__ import annotations

from datetime import timedelta

import pytest

from app.core import clock
from tests.conftest import NOON
from tests.core.jobs import handlers


@pytest.fixture
def jobs_db(live):
    """An empty database with real commits and the table of effects."""
    handlers.make_table()
    handlers.exhausted.clear()
    handlers.during[0] = lambda job: None
    return live


class Time:
    """A clock that tests move."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now

    def forward(self, seconds):
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def time_():
    moving = Time()
    with clock.moved(moving):
        yield moving
