"""Keys for machines (sortable text) and numbers for people (SO-2026-000123)."""

from __future__ import annotations

import os
from datetime import datetime
from random import Random

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.conflicts import insert_into
from app.core.db import Base, session


def new_id() -> str:
    """26 characters that sort by the time they were made: 48 bits of milliseconds, 78 random ones (a ULID has 80), and
    two zeros on either side of these: without the last two it is a UUID, see `traceability.epcis.names`.

    Two are never alike, but who knows many can guess the next: an id is no secret, nothing may depend on that.
    """
    global _last_time  # noqa: PLW0603 - what is made together is made in one millisecond
    at = int(clock.now().timestamp() * 1000)
    known, text = _last_time
    if known != at:
        text = _time_text(at)
        _last_time = (at, text)
    random = _random.getrandbits(78) << 2
    return text + "".join([_PAIRS[random >> shift & 1023] for shift in _SHIFTS])


def first_at(moment: datetime) -> str:
    """The least id that can be made then: to find by time what has no column for it."""
    return _time_text(int(moment.timestamp() * 1000)) + "0" * 16


def _time_text(milliseconds: int) -> str:
    """48 bits and two zeros: ten digits."""
    return "".join([_PAIRS[milliseconds << 2 >> shift & 1023] for shift in range(40, -1, -10)])


_last_time: tuple[int, str] = (0, "")
_random = Random()  # seeded by the system, which is not asked for every id: that costs more than all the rest
os.register_at_fork(after_in_child=_random.seed)


_DIGITS = "0123456789abcdefghijklmnopqrstuv"
_PAIRS = [one + other for one in _DIGITS for other in _DIGITS]
_SHIFTS = range(70, -1, -10)
"""8 times two digits of 5 bits: base32hex, as `base64` writes it, at a third of the time."""


class NumberSeries(Base):
    """The last number given of each series and year; locked until the transaction ends, so numbers have no gaps."""

    __tablename__ = "number_series"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger)


def next_number(prefix: str) -> str:
    """The next number of a series in the current business year, as in `SO-2026-000123`."""
    name = f"{prefix}-{clock.today().year}"
    return f"{name}-{next_of(name):06d}"


def next_of(name: str) -> int:
    """The next whole number of that series (20 characters), from 1 on, without gaps. One statement."""
    statement = (
        insert_into(NumberSeries)
        .values(name=name, last=1)
        .on_conflict_do_update(index_elements=["name"], set_={"last": NumberSeries.last + 1})
        .returning(NumberSeries.last)
    )
    return int(session().execute(statement).scalar_one())
