from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import create_engine

from app.core.line import Line, line_of


@pytest.fixture
def line(tmp_path: Path) -> Line:
    found = line_of(create_engine(f"sqlite:///{tmp_path / 'a.db'}"))
    assert found is not None
    return found


def waits(line: Line, seconds: float = 0.2) -> Thread | None:
    """Somebody who comes to the line; None when their turn came at once."""
    other = Thread(target=lambda: line.leave(line.wait()), daemon=True)
    other.start()
    other.join(seconds)
    return other if other.is_alive() else None


def test_one_at_a_time(line):
    place = line.wait()
    other = waits(line)
    assert other is not None
    line.leave(place)
    other.join(5)
    assert not other.is_alive()


def test_a_place_is_used_again(line):
    first = line.wait()
    line.leave(first)
    assert line.wait() == first
    line.leave(first)


def test_a_forked_child_stands_in_the_line_by_itself(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    ours = line_of(engine)
    ours.leave(ours.wait())  # the child has a copy of this descriptor
    heard, says = multiprocessing.Pipe()
    child = os.fork()
    if child == 0:
        line = line_of(engine)
        line.wait()
        says.send("it is mine")
        signal.pause()
        os._exit(0)
    assert heard.recv() == "it is mine"
    other = waits(ours)
    os.kill(child, 9)
    os.waitpid(child, 0)
    assert other is not None, "parent and child were in the line's one place at once"
    other.join(5)
    assert not other.is_alive(), "the place of a killed child is free"


def test_a_server_needs_no_line():
    assert line_of(create_engine("sqlite://")) is None
    assert line_of(create_engine("postgresql+psycopg://nobody@localhost/none")) is None
