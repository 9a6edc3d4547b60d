"""Reading: pages, cursors, types; what is no longer kept; how far behind the feed is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core import clock, outbox
from app.core.db import session, transaction
from app.core.errors import Invalid
from app.core.outbox import EventsForgotten, NotYetGiven, forgetting
from app.core.outbox import feed as reading
from tests.conftest import NOON
from tests.core.outbox.happenings import HAPPENED, OTHER, read, tell, told


def numbers(page):
    return [row.data["number"] for row in page.events]


def test_pages_follow_each_other(live):
    assert read(None).events == []
    assert read(0).next == 0
    told(*range(1, 8))
    outbox.relay()
    seen, at = [], 0
    while True:
        page = read(at, 3)
        assert page.last == 7
        seen += numbers(page)
        at = page.next
        if at == page.last:
            break
    assert seen == list(range(1, 8))
    assert numbers(read(7)) == []
    assert numbers(read(None, 2)) == [1, 2]
    assert numbers(read(5)) == [6, 7]


def test_a_reader_ahead_of_the_feed_is_told_so(live):
    told(1)
    outbox.relay()
    with pytest.raises(NotYetGiven) as refused:
        read(2)
    assert refused.value.details == {"after": 2, "last": 1}


def test_only_some_types_in_bounded_bites(live, monkeypatch):
    monkeypatch.setattr(reading, "SPAN", 10)
    told(*range(1, 26))
    told(26, kind=OTHER)
    told(27)
    outbox.relay()
    seen, at, asked = [], 0, 0
    while True:
        page = read(at, 100, [OTHER.name])
        seen += numbers(page)
        at, asked = page.next, asked + 1
        if at == page.last:
            break
    assert (seen, at, asked) == ([26], 27, 3)
    assert numbers(read(24, 100, [OTHER.name, HAPPENED.name])) == [25, 26, 27]
    with pytest.raises(Invalid, match=r"youxu\.no"):
        read(0, 10, ["youxu.no", OTHER.name])


def forget():
    with transaction():
        forgetting.forget()


def test_old_events_are_deleted_in_bounded_bites_from_the_front(live, monkeypatch):
    monkeypatch.setattr(forgetting, "AT_ONCE", 4)
    told(*range(1, 7))
    outbox.relay()
    with clock.moved(NOON + timedelta(days=20)):
        told(7, 8)
        outbox.relay()
    forget()
    assert read(0).oldest == 1
    with clock.moved(NOON + timedelta(days=31)):
        told(9)  # no position yet, so nothing a reader could have missed
        forget()
        assert read(None).oldest == 5
        forget()
        forget()
        page = read(None)
        assert (numbers(page), page.oldest, page.last) == ([7, 8], 7, 8)
        assert numbers(read(6)) == [7, 8]
        with pytest.raises(EventsForgotten) as refused:
            read(5)
        assert refused.value.status == 410
        assert refused.value.details == {"after": 5, "oldest": 7}
        outbox.relay()
        assert numbers(read(6)) == [7, 8, 9]
    with clock.moved(NOON + timedelta(days=99)):
        for _ in range(3):
            forget()
        page = read(None)
        assert (page.events, page.oldest, page.next, page.last) == ([], 10, 9, 9)
        told(10)
        outbox.relay()
        assert [row.position for row in read(9).events] == [10]


def test_how_long_events_are_kept_can_be_chosen(live):
    told(1)
    outbox.relay()
    outbox.keep_for(3)
    try:
        with clock.moved(NOON + timedelta(days=4)):
            forget()
        assert read(None).oldest == 2
    finally:
        outbox.keep_for(30)


def test_what_waits_is_measured(live):
    def measured():
        with transaction(write=False):
            return reading.lag(), reading.waiting()

    assert measured() == (0, 0)
    told(1)
    with clock.moved(NOON + timedelta(seconds=5)):
        told(2)
        with clock.moved(NOON + timedelta(seconds=12)):
            assert measured() == (12, 2)
        outbox.relay()
        assert measured() == (0, 0)


def test_reading_is_one_statement(live, statements):
    told(1)
    outbox.relay()
    with transaction(write=False):
        session()
        statements.clear()
        outbox.after(0, 10)
        assert len(statements) == 1
    statements.clear()
    assert outbox.relay() == 0
    assert len(statements) == 1, "an idle relay asks once"
    with transaction():
        tell(2)
