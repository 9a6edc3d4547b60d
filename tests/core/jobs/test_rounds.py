"""A round goes on until told to stop, whatever one look comes to."""

import threading

import pytest

from app.core import jobs
from app.core.jobs import rounds

pytestmark = pytest.mark.any_database


def test_it_goes_on_after_a_failure_and_without_a_pause_while_there_is_work(monkeypatch):
    stop, looks = threading.Event(), []
    waits = []
    monkeypatch.setattr(stop, "wait", waits.append)

    def look() -> int:
        looks.append(len(looks))
        if len(looks) == 2:
            raise RuntimeError("a bug")
        if len(looks) == 5:
            stop.set()
        return 1 if len(looks) < 4 else 0

    jobs.round_of.register("test.look")(look)
    try:
        rounds.go_round("test.look", stop)
    finally:
        del jobs.round_of._functions["test.look"]
    assert len(looks) == 5
    assert waits == [1.0, rounds.PAUSE, rounds.PAUSE]
